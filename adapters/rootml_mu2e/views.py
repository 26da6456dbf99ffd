"""Tracks as networks see them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import awkward as ak
import numpy as np

from rootml.adapter import Summary, Variation, View
from rootml.spec import Array, Batch, TensorSpec
from rootml.variations import scaled

Values = Mapping[str, Array]

LOWEST_LOG10_FITCON = -50.0
"""Where the consistency of a fit is 0 in single precision (Mu2e Offline, ``TrkQual``)."""
LOWEST_MEV, HIGHEST_MEV = 1.0, 1e4
"""Momenta that a fit can find: muons and electrons of the target, cosmic muons."""

QUALITY = ("nactive", "factive", "t0err", "fnullambig", "fitcon", "momerr", "fstraws")
"""The inputs of Mu2e's neural network, in its order (github.com/Mu2e/MLTrain, TrkQualTrain)."""
TMVA = (
    "NActiveHits", "ActiveHitFraction", "Log10FitCon", "MomError", "T0Error", "d0", "MaxRadius",
    "DoubleHitFraction", "NullAmbigHitFraction", "StrawHitFraction",
)  # fmt: skip
"""Those of the TMVA network before it, in its order (Mu2e Offline, ``TrkQual.hh``)."""
MOMENTUM = ("momentum", "tandip", *QUALITY)

HITS = ("nhits", "nactive", "nnullambig", "nmatactive")
FIT = ("t0err", "fitcon", "momerr")


def _quality(track: Values) -> list[Array]:
    active = track["nactive"]
    return [
        active,
        active / track["nhits"],
        track["t0err"],
        track["nnullambig"] / active,
        track["fitcon"],
        track["momerr"],
        track["nmatactive"] / active,
    ]


def _tmva(track: Values) -> list[Array]:
    active, consistency = track["nactive"], track["fitcon"]
    seen = consistency > np.finfo(np.float32).tiny
    return [
        active,
        active / track["nhits"],
        np.where(seen, np.log10(np.where(seen, consistency, 1)), LOWEST_LOG10_FITCON),
        track["momerr"],
        track["t0err"],
        track["d0"],
        track["rmax"],
        track["ndactive"] / active,
        track["nnullambig"] / active,
        track["nmatactive"] / active,
    ]


def _momentum(track: Values) -> list[Array]:
    return [track["fit_momentum"], track["tandip"], *_quality(track)]


def _build(
    tensor: str,
    columns: tuple[str, ...],
    compute: Callable[[Values], list[Array]],
    events: ak.Array,
) -> Batch:
    """One row per sound fit; where an entry holds several tracks, ``counts`` says how many."""
    jagged = events["nactive"].ndim == 2
    counts = ak.to_numpy(ak.num(events["nactive"], axis=1)) if jagged else None
    track = {
        name: np.asarray(ak.to_numpy(ak.flatten(events[name]) if jagged else events[name]))
        for name in columns
    }
    judged = _judged(track)
    values = compute({name: column[judged] for name, column in track.items()})
    return Batch({tensor: np.stack(values, axis=1).astype(np.float32)}, judged, counts)


def _judged(track: Values) -> Array:
    """Converged fits, all of whose values can be right."""
    sound: Array = track["fitted"] == 1
    for values in track.values():
        sound &= np.isfinite(values)
    for name in ("nhits", "nactive", "t0err", "momerr"):
        sound &= track[name] > 0
    sound &= (track["fitcon"] >= 0) & (track["fitcon"] <= 1)
    if "fit_momentum" in track:
        momentum = track["fit_momentum"]
        sound &= (momentum > LOWEST_MEV) & (momentum < HIGHEST_MEV)
    return sound


def _place(tensor: str, index: int, tensors: Mapping[str, Array]) -> Array:
    column: Array = tensors[tensor][:, index].astype(np.float64)
    return column


def _view(
    name: str,
    variables: tuple[str, ...],
    columns: tuple[str, ...],
    compute: Callable[[Values], list[Array]],
    doc: str,
) -> View:
    needed = ("fitted", *columns)
    return View(
        name=name,
        columns=needed,
        tensors=(TensorSpec("track", (len(variables),), columns=variables),),
        build=partial(_build, "track", needed, compute),
        summaries=tuple(
            Summary(
                variable,
                partial(_place, "track", index),
                UNITS.get(variable, ""),
                doc=DOCS.get(variable, ""),
            )
            for index, variable in enumerate(variables)
        ),
        doc=doc,
        variations={
            name: Variation(scaled(*columns), nominal=1, doc=text)
            for name, (columns, text) in SCALES.items()
            if set(columns) <= set(needed)
        },
    )


SCALES = {
    "momentum_scale": (
        ("fit_momentum",),
        "factor of the fitted momentum: magnetic field, energy loss",
    ),
    "error_scale": (
        ("t0err", "momerr"),
        "factor of the fit's own errors: resolution of the straws' drift times",
    ),
}
"""Variations by name: the columns that are scaled together, and what would make them so."""
DOCS = {
    "nactive": "hits in the fit",
    "factive": "share of the hits in the fit",
    "t0err": "error of the time",
    "fnullambig": "share of hits without a side",
    "fitcon": "consistency of the fit",
    "momerr": "error of the momentum",
    "fstraws": "active straws per active hit",
    "momentum": "momentum of the fit",
    "tandip": "tangent of the dip angle",
}
UNITS = {
    "t0err": "ns",
    "momerr": "MeV/c",
    "momentum": "MeV/c",
    "MomError": "MeV/c",
    "T0Error": "ns",
    "d0": "mm",
    "MaxRadius": "mm",
}

TRACK_QUALITY = _view(
    "track_quality",
    QUALITY,
    (*HITS, *FIT),
    _quality,
    "Seven variables of the fit that tell well measured tracks.",
)
TRACK_QUALITY_TMVA = _view(
    "track_quality_tmva",
    TMVA,
    (*HITS, *FIT, "ndactive", "d0", "rmax"),
    _tmva,
    "The ten variables of the older training; d0 and largest radius times -charge.",
)
MOMENTUM_VIEW = _view(
    "momentum",
    MOMENTUM,
    (*HITS, *FIT, "fit_momentum", "tandip"),
    _momentum,
    "The reconstructed momentum and what tells how far it may be off.",
)
VIEWS = {view.name: view for view in (TRACK_QUALITY, TRACK_QUALITY_TMVA, MOMENTUM_VIEW)}
