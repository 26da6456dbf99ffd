"""The proof that nothing was lost, made on the finished file before it gets its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootml.errors import AppendRefused
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.ttree.traced import Traced
from rootml.rootio.ttree.tracing import Reader
from rootml.rootio.ttree.view import TreeView

if TYPE_CHECKING:
    from rootml.rootio.ttree.append import TreeAppend


def verify_append(file: RootFile, append: TreeAppend) -> None:
    """Check ``file`` as it is planned, with branches added to one of its trees.

    What was appended is a chain of records; the old branches are still there in order, the new
    ones follow with the tree's number of entries, and every old reference leads to what it led
    to. AppendRefused if not. (Old bytes need no proof here: Copying compares those of a copy,
    and only the planned changes touch any.)
    """
    for _ in file.records(file.old_end):
        pass
    with Reader(file.planned().stream()) as reader:
        traced = reader.trace(append.path, append.seek, quick=True)
        _verify_tree(append, TreeView(traced, reader))


def _verify_tree(append: TreeAppend, new: TreeView) -> None:
    old = append.view
    kept = [name for name in old.paths() if name not in append.replace]
    added = [branch.name for branch in append.branches]
    if new.paths() != kept + added:
        raise AppendRefused("internal error: the branches are not the expected ones")
    for branch in append.branches:
        model = new.branch(branch.name)
        if model.num_entries != new.entries or new.entries != old.entries:
            raise AppendRefused(f"internal error: branch {branch.name!r} is incomplete")
    if not _is_subsequence(_graph(old.traced, append), _graph(new.traced)):
        raise AppendRefused("internal error: references inside the tree have changed")


def _graph(traced: Traced, append: TreeAppend | None = None) -> list[tuple[bool, tuple[str, ...]]]:
    cuts = [e for removal in append.removals for e in removal.edits] if append else []
    return [
        (reference.is_class, reference.label)
        for reference in traced.references
        if not any(cut.start <= reference.position < cut.stop for cut in cuts)
    ]


def _is_subsequence(
    old: list[tuple[bool, tuple[str, ...]]], new: list[tuple[bool, tuple[str, ...]]]
) -> bool:
    remaining = iter(new)
    return all(reference in remaining for reference in old)
