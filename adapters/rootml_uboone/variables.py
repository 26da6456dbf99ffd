"""The variables of the analysis, made of branches as its own code makes them.

Definitions: github.com/ubneutrinos/PELEE, ``load_data_run123.py`` (the published analysis,
arXiv:2110.14065), the same as in the module ``BDT`` of searchingfornues. Sentinels stay what they
are, for the boosters were trained with them: the lowest float of variables that were not set
(``shr_tkfit_dedx_*`` without hits), 9999 without a cosmic particle near, 1e6 without a second
shower. NaN (``secondshower_*_dot`` and ``shrmoliereavg`` of too few hits) is xgboost's "missing".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import awkward as ak
import numpy as np

from rootml.errors import BranchError
from rootml.spec import Array
from rootml_uboone.branches import BRANCHES, PLANES

NO_TRACK = 9999.0
"""``trkpid`` where ``trk_id`` names no particle, as in the published analysis."""
ENERGY_SCALE = 0.83
"""Reconstructed over true energy of electrons, from the same code."""
MINIMUM_GEV = 0.07
"""Least energy of the showers, against Michel electrons."""
SIGNAL, BACKGROUND = (10, 11, 111), (2, 21, 3, 31, 4, 5)
"""Values of ``category``: 10 and 11 are electron neutrinos without pions, 10 with no proton seen,
11 with some, 111 those of the low-energy excess. 2, 21, 3, 31 are other charged and neutral
currents, 21 and 31 with neutral pions; 4 cosmic, 5 outside the fiducial volume. Of no class are
other electron neutrinos (1) and data (0)."""
NO_SCORE = -9999.0


@dataclass(frozen=True)
class Variable:
    """A logical column: the branches it needs, and how it is made of them."""

    keys: tuple[str, ...]
    compute: Callable[[ak.Array], Array]


def number(raw: ak.Array, name: str) -> Array:
    """A branch with one number an event."""
    return _flat(raw[name], name, "a number an event")


def _flat(array: ak.Array, name: str, expected: str) -> Array:
    try:
        values: Array = ak.to_numpy(array, allow_missing=False)
    except (TypeError, ValueError) as error:
        raise BranchError(f"{name}: expected {expected}, found {array.type}") from error
    if values.ndim != 1 or values.dtype.kind not in "fiub":
        raise BranchError(f"{name}: expected {expected}, found {array.type}")
    return values


def pick(raw: ak.Array, lists: str, place: str, missing: float) -> Array:
    """Of each event's list the element at ``place``, which counts from 1; else ``missing``."""
    if raw[lists].ndim != 2:
        raise BranchError(f"{lists}: expected a list an event, found {raw[lists].type}")
    counts = ak.to_numpy(ak.num(raw[lists]))
    values = _flat(ak.flatten(raw[lists]), lists, "a list of numbers an event")
    at = number(raw, place).astype(np.int64) - 1
    there = (at >= 0) & (at < counts)
    picked = np.full(len(counts), missing, np.result_type(values, np.float32))
    picked[there] = values[(np.cumsum(counts) - counts + at)[there]]
    return picked


def _plain(name: str) -> Variable:
    return Variable((name,), lambda raw: number(raw, name))


def _angle_difference(plane: str) -> Variable:
    second, shower = f"secondshower_{plane}_dir", f"shrclusdir{PLANES.index(plane)}"
    return Variable((second, shower), lambda raw: np.abs(number(raw, second) - number(raw, shower)))


def _track_fit(raw: ak.Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Array = number(raw, "shr_tkfit_npointsvalid") / number(raw, "shr_tkfit_npoints")
    return share


def _dedx_of_most_hits(raw: ak.Array) -> Array:
    """Of the plane with most hits; of equal ones Y before U before V."""
    planes = ("Y", "U", "V")
    hits = np.stack([number(raw, f"shr_tkfit_nhits_{plane}") for plane in planes])
    dedx = np.stack([number(raw, f"shr_tkfit_dedx_{plane}") for plane in planes])
    best: Array = np.take_along_axis(dedx, hits.argmax(axis=0)[None], axis=0)[0]
    return best


def _pieces(raw: ak.Array) -> Array:
    total: Array = sum(
        (pick(raw, pieces, "shr_id", 0) for pieces in _LISTS[1:]),
        start=np.zeros(len(raw), np.float32),
    )
    return total


def _preselected(raw: ak.Array) -> Array:
    chosen: Array = (
        (number(raw, "nslice") == 1)
        & (number(raw, "selected") == 1)
        & (number(raw, "shr_energy_tot_cali") > MINIMUM_GEV)
    )
    return chosen


def _with_tracks(raw: ak.Array) -> Array:
    chosen: Array = _preselected(raw) & (number(raw, "n_tracks_contained") > 0)
    return chosen


def _without_tracks(raw: ak.Array) -> Array:
    chosen: Array = _preselected(raw) & (number(raw, "n_tracks_contained") == 0)
    return chosen


def _energy(raw: ak.Array) -> Array:
    energy: Array = number(raw, "shr_energy_tot_cali") / ENERGY_SCALE + number(
        raw, "trk_energy_tot"
    )
    return energy.astype(np.float32)


def _label(raw: ak.Array) -> Array:
    category = number(raw, "category")
    label: Array = np.select(
        [np.isin(category, SIGNAL), np.isin(category, BACKGROUND)], [1, 0], default=-1
    )
    return label.astype(np.int64)


def _stored(name: str) -> Variable:
    def score(raw: ak.Array) -> Array:
        values = number(raw, name).astype(np.float32)
        values[values == NO_SCORE] = np.nan
        return values

    return Variable((name,), score)


_LISTS = ("trk_llr_pid_score_v", *(f"pfpplanesubclusters_{plane}" for plane in PLANES))
_SELECTED_BY = ("nslice", "selected", "shr_energy_tot_cali", "n_tracks_contained")
_BY_PLANE = tuple(f"shr_tkfit_{what}_{plane}" for what in ("nhits", "dedx") for plane in PLANES)
VARIABLES = {
    **{name: _plain(name) for name in BRANCHES if name not in _LISTS},
    "shr_tkfit_dedx_max": Variable(_BY_PLANE, _dedx_of_most_hits),
    "trkfit": Variable(("shr_tkfit_npointsvalid", "shr_tkfit_npoints"), _track_fit),
    "trkpid": Variable((_LISTS[0], "trk_id"), lambda raw: pick(raw, _LISTS[0], "trk_id", NO_TRACK)),
    "subcluster": Variable((*_LISTS[1:], "shr_id"), _pieces),
    **{f"anglediff_{plane}": _angle_difference(plane) for plane in PLANES},
    **{name: _stored(name) for name in BRANCHES if name.startswith("bdt_")},
    "with_tracks": Variable(_SELECTED_BY, _with_tracks),
    "without_tracks": Variable(_SELECTED_BY, _without_tracks),
    "energy": Variable(("shr_energy_tot_cali", "trk_energy_tot"), _energy),
    "label": Variable(("category",), _label),
}
