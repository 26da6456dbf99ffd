"""The file formats that hold calorimeter events of AMS-02.

Branch names: ``flat`` as in the ntuples of R. K. Hashmani et al. (github.com/RKHashmani/
AMS-Root-to-NumPy), ``gbatch`` as in the classes of the AMS software (``root.h``: ``EcalHitR`` with
planes 0-17 downwards, cells 0-71 along the axis, deposits in MeV; ``EcalShowerR``, energy in GeV).
"""

from __future__ import annotations

from functools import partial

from rootml.adapter import Branch, Layout
from rootml_ams.decoding import (
    TRACK_PROBES,
    decode_flat,
    decode_hits,
    dense_image,
    settle,
    sparse_image,
)

_TRUTH = {
    "truth_label": Branch(("truth_label",), optional=True, doc="1 electron or positron, 0 proton"),
    "mc_label": Branch(
        ("mc_label",), optional=True, doc="the same, where truth_label is what the TRD says"
    ),
    "truth_charge": Branch(("truth_charge",), "e", optional=True),
    "truth_energy": Branch(("truth_energy",), "GeV", optional=True),
}
_NTUPLE = {
    "energy": Branch(("en3d",), "GeV", optional=True, doc="reconstructed energy"),
    "rigidity": Branch(("mom",), "GV", optional=True, doc="signed rigidity of the track"),
    "bdt": Branch(("ecal3dbdt",), optional=True, doc="boosted decision trees, electrons high"),
    "likelihood": Branch(("EcalEMlhd",), optional=True, doc="electrons below 4"),
    "track_x": Branch(("Trk_Ecal_Inci_X",), "cm", optional=True, doc="track on the front face"),
    "track_y": Branch(("Trk_Ecal_Inci_Y",), "cm", optional=True),
    "track_z": Branch(("Trk_Ecal_Inci_Z",), "cm", optional=True),
    "track_zenith": Branch(("Trk_Ecal_Inci_Zenith",), "rad", optional=True),
    "track_azimuth": Branch(("Trk_Ecal_Inci_Azimutal",), "rad", optional=True),
    "shower_x": Branch(("Ecal_ShwrX0",), "cm", optional=True, doc="shower axis on the front face"),
    "shower_y": Branch(("Ecal_ShwrY0",), "cm", optional=True),
    "trd_likelihood": Branch(
        ("trd_lik",), optional=True, doc="-ln of the electron's share; protons high"
    ),
    "trd_charge": Branch(("trd_qk",), "e", optional=True),
    "temperature": Branch(("ecal_temperature",), "degC", optional=True),
    **_TRUTH,
}
_HITS = ("plane", "cell", "deposit")


def _columns(branches: dict[str, Branch], *image: str) -> dict[str, tuple[str, ...]]:
    return {"image": image} | {key: (key,) for key in branches if key not in image}


def _names(branches: dict[str, Branch]) -> dict[str, str]:
    return {key: branch.names[0] for key, branch in branches.items()}


_FLAT = {"deposit": Branch(("edep_cell",), "MeV or GeV", doc="1296 or [18][72] cells")} | _NTUPLE
FLAT = Layout(
    name="flat",
    trees=("t1",),
    branches=_FLAT,
    columns=_columns(_FLAT, "deposit"),
    decode=decode_flat,
    configure=partial(settle, read_image=dense_image, names=_names(_FLAT)),
    probes=("deposit", "energy", *TRACK_PROBES),
    doc="Flat ntuple: all cells of an event in one branch.",
)

_SPARSE = {
    "plane": Branch(("Plane",), doc="layer of each hit, 0-17 downwards"),
    "cell": Branch(("Cell",), doc="cell of each hit, 0-71"),
    "deposit": Branch(("Edep",), "MeV or GeV"),
} | _NTUPLE
SPARSE = Layout(
    name="sparse",
    trees=("t1",),
    branches=_SPARSE,
    columns=_columns(_SPARSE, *_HITS),
    decode=decode_hits,
    configure=partial(settle, read_image=sparse_image, names=_names(_SPARSE)),
    probes=(*_HITS, "energy", *TRACK_PROBES),
    doc="Flat ntuple with lists of the hit cells.",
)

_GBATCH = {
    "plane": Branch(("ev.fEcalHit.Plane", "fEcalHit.Plane")),
    "cell": Branch(("ev.fEcalHit.Cell", "fEcalHit.Cell")),
    "deposit": Branch(("ev.fEcalHit.Edep", "fEcalHit.Edep"), "MeV"),
    "energy": Branch(
        ("ev.fEcalShower.EnergyE", "fEcalShower.EnergyE"),
        "GeV",
        optional=True,
        doc="reconstructed energy of the first shower",
    ),
} | _TRUTH
GBATCH = Layout(
    name="gbatch",
    trees=("AMSRoot",),
    branches=_GBATCH,
    columns=_columns(_GBATCH, *_HITS),
    decode=decode_hits,
    configure=partial(settle, read_image=sparse_image, names=_names(_GBATCH)),
    probes=(*_HITS, "energy"),
    doc="Events of the AMS software, split into one branch a member.",
)

LAYOUTS = (FLAT, SPARSE, GBATCH)
