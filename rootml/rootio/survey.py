"""The trees of a file, with their friends, beside the layouts of the adapters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import uproot

from rootml.adapter import Adapter
from rootml.errors import InputError, LayoutError
from rootml.rootio.events.base import Events
from rootml.rootio.events.friends import Named, with_friends
from rootml.rootio.events.kinds import open_events
from rootml.rootio.matching import Match, choose, fits, match
from rootml.rootio.opening import tree_names


class Survey:
    """Trees of an open file, each with its friends, and how they match layouts.

    ``trees``: what was opened, by name. ``errors``: why ``friends`` (as for
    :func:`~rootml.rootio.events.friends.with_friends`) could not be joined to a tree; a file
    may hold several trees of which they fit but one. ``tree``: the only one to look at.
    """

    def __init__(
        self,
        directory: uproot.ReadOnlyDirectory,
        adapters: Sequence[Adapter],
        tree: str | None = None,
        friends: Named = (),
    ):
        self.trees: dict[str, Events] = {}
        self.errors: dict[str, InputError] = {}
        self._directory, self._adapters, self._friends = directory, adapters, friends
        self._named = tree is not None
        self._names = tree_names(directory) if tree is None else [tree]

    def matches(self) -> list[Match]:
        """Compare every tree with every layout."""
        self._open(self._names)
        return self._compare()

    def choose(self) -> Match:
        """The one match; LayoutError where there is none or more than one.

        Trees whose names no layout has are opened only to say why nothing matches.
        """
        layouts = [layout for adapter in self._adapters for layout in adapter.layouts]
        self._open(n for n in self._names if self._named or any(fits(one, n) for one in layouts))
        matches = self._compare()
        if not any(match.complete for match in matches):
            matches = self.matches()
        if len(self.trees) == len(self.errors) == 1:
            raise next(iter(self.errors.values()))
        names = {name: events.names for name, events in self.trees.items()}
        try:
            found = choose(matches, names, str(self._directory.file.file_path))
        except LayoutError as error:
            raise LayoutError("\n".join([str(error), *self._problems()])) from error
        if found.tree in self.errors:
            raise self.errors[found.tree]
        return found

    def close_friends(self) -> None:
        """Close the files of all friends."""
        for events in self.trees.values():
            events.close_friends()

    def _open(self, names: Iterable[str]) -> None:
        for name in names:
            if name.split(";")[0] in self.trees:
                continue
            events = open_events(self._directory, name)
            self.trees[events.name] = events
            try:
                self.trees[events.name] = with_friends(events, self._friends)
            except InputError as error:
                self.errors[events.name] = error

    def _compare(self) -> list[Match]:
        return [
            match(adapter, layout, name, events.names, named=self._named)
            for name, events in self.trees.items()
            for adapter in self._adapters
            for layout in adapter.layouts
        ]

    def _problems(self) -> list[str]:
        """Why friends are not with their trees: the branches looked for may be there."""
        known = [(name, text) for name, events in self.trees.items() for text in events.problems]
        return [f"tree {name!r}: {text}" for name, text in (*known, *self.errors.items())]
