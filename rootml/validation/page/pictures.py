"""Plots inside the page: the same pixels in fewer bytes, and a link to the file beside it."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from rootml.validation.report import Plot

Embedded = tuple[str, tuple[int, int] | None]


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


def embedded(paths: Collection[Path]) -> dict[Path, Embedded]:
    """A data URI of each image file and its size, empty of those that are no images."""
    with ThreadPoolExecutor() as pool:  # compressing does without the interpreter
        return dict(zip(paths, pool.map(_embedded, paths), strict=True))


def picture(plot: Plot, path: Path, image: Embedded, page: Path) -> Picture:
    """The plot drawn at ``path``, whose other formats lie beside, for ``page``."""
    found = {suffix: path.with_suffix(f".{suffix}") for suffix in ("pdf", "svg", "png")}
    return Picture(
        plot.name,
        caption(plot),
        *image,
        links={
            suffix: quote(Path(os.path.relpath(file, page.parent)).as_posix())
            for suffix, file in found.items()
            if file.exists()
        },
    )


def caption(plot: Plot) -> str:
    """What the plot shows, as the function that draws its family says."""
    from rootml.validation.plots import FAMILIES

    text = (FAMILIES[plot.family].__doc__ or plot.family).strip()
    return text.splitlines()[0].strip().rstrip(".")


def _embedded(path: Path) -> Embedded:
    if path.suffix == ".svg":
        return _uri("image/svg+xml", path.read_bytes()), None
    if path.suffix != ".png":
        return "", None
    from PIL import Image, features

    if not features.check("webp"):
        with Image.open(path) as image:
            return _uri("image/png", path.read_bytes()), image.size
    packed = io.BytesIO()
    with Image.open(path) as image:
        # Lossless; the fastest settings that compress well, a third of the PNG.
        image.convert("RGB").save(packed, "WEBP", lossless=True, method=1, quality=20)
        return _uri("image/webp", packed.getvalue()), image.size


def _uri(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
