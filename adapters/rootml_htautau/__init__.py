"""Higgs bosons that decay into taus: an experiment's package that is a declaration.

``htautau.adapter.yaml`` says what is read and what a network sees; the simulation is added.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

from rootml.declared.adapter import declare
from rootml.declared.reading import read_declaration
from rootml.rootio.writing import Shape, SimulationWriter, flat_branches

if TYPE_CHECKING:
    import awkward as ak
    import numpy as np

__all__ = ["ADAPTER"]

OPTIONS = {"signal_fraction": "share of Higgs bosons, 0 to 1; the others are background"}


def simulate(n: int, rng: np.random.Generator, **options: Any) -> ak.Array:
    """Simulate ``n`` events; see :func:`rootml_htautau.simulation.simulate`."""
    from rootml_htautau.simulation import simulate  # vector takes long to import

    return simulate(n, rng, **options)


with as_file(files(__name__) / "htautau.adapter.yaml") as _path:
    _DECLARED = declare(read_declaration(_path), "htautau")

ADAPTER = replace(
    _DECLARED,
    default_model="xgboost_htautau",
    simulate=simulate,
    simulation_options=OPTIONS,
    write=SimulationWriter(
        "htautau", simulate, {_DECLARED.layouts[0].name: Shape("higgsml", flat_branches)}
    ),
)
