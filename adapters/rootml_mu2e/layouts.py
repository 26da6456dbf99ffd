"""The ntuples of Mu2e that hold fitted tracks.

Names as in the code of the experiment: github.com/Mu2e/TrkAna (``TrkInfo.hh``, ``TrkFitInfo.hh``,
``LoopHelixInfo.hh``) up to version 5, github.com/Mu2e/EventNtuple from version 6 on.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import awkward as ak
import numpy as np

from rootml.adapter import Branch, Layout
from rootml_mu2e import segments
from rootml_mu2e.decoding import Source, branch, combine, decode, known, label, leaf, norm, slope
from rootml_mu2e.vectors import find_order, true_momentum

HITS = {
    "nhits": "hits on the track",
    "nactive": "hits that the fit uses",
    "ndactive": "panels with two hits that the fit uses",
    "nnullambig": "hits without a side of the wire",
    "nmatactive": "straws that the fit accounts for",
    "fitcon": "probability of a larger chi-square",
    "pdg": "particle that was fitted",
}
"""Members of ``TrkInfo`` that every version has under the same name."""
STATUS = "of the fit: above 0 if it converged"
CHARGES = {11: -1, 13: -1, 211: 1, 2212: 1}
"""Charge of the particles that are fitted, by PDG code."""


def _charge(pdg: ak.Array) -> ak.Array:
    sign = ak.where(pdg < 0, -1, 1)
    return sign * sum(charge * (abs(pdg) == code) for code, charge in CHARGES.items())


def _outward(distance: ak.Array, pdg: ak.Array) -> ak.Array:
    """Distances times -charge, as TrkQual has them; positive away from the target's axis."""
    return -_charge(pdg) * distance


def _outermost(d0: ak.Array, omega: ak.Array, pdg: ak.Array) -> ak.Array:
    """Largest radius of the helix, mm; NaN where it is none."""
    return _outward(d0 + 2 / ak.where(omega == 0, np.nan, omega), pdg)


def _converged(status: ak.Array) -> ak.Array:
    return status > 0


def _sound(status: ak.Array, goodfit: ak.Array) -> ak.Array:
    return (status > 0) & (goodfit == 1)


def _only_track(result: ak.Array, nactive: ak.Array) -> ak.Array:
    """A result per event goes to its track where there is but one."""
    alone = ak.num(nactive, axis=1) == 1
    return ak.where(alone, result, np.nan) * ak.ones_like(nactive)


def _classed(sources: dict[str, Source]) -> dict[str, Source]:
    truth = combine(label, sources["fit_momentum"], sources["truth_momentum"])
    return sources | {"truth_label": truth}


def _layout(
    name: str,
    trees: tuple[str, ...],
    branches: Mapping[str, Branch],
    sources: Mapping[str, Source],
    *,
    per: str | None = None,
    vectors: bool = False,
    doc: str,
) -> Layout:
    return Layout(
        name=name,
        trees=trees,
        branches=branches,
        columns={column: source.keys for column, source in sources.items()},
        decode=partial(decode, sources),
        configure=find_order if vectors else None,
        probes=("truth_vector", "entrance") if vectors else (),
        per=per,
        doc=doc,
    )


_FLAT = {
    **{name: Branch((f"de.{name}",), doc=doc) for name, doc in HITS.items()},
    "status": Branch(("de.status",), doc=STATUS),
    "t0err": Branch(("de.t0err",), "ns"),
    "fit_momentum": Branch(("deent.mom",), "MeV/c", doc="of the fit at the tracker's entrance"),
    "momerr": Branch(("deent.momerr",), "MeV/c"),
    "tandip": Branch(("deent.td",), doc="tangent of the dip angle"),
    "d0": Branch(("deent.d0",), "mm", doc="distance of closest approach to the axis, signed"),
    "omega": Branch(("deent.om",), "1/mm", doc="curvature, signed"),
    "truth_momentum": Branch(
        ("truth_momentum",), "MeV/c", doc="true momentum at the tracker's entrance"
    ),
}
FLAT = _layout(
    "flat",
    ("trkana",),
    _FLAT,
    _classed(
        {name: branch(name) for name in _FLAT if name not in ("status", "d0", "omega")}
        | {
            "fitted": combine(_converged, branch("status")),
            "d0": combine(_outward, branch("d0"), branch("pdg")),
            "rmax": combine(_outermost, branch("d0"), branch("omega"), branch("pdg")),
        }
    ),
    doc="Simulated tracks: one an entry, one branch a member of TrkAna's structures.",
)

_PDG = leaf("track", "pdg")
TRKANA = _layout(
    "trkana",
    ("trkana",),
    {
        "track": Branch(("de",), doc="TrkInfo of downstream electrons"),
        "entrance": Branch(("deent",), "MeV/c, mm", doc="fit at the tracker's entrance"),
        "quality": Branch(("detrkqual",), optional=True, doc="inputs and output of TrkQual"),
        "truth_vector": Branch(("demcent/_mom",), "MeV/c", optional=True, doc="true momentum"),
    },
    _classed(
        {name: leaf("track", name) for name in (*HITS, "t0err")}
        | {
            "fitted": combine(_converged, leaf("track", "status")),
            "fit_momentum": leaf("entrance", "mom"),
            "momerr": leaf("entrance", "momerr"),
            "tandip": leaf("entrance", "td"),
            "d0": combine(_outward, leaf("entrance", "d0"), _PDG),
            "rmax": combine(_outermost, leaf("entrance", "d0"), leaf("entrance", "om"), _PDG),
            "trkqual": leaf("quality", "mvaout"),
            "truth_momentum": Source(("truth_vector", "entrance"), true_momentum),
        }
    ),
    vectors=True,
    doc="TrkAna up to version 3: one track an entry, structures as branches of many leaves.",
)


def _members(prefix: str) -> dict[str, Branch]:
    members = HITS | {"status": STATUS, "goodfit": "1 if the fit is consistent in space"}
    return {name: Branch((f"{prefix}.{name}",), doc=doc) for name, doc in members.items()}


_TRACKS = {name: branch(name) for name in HITS} | {
    "fitted": combine(_sound, branch("status"), branch("goodfit"))
}
_SEGMENTED = _classed(
    _TRACKS
    | {
        "t0err": segments.TIME_ERROR,
        "fit_momentum": segments.MOMENTUM,
        "momerr": segments.MOMENTUM_ERROR,
        "tandip": segments.SLOPE,
        "truth_momentum": segments.TRUE_MOMENTUM,
    }
)
TRKANA_V5 = _layout(
    "trkana_v5",
    ("trkana",),
    _members("dem")
    | {
        "segments": Branch(("demfit",), "MeV/c, mm, ns", doc="fit where it crosses surfaces"),
        "helices": Branch(("demlh",), "mm, ns", doc="parameters of the helix there"),
        "quality": Branch(("demtrkqual/result",), optional=True, doc="Mu2e's track quality"),
        "steps": Branch(("demmcvd",), "MeV/c, mm, ns", optional=True, doc="true crossings"),
    },
    _SEGMENTED | {"trkqual": combine(_only_track, branch("quality"), branch("nactive"))},
    per="dem",
    doc="TrkAna version 5: lists of downstream electron fits an event.",
)
EVENTNTUPLE = _layout(
    "eventntuple",
    ("ntuple",),
    _members("trk")
    | {
        "segments": Branch(("trksegs",), "MeV/c, mm, ns", doc="fit where it crosses surfaces"),
        "helices": Branch(("trksegpars_lh",), "mm, ns", doc="parameters of the helix there"),
        "quality": Branch(("trkqual.result",), optional=True, doc="Mu2e's track quality"),
        "steps": Branch(("trksegsmc",), "MeV/c, mm, ns", optional=True, doc="true crossings"),
    },
    _SEGMENTED | {"trkqual": branch("quality")},
    per="trk",
    doc="EventNtuple (TrkAna version 6): lists of fits of all kinds an event.",
)

_AXES = ("x", "y", "z")


def _vector(prefix: str, key: str, *, optional: bool = False) -> dict[str, Branch]:
    return {
        f"{key}_{axis}": Branch((f"{prefix}.mom.fCoordinates.f{axis.upper()}",), "MeV/c", optional)
        for axis in _AXES
    }


_ENTRANCE = [branch(f"entrance_{axis}") for axis in _AXES]
TRACKS = _layout(
    "tracks",
    ("ntuple",),
    _members("trk")
    | {
        "t0err": Branch(("trk_ent_pars.t0err",), "ns"),
        "momerr": Branch(("trk_ent.momerr",), "MeV/c"),
        "quality": Branch(("trkqual.result",), optional=True, doc="Mu2e's track quality"),
    }
    | _vector("trk_ent", "entrance")
    | _vector("trk_ent_mc", "truth", optional=True),
    _classed(
        _TRACKS
        | {
            "t0err": branch("t0err"),
            "fit_momentum": combine(norm, *_ENTRANCE),
            "momerr": branch("momerr"),
            "tandip": combine(slope, *_ENTRANCE),
            "trkqual": branch("quality"),
            "truth_momentum": combine(
                lambda x, y, z: known(norm(x, y, z)), *(branch(f"truth_{axis}") for axis in _AXES)
            ),
        }
    ),
    per="trk",
    doc="Lists of fits an event with their values at the tracker's entrance alone, named as "
    "in the trees that Mu2e trains TrkQual on.",
)

LAYOUTS = (FLAT, TRKANA, TRKANA_V5, EVENTNTUPLE, TRACKS)
