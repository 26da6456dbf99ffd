"""The index of a TTree: which entry holds which pair of values (TTreeIndex)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from rootml.spec import Array

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TreeIndex:
    """Entries by the values of two branches, which the tree's own index names.

    ``majors``, ``minors``: the values, sorted as pairs; ``entries``: the entry of each pair.
    ``minor`` is ``"0"`` where only one branch counts.
    """

    major: str
    minor: str
    majors: Integers
    minors: Integers
    entries: Integers

    @classmethod
    def of(cls, model: Any) -> TreeIndex:
        """The index read with Model_TTreeIndex."""
        majors = model.member("fIndexValues").astype(np.int64)
        minors = model.member("fIndexValuesMinor", none_if_missing=True)
        if minors is None:  # TTreeIndex::ConvertOldToNew: major << 31 | minor
            majors, minors = majors >> 31, majors & 0x7FFFFFFF
        names = (str(model.member("fMajorName")), str(model.member("fMinorName")))
        entries = model.member("fIndex").astype(np.int64)
        return cls(*names, majors, minors.astype(np.int64), entries)

    def find(self, majors: Array, minors: Array) -> Integers:
        """The entry of each pair, -1 where there is none (TTree::GetEntryNumberWithIndex)."""
        if not len(self.entries):
            return np.full(len(majors), -1, np.int64)
        own = self._codes(self.majors, self.minors)
        codes = self._codes(majors.astype(np.int64), minors.astype(np.int64))
        place = np.minimum(np.searchsorted(own, codes), len(own) - 1)
        return np.where((codes >= 0) & (own[place] == codes), self.entries[place], -1)

    @cached_property
    def _known(self) -> tuple[Integers, Integers]:
        return np.unique(self.majors), np.unique(self.minors)

    def _codes(self, majors: Integers, minors: Integers) -> Integers:
        """One number per pair, ordered as the pairs are; -1 for values that are not known."""
        places, there = [], np.ones(len(majors), bool)
        for values, wanted in zip(self._known, (majors, minors), strict=True):
            place = np.minimum(np.searchsorted(values, wanted), len(values) - 1)
            places.append(place)
            there &= values[place] == wanted
        return np.where(there, places[0] * len(self._known[1]) + places[1], -1)
