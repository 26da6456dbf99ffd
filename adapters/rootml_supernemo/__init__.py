"""SuperNEMO: hits of its tracker, how many tracks they make, their heights, and a simulation."""

from __future__ import annotations

from rootml.adapter import Adapter, Reference, Truth
from rootml_supernemo.layouts import LAYOUTS
from rootml_supernemo.simulation import OPTIONS, simulate
from rootml_supernemo.simulation.files import write
from rootml_supernemo.truth import CLASSES
from rootml_supernemo.views import VIEWS

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    name="supernemo",
    title="SuperNEMO",
    layouts=LAYOUTS,
    views=VIEWS,
    default_model="ntracks_supernemo",
    simulate=simulate,
    simulation_options=OPTIONS,
    write=write,
    truth=Truth(label="truth_label", classes=CLASSES),
    references=(Reference("calo_total", "energy of all modules [MeV]", separates="truth_class"),),
    doc="Tracks in the wire chamber of the SuperNEMO demonstrator.",
)
