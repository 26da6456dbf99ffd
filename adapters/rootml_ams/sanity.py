"""Whether images can be those of the calorimeter: order of layers and cells, place of the track.

A file whose layers or cells are permuted reads without any error, and every network judges it
wrongly. What is looked at holds for showers of electrons and of hadrons, at any energy: they are
narrow in every layer, grow and fade from layer to layer, widen with depth, and lie on the track.
Events without a shower (noise, minimum ionising particles) have no say, and where few showers are
seen nothing is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from rootml.adapter import Options
from rootml.spec import Array
from rootml_ams.checks import VARIABLE, refusal, switched_off
from rootml_ams.geometry import CELL_CENTRES_CM, CELLS, FRONT_Z_CM, LAYERS, MEASURES_X, SIZE

FEWEST: Final = 6
"""Showers, or votes of showers, without which nothing is refused."""
_MOST = 300
_LEAST_HITS, _HOT, _LEAST_CONTRAST = 40, 10, 10.0
_USUAL, _NOISE = 0.75, 6.0
_ALWAYS, _MOST_HOT, _FEWEST_EVENTS = 0.8, 30, 20
_SAME_VIEW, _IN_LINE, _TRACK = 4, 2, 0.5
_NEAR, _LEAST_NEAR, _PLAIN_NEAR = 2, 0.15, 0.5
_SHUFFLED, _SMOOTH, _SMOOTHER, _AGREE = 0.65, 0.5, 0.9, 0.9
_APART_CELLS = 5.0
_ENDS, _WIDER, _OUTVOTED, _LEAST_END = 6, 0.2, 4, 0.005
_SCATTER = 0.3
_NO_TRACK_CM, _AT_FRONT_CM = 900.0, 30.0
_SCALES = {10.0: "mm", 0.01: "m"}
_SAME_HEIGHT = 0.1

_LAYERS = np.arange(LAYERS)
_Y, _X = np.flatnonzero(~MEASURES_X), np.flatnonzero(MEASURES_X)
ORDERS: Final[Mapping[str, Array]] = {
    "the two layers of each superlayer exchanged": _LAYERS ^ 1,
    "layers that measure Y before those that measure X": np.concatenate([_Y, _X]),
    "layers that measure X before those that measure Y": np.concatenate([_X, _Y]),
    "neighbouring superlayers exchanged": np.concatenate([_LAYERS[:16] ^ 2, _LAYERS[16:]]),
    "even layers before odd ones": np.concatenate([_LAYERS[::2], _LAYERS[1::2]]),
}
"""Wrong orders that are known by name: the layer that each row of an image holds."""


def hot_cells(image: Array) -> Array:
    """Which cells (18, 72) are loud in nearly all events, whatever these are.

    None where particles may do that: in few events, and where all come in one place, so that more
    than a few cells are loud or these lie along a track.
    """
    loud = _above_noise(image[image.any(axis=(1, 2))]) > 0
    hot: Array = loud.sum(axis=0) > _ALWAYS * len(loud)
    told = len(loud) >= _FEWEST_EVENTS and np.count_nonzero(hot) <= _MOST_HOT
    return hot & (told and not _along_track(hot))


def _along_track(cells: Array) -> bool:
    """Whether most ``cells`` have another at their place in the next superlayer of their view."""
    layer, cell = np.nonzero(cells)
    next_to = np.abs(layer[:, None] - layer) == _SAME_VIEW
    next_to &= np.abs(cell[:, None] - cell) <= _IN_LINE
    return bool(next_to.any(axis=1).sum() > _TRACK * len(cell))


def check(image: Array, tracks: Mapping[str, Array], names: Mapping[str, str]) -> Options:
    """Refuse images (n, 18, 72), in any unit, whose layers or cells are not in the right order.

    ``tracks``: "track_x", "track_y", "track_z" (cm), "track_zenith", "track_azimuth" (rad), (n,)
    each, as far as a file has them; their units are checked too. ``names``: the branches, for
    messages. Raises :class:`~rootml.errors.DataError`; returns what to record.
    """
    if switched_off():
        return {"checks": f"off ({VARIABLE})"}
    for key, find in _UNITS.items():
        if key in tracks and (problem := find(tracks[key])):
            raise refusal(f"{names[key]}: {problem}")
    image = _above_noise(image)
    seen = np.flatnonzero(_showers(image))[:_MOST]
    showers = image[seen]
    if len(showers) < FEWEST:
        return {"checks": f"order of cells not checked: {len(showers)} showers are too few"}
    for look in (_wrong_cells, _wrong_layers, _apart, _reversed):
        if problem := look(showers):
            raise refusal(f"{names['deposit']}: {problem}")
    if "track_x" in tracks and "track_y" in tracks:
        places = np.stack([tracks["track_x"], tracks["track_y"]], axis=1)[seen]
        if "track_z" in tracks:
            near = np.abs(tracks["track_z"][seen] - FRONT_Z_CM) < _AT_FRONT_CM
            places[~near] = np.nan
        if problem := _off_track(showers, places):
            raise refusal(f"{names['track_x']}, {names['track_y']}: {problem}")
    return {"checks": f"order of cells checked on {len(showers)} showers"}


def _above_noise(image: Array) -> Array:
    """Without what may be noise, which fills most cells where it is not suppressed."""
    usual = np.quantile(image.reshape(-1, SIZE), _USUAL, axis=1)
    above: Array = np.where(image > _NOISE * usual[:, None, None], image, 0)
    return above


def _showers(image: Array) -> Array:
    """Which events have many cells, and ten among them far above the usual one."""
    ranked = np.sort(image.reshape(-1, SIZE), axis=1)
    hits = np.count_nonzero(ranked, axis=1)
    median = np.minimum(SIZE - (hits + 1) // 2, SIZE - 1)
    usual = np.take_along_axis(ranked, median[:, None], axis=1)[:, 0]
    showers: Array = (hits >= _LEAST_HITS) & (ranked[:, -_HOT] > _LEAST_CONTRAST * usual)
    return showers


def _nearness(image: Array) -> float:
    """Of the deposits outside the hottest cell of a layer, the share in the next two cells."""
    distance = np.abs(np.arange(CELLS) - image.argmax(axis=2)[..., None])
    outside = (image * (distance > 0)).sum(axis=(1, 2), dtype=np.float64)
    near = (image * ((distance > 0) & (distance <= _NEAR))).sum(axis=(1, 2), dtype=np.float64)
    return float(np.median(near / np.maximum(outside, np.finfo(np.float32).tiny)))


def _wrong_cells(image: Array) -> str:
    near = _nearness(image)
    turned = _nearness(image.reshape(-1, CELLS, LAYERS).transpose(0, 2, 1))
    if turned > max(_PLAIN_NEAR, 2 * near):
        likely = "the values look ordered by cell and then layer, [72][18], not [18][72]"
    elif near < _LEAST_NEAR:
        likely = "cells look shuffled within layers"
    else:
        return ""
    return (
        f"{likely}: outside the hottest cell of a layer {near:.0%} of a shower's deposits lie in"
        " the next two cells, expected more than half"
    )


def _roughness(image: Array) -> Array:
    """Step of ln(deposit) from layer to layer over the mean difference of any two, (n,).

    Layers that are dead in all events are left out.
    """
    layers = image.sum(axis=2, dtype=np.float64)
    layers = layers[:, layers.any(axis=0)]
    log = np.log(np.maximum(layers, layers.max(axis=1, keepdims=True) / 1e4))
    step = np.abs(np.diff(log, axis=1)).mean(axis=1)
    every = np.abs(log[:, :, None] - log[:, None, :]).mean(axis=(1, 2))
    ratio: Array = step / np.maximum(every, 1e-3)
    return ratio


def _wrong_layers(image: Array) -> str:
    rough = _roughness(image)
    found = {name: _roughness(image[:, np.argsort(order)]) for name, order in ORDERS.items()}
    name, smooth = min(found.items(), key=lambda item: float(np.median(item[1])))
    smoother = np.mean(smooth < _SMOOTHER * rough) > _AGREE
    if smoother and np.median(smooth) < _SMOOTH:
        return f"layers look permuted, {name}: in the right order showers grow more smoothly"
    if smoother or np.median(rough) > _SHUFFLED:
        return (
            "layers look shuffled: from layer to layer showers change by"
            f" {np.median(rough):.0%} of the change between any two, expected about 25%"
        )
    return ""


def _apart(image: Array) -> str:
    """Layers of one superlayer measure the same coordinate."""
    hottest = image.argmax(axis=2).astype(np.float64)
    upper, lower = hottest[:, ::2], hottest[:, 1::2]
    both = image.any(axis=2).reshape(len(image), -1, 2).all(axis=2)
    apart = np.median(np.abs(upper - lower) * both, axis=1)
    if np.median(apart) <= _APART_CELLS:
        return ""
    mirrored = np.median(np.abs(upper - (CELLS - 1 - lower)) * both, axis=1)
    likely = (
        "the cells of every other layer look reversed"
        if np.median(mirrored) <= _APART_CELLS
        else "layers, or the cells of some, look permuted"
    )
    return (
        f"{likely}: layers 0 and 1, 2 and 3, ... measure the same coordinate, but see showers"
        f" {np.median(apart):.0f} cells apart"
    )


def _reversed(image: Array) -> str:
    """Showers widen: a vote for each in which one end is clearly wider than the other."""
    ends = image[:, :_ENDS], image[:, -_ENDS:]
    front, back = (
        1 - part.max(axis=2).sum(axis=1) / np.maximum(part.sum(axis=(1, 2)), 1e-30) for part in ends
    )
    least = _LEAST_END * image.sum(axis=(1, 2))
    both = np.minimum(*(part.sum(axis=(1, 2)) for part in ends)) > least
    wrong, right = (np.sum(both & (gain > _WIDER)) for gain in (front - back, back - front))
    if wrong < FEWEST or wrong < _OUTVOTED * right:
        return ""
    return (
        f"layers look reversed: {wrong} showers are wider in the first {_ENDS} layers than in the"
        f" last, {right} the other way round; expected layer 0 in front"
    )


def _not_radians(angle: Array) -> str:
    known = angle[np.isfinite(angle)]
    if len(known) < FEWEST or (high := np.quantile(known, 0.9)) <= 2 * np.pi:
        return ""
    return f"angles reach {high:.3g}: they look like degrees, expected radians"


def _not_cm(z: Array) -> str:
    """Heights count only if they are the front face's in some unit: the frame may be another."""
    height = np.median(z[np.isfinite(z)]) if np.isfinite(z).any() else 0.0
    for scale, unit in _SCALES.items():
        if abs(height / (FRONT_Z_CM * scale) - 1) < _SAME_HEIGHT:
            return f"heights of {height:.4g} look like {unit}, expected cm ({FRONT_Z_CM})"
    return ""


_UNITS: Final = {"track_z": _not_cm, "track_zenith": _not_radians, "track_azimuth": _not_radians}


def _off_track(image: Array, track: Array) -> str:
    """Compare the showers' places with the tracks' (n, 2), x and y in cm on the front face."""
    place = np.stack([_place(image, axis) for axis in (_X, _Y)], axis=1)
    track = np.where(np.abs(track) < _NO_TRACK_CM, track, np.nan)
    own = [_slope(place[:, i], track[:, i]) for i in (0, 1)]
    other = [_slope(place[:, i], track[:, 1 - i]) for i in (0, 1)]
    if None in own and all(slope is not None and 0.5 < abs(slope) < 2 for slope in other):
        return (
            "X and Y look exchanged: showers in layers that measure X (2, 3, 6, 7, ...) lie at the"
            " tracks' Y"
        )
    for slope, axis in zip(own, "XY", strict=True):
        if slope is not None and not 0.5 < slope < 2:
            return f"{_of_slope(slope)} (showers' {axis} is {slope:.3g} times that of the tracks)"
    return ""


def _of_slope(slope: float) -> str:
    if -2 < slope < -0.5:
        return "cells look reversed, or the axis of the track: showers lie opposite to the tracks"
    for scale, unit in _SCALES.items():
        if 0.5 < slope * scale < 2:
            return f"places look like {unit}, expected cm"
    return "showers do not lie on the tracks, expected places on the front face in cm"


def _place(image: Array, layers: Array) -> Array:
    """Centre of gravity along the axis that the ``layers`` measure, cm."""
    cells = image[:, layers].sum(axis=1, dtype=np.float64)
    place: Array = (cells @ CELL_CENTRES_CM) / np.maximum(cells.sum(axis=1), 1e-30)
    return place


def _slope(place: Array, track: Array) -> float | None:
    """Ratio of the two far from the centre, where the events agree on one."""
    known = np.isfinite(track)
    place, track = place[known], track[known]
    if not len(track):
        return None
    far = np.abs(track) > max(float(np.median(np.abs(track))), 1e-6)
    if far.sum() < FEWEST:
        return None
    ratio = place[far] / track[far]
    slope = float(np.median(ratio))
    if slope == 0 or np.median(np.abs(ratio / slope - 1)) > _SCATTER:
        return None
    return slope
