"""True momentum vectors, whatever the order of their bytes.

uproot 5.7 hands over members of ``ROOT::Math::DisplacementVector3D`` that it reads with a fixed
stride with their bytes reversed. Which order is right is found out from the numbers: a track's
true momentum is near the reconstructed one. In the wrong order the lowest bits of the mantissa
become the exponent, and about one vector in a hundred is near it.
"""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml.adapter import Options
from rootml.errors import DataError
from rootml.spec import Array
from rootml_mu2e.decoding import member

OPTION = "truth_vectors"
ORDERS = ("as read", "bytes swapped")
UNKNOWN = "left out: the order of their bytes cannot be told"
NEAR = 2.0
"""Factor within which a true momentum is near the reconstructed one."""
MOST, FEW = 0.8, 0.2
"""Least share of vectors near it in the right order, largest in the wrong one."""


def find_order(raw: ak.Array) -> Options:
    """Settle the order of the bytes from the first tracks of a file, if they have truth."""
    if "truth_vector" not in raw.fields:
        return {}
    order = _order(_components(raw["truth_vector"]), raw)
    return {} if order is None else {OPTION: order}


def true_momentum(raw: ak.Array, options: Options) -> ak.Array:
    """Length of the true momentum vectors, MeV/c; NaN for tracks without truth.

    NaN for all where the options say that the order cannot be told.
    """
    vectors = _components(raw["truth_vector"])
    if options.get(OPTION) == UNKNOWN:
        return ak.from_numpy(np.full(len(vectors), np.nan))
    order = options.get(OPTION) or _order(vectors, raw)
    if order == UNKNOWN:
        raise DataError(f"true momenta, none of which are among the first tracks: {UNKNOWN}")
    length = _length(_swapped(vectors) if order == ORDERS[1] else vectors)
    return ak.from_numpy(np.where(length > 0, length, np.nan))


def _components(vector: ak.Array) -> Array:
    """(tracks, 3) float32 of a branch of vectors."""
    inner = member(vector, "fCoordinates", "true momentum")
    parts = [member(inner, f"f{axis}", "true momentum") for axis in "XYZ"]
    return np.stack([ak.to_numpy(part).astype(np.float32) for part in parts], axis=1)


def _swapped(vectors: Array) -> Array:
    swapped: Array = vectors.byteswap()
    return swapped


def _length(vectors: Array) -> Array:
    with np.errstate(over="ignore", invalid="ignore"):
        length: Array = np.linalg.norm(vectors.astype(np.float64), axis=1)
    return length


def _order(vectors: Array, raw: ak.Array) -> str | None:
    """Which of ``ORDERS`` is right, if one is; None where there is no truth at all."""
    momentum = ak.to_numpy(member(raw["entrance"], "mom", "entrance")).astype(np.float64)
    there = vectors.view(np.uint32).any(axis=1) & (momentum > 0)
    if not there.any():
        return None
    vectors, momentum = vectors[there], momentum[there]
    shares = {}
    for order, candidate in zip(ORDERS, (vectors, _swapped(vectors)), strict=True):
        ratio = _length(candidate) / momentum
        shares[order] = float(np.mean((ratio > 1 / NEAR) & (ratio < NEAR)))
    (_, low), (right, high) = sorted(shares.items(), key=lambda item: item[1])
    return right if high >= MOST and low <= FEW else UNKNOWN
