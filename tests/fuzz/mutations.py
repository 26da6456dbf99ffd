"""Ways to damage a ROOT file: its bytes, or what they mean, behind compression and checksums."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import xxhash

from rootml.rootio.container.compression import compressor, decompress
from rootml.rootio.container.directory import KeyList
from rootml.rootio.container.keys import Key
from rootml.rootio.container.root_file import RootFile

Rng = np.random.Generator
NUMBERS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x40000000, 0x7FFFFFFF, 0xFFFFFFFF)
"""What lengths, counts and references are set to."""
ANCHOR = struct.Struct(
    ">HHHHQQQQQQQ"
)  # versions, header, footer, largest key; see the RNTuple spec


def damaged(data: bytes, rng: Rng, *, resize: bool = False) -> bytes:
    """Return ``data`` with some bits flipped, or a number in it set; or bytes gone or doubled."""
    out = bytearray(data)
    if not out:
        return data
    for _ in range(int(rng.choice([1, 1, 1, 2, 5]))):
        at = int(rng.integers(len(out)))
        match int(rng.integers(5 if resize else 3)):
            case 0:
                out[at] ^= 1 << int(rng.integers(8))
            case 1:
                out[at] = int(rng.integers(256))
            case 2:
                size = int(rng.choice([1, 2, 4, 8]))
                number = int(rng.choice(NUMBERS)) & (256**size - 1)
                order = "big" if rng.random() < 0.7 else "little"
                out[at : at + size] = number.to_bytes(size, order)[: len(out) - at]
            case 3:
                del out[at : at + int(rng.integers(1, 9))]
            case 4:
                out[at:at] = out[at : at + int(rng.integers(1, 9))]
    return bytes(out)


def in_region(path: Path, start: int, stop: int, rng: Rng) -> None:
    """Damage bytes between two positions of a file."""
    data = path.read_bytes()
    path.write_bytes(data[:start] + damaged(data[start:stop], rng) + data[stop:])


def truncate(path: Path, rng: Rng) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(int(rng.integers(size) if rng.random() < 0.7 else size - rng.integers(1, 99)))


def anywhere(path: Path, rng: Rng) -> None:
    in_region(path, 0, path.stat().st_size, rng)


def header(path: Path, rng: Rng) -> None:
    """The file's header and its own directory's."""
    in_region(path, 4, 200, rng)


def free_list(path: Path, rng: Rng) -> None:
    with RootFile(path) as file:
        start, size = file.header.free_seek, file.header.free_nbytes
    in_region(path, start, start + size, rng)


def key_list(path: Path, rng: Rng) -> None:
    with RootFile(path) as file:
        start, size = file.root.keys_seek, file.root.keys_nbytes
    in_region(path, start, start + size, rng)


def record_key(path: Path, rng: Rng) -> None:
    """The key at the start of any object's record, or a basket's, and what follows it at once."""
    data = path.read_bytes()
    with RootFile(path) as file:
        places = [(key.seek, key.keylen) for key in KeyList(file, file.root).keys]
    places += [(match.start() - 27, 70) for match in re.finditer(rb"\x07TBasket", data)]
    at, size = places[int(rng.integers(len(places)))]
    in_region(path, at, at + size + 40, rng)


def tree_record(path: Path, rng: Rng) -> None:
    """The metadata of any tree, or any other object: uncompressed, damaged, compressed again."""
    with RootFile(path) as file:
        keys = KeyList(file, file.root)
        trees = [k for k in keys.keys if k.class_name == b"TTree"] or keys.keys
        old = trees[int(rng.integers(len(trees)))]
        content = damaged(plain(file, old), rng, resize=bool(rng.random() < 0.3))
        keys.replace(old, rewritten(file, old, content))
        keys.write()
        file.finish()


def streamer_infos(path: Path, rng: Rng) -> None:
    with RootFile(path) as file:
        old = file.key_at(file.header.info_seek)
        content = damaged(plain(file, old), rng, resize=bool(rng.random() < 0.3))
        new = rewritten(file, old, content)
        file.header.info_seek, file.header.info_nbytes = new.seek, new.nbytes
        file.finish()


def anchor(path: Path, rng: Rng) -> None:
    """A field of an RNTuple's anchor, the checksum made right again."""
    with RootFile(path) as file:
        keys, old, fields = find_anchor(file)
        fields[int(rng.integers(4, len(fields)))] = int(rng.choice(NUMBERS)) << int(
            rng.choice([0, 32])
        )
        write_anchor(file, keys, old, fields)


def envelope(path: Path, rng: Rng) -> None:
    """An RNTuple's header or footer, the checksums made right again."""
    with RootFile(path) as file:
        keys, old, fields = find_anchor(file)
        head, foot = (envelope_bytes(file, *fields[place : place + 3]) for place in (4, 7))
        if rng.random() < 0.5:
            head = signed(damaged(head[:-8], rng, resize=bool(rng.random() < 0.3)))
        else:
            foot = damaged(foot[:-8], rng, resize=bool(rng.random() < 0.3)) + foot[-8:]
        foot = signed(foot[:16] + head[-8:] + foot[24:-8])  # type, features, checksum of the header
        for place, data in ((4, head), (7, foot)):
            fields[place : place + 3] = file.append(data), len(data), len(data)
        write_anchor(file, keys, old, fields)


def rewritten(file: RootFile, old: Key, content: bytes) -> Key:
    """Append an object's new content, with a key of the same length: references count from it."""
    stored = compressor(file.header.compression)(content)
    new = replace(old, seek=file.header.end, length=len(content), stored=len(stored))
    file.append(new.pack() + stored)
    return new


def plain(file: RootFile, key: Key) -> bytes:
    data = file.read(key.seek + key.keylen, key.stored)
    return data if key.stored == key.length else decompress(data, key.length)


def signed(data: bytes) -> bytes:
    return data + struct.pack("<Q", xxhash.xxh3_64_intdigest(data))


def envelope_bytes(file: RootFile, seek: int, nbytes: int, length: int) -> bytes:
    data = file.read(seek, nbytes)
    return data if nbytes == length else decompress(data, length)


def find_anchor(file: RootFile) -> tuple[KeyList, Key, list[int]]:
    keys = KeyList(file, file.root)
    key = next(k for k in keys.keys if k.class_name == b"ROOT::RNTuple")
    return keys, key, list(ANCHOR.unpack(plain(file, key)[-ANCHOR.size - 8 : -8]))


def write_anchor(file: RootFile, keys: KeyList, old: Key, fields: list[int]) -> None:
    packed = ANCHOR.pack(*fields)
    content = plain(file, old)[: -ANCHOR.size - 8] + packed
    content += struct.pack(">Q", xxhash.xxh3_64_intdigest(packed))
    keys.replace(old, file.append_object(old, content, len(content)))
    keys.write()
    file.finish()


TTREE: dict[str, Callable[[Path, Rng], None]] = {
    "truncated": truncate,
    "anywhere": anywhere,
    "file header": header,
    "free list": free_list,
    "key list": key_list,
    "a record's key": record_key,
    "tree metadata": tree_record,
    "streamer infos": streamer_infos,
}
RNTUPLE = {
    **{name: TTREE[name] for name in ("truncated", "anywhere", "a record's key")},
    "RNTuple anchor": anchor,
    "RNTuple envelopes": envelope,
}
