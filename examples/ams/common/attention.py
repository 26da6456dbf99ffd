"""Mean attention of a CvT on the image of the shower."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from common.samples import Sample
from common.trainings import Trained
from rootml.registry import get_adapter
from rootml.spec import Array
from rootml.validation import Style
from rootml.validation.plots.canvas import SMALL
from rootml.validation.plots.label import header
from rootml_ams.geometry import MEASURES_X
from rootml_zoo.nets.attention import AttentionMaps

Kind = Literal["electrons", "protons kept", "protons rejected"]
MOST = 200
"""Events of a kind that are averaged."""
HALF = 10
"""Cells that are shown on either side of the shower."""
NEAR = 2
"""Cells from the shower's centre within which attention counts as near."""
EARLY = 6
"""Layers in front that count as early."""
TITLES = {"image": "Deposits", "token": "Class token", "rollout": "Rollout"}
_DECADES = 1e-4


@dataclass(frozen=True, eq=False)
class Maps:
    """Deposits and attention of events of one kind, (n, layers, 2 HALF + 1), shares of an event."""

    image: Array
    token: Array
    rollout: Array


def maps_of(model: Trained, sample: Sample, rows: Array) -> Maps:
    """Deposits and attention of the first of these ``rows`` of a sample, centred on the shower."""
    image = _images(model, sample, rows[:MOST])
    looked = AttentionMaps(model.network)(image)
    deposits = image.sum(axis=1)
    first = _first_cells(deposits)
    return Maps(
        *(
            _window(m / m.sum(axis=(1, 2), keepdims=True), first)
            for m in (deposits, looked.token, looked.rollout)
        )
    )


def _images(model: Trained, sample: Sample, rows: Array) -> Array:
    view = get_adapter("ams").views[model.card.view]
    found, before = [], 0
    for events in sample.chunks(view.columns):
        here = rows[(rows >= before) & (rows < before + len(events))] - before
        found.append(view.build(events[here]).tensors[view.tensors[0].name])
        before += len(events)
        if before > rows.max():
            break
    return np.concatenate(found)


def _first_cells(deposits: Array) -> Array:
    """First cell of the window in each layer, (n, layers): around the centre of its view."""
    first = np.empty(deposits.shape[:2], np.int64)
    cells = np.arange(deposits.shape[2])
    for layers in (MEASURES_X, ~MEASURES_X):
        profile = deposits[:, layers].sum(axis=1)
        centre = profile @ cells / np.maximum(profile.sum(axis=1), 1e-6)
        first[:, layers] = np.round(centre).astype(np.int64)[:, None] - HALF
    return first


def _window(maps: Array, first: Array) -> Array:
    """Cells from ``first`` on; beyond the calorimeter there is nothing."""
    padded = np.pad(maps, ((0, 0), (0, 0), (HALF, HALF)))
    index = first[:, :, None] + HALF + np.arange(2 * HALF + 1)
    return np.asarray(np.take_along_axis(padded, index, axis=2))


def looks(maps: Maps) -> dict[str, Any]:
    """Shares near the shower's centre and in the early layers: means and their errors."""
    told: dict[str, Any] = {"events": len(maps.image)}
    for name in TITLES:
        made = getattr(maps, name)
        shares = {
            "near": made[:, :, HALF - NEAR : HALF + NEAR + 1].sum(axis=(1, 2)),
            "early": made[:, :EARLY].sum(axis=(1, 2)),
        }
        told[name] = {key: _mean(values) for key, values in shares.items()}
    return told


def _mean(values: Array) -> dict[str, float]:
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else float("nan")
    return {"value": float(f"{values.mean():.4g}"), "error": float(f"{error:.2g}")}


def attention_maps(style: Style, maps: Mapping[Kind, Maps]) -> Figure:
    """Mean deposits, attention of the class token and its rollout, a row for each kind."""
    figure = Figure(figsize=(7.2, 1.0 + 2.0 * len(maps)))
    axes = figure.subplots(len(maps), len(TITLES), sharex=True, sharey=True, squeeze=False)
    figure.subplots_adjust(left=0.13, right=0.84, bottom=0.09, top=0.89, hspace=0.1, wspace=0.08)
    for row, (kind, made) in zip(axes, maps.items(), strict=True):
        for ax, (name, title) in zip(row, TITLES.items(), strict=True):
            mesh = _mean_map(ax, getattr(made, name).mean(axis=0))
            if ax in axes[0]:
                ax.set_title(title, size=SMALL)
        row[0].set_ylabel(f"{kind.capitalize()}\nLayer", size=SMALL, loc="center")
    axes[0, 0].invert_yaxis()
    for ax in axes[-1]:
        ax.set_xlabel("Cell from shower", size=SMALL)
        ax.set_xticks((-HALF // 2, 0, HALF // 2))
    bar = figure.colorbar(mesh, cax=figure.add_axes((0.86, 0.09, 0.02, 0.8)))
    bar.ax.tick_params(labelsize=SMALL - 2)
    bar.set_label("Share of the event", size=SMALL)
    header(figure, (), style, 0.13, 0.4)
    return figure


def _mean_map(ax: Axes, values: Array) -> Any:
    edges = np.arange(-HALF, HALF + 2) - 0.5
    norm = LogNorm(_DECADES, 0.1)
    shown = values.clip(_DECADES)
    ax.tick_params(direction="out", top=False, right=False, length=3, labelsize=SMALL - 2)
    ax.minorticks_off()
    return ax.pcolormesh(edges, np.arange(len(values) + 1) - 0.5, shown, norm=norm, rasterized=True)
