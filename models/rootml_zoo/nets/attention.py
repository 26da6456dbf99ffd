"""Where a CvT looks: the attention of its class token, on the cells of the image.

It is read out of the deployed file: what its Softmax nodes give becomes an output of a copy in
memory. So it is the attention of what is deployed, and torch is not needed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from rootml.errors import NetworkError

Floats = npt.NDArray[np.floating[Any]]
Size = tuple[int, int]
"""Rows and cells of a grid."""

BATCH = 16
TINY = float(np.finfo(np.float64).tiny)
_EMBEDDING = re.compile(r"stages\.\d+\.embedding\.convolution\.weight$")
_KEY = re.compile(r"stages\.\d+\.blocks\.\d+\.attention\.key\.depthwise\.weight$")


@dataclass(frozen=True)
class Attention:
    """Shares of attention, (n, layers, cells) each; they add up to 1 over the cells of an event.

    ``token``: what the class token looks at in the last block, the mean over heads. ``rollout``:
    the same through all blocks. Both are on the cells of the image that the file takes, also where
    the network works in a canonical frame: the attention of a bin is shared out over its cells.
    """

    token: Floats
    rollout: Floats


@dataclass(frozen=True)
class Footprint:
    """A convolution, as what it covers: ``kernel``, ``stride`` and ``padding`` of both axes."""

    kernel: Size
    stride: Size
    padding: Size

    def grid(self, size: Size) -> Size:
        """Size of its result, for an input of ``size``."""
        rows, cells = (
            (size[axis] + 2 * self.padding[axis] - self.kernel[axis]) // self.stride[axis] + 1
            for axis in (0, 1)
        )
        return rows, cells

    def shares(self, size: Size) -> Floats:
        """Shares of the places of the input in each place of the result that covers them.

        (places of the result, places of the input); rows add up to 1. A place that several cover
        counts that much less for each, or strides would show as stripes.
        """
        rows, cells = (self._covered(axis, size[axis]) for axis in (0, 1))
        covered = np.kron(rows, cells)
        parts = covered / covered.sum(axis=0).clip(min=1)
        shares: Floats = parts / parts.sum(axis=1, keepdims=True)
        return shares

    def _covered(self, axis: int, size: int) -> Floats:
        places = (size + 2 * self.padding[axis] - self.kernel[axis]) // self.stride[axis] + 1
        first = np.arange(places) * self.stride[axis] - self.padding[axis]
        offset = np.arange(size) - first[:, None]
        return ((offset >= 0) & (offset < self.kernel[axis])).astype(np.float64)


@dataclass(frozen=True)
class _Stage:
    """The token embedding of a stage, and how each of its blocks makes keys."""

    embedding: Footprint
    keys: tuple[Footprint, ...]


class AttentionMaps:
    """The attention of the CvT in an ONNX file: ``AttentionMaps("cvt_ams.onnx")(image)``.

    For files that ``rootml train`` wrote of :class:`rootml_zoo.nets.cvt.CvT`; NetworkError for
    any other. Attention is rolled out as by S. Abnar and W. Zuidema, arXiv:2005.00928, section 3:
    each block passes on half by attention, the mean over heads, and half as it is. Where tokens
    or keys are made by a convolution, they pass on to the places that it covers.
    """

    def __init__(self, path: str | Path) -> None:
        model = onnx.load(path)
        nodes = model.graph.node
        self._stages = _stages(model)
        self._softmax = [node.output[0] for node in nodes if node.op_type == "Softmax"]
        blocks = sum(len(stage.keys) for stage in self._stages)
        if not blocks or len(self._softmax) != blocks:
            raise NetworkError(f"{path}: expected a CvT that rootml train wrote")
        self._places = [node.input[0] for node in nodes if node.op_type == "Floor"]
        for name in (*self._softmax, *self._places):
            model.graph.output.append(onnx.ValueInfoProto(name=name))
        self._session = onnxruntime.InferenceSession(model.SerializeToString())

    def __call__(self, image: npt.NDArray[np.float32]) -> Attention:
        """Attention of images (n, channels, layers, cells) MeV, as the view makes them."""
        parts = [self._maps(image[i : i + BATCH]) for i in range(0, max(len(image), 1), BATCH)]
        token, rollout = (np.concatenate(maps) for maps in zip(*parts, strict=True))
        return Attention(token, rollout)

    def _maps(self, image: npt.NDArray[np.float32]) -> list[Floats]:
        (source,) = (node.name for node in self._session.get_inputs())
        outputs = self._session.run([*self._softmax, *self._places], {source: image})
        weights, places = outputs[: len(self._softmax)], outputs[len(self._softmax) :]
        _, _, rows, cells = image.shape
        borders = _borders(places, cells)
        size = (rows, cells if borders is None else borders.shape[-1] - 1)
        maps = [m.reshape(-1, *size) for m in self._roll([w.mean(axis=1) for w in weights], size)]
        if borders is not None:
            maps = [_from_frame(m, borders, cells) for m in maps]
        return [m / m.sum(axis=(1, 2), keepdims=True).clip(min=TINY) for m in maps]

    def _roll(self, attention: Sequence[Floats], size: Size) -> tuple[Floats, Floats]:
        """From (n, queries, keys) of each block to shares of the cells, (n, places) each."""
        sizes = [size]
        for stage in self._stages:
            sizes.append(stage.embedding.grid(sizes[-1]))
        rollout = np.zeros((len(attention[-1]), 1 + math.prod(sizes[-1])))
        rollout[:, 0] = 1  # the class token
        token = _look(rollout, attention[-1], self._stages[-1].keys[-1].shares(sizes[-1]))
        weights = reversed(attention)
        for stage, before, grid in reversed([*zip(self._stages, sizes, sizes[1:], strict=False)]):
            for key in reversed(stage.keys):
                looked = _look(rollout, next(weights), key.shares(grid))
                rollout = (looked + rollout) / 2
            shares, places = stage.embedding.shares(before), math.prod(grid)
            token, rollout = token[:, -places:] @ shares, rollout[:, -places:] @ shares
        return token, rollout


def _look(at: Floats, weights: Floats, shares: Floats) -> Floats:
    """What the tokens ``at`` (n, tokens) look at, (n, tokens): ``weights`` of keys by query.

    ``shares``: of the grid's tokens in each key. A class token is a key in front of these; in the
    last block it is the only query.
    """
    keys = np.einsum("nq,nqk->nk", at[:, : weights.shape[1]], weights)
    first = weights.shape[2] - len(shares)  # 1 where there is a class token, else 0
    return np.concatenate([keys[:, :first], keys[:, first:] @ shares], axis=1)


def _borders(places: Sequence[Floats], cells: int) -> Floats | None:
    """The borders of a canonical frame's bins, (n, rows, bins + 1); None where there is no frame.

    ``places``: those that the network looks up; of both sides, each from its own, or of all.
    """
    if not places:
        return None
    left, *right = places
    mirrored = [cells - one[..., -2::-1] for one in right]  # the axis is in both
    return np.concatenate([left, *mirrored], axis=-1)


def _from_frame(maps: Floats, borders: Floats, cells: int) -> Floats:
    """From the bins of the canonical frame to cells, evenly; ``borders``: (n, rows, bins + 1)."""
    inside = np.where(np.diff(borders) > 0, maps, 0).reshape(-1, maps.shape[2])
    until = np.pad(inside.cumsum(axis=1), ((0, 0), (1, 0)))
    edges = np.arange(cells + 1)
    rows = zip(borders.reshape(-1, borders.shape[2]), until, strict=True)
    spread = [np.diff(np.interp(edges, border, total)) for border, total in rows]
    return np.reshape(spread, (*maps.shape[:2], cells))


def _stages(model: onnx.ModelProto) -> list[_Stage]:
    """The stages of the network, by the names of the weights of their convolutions."""
    stages: list[_Stage] = []
    for node in model.graph.node:
        if node.op_type != "Conv":
            continue
        if _EMBEDDING.search(node.input[1]):
            stages.append(_Stage(_footprint(node), ()))
        elif _KEY.search(node.input[1]) and stages:
            last = stages.pop()
            stages.append(_Stage(last.embedding, (*last.keys, _footprint(node))))
    return stages


def _footprint(node: onnx.NodeProto) -> Footprint:
    attributes = {item.name: list(item.ints) for item in node.attribute}
    kernel, stride, pads = (attributes[name] for name in ("kernel_shape", "strides", "pads"))
    return Footprint((kernel[0], kernel[1]), (stride[0], stride[1]), (pads[0], pads[1]))
