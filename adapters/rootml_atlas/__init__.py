"""ATLAS electrons: calorimeter cells, tracks and scalars, and their energy."""

from __future__ import annotations

from rootml.adapter import Adapter, Against, Reference, Truth
from rootml_atlas.files import write
from rootml_atlas.layouts import LAYOUTS
from rootml_atlas.simulation import OPTIONS, simulate
from rootml_atlas.views import VIEWS

__all__ = ["ADAPTER"]

ETA = (-2.47, -1.8, -1.52, -1.37, -0.8, 0.0, 0.8, 1.37, 1.52, 1.8, 2.47)
"""Edges of bins: where the barrel's absorbers get thinner (0.8) and the presampler ends (1.8;
ATLAS, JINST 3 (2008) S08003, ch. 5), the crack (1.37 to 1.52) and the end of precision
measurements (2.47; EPJC 74 (2014) 3071)."""

ADAPTER = Adapter(
    name="atlas",
    title="ATLAS",
    layouts=LAYOUTS,
    views=VIEWS,
    default_model="film_atlas",
    simulate=simulate,
    simulation_options=OPTIONS,
    write=write,
    truth=Truth(energy="truth_energy"),
    energy="energy",
    against=(
        Against("et", "transverse energy", "GeV"),
        Against("eta", "pseudorapidity", edges=ETA),
    ),
    references=(Reference("energy", "calibrated energy", estimates="truth_energy"),),
    doc="The energy of electrons in the calorimeter of ATLAS.",
)
