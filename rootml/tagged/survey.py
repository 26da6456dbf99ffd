"""What the files of a sample hold, found out before anything is counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rootml.errors import BranchError
from rootml.tagged.expressions import unit_of
from rootml.tagged.models import TaggedModel, differences, named_by
from rootml.tagged.options import Options
from rootml.tagged.reader import Reader, make_readers
from rootml.tagged.samples import SampleFiles
from rootml.tagged.tree import TaggedTree, open_tagged
from rootml.tagging.record import identity
from rootml.validation.study import Note

SHOWN = 3
"""Of files that have something in common, those that are named."""


@dataclass(frozen=True, eq=False)
class SurveyedFile:
    """What a file was found to hold.

    ``branches``: by output, of each of the ``models``; ``labelled``: whether it has their truth.
    ``units``: of the variables; ``lacking``: why it has not all of them. ``facts``: what is known
    of the file, for the study. ``origins``: identities (ROOT's UUID) of this file and of those that
    it was tagged from, with the tree's name.
    """

    path: str
    entries: int
    models: tuple[TaggedModel, ...]
    branches: tuple[Mapping[str, str], ...]
    units: Mapping[str, str]
    lacking: Mapping[str, str]
    layouts: tuple[str, ...]
    labelled: tuple[bool, ...]
    facts: Mapping[str, Any]
    notes: tuple[Note, ...]
    origins: frozenset[tuple[str, str]]

    def is_made_as(self, other: SurveyedFile) -> bool:
        """Whether both hold the entries of one file: taggings keep every entry in its place."""
        return self.entries == other.entries and not self.origins.isdisjoint(other.origins)


@dataclass(frozen=True, eq=False)
class Surveyed:
    """A sample as it was asked for, and what its files hold."""

    request: SampleFiles
    files: tuple[SurveyedFile, ...]

    @property
    def models(self) -> tuple[TaggedModel, ...]:
        """The models of which every file has outputs."""
        return self.files[0].models

    @property
    def entries(self) -> int:
        """Entries of all files."""
        return sum(file.entries for file in self.files)

    def notes(self) -> tuple[Note, ...]:
        """What is to be said of the files, and of what they do not have in common."""
        own = [note for file in self.files for note in file.notes]
        return (*own, *self._truths(), *self._layouts())

    def _truths(self) -> list[Note]:
        notes = []
        for index, model in enumerate(self.models):
            have = [file.path for file in self.files if file.labelled[index]]
            lack = [file.path for file in self.files if not file.labelled[index]]
            if have and lack:
                text = (
                    f"{_listed(lack)} has no truth ({model.adapter.truth.label}), "
                    f"{_listed(have)} has: units without it are of no class"
                )
                notes.append(Note("warning", text, self.request.title))
        return notes

    def _layouts(self) -> list[Note]:
        groups: dict[tuple[str, ...], list[str]] = {}
        for file in self.files:
            groups.setdefault(file.layouts, []).append(file.path)
        if len(groups) == 1:
            return []
        said = (f"{_listed(files)} in {', '.join(names)}" for names, files in groups.items())
        text = f"the files are in different layouts: {'; '.join(said)}"
        return [Note("info", text, self.request.title)]


def check_variables(surveyed: Sequence[Surveyed]) -> list[Note]:
    """What is to be said of variables that some files lack; BranchError for one that all lack."""
    files = [(sample.request.title, file) for sample in surveyed for file in sample.files]
    notes = []
    for name in dict.fromkeys(name for _, file in files for name in file.lacking):
        why = [(title, file.lacking[name]) for title, file in files if name in file.lacking]
        if len(why) == len(files):
            raise BranchError(why[0][1])
        notes += [Note("warning", f"{text}: nothing is drawn against it", t) for t, text in why]
    return notes


def survey(request: SampleFiles, wanted: Sequence[TaggedModel], options: Options) -> Surveyed:
    """Open each file of a sample and find what is to be read of it.

    ``wanted``: the models; where there is none, those that the first file says it was tagged by.
    Raises the errors of reading, and BranchError where a file has outputs of no model, or not of
    all those that the first file has.
    """
    first, *others = request.files
    files = [_survey(first, wanted, request, options)]
    for path in others:
        found = _survey(path, files[0].models, request, options)
        _check_alike(files[0], found)
        files.append(found)
    return Surveyed(request, tuple(files))


def _survey(
    path: str, wanted: Sequence[TaggedModel], request: SampleFiles, options: Options
) -> SurveyedFile:
    with open_tagged(
        path, wanted, tree=options.tree, friends=options.friends, prefix=options.prefix
    ) as tree:
        models = list(wanted) or named_by(tree.taggings)
        here = tuple(model for model in models if tree.outputs(model, options.prefix)[0])
        if not here:
            raise tree.refuse(models[0], options.prefix)
        readers = make_readers(tree, here, request, options, [()] * len(here))
        return SurveyedFile(
            path=path,
            entries=tree.events.num_entries,
            models=here,
            branches=tuple(reader.paths for reader in readers),
            units=_units(readers[0], options),
            lacking=readers[0].lacking,
            layouts=tuple(dict.fromkeys(r.source.decoder.layout.name for r in readers)),
            labelled=tuple(_labelled(reader, options) for reader in readers),
            facts=_facts(tree, readers[0], options),
            notes=tuple(_notes(tree, here, options)),
            origins=frozenset(_origins(tree)),
        )


def _origins(tree: TaggedTree) -> Iterator[tuple[str, str]]:
    yield str(tree.events.tree.file.uuid), tree.events.name
    for tagging in tree.taggings:
        uuid = tagging.entry.get("input", {}).get("uuid")
        if uuid:
            yield str(uuid), tree.events.name


def _check_alike(first: SurveyedFile, other: SurveyedFile) -> None:
    """Refuse a file that lacks outputs which the first one of its sample has."""
    for model, branches in zip(first.models, first.branches, strict=True):
        found = other.branches[other.models.index(model)] if model in other.models else {}
        if found.keys() != branches.keys():
            differing = ", ".join(sorted(found.keys() ^ branches.keys()))
            raise BranchError(
                f"{other.path}: files of one sample hold the same outputs, but those of "
                f"{model.full_name} differ from {first.path}: {differing}"
            )


def _labelled(reader: Reader, options: Options) -> bool:
    label = reader.model.adapter.truth.label
    return bool(options.truth) or bool(label and reader.source.decoder.has(label))


def _units(reader: Reader, options: Options) -> dict[str, str]:
    return {
        one.variable.name: one.variable.unit or unit_of(one.expression, reader.source)
        for one in options.variables
    }


def _facts(tree: TaggedTree, reader: Reader, options: Options) -> dict[str, Any]:
    """What is known of a file: where it is, what it holds, what made its branches."""
    made = [
        f"{', '.join(one.branches)} by {one.reference} (sha256 {one.model['sha256'][:12]}…)"
        for one in tree.taggings
    ]
    return {
        **identity(reader.source),
        "tree": tree.events.name,
        "entries": tree.events.num_entries,
        "layout": reader.source.decoder.layout.name,
        "tagged": made,
    }


def _notes(tree: TaggedTree, models: Sequence[TaggedModel], options: Options) -> Iterator[Note]:
    for problem in tree.problems:
        yield Note("warning", problem, tree.path)
    for model in models:
        branches, tagging = tree.outputs(model, options.prefix)
        yield from differences(model, tagging, next(iter(branches.values())), tree.path)


def _listed(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:SHOWN])
    return shown if len(paths) <= SHOWN else f"{shown} and {len(paths) - SHOWN} more"
