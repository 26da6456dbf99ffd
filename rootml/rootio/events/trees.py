"""TTrees."""

from __future__ import annotations

import posixpath
import warnings
from bisect import bisect_right
from collections.abc import Sequence

import awkward as ak
import uproot

from rootml.errors import RootmlWarning, located
from rootml.rootio.events.base import Events
from rootml.rootio.events.lazy import FieldPath, field_paths, guarded
from rootml.rootio.events.pointers import pointee, read_pointees
from rootml.rootio.matching import BranchNames
from rootml.rootio.opening import reading

KEPT_BYTES = 256 << 20
"""What is kept of baskets that are longer than the ranges that are read."""


class TreeEvents(Events):
    """The branches of a TTree."""

    def __init__(self, tree: uproot.TTree, name: str):
        super().__init__(tree, name)
        with reading(self.where):
            self.names = BranchNames(tree.keys(recursive=True, full_paths=True))
        self._kept = uproot.LRUArrayCache(KEPT_BYTES)

    def _read(self, branch: str, start: int, stop: int) -> ak.Array:
        model = self.tree[branch]
        if class_name := pointee(model):
            with located(f"{self.where}, branch {branch!r}", start):
                return read_pointees(model, class_name, start, stop)
        first, last = _basket_around(model.entry_offsets, start, stop)
        inside = (first, last) != (start, stop)
        values = model.array(
            entry_start=first,
            entry_stop=last,
            library="ak",
            array_cache=self._kept if inside else None,
        )
        return ak.to_packed(values[start - first : stop - first]) if inside else values

    def nbytes(self, branch: str) -> int:
        """Uncompressed size of a branch."""
        return int(self.tree[branch].uncompressed_bytes)

    def boundaries(self, branches: Sequence[str]) -> Sequence[int]:
        """Entries at which new baskets of all the branches begin."""
        with reading(self.where):
            return sorted(set.intersection(*(set(self.tree[b].entry_offsets) for b in branches)))

    def describe(self, branch: str) -> tuple[str, str]:
        """Type (in C++) and title of a branch."""
        return str(self.tree[branch].typename), str(self.tree[branch].title)

    def lazy(self) -> tuple[ak.Array, dict[str, FieldPath]]:
        """All branches that Awkward Array can hold, by the last part of their paths."""
        held: dict[str, int] = {}
        refused, hidden = [], []
        for path, branch in self.tree.iteritems(recursive=True, full_paths=True):
            name = posixpath.basename(path)
            try:
                branch.interpretation.awkward_form(self.tree.file)
            except (
                uproot.interpretation.objects.CannotBeAwkward,
                uproot.interpretation.identify.UnknownInterpretation,
                NotImplementedError,
            ):
                if not branch.branches:
                    refused.append(name)
            else:
                if held.setdefault(name, id(branch)) != id(branch):
                    hidden.append(path)
        for names, why in (
            (refused, "Awkward Array cannot hold them"),
            (hidden, "others before them have their names"),
        ):
            if names:
                warnings.warn(
                    f"{self.where}: left out, because {why}: {', '.join(names)}", RootmlWarning
                )
        wanted = set(held.values())
        with reading(self.where):
            array = self.tree.arrays(
                virtual=True, filter_branch=lambda branch: id(branch) in wanted
            )
        array = guarded(array, self.where)
        return array, field_paths(array)


def _basket_around(offsets: Sequence[int], start: int, stop: int) -> tuple[int, int]:
    """The entries of the basket that a range is within; the range itself where there is none."""
    place = bisect_right(offsets, start)
    if 0 < place < len(offsets) and offsets[place - 1] <= start <= stop <= offsets[place]:
        return offsets[place - 1], offsets[place]
    return start, stop
