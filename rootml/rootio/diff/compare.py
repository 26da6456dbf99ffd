"""Comparing two ROOT files object by object and branch by branch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rootml.errors import RootmlError, TreeError, nearest
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.diff.differences import Entry, FileDiff, Findings
from rootml.rootio.diff.ntuples import compare_ntuples
from rootml.rootio.diff.objects import compare_keys, compare_objects
from rootml.rootio.diff.opened import Comparison, Opened
from rootml.rootio.diff.plain import said
from rootml.rootio.diff.streamer_infos import compare_streamer_infos
from rootml.rootio.diff.trees import compare_trees
from rootml.rootio.diff.walking import Item, labels, pair_items
from rootml.rootio.opening import reading

Progress = Callable[[int, int], None]
COMPARE = {"tree": compare_trees, "ntuple": compare_ntuples, "object": compare_objects}
"""How to compare things of a kind; of directories only the keys are compared."""


def compare_files(
    a: str | Path,
    b: str | Path | RootFile,
    *,
    tree: str | None = None,
    progress: Progress | None = None,
) -> FileDiff:
    """Say what file ``b`` has more, otherwise, or no longer, compared with file ``a``.

    All objects of all directories and cycles, streamer infos, and of trees and RNTuples the
    metadata and the content of every branch or field. Contents at the same places of both
    files are compared byte by byte, others by what is in them, at last by value; memory stays
    bounded. ``tree``: compare this tree or RNTuple alone, by its path. ``progress`` is told how
    many bytes of ``a`` are compared, and of how many. ``b`` may be open already.

    Raises FileError for a file that cannot be read, TreeError if ``tree`` is in neither file.
    """
    with Opened(a) as old, Opened(b) as new:
        both = Comparison(old, new, Findings(), _counting(old.file.header.end, progress))
        sides = (_chosen(old.items, tree), _chosen(new.items, tree))
        if tree is not None and not any(sides):
            names = {item.name for item in [*old.items, *new.items]}
            raise TreeError(f"no tree {tree!r} in {a} or {new.path}{nearest(tree, names)}")
        _compare_items(both, *sides)
        if tree is None:
            codes = (side.file.header.compression for side in (old, new))
            both.found.notes += [Entry("", "file", *c) for c in said("compression code", *codes)]
            compare_streamer_infos(both)
        both.report(old.file.header.end)
    lists = {name: tuple(entries) for name, entries in vars(both.found).items()}
    return FileDiff(str(a), str(new.path), **lists)


def _compare_items(both: Comparison, old: list[Item], new: list[Item]) -> None:
    called, found = labels(old, new), both.found
    pairs, lost, added = pair_items(old, new)
    found.lost += [Entry(called[item.path], both.old.kind(item), was=str(item)) for item in lost]
    found.added += [Entry(called[item.path], both.new.kind(item), now=str(item)) for item in added]
    rank = {id(item): number for items in (old, new) for number, item in enumerate(items)}
    pairs.sort(key=lambda items: rank[id(items[0])])
    order = [rank[id(other)] for _, other in pairs]
    if order != sorted(order):
        found.notes.append(Entry("", "file", "order of the keys", "another order"))
    for one, other in pairs:
        path, kind = called[one.path], both.old.kind(one)
        compare = COMPARE.get(kind) if kind == both.new.kind(other) else None
        if compare is None:
            found.judge(path, kind, compare_keys(one, other), "same title")
            continue
        try:
            with reading(path):
                compare(both, one, other, path)
        except RootmlError as error:
            found.judge(path, kind, [(str(one), f"cannot be compared: {error}")], "")


def _counting(total: int, progress: Progress | None) -> Callable[[int], None]:
    """Return what turns steps into progress; a branch compared twice does not exceed ``total``."""
    done = 0

    def report(size: int) -> None:
        nonlocal done
        done = min(done + size, total)
        if progress is not None:
            progress(done, total)

    return report


def _chosen(items: list[Item], tree: str | None) -> list[Item]:
    """Return the tree or RNTuple of that name, its newest cycle unless one is given."""
    if tree is None:
        return items
    found = [i for i in items if tree.strip("/") in (i.name, i.path) and not i.is_directory]
    return sorted(found, key=lambda item: -item.key.cycle)[:1]
