"""Plots inside the page, each with links to its files beside the page."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rootml.validation.report import Plot


@dataclass(frozen=True)
class Picture:
    """A plot on the page.

    ``source``: a data URI, empty where the plot was drawn in no format a page shows; ``size``:
    its width and height in pixels; ``links``: suffix -> address of the file, relative to the page.
    """

    name: str
    caption: str
    source: str
    size: tuple[int, int] | None
    links: dict[str, str]


def picture(plot: Plot, path: Path, page: Path) -> Picture:
    """The plot drawn at ``path``, whose other formats lie beside, for ``page``."""
    found = {suffix: path.with_suffix(f".{suffix}") for suffix in ("pdf", "svg", "png")}
    source, size = _embedded(path)
    return Picture(
        plot.name,
        caption(plot),
        source,
        size,
        links={
            suffix: quote(Path(os.path.relpath(file, page.parent)).as_posix())
            for suffix, file in found.items()
            if file.exists()
        },
    )


def caption(plot: Plot) -> str:
    """What the plot shows: the first sentence of the function that draws its family."""
    from rootml.validation.plots import FAMILIES

    text = (FAMILIES[plot.family].__doc__ or plot.family).strip()
    return text.splitlines()[0].partition(". ")[0].rstrip(".")


def _embedded(path: Path) -> tuple[str, tuple[int, int] | None]:
    """The data URI of a PNG or SVG, and the size of the former; empty of other files."""
    if path.suffix == ".svg":
        return _uri("image/svg+xml", path.read_bytes()), None
    if path.suffix != ".png":
        return "", None
    from PIL import Image

    with Image.open(path) as image:
        return _uri("image/png", path.read_bytes()), image.size


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
