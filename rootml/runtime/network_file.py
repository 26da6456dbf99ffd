"""Reading a network's file, and making sure that it is the one its card speaks of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from rootml.errors import CardError, IntegrityError, NetworkError
from rootml.runtime.content import TITLES, recognise

# Field numbers of onnx.proto3 (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3) that
# lead from a model to its tensors, through subgraphs, functions and sparse tensors.
_CHILDREN: dict[str, dict[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA = 13


def read_network(path: Path, sha256: str) -> bytes:
    """The bytes of the network at ``path``, whose sha256 must be the given one.

    The bytes are returned, rather than the path checked, so that what was checked is what runs.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise CardError(f"{path}: the card's network cannot be read: {reason}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        content = recognise(data)
        reason = "corrupted or swapped" if content in ("", *TITLES) else f"it is {content}"
        raise IntegrityError(
            f"{path}: not the network that its card describes ({reason})\n"
            f"  sha256 expected: {sha256}\n"
            f"  sha256 found:    {found}"
        )
    return data


def refuse_external_data(data: bytes, path: Path) -> None:
    """Raise NetworkError where tensors of the ONNX graph ``data`` lie in other files.

    Such files escape the card's sha256, and older ONNX Runtimes follow them anywhere on the disk.
    """
    try:
        external = any(_external_tensors(memoryview(data), "model"))
    except (IndexError, ValueError) as error:
        raise NetworkError(f"{path}: not an ONNX graph: {error}") from error
    if external:
        raise NetworkError(
            f"{path}: the graph keeps its weights in other files (ONNX external data), which "
            "the card's sha256 does not cover; export it as one file"
        )


def _external_tensors(message: memoryview, kind: str) -> Iterator[bool]:
    children = _CHILDREN[kind]
    for field, content in _fields(message):
        if kind == "tensor" and field == _EXTERNAL_DATA:
            yield True
        elif field in children:
            yield from _external_tensors(content, children[field])


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Length-delimited fields of a protobuf message (https://protobuf.dev/programming-guides/encoding)."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                _, at = _varint(message, at)
            case 1:
                at += 8
            case 2:
                length, at = _varint(message, at)
                if at + length > len(message):
                    raise ValueError("it ends in the middle of a field")
                yield tag >> 3, message[at : at + length]
                at += length
            case 5:
                at += 4
            case wire_type:
                raise ValueError(f"it holds a field of the unknown wire type {wire_type}")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
