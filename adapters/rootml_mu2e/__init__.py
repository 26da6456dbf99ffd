"""Mu2e: fitted tracks of its ntuples, their quality and momentum, and a simulation."""

from __future__ import annotations

from rootml.adapter import Adapter, Against, Reference, Truth
from rootml_mu2e.files import write
from rootml_mu2e.layouts import LAYOUTS
from rootml_mu2e.simulation import OPTIONS, simulate
from rootml_mu2e.views import VIEWS

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    name="mu2e",
    title="Mu2e tracker",
    layouts=LAYOUTS,
    views=VIEWS,
    default_model="trkqual_mu2e",
    simulate=simulate,
    simulation_options=OPTIONS,
    write=write,
    truth=Truth(label="truth_label", classes=("bad track", "good track")),
    against=(Against("tandip", "tangent of the dip angle"),),
    references=(
        Reference("trkqual", "TrkQual of the file"),
        Reference("fit_momentum", "track fit", estimates="truth_momentum"),
    ),
    doc="Well and badly measured tracks in the straw tracker of Mu2e, and their momentum.",
)
