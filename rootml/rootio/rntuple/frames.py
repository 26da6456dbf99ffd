"""Envelopes, frames and strings: what the metadata of an RNTuple are made of. Pure bytes.

Layouts: ROOT, tree/ntuple/doc/BinaryFormatSpecification.md (cited as "spec"), whose sections
are named below. All numbers are little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

import xxhash

from rootml.errors import AppendRefused

HEADER, FOOTER, PAGE_LIST = 1, 2, 3
"""Types of envelopes."""

_NAMES = {HEADER: "header", FOOTER: "footer", PAGE_LIST: "page list"}
_WORD = struct.Struct("<Q")
_SIZE = struct.Struct("<q")
_LIST = struct.Struct("<qI")
_LENGTH = struct.Struct("<I")
CHECKSUM_BYTES = 8


class Damaged(AppendRefused):
    """Bytes of an RNTuple contradict each other."""


def checksum(data: bytes) -> bytes:
    """Return the XXH3 hash of 64 bits that follows pages and envelopes."""
    return _WORD.pack(xxhash.xxh3_64_intdigest(data))


def seal(kind: int, payload: bytes) -> bytes:
    """Return an envelope: type and length, the payload, a checksum (spec: Envelopes)."""
    length = _WORD.size + len(payload) + CHECKSUM_BYTES
    body = _WORD.pack(kind | length << 16) + payload
    return body + checksum(body)


def unseal(kind: int, envelope: bytes) -> bytes:
    """Return the payload of an envelope; Damaged if it is another's, or not whole."""
    body, end = envelope[:-CHECKSUM_BYTES], envelope[-CHECKSUM_BYTES:]
    if len(body) < _WORD.size or checksum(body) != end:
        raise Damaged(f"its {_NAMES[kind]} is damaged (wrong checksum)")
    if body[: _WORD.size] != _WORD.pack(kind | len(envelope) << 16):
        raise Damaged(f"where its {_NAMES[kind]} should be is something else")
    return body[_WORD.size :]


class Scan:
    """Reads one thing after the other; Damaged where the bytes end too early."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        part = self._data[self._at : self._at + size]
        if size < 0 or len(part) < size:
            raise Damaged("its metadata are damaged: they end too early")
        self._at += size
        return part

    def numbers(self, layout: struct.Struct) -> tuple[Any, ...]:
        """Return the next numbers."""
        return layout.unpack(self.take(layout.size))

    def string(self) -> str:
        """Return the next string (spec: Basic Types)."""
        (length,) = self.numbers(_LENGTH)
        return self.take(length).decode(errors="replace")

    def frame(self) -> bytes:
        """Return the next frame, record or list, as it is (spec: Frames)."""
        (size,) = self.numbers(_SIZE)
        self._at -= _SIZE.size
        return self.take(max(abs(size), _SIZE.size))

    def refuse_features(self) -> None:
        """Walk over the feature flags; none is defined yet (spec: Feature Flags)."""
        (flags,) = self.numbers(_WORD)
        if flags:
            raise AppendRefused(f"it uses features of RNTuple that are unknown (flags {flags:#x})")

    def rest(self) -> bytes:
        """Return what is left."""
        return self.take(len(self._data) - self._at)


def string(text: str) -> bytes:
    """Return a string as it is stored."""
    data = text.encode()
    return _LENGTH.pack(len(data)) + data


def record(payload: bytes) -> bytes:
    """Return a record frame."""
    return _SIZE.pack(_SIZE.size + len(payload)) + payload


def record_payload(frame: bytes) -> Scan:
    """Return what a record frame holds."""
    if frame[_SIZE.size - 1] & 0x80:
        raise Damaged("its metadata are damaged: a list where a record should be")
    return Scan(frame[_SIZE.size :])


def list_head(scan: Scan) -> int:
    """Walk over the head of a list frame and return its number of items."""
    size, count = scan.numbers(_LIST)
    if size >= 0:
        raise Damaged("its metadata are damaged: a record where a list should be")
    return int(count)


def list_frame(count: int, payload: bytes) -> bytes:
    """Return a list frame of ``count`` items."""
    return _LIST.pack(-_LIST.size - len(payload), count) + payload


@dataclass(frozen=True)
class FrameList:
    """A list frame of frames; ``tail``: what a newer format may have put behind them."""

    items: tuple[bytes, ...] = ()
    tail: bytes = b""

    @classmethod
    def parse(cls, frame: bytes) -> Self:
        """Read a whole list frame."""
        scan = Scan(frame)
        count = list_head(scan)
        return cls(tuple(scan.frame() for _ in range(count)), scan.rest())

    def plus(self, items: Iterable[bytes]) -> Self:
        """Return the list with more items at its end."""
        return replace(self, items=(*self.items, *items))

    def pack(self) -> bytes:
        """Return the list frame."""
        return list_frame(len(self.items), b"".join(self.items) + self.tail)
