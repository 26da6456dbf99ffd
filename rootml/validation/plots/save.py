"""Figures in files: the same figure gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = 256
"""Colours of a PNG: enough for lines, shades and a colour bar, at a third of the bytes."""

_WHITE = 249
"""Levels above it become 255: the palette would have a white that is slightly grey."""

_DATELESS: dict[str, Any] = {
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None},
}


def save_figure(figure: Figure, stem: Path, formats: Sequence[str]) -> list[Path]:
    """Write a figure as ``<stem>.<format>`` in each format, without a date."""
    written = []
    for suffix in formats:
        path = stem.with_name(f"{stem.name}.{suffix}")
        if suffix == "png":
            _save_png(figure, path)
        else:
            figure.savefig(path, metadata=_DATELESS.get(suffix))
        written.append(path)
    return written


def _save_png(figure: Figure, path: Path) -> None:
    dpi: float = mpl.rcParams["savefig.dpi"]
    figure.set_dpi(dpi)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    image = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    packed = image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    palette = [255 if level > _WHITE else level for level in packed.getpalette() or ()]
    packed.putpalette(palette)
    packed.save(path, dpi=(dpi, dpi))
