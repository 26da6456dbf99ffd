"""Is a Universal Binary JSON text whole? (https://ubjson.org, draft 12.)"""

from __future__ import annotations

_WIDTHS = {"i": 1, "U": 1, "I": 2, "l": 4, "L": 8, "d": 4, "D": 8, "C": 1}
_WIDTHS |= dict.fromkeys("ZNTF", 0)
_INTEGERS = "iUIlL"
_DEEPEST = 64


def check_whole(data: bytes) -> None:
    """Raise ValueError unless ``data`` is one value of UBJSON from its first byte to its last.

    Numbers of an array of one type are stepped over at once.
    """
    try:
        end = _skip(data, 1, chr(data[0]), _DEEPEST)
    except IndexError:
        end = len(data) + 1
    if end > len(data):
        raise ValueError("its UBJSON ends too early (truncated?)")
    if end < len(data):
        raise ValueError(f"its UBJSON is followed by {len(data) - end} bytes of something else")


def _skip(data: bytes, at: int, kind: str, depth: int) -> int:
    """The end of the value of type ``kind`` whose content begins at ``at``."""
    if kind in _WIDTHS:
        return at + _WIDTHS[kind]
    if kind in "SH":
        length, at = _integer(data, at)
        return at + length
    if kind in "[{" and depth:
        return _skip_container(data, at, kind, depth - 1)
    raise ValueError(f"its UBJSON holds {kind!r} at byte {at - 1}, where a value should be")


def _skip_container(data: bytes, at: int, kind: str, depth: int) -> int:
    inner, count = "", None
    if data[at] == ord("$"):
        inner, at = chr(data[at + 1]), at + 2
    if data[at] == ord("#"):
        count, at = _integer(data, at + 1)
    if inner in _WIDTHS and kind == "[" and count is not None:
        return at + count * _WIDTHS[inner]
    end = ord("]" if kind == "[" else "}")
    while data[at] != end if count is None else count:
        if kind == "{":
            length, at = _integer(data, at)
            at += length
        value, at = (inner, at) if inner else (chr(data[at]), at + 1)
        at = _skip(data, at, value, depth)
        count = None if count is None else count - 1
    return at + (count is None)


def _integer(data: bytes, at: int) -> tuple[int, int]:
    kind = chr(data[at])
    if kind not in _INTEGERS:
        raise ValueError(f"its UBJSON holds {kind!r} at byte {at}, where a length should be")
    end = at + 1 + _WIDTHS[kind]
    value = int.from_bytes(data[at + 1 : end], "big", signed=kind != "U")
    if value < 0:
        raise ValueError(f"its UBJSON has a negative length at byte {at}")
    return value, end
