"""The branches of ``nuselection/NeutrinoSelectionFilter`` that hold what the networks see.

Names and types as written by github.com/ubneutrinos/searchingfornues (``CC0piNpSelection``,
``SecondShowerTagger``, ``CosmicIP``, ``DefaultAnalysis``, ``TrackAnalysis``, ``BDT``): numbers of
hits are uint32, ``shrmoliereavg``, ``shrclusdir*`` and the four variables of the shower's shape
``Float16_t``, lists ``std::vector`` with an element per particle (PFParticle) of the slice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rootml.adapter import Branch

PLANES = ("U", "V", "Y")
"""Wire planes, in the order 0, 1, 2 of the branches that number them."""


def _named(*branches: tuple[str, str, str]) -> dict[str, Branch]:
    return {name: Branch((name,), unit, doc=doc) for name, unit, doc in branches}


def _optional(branches: Mapping[str, Branch]) -> dict[str, Branch]:
    return {
        name: Branch(branch.names, branch.unit, optional=True, doc=branch.doc)
        for name, branch in branches.items()
    }


def _second_shower(planes: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    for plane in planes:
        yield f"secondshower_{plane}_nhit", "", "hits of the largest cluster of no particle"
        yield f"secondshower_{plane}_vtxdist", "cm", "its distance from the vertex; none: 1e6"
        yield f"secondshower_{plane}_dot", "", "cosine of its direction against that to the vertex"
        yield f"secondshower_{plane}_dir", "deg", "direction from the vertex to it"
        yield f"shrclusdir{PLANES.index(plane)}", "deg", "direction from the vertex to the shower"


SELECTION = _named(
    ("selected", "", "1 where the selection found a contained shower"),
    ("nslice", "", "neutrino candidates: 0 or 1"),
    ("n_tracks_contained", "", "contained tracks"),
    ("n_showers_contained", "", "contained showers"),
    ("shr_energy_tot_cali", "GeV", "calibrated energy of all showers"),
)
SHOWER = _named(
    ("shr_id", "", "place of the shower among the particles, from 1; 0: none"),
    ("shr_score", "", "score of the shower, 0 shower to 1 track"),
    ("shr_tkfit_npoints", "", "points of the shower"),
    ("shr_tkfit_npointsvalid", "", "those that a track fit takes"),
    ("shrmoliereavg", "deg", "mean angle of the shower's points against its axis"),
    *((f"pfpplanesubclusters_{plane}", "", "pieces of each particle") for plane in PLANES),
    *((f"shr_tkfit_dedx_{plane}", "MeV/cm", "dE/dx of the first 4 cm") for plane in PLANES),
    *((f"shr_tkfit_nhits_{plane}", "", "hits of the first 4 cm") for plane in PLANES),
)
TRACK = _named(
    ("trk_id", "", "place of the track among the particles, from 1; 0: none"),
    ("trk_llr_pid_score_v", "", "likelihood ratio of each particle, -1 proton to 1 muon"),
    ("tksh_distance", "cm", "from the start of the shower to that of the track"),
    ("tksh_angle", "", "cosine of the angle between shower and track"),
    ("trkshrhitdist2", "cm", "smallest distance between their hits, plane Y"),
    ("hits_ratio", "", "share of the hits in showers"),
)
SURROUNDINGS = _named(
    *_second_shower(("Y",)),
    ("CosmicIPAll3D", "cm", "from the shower's start to the next particle not in the slice"),
    ("CosmicDirAll3D", "", "cosine of the angle between the shower and that particle"),
)
NO_PROTON = _optional(
    _named(
        *_second_shower(("U", "V")),
        *((f"shr_tkfit_2cm_dedx_{plane}", "MeV/cm", "first 2 cm") for plane in PLANES),
        *((f"shr_tkfit_gap10_dedx_{plane}", "MeV/cm", "4 cm after 1 cm") for plane in PLANES),
        ("shrMCSMom", "MeV", "momentum of the shower by multiple scattering"),
        ("DeltaRMS2h", "cm", "spread of the second half's hits about the axis"),
        ("shrPCA1CMed_5cm", "", "median share of the first principal component in 5 cm pieces"),
        ("CylFrac2h_1cm", "", "share of the second half's hits within 1 cm of the axis"),
    )
)
OTHERS = _optional(
    _named(
        ("trk_energy_tot", "GeV", "kinetic energy of all tracks, as protons"),
        ("category", "", "truth: kind of interaction"),
        ("nu_pdg", "", "truth: kind of neutrino"),
        ("nu_e", "GeV", "truth: energy of the neutrino"),
        ("bdt_pi0_np", "", "stored score of the booster against neutral pions; none: -9999"),
        ("bdt_nonpi0_np", "", "stored score of the booster against the rest; none: -9999"),
        ("bdt_bkg_0p", "", "stored score of the booster without protons; none: -9999"),
    )
)
BRANCHES = SELECTION | SHOWER | TRACK | SURROUNDINGS | NO_PROTON | OTHERS
