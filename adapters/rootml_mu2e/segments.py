"""Track fits and true steps where they cross the front face of the tracker.

Branches are (events, tracks, crossings) records; a fit or a true step names the surface it
crosses by ``sid`` (Mu2e Offline, ``SurfaceId.hh``: ``TT_Front`` = 0).
"""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml.adapter import Options
from rootml.errors import BranchError
from rootml_mu2e.decoding import Source, check_aligned, member, norm, slope

FRONT = 0
SAME_CROSSING_NS = 5.0
"""A true step belongs to a fitted crossing within this time (Mu2e EventNtuple, ``Track.hh``)."""
_SEGMENTS, _HELICES, _STEPS = "segments", "helices", "steps"


def _fit(raw: ak.Array) -> ak.Array:
    """The first fitted crossing of each track, or None."""
    segments = raw[_SEGMENTS]
    return ak.firsts(segments[_at_front(segments, "track segments")], axis=2)


def _read_momentum(raw: ak.Array, options: Options) -> ak.Array:
    return norm(*_parts(_fit(raw)))


def _read_slope(raw: ak.Array, options: Options) -> ak.Array:
    return slope(*_parts(_fit(raw)))


def _read_error(raw: ak.Array, options: Options) -> ak.Array:
    return member(_fit(raw), "momerr", "track segments")


def _read_time_error(raw: ak.Array, options: Options) -> ak.Array:
    at_front = _at_front(raw[_SEGMENTS], "track segments")
    errors = member(raw[_HELICES], "t0err", "helix parameters")
    check_aligned(at_front, errors, "helix parameters")
    return ak.firsts(errors[at_front], axis=2)


def _read_truth(raw: ak.Array, options: Options) -> ak.Array:
    """True momentum of the step in the fit's direction that is nearest to it in time."""
    fit, steps = _fit(raw), raw[_STEPS]
    check_aligned(fit, steps, "true steps")
    steps = steps[_at_front(steps, "true steps")]
    fitted_at = ak.fill_none(member(fit, "time", "track segments"), np.nan)
    distance = abs(member(steps, "time", "true steps") - fitted_at)
    ours = (ak.fill_none(part, np.nan) for part in _parts(fit))
    along = sum(fitted * true for fitted, true in zip(ours, _parts(steps), strict=True))
    same = (distance < SAME_CROSSING_NS) & (along > 0)
    nearest = ak.argmin(distance[same], axis=2, keepdims=True)
    return norm(*_parts(ak.firsts(steps[same][nearest], axis=2)))


def _parts(crossing: ak.Array) -> tuple[ak.Array, ak.Array, ak.Array]:
    vector = member(member(crossing, "mom", "crossings"), "fCoordinates", "momentum")
    x, y, z = (member(vector, f"f{axis}", "momentum") for axis in "XYZ")
    return x, y, z


def _at_front(crossings: ak.Array, what: str) -> ak.Array:
    """Which crossings are at the front face of the tracker."""
    surface = member(crossings, "sid", what)
    if surface.fields:
        raise BranchError(f"{what}: expected a number as 'sid', found {surface.type.content}")
    return surface == FRONT


MOMENTUM = Source((_SEGMENTS,), _read_momentum)
SLOPE = Source((_SEGMENTS,), _read_slope)
MOMENTUM_ERROR = Source((_SEGMENTS,), _read_error)
TIME_ERROR = Source((_SEGMENTS, _HELICES), _read_time_error)
TRUE_MOMENTUM = Source((_SEGMENTS, _STEPS), _read_truth)
