"""TTrees."""

from __future__ import annotations

import contextlib
import posixpath
import warnings
from bisect import bisect_right
from collections.abc import Sequence
from functools import partial
from typing import Any

import awkward as ak
import uproot

from rootml.errors import BranchError, RootmlWarning, located
from rootml.rootio.events.base import Events
from rootml.rootio.events.lazy import FieldPath, assembled, deferred, field_paths, guarded
from rootml.rootio.events.pointers import pointee, pointee_form, read_pointees
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
        """All branches that Awkward Array can hold, by the last part of their paths.

        What pointers point to is held as records of numbers, each of which is one field.
        """
        held: dict[str, int] = {}
        objects: dict[str, tuple[str, ak.forms.Form]] = {}
        refused, hidden = [], []
        for path, branch in self.tree.iteritems(recursive=True, full_paths=True):
            name = posixpath.basename(path)
            pointed = _pointed(branch)
            if pointed is None and not _holds(branch, self.tree.file):
                if not branch.branches:
                    refused.append(name)
            elif held.setdefault(name, id(branch)) != id(branch):
                hidden.append(path)
            elif pointed is not None:
                objects[name] = (path, pointed)
        for names, why in (
            (refused, "Awkward Array cannot hold them"),
            (hidden, "others before them have their names"),
        ):
            if names:
                warnings.warn(
                    f"{self.where}: left out, because {why}: {', '.join(names)}", RootmlWarning
                )
        wanted = {number for name, number in held.items() if name not in objects}
        with reading(self.where):
            array = self.tree.arrays(
                virtual=True, filter_branch=lambda branch: id(branch) in wanted
            )
        array = guarded(array, self.where)
        paths = field_paths(array)
        parts = {name: array[name] for name in array.fields}
        for name, (path, form) in objects.items():
            parts[name] = deferred(form, self.num_entries, partial(self._pointees, path))
            paths[name] = (name,)
        return (assembled(parts, self.num_entries) if objects else array), paths

    def _pointees(self, path: str) -> ak.Array:
        return self.read([path], 0, self.num_entries)[path]


def _holds(branch: Any, file: Any) -> bool:
    """Whether Awkward Array can hold a branch."""
    try:
        branch.interpretation.awkward_form(file)
    except (
        uproot.interpretation.objects.CannotBeAwkward,
        uproot.interpretation.identify.UnknownInterpretation,
        NotImplementedError,
    ):
        return False
    return True


def _pointed(branch: Any) -> ak.forms.Form | None:
    """The form of the objects that a branch points to; None where they cannot be read."""
    if class_name := pointee(branch):
        with contextlib.suppress(BranchError):
            return pointee_form(branch, class_name)
    return None


def _basket_around(offsets: Sequence[int], start: int, stop: int) -> tuple[int, int]:
    """The entries of the basket that a range is within; the range itself where there is none."""
    place = bisect_right(offsets, start)
    if 0 < place < len(offsets) and offsets[place - 1] <= start <= stop <= offsets[place]:
        return offsets[place - 1], offsets[place]
    return start, stop
