"""ROOT's compression codes: ``fCompress`` = 100 * algorithm + level."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

from rootml.errors import OutputError

ALGORITHMS = {"ZLIB": 1, "LZMA": 2, "LZ4": 4, "ZSTD": 5}
_HIGHEST = {1: 9, 2: 9, 4: 12, 5: 22}
_OLD_ALGORITHMS = (0, 3)  # "the default" and CS, both read and written as ZLIB today
_BLOCK_HEAD = 9

Compress = Callable[[bytes], bytes]


def parse_compression(text: str) -> int:
    """Return the code of ``"ZSTD-5"``, ``"none"`` and the like; OutputError for any other."""
    if text.lower() == "none":
        return 0
    match = re.fullmatch(r"(\w+)-(\d+)", text)
    algorithm = ALGORITHMS.get(match[1].upper()) if match else None
    if match is None or algorithm is None or not 0 < int(match[2]) <= _HIGHEST[algorithm]:
        limits = ", ".join(f"{name}-1..{_HIGHEST[code]}" for name, code in ALGORITHMS.items())
        raise OutputError(f"unknown compression {text!r}: expected none, {limits}")
    return 100 * algorithm + int(match[2])


def uproot_setting(code: int) -> Any:
    """Return what uproot calls the compression of ``code``; None for none."""
    import uproot

    algorithm, level = divmod(code, 100)
    if level == 0:
        return None
    if algorithm in _OLD_ALGORITHMS:
        algorithm = 1
    if algorithm not in _HIGHEST:
        raise OutputError(f"unknown compression code {code}")
    level = min(level, _HIGHEST[algorithm])
    return uproot.compression.Compression.from_code_pair(algorithm, level)


def compressor(code: int) -> Compress:
    """Return the function that compresses a record's content as ``code`` says.

    ZLIB-1, which asks for speed, is done by ISA-L (github.com/intel/isa-l) where it is there: it
    makes no more bytes of floats than zlib does (up to twice as many of ascending integers), in a
    third to a twentieth of the time.
    """
    import uproot

    setting = uproot_setting(code)
    if setting == uproot.ZLIB(1) and find_spec("isal") is not None:
        from isal import isal_zlib

        setting.compress = partial(isal_zlib.compress, level=1)
    return lambda data: bytes(uproot.compression.compress(data, setting))


def decompress(data: bytes, length: int) -> bytes:
    """Return the ``length`` bytes that ``data`` holds in compressed blocks.

    Each begins with nine bytes: algorithm, method, stored and plain size (ROOT's RZip.cxx).
    Raises ValueError where they do not add up, before memory is taken for what they claim.
    """
    import numpy as np
    import uproot

    at = total = 0
    while at < len(data):
        total += int.from_bytes(data[at + 6 : at + 9], "little")
        at += _BLOCK_HEAD + int.from_bytes(data[at + 3 : at + 6], "little")
    if (at, total) != (len(data), length):
        raise ValueError(f"{len(data)} compressed bytes are not {length} bytes")
    source = SimpleNamespace(file_path="a compressed block")
    chunk = uproot.source.chunk.Chunk.wrap(source, np.frombuffer(data, np.uint8))
    cursor = uproot.source.cursor.Cursor(0)
    plain = uproot.compression.decompress(chunk, cursor, {}, len(data), length)
    return bytes(plain.raw_data)
