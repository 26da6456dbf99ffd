"""Single events as the page's viewer reads them: facts as text and numbers, images compressed."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from rootml.spec import Array
from rootml.validation.report import plain
from rootml.validation.study import Event

BUDGET = 1_500_000
"""Characters that the images of all events together may take; later ones come without."""

COLOURS = "viridis"
"""The colour map of images, that of the plots."""


def viewer_data(events: Sequence[Event]) -> dict[str, Any]:
    """What the viewer needs: colours, and of each event facts and images.

    ``without_images``: how many events had to leave their images out.
    """
    left, without = BUDGET, 0
    made = []
    for event in events:
        pictures = _pictures(event)
        size = sum(len(one["data"]) for one in pictures)
        if size > left:
            pictures, without = [], without + 1
        else:
            left -= size
        made.append(
            {
                "title": event.title,
                "kind": event.kind,
                "facts": [[str(key), plain(value)] for key, value in event.facts.items()],
                "pictures": pictures,
            }
        )
    return {"colours": _colours(), "events": made, "without_images": without}


def _pictures(event: Event) -> list[dict[str, Any]]:
    images = [_packed(name, "image", values, event) for name, values in event.images.items()]
    return images + [
        _packed(name, "points", values, event) for name, values in event.points.items()
    ]


def _packed(name: str, kind: str, values: Array, event: Event) -> dict[str, Any]:
    """Values as float32, deflated; images as (channels, rows, columns)."""
    data = np.ascontiguousarray(values, "<f4")
    if kind == "image" and data.ndim == 2:
        data = data[np.newaxis]
    *axes, unit = event.axes.get(name) or ("",)
    return {
        "name": name,
        "kind": kind,
        "shape": data.shape,
        "axes": axes[-2:],
        "unit": unit,
        "data": base64.b64encode(zlib.compress(data.tobytes(), 9)).decode("ascii"),
    }


def _colours() -> str:
    """The colour map as 256 times red, green and blue."""
    from matplotlib import colormaps

    table = np.asarray(colormaps[COLOURS](np.arange(256), bytes=True))
    return base64.b64encode(np.ascontiguousarray(table[:, :3]).tobytes()).decode("ascii")
