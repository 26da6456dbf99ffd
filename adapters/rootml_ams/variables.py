"""Variables of the shape of a shower, of the kinds that the experiment's own classifiers use.

The AMS software keeps with each shower (``EcalShowerR`` in its ``root.h``), for its boosted trees
and its likelihood: shares of the layers, shares within 1, 3 and 5 cells of the axis and their
ratios, dispersion across and along, mean, width, skewness and kurtosis in depth, the fitted
profile, hits, deposits in the first and last layers, shares within 3 and 5 cm; all relative to
electrons of the same energy (L. Basara, ICRC 2013, 0903; C. Adloff et al., NIM A 714 (2013) 147;
A. Kounine et al., NIM A 869 (2017) 110). Radii, regions, and what is computed layer by layer are
our choice. Everything is made of the image alone.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rootml_ams.geometry import (
    CELL_CENTRES_CM,
    CELLS,
    HALF_WIDTH_CM,
    LAYER_X0,
    LAYERS,
    MEASURES_X,
    PITCH_CM,
    X0_CM,
)
from rootml_ams.profile import DEPTHS, fit_profiles
from rootml_ams.simulation import reconstruction
from rootml_ams.simulation.deposit import MIP_MEV

Floats = npt.NDArray[np.floating[Any]]
Image = npt.NDArray[np.float32]
Chosen = slice | npt.NDArray[np.bool_]

RADII: Final = {cells: cells * PITCH_CM / 2 for cells in (1, 2, 3, 5, 7, 11)}
"""Distances from the axis, cm, that are so many cells from side to side."""
EARLY, MIDDLE, LATE = slice(0, 6), slice(6, 12), slice(12, LAYERS)
"""Layers by thirds of the depth."""
PULLS: Final = ("depth", "length", "late", "core", "width", *(f"share_{i:02}" for i in range(5)))
"""What :func:`rootml_ams.simulation.reconstruction.pulls` compares with electrons."""
BLOCK: Final = 128
"""Showers worked on at once: their arrays stay in the processor's cache."""
_LEAST = 1e-6
"""Least share whose logarithm is taken."""
_BELOW = np.tri(CELLS + 1, CELLS, -1).T
_SUMS = np.column_stack([_BELOW, CELL_CENTRES_CM, CELL_CENTRES_CM**2])
"""From cells to the deposits below each edge of a cell, and the first two moments."""
_CENTRES = CELL_CENTRES_CM.astype(np.float32)


class _Showers:
    """Images (n, 18, 72) MeV, none of them empty, and what the variables are made of."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.sums = image.reshape(-1, CELLS).astype(np.float64) @ _SUMS
        self.layers = self.sums[:, CELLS].reshape(-1, LAYERS)
        self.total = self.layers.sum(axis=1)
        self.share = self.layers / self.total[:, None]
        self.moments = self.sums[:, -2:].reshape(-1, LAYERS, 2)
        self.shower = reconstruction.measure_shower(image)

    def part(self, deposits: Floats, chosen: Chosen) -> Floats:
        """Of the ``chosen`` layers, the share of ``deposits`` (n, 18) MeV in all there are."""
        return _ratio(deposits[:, chosen].sum(axis=1), self.layers[:, chosen].sum(axis=1))

    @cached_property
    def axis(self) -> Floats:
        """Where the axis crosses the middle of each layer, (n, 18) cm, not beyond the sides."""
        x, y, slope_x, slope_y = self.shower.axis.T[..., None]
        depth = DEPTHS * X0_CM
        at = np.where(MEASURES_X, x + slope_x * depth, y + slope_y * depth)
        inside: Floats = np.clip(at, -HALF_WIDTH_CM, HALF_WIDTH_CM)
        return inside

    def within(self, radius: float) -> Floats:
        """Deposits of the layers within ``radius`` cm of the axis, (n, 18) MeV.

        Of a cell that lies within in part, that part counts.
        """
        ends = []
        row = np.arange(len(self.sums)) * self.sums.shape[1]
        for at in (self.axis - radius, self.axis + radius):
            edge = np.clip((at.ravel() + HALF_WIDTH_CM) / PITCH_CM, 0, CELLS - 1e-9)
            cell = edge.astype(np.int64)
            low, high = self.sums.take(row + cell), self.sums.take(row + cell + 1)
            ends.append(low + (edge - cell) * (high - low))
        inside: Floats = (ends[1] - ends[0]).reshape(-1, LAYERS)
        return inside


def _log(share: Floats) -> Floats:
    logarithm: Floats = np.log10(np.maximum(share, _LEAST))
    return logarithm


def _ratio(part: Floats, whole: Floats) -> Floats:
    """``part / whole``; 0 where there is nothing."""
    ratio: Floats = np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)
    return ratio


def _longitudinal(showers: _Showers) -> dict[str, Floats]:
    share, layers, shower = showers.share, showers.layers, showers.shower
    lever = (DEPTHS - shower.depth[:, None]) / np.maximum(shower.length, 1e-3)[:, None]
    slopes = np.abs(shower.axis[:, 2:])
    profile = fit_profiles(share, np.sqrt(1 + (slopes**2).sum(axis=1)))
    sums = np.cumsum(share, axis=1)
    energy = reconstruction.energy(shower)
    return {
        "log_energy": np.log(energy),
        "correction": energy / shower.deposit,
        "depth": shower.depth,
        "length": shower.length,
        "skewness": (share * lever**3).sum(axis=1),
        "kurtosis": (share * lever**4).sum(axis=1),
        "depth_1": _quantile(sums, 0.01),
        "depth_90": _quantile(sums, 0.9),
        "peak_share": share.max(axis=1),
        "early_share": _log(sums[:, 3]),
        "late_share": shower.late,
        "x_share": share[:, MEASURES_X].sum(axis=1),
        "slope_x": slopes[:, 0],
        "slope_y": slopes[:, 1],
        "profile_a": profile.a,
        "profile_b": profile.b,
        "profile_maximum": profile.maximum,
        "profile_chi2": _log(profile.chi2),
        "profile_excess": profile.excess[:, :5].sum(axis=1),
        "profile_misfit": _log((profile.excess[:, EARLY] ** 2).sum(axis=1)),
        **{f"share_{i:02}": share[:, i] for i in range(LAYERS)},
        **{f"mips_{i:02}": np.log10(1 + layers[:, i] / MIP_MEV) for i in range(4)},
    }


def _quantile(sums: Floats, part: float) -> Floats:
    """Depth, X0, above which there is the given part of the deposits."""
    layer = (sums < part).sum(axis=1).clip(max=LAYERS - 1)
    event = np.arange(len(sums))
    before = np.where(layer > 0, sums[event, layer - 1], 0)
    inside = (part - before) / np.maximum(sums[event, layer] - before, 1e-12)
    depth: Floats = (layer + np.clip(inside, 0, 1)) * LAYER_X0
    return depth


def _core(showers: _Showers) -> dict[str, Floats]:
    within = {cells: showers.within(radius) for cells, radius in RADII.items()}
    far = showers.layers - within[11]
    regions: dict[str, tuple[int, Chosen]] = {
        **{f"core_{cells}": (cells, slice(None)) for cells in RADII},
        **{f"core_{cells}_early": (cells, EARLY) for cells in (1, 3, 7)},
        **{f"core_{cells}_middle": (cells, MIDDLE) for cells in (3, 7)},
        "core_3_late": (3, LATE),
        **{f"core_3_{i:02}": (3, slice(i, i + 1)) for i in range(12)},
    }
    return {
        **{name: showers.part(within[cells], part) for name, (cells, part) in regions.items()},
        "far_share": _log(far.sum(axis=1) / showers.total),
        "far_early": _log(far[:, EARLY].sum(axis=1) / showers.total),
        "far_mips": np.log10(1 + np.maximum(far.sum(axis=1), 0) / MIP_MEV),
    }


def _widths(showers: _Showers) -> dict[str, Floats]:
    layers, moments = showers.layers, showers.moments
    centre = _ratio(moments[..., 0], layers)
    variance = np.maximum(_ratio(moments[..., 1], layers) - centre**2, 0)
    offset = (centre - showers.axis) ** 2
    views: dict[str, Chosen] = {"x": MEASURES_X, "y": ~MEASURES_X, "early": EARLY}
    regions = views | {"late": LATE} | {f"{i:02}": slice(i, i + 1) for i in range(6)}
    return {
        f"width_{name}": np.sqrt(showers.part(layers * variance, part))
        for name, part in regions.items()
    } | {
        f"offset_{name}": np.sqrt(showers.part(layers * offset, part))
        for name, part in views.items()
    }


def _cells(showers: _Showers) -> dict[str, Floats]:
    image, total, one = showers.image, showers.total, np.ones(CELLS, np.float32)
    distance = np.abs(_CENTRES - showers.axis.astype(np.float32)[..., None])
    far = np.where(distance > RADII[11], image, 0)
    hits = (image > 0).astype(np.float32) @ one
    return {
        "largest_share": image.max(axis=(1, 2)) / total,
        "far_largest": _log(far.max(axis=(1, 2)) / total),
        "hits": hits.sum(axis=1),
        "hits_early": hits[:, :4].sum(axis=1),
        "hits_late": hits[:, LATE].sum(axis=1),
        "hits_large": np.count_nonzero(image > 10 * MIP_MEV, axis=(1, 2)),
        "layers_hit": np.count_nonzero(hits, axis=1),
    }


def _pulls(showers: _Showers) -> dict[str, Floats]:
    pulls = reconstruction.pulls(showers.shower, reconstruction.energy(showers.shower))
    return {f"pull_{name}": pulls[:, i] for i, name in enumerate(PULLS)}


def _measure(image: Image) -> dict[str, Floats]:
    showers = _Showers(image)
    groups = (_longitudinal, _core, _widths, _cells, _pulls)
    return {name: values for group in groups for name, values in group(showers).items()}


COLUMNS: Final = tuple(_measure(np.ones((1, LAYERS, CELLS), np.float32)))
"""Names of the variables; docs/reference/ams.md says what they are, and in which units."""


def measure_variables(image: Image) -> Image:
    """The variables (n, columns) of showers in ``image``, (n, 18, 72) MeV, none of them empty.

    Always finite.
    """
    found = np.empty((len(image), len(COLUMNS)), np.float32)
    for first in range(0, len(image), BLOCK):
        block = slice(first, first + BLOCK)
        found[block] = np.column_stack([*_measure(image[block]).values()])
    return found
