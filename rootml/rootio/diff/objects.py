"""Comparing objects that are not trees, by their bytes."""

from __future__ import annotations

import numpy as np

from rootml.errors import RootmlError
from rootml.rootio.diff.differences import Change
from rootml.rootio.diff.opened import Comparison
from rootml.rootio.diff.plain import plain, said
from rootml.rootio.diff.regions import SAME_BYTES
from rootml.rootio.diff.walking import Item
from rootml.rootio.ttree.traced import Traced

_SHOWN = 3
"""Of the parts of an object that differ, those that are named."""


def compare_objects(both: Comparison, a: Item, b: Item, path: str) -> None:
    """Compare class, title and uncompressed bytes of two objects."""
    different, how = compare_keys(a, b), ""
    if not different:
        different, how = _content(both, a, b)
    both.found.judge(path, "object", different, how)


def compare_keys(a: Item, b: Item) -> list[Change]:
    """Compare class, title and cycle."""
    sides = (
        {"class": item.class_name, "title": item.title, "cycle": item.key.cycle} for item in (a, b)
    )
    return said("", *sides)


def _content(both: Comparison, a: Item, b: Item) -> tuple[list[Change], str]:
    """Return what has changed, or how it is known that nothing has."""
    (key, data), (other_key, other) = both.old.read(a), both.new.read(b)
    if data == other and key.keylen == other_key.keylen:
        return [], SAME_BYTES
    try:
        old, new = (side.reader.trace(i.path, i.key.seek) for side, i in both.sides(a, b))
        if same_but_for_references(old, new):
            return [], "same bytes, references moved"
        changed = said("", plain(old.model, old.raw), plain(new.model, new.raw))
        if not changed and len(data) == len(other) and not old.opaque and not new.opaque:
            return [], "same members, stored differently"
    except RootmlError:
        changed = []
    return changed[:_SHOWN] or [_byte_change(data, other)], ""


def same_but_for_references(old: Traced, new: Traced) -> bool:
    """Tell whether two objects differ only by the words that count from the key's start on.

    A key is longer above 2 GB, and then all references inside its object are larger.
    """
    contents = []
    for traced in (old, new):
        content = np.frombuffer(traced.raw, np.uint8).copy()
        places = np.array([reference.position for reference in traced.references], int)
        content[places[:, None] + np.arange(4)] = 0
        contents.append(content.tobytes())
    targets = [[(r.position, r.target, r.is_class) for r in t.references] for t in (old, new)]
    return targets[0] == targets[1] and contents[0] == contents[1]


def _byte_change(data: bytes, other: bytes) -> Change:
    """Say of two contents that differ how long they are and where they part."""
    length = min(len(data), len(other))
    unequal = np.flatnonzero(
        np.frombuffer(data, np.uint8, length) != np.frombuffer(other, np.uint8, length)
    )
    where = int(unequal[0]) if len(unequal) else length
    return f"{len(data):,} bytes", f"{len(other):,} bytes, others from byte {where:,} on"
