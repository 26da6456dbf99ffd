"""MicroBooNE: electron neutrinos in the ntuples of the Pandora-based analysis."""

from __future__ import annotations

from rootml.adapter import Adapter, Reference, Truth
from rootml_uboone.files import write
from rootml_uboone.layouts import LAYOUTS
from rootml_uboone.simulation import OPTIONS, simulate
from rootml_uboone.views import VIEWS

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    name="uboone",
    title="MicroBooNE",
    layouts=LAYOUTS,
    views=VIEWS,
    default_model="nue_np_pi0_uboone",
    simulate=simulate,
    simulation_options=OPTIONS,
    write=write,
    truth=Truth(label="label", classes=("background", "electron neutrino"), energy="nu_e"),
    energy="energy",
    references=(
        Reference("bdt_pi0_np", "stored score against neutral pions"),
        Reference("bdt_nonpi0_np", "stored score against the rest"),
        Reference("bdt_bkg_0p", "stored score without protons"),
    ),
    doc="Electron neutrinos without pions in the final state, with and without visible protons.",
)
