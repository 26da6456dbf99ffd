"""Counting what networks said of one sample, file by file, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import awkward as ak
import numpy as np

from rootml.errors import located
from rootml.rootio.chunks import read_together
from rootml.rootio.source import Source
from rootml.tagged.options import Options
from rootml.tagged.reader import Reader, Said, make_readers
from rootml.tagged.survey import Surveyed, SurveyedFile
from rootml.tagged.tree import TaggedTree, open_tagged
from rootml.validation.collect import Collector
from rootml.validation.study import Note
from rootml.validation.units import Variable

Step = Callable[[int], None]
"""Told of each number of entries that are done."""


@dataclass(frozen=True, eq=False)
class Counted:
    """What was counted of a sample.

    ``collectors``: one for each model. ``yields``: the sum of the weights of the units selected,
    for each. ``notes``: what did not go together in the files.
    """

    collectors: tuple[Collector, ...]
    yields: tuple[float, ...]
    notes: tuple[Note, ...]


def count(surveyed: Surveyed, options: Options, step: Step) -> Counted:
    """Count what each model said of the files of a sample; raises the errors of reading."""
    collectors = tuple(make_collectors(surveyed, options))
    yields = np.zeros(len(collectors))
    odd = [Counter[str]() for _ in collectors]
    for file in surveyed.files:
        for index, said in _read(file, surveyed, options, collectors, odd, step):
            collectors[index].fill(
                said.events,
                said.batch,
                said.outputs,
                weights=said.weights,
                variables=said.variables,
            )
            yields[index] += _sum(said)
    title = surveyed.request.title
    notes = [note for one, c in zip(odd, collectors, strict=True) for note in _odd(one, c, title)]
    return Counted(collectors, tuple(yields.tolist()), tuple(notes))


def make_collectors(surveyed: Surveyed, options: Options) -> Iterator[Collector]:
    """An empty collector for each model of a sample."""
    first = surveyed.files[0]
    weighted = options.weighting(surveyed.request) is not None
    for model, branches in zip(first.models, first.branches, strict=True):
        yield Collector(
            model.card,
            options.adapter(model.adapter),
            branches=branches,
            variables=_variables(options, first),
            weighted=weighted,
        )


def _variables(options: Options, file: SurveyedFile) -> list[Variable]:
    every = (one.variable for one in options.variables)
    return [replace(one, unit=one.unit or file.units[one.name]) for one in every]


def _read(
    file: SurveyedFile,
    surveyed: Surveyed,
    options: Options,
    collectors: Sequence[Collector],
    odd: Sequence[Counter[str]],
    step: Step,
) -> Iterator[tuple[int, Said]]:
    """``(index of the model, what it said)``, chunk by chunk, for each of the models."""
    wished = [collector.columns for collector in collectors]
    with open_tagged(
        file.path,
        surveyed.models,
        tree=options.tree,
        friends=options.friends,
        prefix=options.prefix,
    ) as tree:
        readers = make_readers(tree, surveyed.models, surveyed.request, options, wished)
        for first, raw, columns in _chunks(tree, readers):
            with located(tree.events.where, first):
                for index, reader in enumerate(readers):
                    yield index, reader(raw, columns.get(reader.source, raw), first)
            step(len(raw))
        for index, reader in enumerate(readers):
            odd[index].update(reader.odd)


def _chunks(
    tree: TaggedTree, readers: Sequence[Reader]
) -> Iterator[tuple[int, ak.Array, dict[Source, ak.Array]]]:
    """``(first entry, branches, logical columns of each source)``."""
    paths = dict.fromkeys(path for reader in readers for path in reader.plain)
    plain = tree.plain(readers[0].source, tuple(paths))
    columns: dict[Source, dict[str, None]] = {}
    for reader in readers:
        if reader.logical:
            columns.setdefault(reader.source, {}).update(dict.fromkeys(reader.logical))
    tensors = [spec for reader in readers if reader.inputs for spec in reader.view.tensors]
    wanted = {plain: tuple(paths)} | {source: tuple(names) for source, names in columns.items()}
    size = sum(spec.row_bytes for spec in tensors)
    for first, chunk in read_together(wanted, event_bytes=size):
        raw = chunk.pop(plain)
        yield first, raw, chunk


def _sum(said: Said) -> float:
    if said.weights is not None:
        return float(said.weights.sum())
    return float(len(next(iter(said.outputs.values()))))


def _odd(odd: Counter[str], collector: Collector, title: str) -> Iterator[Note]:
    """What the file says was judged, against what the view makes of its inputs today."""
    name = collector.setting.card.name
    if number := odd["unsaid"]:
        text = (
            f"{number:,} without an output of {name} have inputs that it could judge: they were "
            "left out when the file was tagged (--entry-range), or its output is NaN"
        )
        yield Note("warning", text, title)
    if number := odd["unseen"]:
        text = (
            f"{number:,} with an output of {name} have inputs that the view "
            f"{collector.setting.card.view!r} does not judge today: they count as not judged"
        )
        yield Note("warning", text, title)
