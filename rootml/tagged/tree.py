"""A tagged tree, open: which networks made which of its branches, and how an adapter reads it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rootml.adapter import Adapter, Branch, Layout, Options
from rootml.errors import BranchError, FileError, InputError, LayoutError, TreeError, nearest
from rootml.rootio.events.base import Events
from rootml.rootio.events.friends import Named, with_friends
from rootml.rootio.events.kinds import open_events
from rootml.rootio.matching import Decoder, Match, choose, match
from rootml.rootio.opening import open_file, tree_names
from rootml.rootio.provenance import read_provenance
from rootml.rootio.source import Source, settle
from rootml.tagged.models import TaggedModel, Tagging, tagging_of
from rootml.working_point import WorkingPoint

if TYPE_CHECKING:
    import awkward as ak
    from uproot import ReadOnlyDirectory


@dataclass(frozen=True, eq=False)
class TaggedTree:
    """One tree of one file, with its friends, and what they say of their taggings.

    ``problems``: what is odd about its friends, in words.
    """

    path: str
    events: Events
    taggings: tuple[Tagging, ...]
    problems: tuple[str, ...] = ()

    def source(self, adapter: Adapter, *, whole: bool = True) -> Source:
        """The tree as the adapter sees it.

        ``whole``: every branch that the layout requires must be there, else LayoutError;
        otherwise the layout that lacks the least is taken, for the columns that are there.
        """
        name, names = self.events.name, self.events.names
        matches = [match(adapter, one, name, names, named=True) for one in adapter.layouts]
        fitting = [one for one in matches if one.readable]
        if whole or len(fitting) == 1:
            try:
                return self._settled(choose(matches, {name: names}, self.path))
            except LayoutError as error:
                raise LayoutError(f"{error}{self._advice()}") from error
        return self._settled(min(matches, key=lambda one: len(one.missing)))

    def _advice(self) -> str:
        if given := self.made_from.get("file"):
            return (
                f"\nThe file holds what was tagged alone. Give the one that it was made from "
                f"({given}), and this one with --friend (friends=)"
            )
        return "\nWithout its inputs it can be read nevertheless: --no-inputs (inputs=False)"

    def _settled(self, found: Match) -> Source:
        return Source(self.path, self.events, settle(found, self.events))

    def plain(self, source: Source, paths: Sequence[str]) -> Source:
        """Branches by their paths, to be read together with ``source``."""
        branches = {path: Branch((path,)) for path in paths}
        layout = Layout("branches", (), branches, {path: (path,) for path in paths}, _as_read)
        found = Match(source.adapter, layout, self.events.name, {path: path for path in paths}, ())
        return Source(self.path, self.events, Decoder(found, {}, self.events.where))

    def outputs(
        self, model: TaggedModel, prefix: str, suffix: str = ""
    ) -> tuple[dict[str, str], Tagging | None]:
        """Output name -> path of its branch, as far as they are there, and what made them.

        ``suffix``: that of a variation; BranchError where an output does not have it.

        A file without provenance is searched by the names of its branches.
        """
        tagging = tagging_of(model.card, self.taggings, prefix)
        found = {}
        for output in model.card.outputs:
            wanted = re.compile(
                rf"{re.escape(prefix)}(\w+_)?{re.escape(f'{model.card.name}_{output.name}')}"
            )
            path = self._find(wanted, tagging)
            if path is not None:
                found[output.name] = path if not suffix else self._varied(path, suffix)
        return found, tagging

    def _varied(self, path: str, suffix: str) -> str:
        names = self.events.names
        if (varied := f"{path}_{suffix}") in names.paths:
            return varied
        have = [name for name in names.paths if name.startswith(f"{path}_")]
        listed = f" (it has {', '.join(have)})" if have else ""
        raise BranchError(
            f"{self.events.where}: no branch {varied!r}{nearest(varied, have)}{listed}; "
            "rootml-tag --vary makes it"
        )

    def points(self, model: TaggedModel, prefix: str) -> dict[str, WorkingPoint]:
        """Path of each branch of bools -> the cut that made it, as the file says."""
        tagging = tagging_of(model.card, self.taggings, prefix)
        if tagging is None:
            return {}
        points = {branch: tagging.points.get(branch) for branch in tagging.branches}
        found = ((self._path(branch, tagging), point) for branch, point in points.items())
        return {path: point for path, point in found if path is not None and point is not None}

    def _path(self, branch: str, tagging: Tagging) -> str | None:
        prefixed = f"{tagging.alias}.{branch}" if tagging.alias else branch
        return self.events.names.find(prefixed, branch)

    def _find(self, wanted: re.Pattern[str], tagging: Tagging | None) -> str | None:
        names = self.events.names
        if tagging is None:
            paths = {names.by_name[name] for name in names if wanted.fullmatch(name)}
            return paths.pop() if len(paths) == 1 else None
        for branch in filter(wanted.fullmatch, tagging.branches):
            return self._path(branch, tagging)
        return None

    def holds(self, models: Sequence[TaggedModel], prefix: str) -> bool:
        """Whether it has outputs of one of the models, of any where none is asked for."""
        if not models:
            return bool(self.taggings)
        return any(self.outputs(model, prefix)[0] for model in models)

    @property
    def made_from(self) -> Mapping[str, Any]:
        """The file that this one is a friend of, as it says; empty where it is more than a friend.

        Such a file holds nothing but what was tagged.
        """
        made = {branch for tagging in self.taggings for branch in tagging.branches}
        paths = self.events.names.paths
        if self.events.friends or not all(path in made or _counts(path, made) for path in paths):
            return {}
        found: Mapping[str, Any] = self.taggings[-1].entry.get("input", {})
        return found

    def refuse(self, model: TaggedModel, prefix: str) -> BranchError:
        """The error that the tree holds no output of a model, with what is near."""
        wanted = f"{prefix}{model.card.name}_{model.card.outputs[0].name}"
        made = ", ".join(dict.fromkeys(t.reference for t in self.taggings))
        return BranchError(
            f"{self.events.where}: no branch of the model {model.card.name!r} ({wanted!r})"
            f"{nearest(wanted, self.events.names)}"
            + (f" (tagged by: {made})" if made else " (the file is not tagged)")
            + f". To tag it: rootml-tag {self.path} OUT.root --model {model.full_name}"
        )


@contextmanager
def open_tagged(
    path: str,
    models: Sequence[TaggedModel],
    *,
    tree: str | None = None,
    friends: Named = (),
    prefix: str = "",
) -> Iterator[TaggedTree]:
    """Open the tagged tree of a file; where there are several, that of the ``models``.

    The file of a friend tree is read as a friend of the file that it was made from. Raises
    FileError, TreeError and, where nothing is tagged, BranchError.
    """
    with ExitStack() as stack:
        found = _choose(stack, path, models, tree, friends, prefix)
        given = found.made_from
        if (original := _beside(path, str(given.get("file", "")))) is not None:
            found = _choose(stack, original, models, found.events.name, (path, *friends), prefix)
            if str(found.events.tree.file.uuid) != given.get("uuid"):
                text = f"{path} was not made from this file, but from another of its name"
                found = replace(found, problems=(*found.problems, text))
        yield found


def _beside(path: str, name: str) -> str | None:
    """The file of this name, as it is or beside ``path``; None where neither is on this machine."""
    for file in (Path(name), Path(path).parent / Path(name).name):
        if name and file.is_file() and not file.samefile(path):
            return str(file)
    return None


def _choose(
    stack: ExitStack,
    path: str,
    models: Sequence[TaggedModel],
    tree: str | None,
    friends: Named,
    prefix: str,
) -> TaggedTree:
    directory = stack.enter_context(open_file(path))
    names = tree_names(directory) if tree is None else [tree]
    if tree is None and not friends:
        names = [name for name in names if _recorded(directory, name)] or names
    opened: list[TaggedTree] = []
    errors: list[InputError] = []
    for name in names:
        try:
            events = with_friends(open_events(directory, name), friends)
        except InputError as error:
            errors.append(error)
            continue
        stack.callback(events.close_friends)
        opened.append(TaggedTree(path, events, tuple(_taggings(events)), events.problems))
    fitting = [one for one in opened if one.holds(models, prefix)]
    if len(fitting) > 1:
        listed = ", ".join(one.events.name for one in fitting)
        raise TreeError(
            f"{path}: several trees are tagged: {listed}. Choose one with --tree (tree=)"
        )
    if not fitting and errors:
        raise errors[0]
    if not opened:
        raise TreeError(f"{path}: no tree in it")
    return fitting[0] if fitting else _untagged(opened, models, prefix)


def _untagged(opened: Sequence[TaggedTree], models: Sequence[TaggedModel], prefix: str) -> NoReturn:
    if models:
        raise opened[0].refuse(models[0], prefix)
    trees = ", ".join(repr(one.events.name) for one in opened)
    raise BranchError(
        f"{opened[0].path}: nothing in it says that a network tagged it (trees: {trees}). Name the "
        f"network with --model, or tag the file: rootml-tag {opened[0].path} OUT.root"
    )


def _taggings(events: Events) -> Iterator[Tagging]:
    """The taggings of a tree, then those of its friends."""
    yield from _recorded(events.tree.file.root_directory, events.name)
    for friend in events.friends:
        root = friend.events.tree.file.root_directory
        for tagging in _recorded(root, friend.events.name):
            yield Tagging(tagging.entry, friend.alias)


def _recorded(directory: ReadOnlyDirectory, tree: str) -> list[Tagging]:
    record = read_provenance(directory, tree) or {}
    try:
        found = [Tagging(entry) for entry in record.get("taggings", []) if entry["tree"] == tree]
        for tagging in found:
            _ = tagging.branches, tagging.reference, tagging.model["sha256"], tagging.prefix
            _ = tagging.points
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise FileError(
            f"{directory.file.file_path}: the record of what tagged {tree!r} is damaged: {error!r}"
        ) from error
    return found


def _counts(branch: str, made: Collection[str]) -> bool:
    """Whether a branch counts the objects of others: ``ntrk`` those of ``trk_score``."""
    return branch.startswith("n") and any(one.startswith(f"{branch[1:]}_") for one in made)


def _as_read(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    return raw
