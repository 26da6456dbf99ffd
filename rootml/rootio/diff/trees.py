"""Comparing two TTrees: what is said about them, branch by branch, and what they hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rootml.errors import FileError
from rootml.rootio.diff.baskets import common_ranges, compare_contents
from rootml.rootio.diff.differences import Entry
from rootml.rootio.diff.objects import compare_keys
from rootml.rootio.diff.opened import Comparison
from rootml.rootio.diff.regions import SAME_BYTES, sweep
from rootml.rootio.diff.tree_facts import compare_facts, compare_leaves
from rootml.rootio.diff.walking import Item, pair
from rootml.rootio.opening import reading
from rootml.rootio.ttree.traced import Traced


@dataclass(frozen=True)
class Branch:
    """A branch at any depth, with its path from the tree on."""

    path: str
    model: Any

    def __str__(self) -> str:
        leaves = [leaf.member("fTitle") for leaf in self.model.member("fLeaves")]
        try:
            with reading(self.path):
                kind = self.model.typename
        except FileError:
            kind = self.model.classname
        text = f"{kind}, {self.model.num_entries:,} entries"
        return text if self.model.title in leaves else f"{text}, {self.model.title!r}"


def branches(model: Any, prefix: str) -> Iterator[Branch]:
    """Yield the branches at all depths; the second of one name in one place is ``name#2``."""
    seen: Counter[str] = Counter()
    for branch in model.member("fBranches"):
        seen[branch.name] += 1
        number = f"#{seen[branch.name]}" if seen[branch.name] > 1 else ""
        path = f"{prefix}/{branch.name}{number}"
        yield Branch(path, branch)
        yield from branches(branch, path)


def compare_trees(both: Comparison, a: Item, b: Item, path: str) -> None:
    """Compare two trees and their branches."""
    keys, found = compare_keys(a, b), both.found
    old = both.old.reader.trace(a.path, a.key.seek)
    if not keys and _same_throughout(both, a, b, old):
        found.judge(path, "tree", [], SAME_BYTES)
        for branch in branches(old.model, path):
            found.judge(branch.path, "branch", [], SAME_BYTES)
        return
    new = both.new.reader.trace(b.path, b.key.seek)
    changed, settings = compare_facts(old.model, new.model, (old.raw, new.raw))
    keys += [change for change in changed if change not in keys]
    found.judge(path, "tree", keys, "same facts", settings)
    _compare_branches(both, old, new, path)


def _same_throughout(both: Comparison, a: Item, b: Item, traced: Traced) -> bool:
    """Tell whether the trees' records are the same and so are the baskets they name."""
    (key, data), (other_key, other) = both.old.read(a), both.new.read(b)
    if data != other or key.keylen != other_key.keylen:
        return False
    ranges = [common_ranges(x.model, x.model) for x in branches(traced.model, "")]
    return all(sweep(both.old.file, both.new.file, ranges, both.report))


def _compare_branches(both: Comparison, old: Traced, new: Traced, path: str) -> None:
    sides = (list(branches(traced.model, path)) for traced in (old, new))
    pairs, lost, added = pair(*sides, name=lambda branch: branch.path)
    found = both.found
    found.lost += [Entry(branch.path, "branch", was=str(branch)) for branch in lost]
    found.added += [Entry(branch.path, "branch", now=str(branch)) for branch in added]
    verdicts = compare_contents(both, [(one.path, one.model, other.model) for one, other in pairs])
    for (one, other), verdict in zip(pairs, verdicts, strict=True):
        changed, settings = compare_facts(one.model, other.model)
        changed += compare_leaves(one.model, other.model)
        if verdict.change and not changed:
            changed = [verdict.change]
        found.judge(one.path, "branch", changed, verdict.how, settings)
