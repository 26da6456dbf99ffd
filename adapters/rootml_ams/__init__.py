"""AMS-02 electromagnetic calorimeter: file formats, views and a simulation."""

from __future__ import annotations

from rootml.adapter import Adapter, Reference, Truth
from rootml_ams.files import write
from rootml_ams.layouts import LAYOUTS
from rootml_ams.simulation import OPTIONS, simulate
from rootml_ams.views import VIEWS

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    name="ams",
    title="AMS-02 ECAL",
    layouts=LAYOUTS,
    views=VIEWS,
    default_model="committee_ams",
    simulate=simulate,
    simulation_options=OPTIONS,
    write=write,
    truth=Truth(label="truth_label", classes=("proton", "electron"), energy="truth_energy"),
    energy="energy",
    references=(
        Reference("bdt", "BDT (ecal3dbdt)"),
        Reference("likelihood", "likelihood (EcalEMlhd)", higher_is_signal=False),
    ),
    doc="Electrons and positrons against protons in the calorimeter of AMS-02.",
)
