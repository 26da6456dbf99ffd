"""The file format: the ntuples of the Pandora-based electron neutrino analysis."""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml.adapter import Layout, Options
from rootml_uboone.branches import BRANCHES
from rootml_uboone.variables import VARIABLES


def decode(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    """Make the variables of the analysis; one value each an event."""
    columns = {name: np.ascontiguousarray(VARIABLES[name].compute(raw)) for name in wanted}
    return ak.zip(columns, depth_limit=1)


NTUPLE = Layout(
    name="nuselection",
    trees=("NeutrinoSelectionFilter",),
    branches=BRANCHES,
    columns={name: variable.keys for name, variable in VARIABLES.items()},
    decode=decode,
    doc="Ntuples of searchingfornues, one entry an event: nuselection/NeutrinoSelectionFilter.",
)
LAYOUTS = (NTUPLE,)
