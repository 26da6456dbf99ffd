"""Finding out which experiment's layout a tree, or an array of events, is in."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rootml.adapter import Adapter, Layout, Options
from rootml.errors import BranchError, LayoutError, nearest

if TYPE_CHECKING:
    import awkward as ak


_SHOWN = 5
"""Missing branches that are named."""


@dataclass(frozen=True)
class Match:
    """How far a tree fits a layout: which branches were found, which required ones were not.

    ``other``: branches that only trees in another layout have.
    """

    adapter: Adapter
    layout: Layout
    tree: str
    found: Mapping[str, str]
    missing: tuple[str, ...]
    tree_fits: bool = True
    other: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether the tree is in this layout."""
        return self.tree_fits and not self.missing and not self.other

    @property
    def readable(self) -> bool:
        """Whether it is, and the layout is one that can be read."""
        return self.complete and not self.layout.refusal

    def keys(self, column: str) -> tuple[str, ...]:
        """The keys of ``layout.branches`` that a logical column is made of; none if it is not."""
        ways = self.layout.ways(column)
        return next((keys for keys in ways if all(key in self.found for key in keys)), ())

    def has(self, column: str) -> bool:
        """Whether all branches of a logical column are there."""
        return bool(self.keys(column))

    def explain(self, names: Iterable[str]) -> str:
        """One line: why the tree is in this layout, or why not."""
        head = f"{self.adapter.name}/{self.layout.name} in tree {self.tree!r}"
        if self.complete:
            return f"{head}: {self.layout.refusal or 'all required branches are there'}"
        reasons = []
        if not self.tree_fits:
            choice = "" if self.missing else ", or be chosen with --tree (tree=)"
            reasons.append(f"the tree should be named {' or '.join(self.layout.trees)}{choice}")
        if self.missing:
            wanted = ", ".join(map(repr, self.missing[:_SHOWN]))
            more = f" and {len(self.missing) - _SHOWN} more" if self.missing[_SHOWN:] else ""
            reasons.append(f"no branch {wanted}{more}{nearest(self.missing[0], names)}")
        if self.other:
            reasons.append(f"it has a branch {', '.join(map(repr, self.other))}")
        return f"{head}: {'; '.join(reasons)}"


class BranchNames:
    """The names of a tree's branches, each leading to a path.

    A branch is found by its path, by the last part of a path with slashes (TTrees) where this
    is unique, and by a path whose parts are joined the other way: ``a/b`` for ``a.b``; in an
    RNTuple (``imported``) ``a_b`` stands for them too, to which RNTupleImporter renames a branch
    ``a.b``. ``others`` are further names.
    """

    def __init__(
        self,
        paths: Iterable[str],
        others: Mapping[str, str] | None = None,
        *,
        imported: bool = False,
    ):
        self.paths = tuple(dict.fromkeys(paths))
        self.imported = imported
        last = Counter(posixpath.basename(path) for path in self.paths)
        self.by_name = {path: path for path in self.paths}
        for path in self.paths:
            if last[name := posixpath.basename(path)] == 1:
                self.by_name.setdefault(name, path)
        for name, path in (others or {}).items():
            self.by_name.setdefault(name, path)
        self._joined: dict[str, str] = {}
        for name, path in self.by_name.items():
            self._joined.setdefault(self._join(name), path)

    def find(self, *names: str) -> str | None:
        """The path of the first of the accepted spellings that is there."""
        for name in names:
            path = self.by_name.get(name) or self._joined.get(self._join(name))
            if path is not None:
                return path
        return None

    def _join(self, name: str) -> str:
        dotted = name.replace("/", ".")
        return dotted.replace(".", "_") if self.imported else dotted

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)


def match(adapter: Adapter, layout: Layout, tree: str, names: BranchNames, *, named: bool) -> Match:
    """Compare one tree with one layout; ``named``: the user chose the tree, any name is right."""
    found = {
        key: path
        for key, branch in layout.branches.items()
        if (path := names.find(*branch.names)) is not None
    }
    missing = tuple(
        branch.names[0]
        for key, branch in layout.branches.items()
        if not branch.optional and key not in found
    )
    other = tuple(name for name in layout.without if names.find(name) is not None)
    return Match(adapter, layout, tree, found, missing, named or fits(layout, tree), other)


def fits(layout: Layout, tree: str) -> bool:
    """Whether the tree's name is one of those that may hold the layout."""
    base = posixpath.basename(tree)
    return any(fnmatchcase(base, pattern) for pattern in layout.trees)


def choose(matches: Sequence[Match], names: Mapping[str, BranchNames], where: str) -> Match:
    """The one complete match, else an error that lists what was looked for.

    ``names`` holds the branch names of each tree; ``where`` names the file in the error.
    """
    recognised = [m for m in matches if m.complete]
    complete = [m for m in recognised if m.readable]
    if len(complete) == 1:
        return complete[0]
    if recognised and not complete:
        raise LayoutError(f"{where}: {recognised[0].explain(())}")
    if complete:
        lines = [f"{m.adapter.name}/{m.layout.name} in tree {m.tree!r}" for m in complete]
        raise LayoutError(
            f"{where}: more than one layout matches: {'; '.join(lines)}. "
            "Choose with --tree or --adapter (tree=, adapter=)"
        )
    if not matches:
        raise LayoutError(f"{where}: no tree in it, so no layout can match")
    looked = sorted({f"{m.adapter.name}/{m.layout.name}" for m in matches})
    misses = "\n".join(f"  - {m.explain(names[m.tree])}" for m in _nearest(matches)[:4])
    raise LayoutError(
        f"{where}: no layout matches. Looked for: {', '.join(looked)}. Nearest misses:\n{misses}"
    )


def choose_together(
    groups: Sequence[Sequence[Match]], names: Mapping[str, BranchNames], where: str
) -> tuple[Match, ...]:
    """The one complete match of each group, all in one tree; errors as those of :func:`choose`."""
    fitting = [{m.tree for m in group if m.readable} for group in groups]
    shared = set.intersection(*fitting)
    if shared:
        groups = [[m for m in group if m.tree in shared] for group in groups]
    if shared or len(groups) == 1 or not names:
        return tuple(choose(group, names, where) for group in groups)
    lines = [
        f"  - {m.explain(names[m.tree])}"
        for group in groups
        for m in [m for m in group if m.complete] or _nearest(group)[:1]
    ]
    raise LayoutError(
        f"{where}: one run reads one tree, but none fits all the models:\n" + "\n".join(lines)
    )


def _nearest(matches: Sequence[Match]) -> list[Match]:
    """Matches, those first that miss the least."""
    return sorted(matches, key=lambda m: (len(m.missing), not m.tree_fits))


@dataclass(frozen=True)
class Decoder:
    """Reads logical columns out of raw branches, in the layout that was matched."""

    match: Match
    options: Options
    where: str

    @property
    def layout(self) -> Layout:
        """The layout the events are in."""
        return self.match.layout

    def has(self, column: str) -> bool:
        """Whether all branches of a logical column are there."""
        return self.match.has(column)

    def keys(self, columns: Iterable[str]) -> tuple[str, ...]:
        """The keys of ``layout.branches`` needed for some logical columns, each once."""
        keys: dict[str, None] = {}
        for column in columns:
            if not self.has(column):
                self._refuse(column)
            keys |= dict.fromkeys(self.match.keys(column))
        return tuple(keys)

    def branches(self, columns: Iterable[str]) -> tuple[str, ...]:
        """The branches to read for some logical columns, as paths in the tree, each once."""
        return tuple(dict.fromkeys(self.match.found[key] for key in self.keys(columns)))

    def decode(self, raw: Mapping[str, ak.Array], columns: Sequence[str]) -> ak.Array:
        """Decode the branches ``raw`` (by path) into the logical columns."""
        import awkward as ak

        named = {key: raw[self.match.found[key]] for key in self.keys(columns)}
        return self.layout.decode(ak.zip(named, depth_limit=1), tuple(columns), self.options)

    def _refuse(self, column: str) -> None:
        layout = self.layout
        ways = [
            ", ".join(repr(layout.branches[key].names[0]) for key in keys)
            for keys in layout.ways(column)
        ]
        raise BranchError(
            f"{self.where}: the column {column!r} cannot be read in layout {layout.name!r}: "
            + (f"it needs branch {'; or '.join(ways)}" if ways else "no branch has it")
        )
