"""Hits as images: from the top, from the side and from the front.

A pixel is 1 where a cell, or a cell and a bin of height, was hit, however often; else 0. The two
sides of the foil lie over each other, as in A. Mendl, Machine learning at SuperNEMO (2023), or are
channels of their own. Hits without a measured height are in the view from the top alone: at z = 0
they would look like tracks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Summary, View
from rootml.spec import Array, Batch, TensorSpec
from rootml_supernemo.geometry import LAYERS, ROWS, SIDES, Z_BINS, z_bin
from rootml_supernemo.variations import variations

AXES: Final = {
    "top": (("layer", LAYERS), ("row", ROWS)),
    "side": (("z", Z_BINS), ("row", ROWS)),
    "front": (("z", Z_BINS), ("layer", LAYERS)),
    "volume": (("z", Z_BINS), ("layer", LAYERS), ("row", ROWS)),
}
"""The axes of each image; z in 30 bins of 100 mm from -1500 mm, which is also where lower hits are;
higher ones than 1500 mm are in the last bin."""


def build(names: tuple[str, ...], sides: bool, height: str, events: ak.Array) -> Batch:
    """One row an event: float32 images by their names; ``height``: the column that z is.

    Where an image has heights events are not judged whose hits have none: they would look empty.
    """
    event, hits = _flat(columns_of(names, sides, height), events)
    hits |= {"z": hits[height]} if height in hits else {}
    measured = ~np.isnan(hits["z"]) if "z" in hits else np.ones(len(event), np.bool_)
    judged = np.bincount(event, minlength=len(events)) == 0
    judged[event[measured]] = True
    row = np.cumsum(judged) - 1
    tensors = {}
    for name in names:
        seen = judged[event] & (measured if ("z", Z_BINS) in AXES[name] else True)
        tensors[name] = _image(name, sides, judged.sum(), row[event[seen]], hits, seen)
    return Batch(tensors, judged)


def _flat(columns: tuple[str, ...], events: ak.Array) -> tuple[Array, dict[str, Array]]:
    """The event of each hit, and the columns of all hits (h,)."""
    counts = ak.to_numpy(ak.num(events["layer"], axis=1))
    event = np.repeat(np.arange(len(events)), counts)
    return event, {name: ak.to_numpy(ak.flatten(events[name], axis=1)) for name in columns}


def columns_of(names: tuple[str, ...], sides: bool, height: str = "z") -> tuple[str, ...]:
    """The logical columns that images need; ``layer`` always, which counts the hits."""
    axes = [height if axis == "z" else axis for name in names for axis, _ in AXES[name]]
    return tuple(dict.fromkeys(["layer", *axes, *(["side"] if sides else [])]))


def _image(
    name: str, sides: bool, rows: int, row: Array, hits: Mapping[str, Array], seen: Array
) -> Array:
    shape = shape_of(name, sides)
    image = np.zeros((rows, *shape), np.float32)
    places = [hits["side"][seen]] if sides else []
    for axis, _ in AXES[name]:
        values = hits[axis][seen]
        places.append(z_bin(values) if axis == "z" else values)
    image[(row, *places)] = 1
    return image


def shape_of(name: str, sides: bool) -> tuple[int, ...]:
    """The shape of an image; with the ``sides`` apart they come first."""
    sizes = tuple(size for _, size in AXES[name])
    return (SIDES, *sizes) if sides else sizes


def _pixels(name: str, tensors: Mapping[str, Array]) -> Array:
    image = tensors[name]
    count: Array = image.reshape(len(image), int(np.prod(image.shape[1:]))).sum(
        axis=1, dtype=np.float64
    )
    return count


def _view(
    name: str, names: tuple[str, ...], doc: str, *, sides: bool = False, height: str = "z"
) -> View:
    columns = columns_of(names, sides, height)
    return View(
        name=name,
        columns=columns,
        tensors=tuple(
            TensorSpec(
                image,
                shape_of(image, sides),
                axes=tuple(axis for axis, _ in AXES[image]),
                doc="1 where hit",
            )
            for image in names
        ),
        build=partial(build, names, sides, height),
        summaries=tuple(
            Summary(f"{image}_pixels", partial(_pixels, image), doc=f"pixels hit, {image}")
            for image in names
        ),
        doc=doc,
        variations=variations(columns),
        blank=True,
    )


_PROJECTIONS: Final = ("top", "side", "front")
VIEWS: Final = (
    _view("top", ("top",), "From above: which cells were hit."),
    _view("side", ("side",), "Across the foil: heights against places along it."),
    _view("front", ("front",), "Along the foil: heights against distances from it."),
    _view("projections", _PROJECTIONS, "The three images together."),
    _view("volume", ("volume",), "All three coordinates: bins of height, layers, rows."),
    *(
        _view(f"{name}_sides", (name,), f"As {name}, the sides of the foil apart.", sides=True)
        for name in _PROJECTIONS
    ),
    _view("projections_sides", _PROJECTIONS, "The three, the sides of the foil apart.", sides=True),
    _view(
        "projections_timed",
        _PROJECTIONS,
        "The three; heights that are missing are those by the timestamps.",
        height="z_best",
    ),
)
