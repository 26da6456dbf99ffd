"""Which of the classes a tree's events are of."""

from __future__ import annotations

from typing import Any

import uproot

from rootml.rootio.events.base import Events
from rootml.rootio.events.trees import TreeEvents
from rootml.rootio.opening import NTUPLE_CLASS, open_tree


def open_events(directory: uproot.ReadOnlyDirectory, name: str) -> Events:
    """The tree at path ``name`` of an open file, without friends."""
    return as_events(open_tree(directory, name), name.split(";")[0])


def as_events(tree: Any, name: str | None = None) -> Events:
    """The same for a tree that is open in uproot."""
    path = tree.object_path.split(";")[0].strip("/") if name is None else name
    if tree.classname != NTUPLE_CLASS:
        return TreeEvents(tree, path)
    from rootml.rootio.events.ntuples import NTupleEvents

    return NTupleEvents(tree, path)
