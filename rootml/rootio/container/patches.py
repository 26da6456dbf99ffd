"""Changes to old bytes: where, and what is to be there."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rootml.errors import AppendRefused

PAGE = 4096
"""Bytes of the smallest page that a kernel has."""

Patch = tuple[int, bytes]
"""A position and the bytes that are to be there."""


def patched(data: bytes, position: int, patches: Iterable[Patch]) -> bytes:
    """Return the bytes ``data`` from ``position`` of a file as they are after ``patches``."""
    out = bytearray(data)
    stop = position + len(data)
    for start, new in patches:
        first, last = max(start, position), min(start + len(new), stop)
        if first < last:
            out[first - position : last - position] = new[first - start : last - start]
    return bytes(out)


def check_pages(read: Callable[[int, int], bytes], patches: Iterable[Patch]) -> None:
    """Refuse a patch whose changes lie across two pages, so that a kill could cut it in two."""
    for position, data in patches:
        pairs = enumerate(zip(read(position, len(data)), data, strict=True), position)
        changed = [at for at, (was, now) in pairs if was != now]
        if changed and changed[0] // PAGE != changed[-1] // PAGE:
            raise AppendRefused(
                f"the header at byte {position} lies across two pages of the disk, "
                "so it cannot be changed in place in one go"
            )
