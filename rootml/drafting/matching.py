"""Names that a network was trained with, and the branches that they may mean."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, count

from rootml.declared.formula import read
from rootml.drafting.branches import NtupleBranch, fold
from rootml.errors import CardError

_FUNCTION = re.compile(r"(?P<name>abs|cos|exp|log|log10|sin|sqrt)_(?P<of>.+)")


@dataclass(frozen=True)
class Guess:
    """A value, what to say of it, and whether only the user can tell that it is right.

    ``text`` is empty where there is nothing to guess from. ``name``: what the network calls a
    column, where the text itself does not.
    """

    text: str
    note: str = ""
    is_open: bool = False
    name: str = ""


class Symbols:
    """What expressions call the branches of a tree.

    ``aliases``: paths by the names that were given to branches whose own no expression can hold.
    """

    def __init__(self, branches: Sequence[NtupleBranch]):
        self.aliases: dict[str, str] = {}
        self._uses = Counter(branch.name for branch in branches)

    def of(self, branch: NtupleBranch) -> str:
        """The branch's own name, or an alias."""
        unique = self._uses[branch.name] == 1
        if unique and names_in(branch.name) == {branch.name}:
            return branch.name
        for alias, path in self.aliases.items():
            if path == branch.path:
                return alias
        first = identifier(branch.name if unique else branch.path, "branch")
        taken = self.aliases.keys() | self._uses.keys()
        spelt = chain([first], (f"{first}_{number}" for number in count(2)))
        alias = next(name for name in spelt if name not in taken)
        self.aliases[alias] = branch.path
        return alias


@dataclass(frozen=True)
class Pool:
    """Branches to choose from."""

    branches: Sequence[NtupleBranch]
    symbols: Symbols

    def guess(self, name: str) -> Guess:
        """The expression that the network's column ``name`` most probably stands for."""
        if found := self.find(name):
            return Guess(self.symbols.of(found), name=name)
        if self._is_expression(name):
            return Guess(name, name=name)
        if (function := _FUNCTION.fullmatch(name)) and (found := self.find(function["of"])):
            text = f"{function['name']}({self.symbols.of(found)})"
            return Guess(text, "as its name says?", is_open=True, name=name)
        if near := self._nearest(fold(name)):
            return Guess(self.symbols.of(near), "the nearest name", is_open=True, name=name)
        return Guess("", "no branch is named like it", is_open=True, name=name)

    def count(self, names: Sequence[str]) -> int:
        """How many of the names are those of branches, or of a function of one."""
        bare = [(_FUNCTION.fullmatch(name) or {"of": name})["of"] for name in names]
        return sum(any(map(self.find, pair)) for pair in zip(names, bare, strict=True))

    def find(self, name: str) -> NtupleBranch | None:
        """The one branch called so, up to case, separators and the collection's name."""
        folded = fold(name)
        spelt: tuple[Callable[[NtupleBranch], bool], ...] = (
            lambda branch: name in (branch.name, branch.path),
            lambda branch: branch.folded == folded,
            lambda branch: branch.quantity == folded,
        )
        for is_spelt in spelt:
            found = [branch for branch in self.branches if is_spelt(branch)]
            if len(found) == 1:
                return found[0]
        return None

    def _is_expression(self, name: str) -> bool:
        used = names_in(name)
        return bool(used) and used <= {branch.name for branch in self.branches}

    def _nearest(self, folded: str) -> NtupleBranch | None:
        known = {branch.folded: branch for branch in reversed(self.branches)}
        ending = [key for key in known if key.endswith(folded) or folded.endswith(key)]
        near = ending or difflib.get_close_matches(folded, known, n=1, cutoff=0.5)
        return known[near[0]] if near else None


def identifier(text: str, otherwise: str) -> str:
    """The text as a name that cards take; ``otherwise`` where nothing of it can be one."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text).strip("_")
    return name if re.match("[A-Za-z]", name) else f"{otherwise}_{name}".rstrip("_")


def names_in(text: str) -> set[str]:
    """The names in an expression; none where it cannot be read as one."""
    try:
        return set(read(text).names)
    except CardError:
        return set()
