"""Comparing what two branches hold: bytes in place, then content, then values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rootml.errors import FileError
from rootml.rootio.diff.differences import Change
from rootml.rootio.diff.opened import Comparison
from rootml.rootio.diff.regions import SAME_BYTES, Ranges, sweep
from rootml.rootio.diff.values import ReadEntries, compare_values
from rootml.rootio.opening import reading


@dataclass(frozen=True)
class Verdict:
    """Whether contents differ, and otherwise how it is known that they do not."""

    change: Change | None = None
    how: str = ""


def compare_contents(both: Comparison, pairs: list[tuple[str, Any, Any]]) -> list[Verdict]:
    """Compare what branches hold, (path, old, new); those that lie at the same places at once."""
    places = [common_ranges(old, new) for _, old, new in pairs]
    unchanged = sweep(both.old.file, both.new.file, places, both.report)
    return [
        Verdict(how=SAME_BYTES) if same and _same_embedded(old, new) else _compare(path, old, new)
        for (path, old, new), same in zip(pairs, unchanged, strict=True)
    ]


def common_ranges(old: Any, new: Any) -> Ranges | None:
    """Return where the baskets are, if they are at the same places of both files.

    (Those that are records of their own, not part of the tree's.)
    """
    try:
        with reading(old.name):
            table, other = _table(old), _table(new)
    except FileError:
        return None
    seeks, sizes, _ = table
    if not all(map(np.array_equal, table, other)) or (seeks < 0).any() or (sizes < 0).any():
        return None
    return np.stack([seeks, seeks + sizes], axis=1)


def _table(branch: Any) -> tuple[npt.NDArray[np.int64], ...]:
    """Return position, size and first entry of the baskets that are records of their own."""
    count = branch.num_baskets - len(branch.embedded_baskets)
    ends = {"fBasketSeek": count, "fBasketBytes": count, "fBasketEntry": count + 1}
    return tuple(np.asarray(branch.member(n)[:end], np.int64) for n, end in ends.items())


def _same_embedded(old: Any, new: Any) -> bool:
    """Tell whether the baskets that are part of the trees' records, if any, are the same."""
    try:
        with reading(old.name):
            first, second = (b.num_baskets - len(b.embedded_baskets) for b in (old, new))
            return _digest(old, first) == _digest(new, second)
    except FileError:
        return False


def _compare(path: str, old: Any, new: Any) -> Verdict:
    """Compare baskets that lie elsewhere or are not the same: by content, else by value."""
    if any(str(b.member("fFileName", none_if_missing=True) or "") for b in (old, new)):
        return Verdict(("a branch with its data in another file", "cannot be compared"))
    try:
        with reading(f"branch {path!r}"):
            if _digest(old) == _digest(new):
                return Verdict(how="same content, stored differently")
            if old.interpretation.cache_key != new.interpretation.cache_key:
                return Verdict((f"read as {old.typename}", f"read as {new.typename}"))
            size = max(int(old.uncompressed_bytes), int(new.uncompressed_bytes))
            change = compare_values(_reader(old), _reader(new), int(old.num_entries), size)
            return Verdict(change, "same values, stored differently")
    except FileError as error:
        return Verdict((f"a {old.classname}", f"cannot be compared: {error}"))


def _digest(branch: Any, first: int = 0) -> tuple[object, ...]:
    """Return what stands for the content from basket ``first`` on, however it is cut up.

    The bytes of all entries, and the length of each where the baskets keep it. Two contents
    with one SHA-256 are the same. ValueError if the baskets are not where the branch says.
    """
    edges = _table(branch)[2]
    data, lengths = hashlib.sha256(), hashlib.sha256()
    kept = set()
    entries = 0
    for index in range(first, branch.num_baskets):
        basket = branch.basket(index)
        if index + 1 < len(edges) and tuple(edges[index : index + 2]) != (
            entries,
            entries + basket.num_entries,
        ):
            raise ValueError(f"its basket {index} does not hold the entries it should")
        entries += basket.num_entries
        data.update(basket.data.tobytes())
        if basket.byte_offsets is not None:
            lengths.update(np.diff(basket.byte_offsets).astype("<i4").tobytes())
        if basket.num_entries:
            kept.add(basket.byte_offsets is not None)
    return data.digest(), lengths.digest(), frozenset(kept), entries


def _reader(branch: Any) -> ReadEntries:
    return lambda start, stop: branch.array(
        entry_start=start, entry_stop=stop, library="ak", array_cache=None
    )
