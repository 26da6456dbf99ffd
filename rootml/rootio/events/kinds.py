"""Which of the classes a tree's events are of."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import uproot

from rootml.rootio.events.base import Events
from rootml.rootio.events.tables import Hdf5File, is_hdf5
from rootml.rootio.events.trees import TreeEvents
from rootml.rootio.opening import NTUPLE_CLASS, open_file, open_tree, tree_names

Directory: TypeAlias = uproot.ReadOnlyDirectory | Hdf5File
"""A file that is open for reading."""


def open_trees(path: str | Path) -> Directory:
    """Open a file of trees: ROOT's, or HDF5 on this machine; errors as of ``open_file``."""
    return Hdf5File(str(path)) if is_hdf5(str(path)) else open_file(path)


def list_trees(directory: Directory) -> list[str]:
    """Paths of all trees in an open file, without cycle."""
    return directory.trees if isinstance(directory, Hdf5File) else tree_names(directory)


def open_events(directory: Directory, name: str) -> Events:
    """The tree at path ``name`` of an open file, without friends."""
    if isinstance(directory, Hdf5File):
        return directory.open(name)
    return as_events(open_tree(directory, name), name.split(";")[0])


def as_events(tree: Any, name: str | None = None) -> Events:
    """The same for a tree that is open in uproot."""
    path = tree.object_path.split(";")[0].strip("/") if name is None else name
    if tree.classname != NTUPLE_CLASS:
        return TreeEvents(tree, path)
    from rootml.rootio.events.ntuples import NTupleEvents

    return NTupleEvents(tree, path)
