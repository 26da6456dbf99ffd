"""ATLAS electrons: calorimeter cells, tracks and scalars, and their energy."""

from __future__ import annotations

from rootml.adapter import Adapter, Reference, Truth
from rootml_atlas.files import write
from rootml_atlas.layouts import LAYOUTS
from rootml_atlas.simulation import OPTIONS, simulate
from rootml_atlas.views import VIEWS

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    name="atlas",
    title="ATLAS",
    layouts=LAYOUTS,
    views=VIEWS,
    simulate=simulate,
    simulation_options=OPTIONS,
    write=write,
    truth=Truth(energy="truth_energy"),
    energy="energy",
    references=(Reference("energy", "calibrated energy", estimates="truth_energy"),),
    doc="The energy of electrons in the calorimeter of ATLAS.",
)
