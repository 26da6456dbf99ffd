"""Images of the layers on common pixels."""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml.errors import BranchError
from rootml.spec import Array
from rootml_atlas.geometry import WINDOW


def energies(images: ak.Array, name: str) -> Array:
    """Energies on the window's pixels (n, 56, 11), float32: each is split evenly over its pixels.

    ``images``: (n, h, w) over the same window, h and w dividing 56 and 11. BranchError where they
    do not; ``name`` is the branch's.
    """
    image = _as_images(images, name)
    eta, phi = _factors(image)
    return _spread(image / np.float32(eta * phi), eta, phi)


def times(images: ak.Array, name: str) -> Array:
    """The same for times, which all pixels share."""
    image = _as_images(images, name)
    return _spread(image, *_factors(image))


def _factors(image: Array) -> tuple[int, int]:
    eta, phi = (size // found for size, found in zip(WINDOW, image.shape[1:], strict=True))
    return eta, phi


def _spread(image: Array, eta: int, phi: int) -> Array:
    return image.repeat(eta, axis=1).repeat(phi, axis=2)


def _as_images(images: ak.Array, name: str) -> Array:
    try:
        image: Array = ak.to_numpy(images, allow_missing=False).astype(np.float32, copy=False)
    except (TypeError, ValueError) as error:
        raise _unexpected(name, str(images.type.content)) from error
    shape = image.shape[1:]
    if (
        len(shape) != 2
        or 0 in shape
        or any(size % n for size, n in zip(WINDOW, shape, strict=True))
    ):
        raise _unexpected(name, " x ".join(map(str, shape)) or "one number")
    return image


def _unexpected(name: str, found: str) -> BranchError:
    eta, phi = WINDOW
    turned = " (eta comes first)" if found == f"{phi} x {eta}" else ""
    return BranchError(
        f"{name}: an image is {eta} x {phi} pixels in eta and phi, or has sizes that divide these, "
        f"as 7 x {phi}; found {found}{turned}"
    )
