"""Rows of tensors with their truth, and their split into parts."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rootml.errors import DataError
from rootml.spec import Array
from rootml.training.split import PARTS, Split, as_split

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Rows of tensors with their truth, and where each row came from.

    ``tensors``: memory-mapped, (rows, *shape). ``truth``: class (0 = background, 1 = signal) or
    true value; class -1 of all rows where none was asked for; (n, ...) where a row has several true
    values, NaN for those that are not there. ``file`` counts through ``files``
    (names without folder), ``entry`` in the file's tree: the event, of which several rows may be
    objects. ``columns``: further logical columns (the files' own estimates of the truth, the
    reconstructed energy, and what was asked for), NaN where a file has none. ``skipped``: units
    that cannot be judged; ``unknown``: units that could, but are of no class or have no true
    value; ``unselected``: units that the task does not learn from. ``weights`` (n,): how much a row
    counts in training; None: all the same.
    """

    tensors: Mapping[str, Array]
    truth: Array
    file: npt.NDArray[np.int32]
    entry: npt.NDArray[np.int64]
    files: tuple[str, ...]
    columns: Mapping[str, Array] = field(default_factory=dict)
    skipped: int = 0
    unknown: int = 0
    unselected: int = 0
    weights: Array | None = None

    def __len__(self) -> int:
        return len(self.entry)

    def parts(
        self,
        seed: int,
        split: Split | str | Sequence[float],
        train_only: Collection[str] = (),
        together: str = "",
    ) -> dict[str, Rows]:
        """Rows of each part ("train", "validation", "test"), disjoint and complete.

        The part of an event, and of all its objects, depends on the seed, its file's name, its
        entry and the column of the split alone, so that it stays where it is when files are
        added, reordered or read in part. Where an entry is an object of an event, ``together``
        names the column of whole numbers (the event's) that takes the place of the entry. All
        events of the files ``train_only`` (by name) are for training. Raises DataError where a
        column cannot be followed: NaN, or not the same for all objects of an event.
        """
        split = split if isinstance(split, Split) else as_split(split)
        event = self._events(together)
        for column in split.columns:
            self._check_followed(column, event)
        keys = np.array([zlib.crc32(name.encode()) for name in self.files], np.uint64)
        uniform = _uniform(seed, keys[self.file], event.astype(np.uint64))
        part = split.assign(uniform, self.columns)
        part[np.isin(self.files, list(train_only))[self.file]] = PARTS.index("train")
        return {name: np.flatnonzero(part == index) for index, name in enumerate(PARTS)}

    def _events(self, together: str) -> npt.NDArray[np.int64]:
        """The number of each row's event in its file: its entry, or that of a column."""
        if not together:
            return self.entry
        numbers = self.columns[together]
        with np.errstate(invalid="ignore"):
            events = numbers.astype(np.int64)
        self.refuse(events != numbers, f"{together} is no whole number, and cannot be an event's")
        return events

    def _check_followed(self, column: str, event: npt.NDArray[np.int64]) -> None:
        values = self.columns[column]
        order = np.lexsort((event, self.file))
        same = (np.diff(self.file[order]) == 0) & (np.diff(event[order]) == 0)
        differs = np.zeros(len(values), np.bool_)
        differs[order[1:][same & (np.diff(values[order]) != 0)]] = True
        followed = f"column {column!r}, which the split follows,"
        self.refuse(np.isnan(values), f"{followed} is NaN")
        self.refuse(differs, f"{followed} differs between the objects of an event")

    def refuse(self, wrong: Array, problem: str) -> None:
        """Raise DataError with the place of the first row that is ``wrong`` (n,), if any."""
        if wrong.any():
            row = int(np.argmax(wrong))
            raise DataError(f"{self.files[self.file[row]]}, entry {self.entry[row]}: {problem}")


def _uniform(seed: int, *keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each row of keys, by the mixing function of SplitMix64.

    G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, p. 453.
    """
    state = np.full(len(keys[0]), seed, np.uint64)
    for key in keys:
        state = (state ^ key) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return np.asarray((state >> np.uint64(11)) * 2.0**-53)
