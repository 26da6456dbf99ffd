"""Simulated events as ROOT files.

Of the experiment's files they differ in what uproot does not write: lists are arrays counted by
``n_pfps`` instead of ``std::vector``, angles are float32 instead of ``Float16_t``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rootml.rootio.writing import Shape, SimulationWriter, flat_branches
from rootml_uboone.layouts import NTUPLE
from rootml_uboone.simulation import simulate

if TYPE_CHECKING:
    import awkward as ak


def _branches(events: ak.Array) -> dict[str, Any]:
    import awkward as ak

    lists = [name for name in events.fields if events[name].ndim == 2]
    flat = [name for name in events.fields if name not in lists]
    particles = ak.zip({name: events[name] for name in lists})
    return {"": particles} | flat_branches(events[flat])


write = SimulationWriter(
    adapter="uboone",
    simulate=simulate,
    shapes={
        NTUPLE.name: Shape(
            "nuselection/NeutrinoSelectionFilter",
            _branches,
            counter_name=lambda name: "n_pfps",
            field_name=lambda outer, inner: inner,
        )
    },
)
"""Writes simulated events as ntuples of the analysis."""
