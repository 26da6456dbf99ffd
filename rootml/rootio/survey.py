"""The trees of a file, with their friends, beside the layouts of the adapters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rootml.adapter import Adapter
from rootml.errors import InputError, LayoutError
from rootml.rootio.events.base import Events
from rootml.rootio.events.friends import Named, with_friends
from rootml.rootio.events.kinds import Directory, list_trees, open_events
from rootml.rootio.matching import Match, choose_together, fits, match


class Survey:
    """Trees of an open file, each with its friends, and how they match layouts.

    ``trees``: what was opened, by name. ``errors``: why ``friends`` (as for
    :func:`~rootml.rootio.events.friends.with_friends`) could not be joined to a tree; a file
    may hold several trees of which they fit but one. ``tree``: the only one to look at.
    ``choices``: groups of adapters; the tree chosen is in a layout of each group, of any adapter
    in it.
    """

    def __init__(
        self,
        directory: Directory,
        choices: Sequence[Sequence[Adapter]],
        tree: str | None = None,
        friends: Named = (),
    ):
        self.trees: dict[str, Events] = {}
        self.errors: dict[str, InputError] = {}
        self._directory, self._choices, self._friends = directory, choices, friends
        self._named = tree is not None
        self._names = list_trees(directory) if tree is None else [tree]

    def matches(self) -> list[Match]:
        """Compare every tree with every layout."""
        self._open(self._names)
        return [match for group in self._compare() for match in group]

    def choose(self) -> tuple[Match, ...]:
        """The one match of each choice, all in one tree; LayoutError for none or more than one.

        Trees whose names no layout has are opened only to say why nothing matches.
        """
        layouts = [one for group in self._choices for adapter in group for one in adapter.layouts]
        self._open(n for n in self._names if self._named or any(fits(one, n) for one in layouts))
        matches = self._compare()
        if not all(any(match.complete for match in group) for group in matches):
            self._open(self._names)
            matches = self._compare()
        if len(self.trees) == len(self.errors) == 1:
            raise next(iter(self.errors.values()))
        names = {name: events.names for name, events in self.trees.items()}
        try:
            found = choose_together(matches, names, str(self._directory.file.file_path))
        except LayoutError as error:
            raise LayoutError("\n".join([str(error), *self._problems()])) from error
        if found[0].tree in self.errors:
            raise self.errors[found[0].tree]
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

    def _compare(self) -> list[list[Match]]:
        return [
            [
                match(adapter, layout, name, events.names, named=self._named)
                for name, events in self.trees.items()
                for adapter in group
                for layout in adapter.layouts
            ]
            for group in self._choices
        ]

    def _problems(self) -> list[str]:
        """Why friends are not with their trees: the branches looked for may be there."""
        known = [(name, text) for name, events in self.trees.items() for text in events.problems]
        return [f"tree {name!r}: {text}" for name, text in (*known, *self.errors.items())]
