"""The branches of electron ntuples with cells: one electron an entry.

Names as in the ntuples that DeepCalo and those after it were trained on (F. Faye,
pypi.org/project/deepcalo; D. Godin's electron identification). Quantities named ``p_*`` are of the
electron ("particle"), in MeV, mm and rad; energies of cells are in GeV, their times in ns.
"""

from __future__ import annotations

from typing import Final

from rootml.adapter import Branch
from rootml_atlas.geometry import LAYERS

TREE: Final = "electrons"
"""The tree in simulated files; in HDF5, groups ``train``, ``val`` and ``test``."""


def _optional(branches: dict[str, Branch]) -> dict[str, Branch]:
    return {
        key: Branch(branch.names, branch.unit, optional=True, doc=branch.doc)
        for key, branch in branches.items()
    }


IMAGES: Final = {
    f"cells_{layer}": Branch((f"em_barrel_Lr{layer}",), "GeV", doc=f"cell energies, {name}")
    for layer, name in enumerate(LAYERS)
}
"""(56, 11) each, or (56 / n, 11 / m): see :mod:`rootml_atlas.images`."""
TIMES: Final = _optional(
    {
        f"times_{layer}": Branch((f"time_em_barrel_Lr{layer}",), "ns", doc=f"cell times, {name}")
        for layer, name in enumerate(LAYERS)
    }
)
"""Shaped as the energies; 0 where a cell has no time."""
SCALARS: Final = {
    "e_acc": Branch(("p_eAccCluster",), "MeV", doc="cluster's energy in strips, middle and back"),
    "eta_index": Branch(("p_cellIndexCluster",), doc="eta index of the cluster's middle cell"),
    "f0": Branch(("p_f0Cluster",), doc="presampler over e_acc"),
    "r12": Branch(("p_R12",), doc="strips over middle"),
    "pt_track": Branch(("p_pt_track",), "MeV", doc="transverse momentum of the electron's track"),
    "f_tg3": Branch(("p_fTG3",), doc="scintillators of the crack over e_acc, 1.4 < |eta| < 1.6"),
    "e_tile_gap": Branch(("p_eTileGap3Cluster",), "MeV", doc="scintillators of the crack"),
    "eta": Branch(("p_eta",), doc="pseudorapidity"),
    "dphi2": Branch(
        ("p_deltaPhiRescaled2",), "rad", doc="cluster - track, its momentum rescaled, middle"
    ),
    "eta_mod": Branch(("p_etaModCalo",), doc="eta within the middle cell, calorimeter's frame"),
    "deta2": Branch(("p_deltaEta2",), doc="cluster - track, middle"),
    "poscs2": Branch(
        ("p_poscs2",), doc="2 (eta_cluster - eta_hottest) / 0.025 - 1: eta within the middle cell"
    ),
    "dphi_th3": Branch(("p_dPhiTH3",), "rad", doc="phi within the accordion's modulation, pi/32"),
    "mu": Branch(("averageInteractionsPerCrossing",), doc="<mu>"),
    "n_tracks": Branch(("p_nTracks",), doc="tracks assigned"),
    "n_vertices": Branch(("NvtxReco",), doc="reconstructed vertices"),
}
"""The 16 of the talk's table, in its order."""


def _track(name: str, unit: str = "", doc: str = "") -> Branch:
    return Branch((f"p_tracks_{name}", f"tracks_{name}"), unit, doc=doc)


TRACKS: Final = {
    "track_pt": _track("pt", "MeV", "transverse momentum of each track near the electron"),
    "track_charge": _track("charge", "e"),
    "track_d0": _track("d0", "mm", "transverse distance to the beam line, signed"),
    "track_sigma_d0": _track("sigmad0", "mm", "its error"),
    "track_vertex": _track("vertex", doc="reconstructed vertex: 0 primary, 1, ... others, -1 none"),
    "track_z0": _track("z0", "mm", "along the beam"),
    "track_eta": _track("eta"),
    "track_phi": _track("phi", "rad"),
    "track_n_pixel": _track("pixhits", doc="pixel hits"),
    "track_n_sct": _track("scthits", doc="SCT hits"),
    "track_n_trt": _track("trthits", doc="TRT hits"),
}
"""Lists, one element a track (in files with a fixed number: zeros where there is none)."""
KINEMATICS: Final = {"phi": Branch(("p_phi",), "rad", doc="azimuth")}
OTHERS: Final = _optional(
    {
        "charge": Branch(("p_charge",), "e"),
        "energy": Branch(("p_e",), "MeV", doc="calibrated energy, by boosted trees: the baseline"),
        "event": Branch(("eventNumber",), doc="electrons of an event share it"),
        "channel": Branch(("mcChannelNumber",), doc="generated process; 361106: Z -> ee"),
        "tag_energy": Branch(("tag_e",), "MeV", doc="the other electron of a Z; NaN: none"),
        "tag_eta": Branch(("tag_eta",)),
        "tag_phi": Branch(("tag_phi",), "rad"),
        "mu1_energy": Branch(("mu1_e",), "MeV", doc="first muon of the event, beside photons of Z"),
        "mu1_eta": Branch(("mu1_eta",)),
        "mu1_phi": Branch(("mu1_phi",), "rad"),
        "mu2_energy": Branch(("mu2_e",), "MeV", doc="second muon"),
        "mu2_eta": Branch(("mu2_eta",)),
        "mu2_phi": Branch(("mu2_phi",), "rad"),
        "truth_energy": Branch(("p_truth_E",), "MeV", doc="true energy"),
        "truth_pdg": Branch(("p_truth_pdgId",), doc="11, -11 electrons, 22 photons"),
    }
)
BRANCHES: Final = IMAGES | TIMES | SCALARS | TRACKS | KINEMATICS | OTHERS
"""Of the layouts with cells. What no layout requires may lack; p_e too, for simulations without."""
