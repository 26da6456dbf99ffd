"""Counting what networks said of one sample, file by file, in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import awkward as ak
import numpy as np

from rootml.errors import RootmlError, located
from rootml.registry import load
from rootml.rootio.chunks import read_together
from rootml.rootio.remote import location, name_of
from rootml.rootio.source import Source
from rootml.tagged.options import Options
from rootml.tagged.reader import Reader, make_readers
from rootml.tagged.said import Said
from rootml.tagged.survey import Surveyed, SurveyedFile
from rootml.tagged.tree import TaggedTree, open_tagged
from rootml.validation.collect import Collector
from rootml.validation.counting.units import Variable
from rootml.validation.events.choosing import EventPicker
from rootml.validation.events.judged import JudgedSample
from rootml.validation.importance.permutation import permutation_importance, with_importance
from rootml.validation.report import Report
from rootml.validation.study import Event, Note, Sample

Step = Callable[[int], None]
"""Told of each number of entries that are done."""


class Ledger:
    """What is kept of what one model said of a sample, while its files stream by.

    ``yields``: the sum of the weights of the units selected. ``odd``, ``differing``: as of Reader.
    """

    def __init__(self, surveyed: Surveyed, index: int, options: Options):
        first = surveyed.files[0]
        self.model = first.models[index]
        self.sample = surveyed.request.title
        self.files = [name_of(location(file.path)) for file in surveyed.files]
        self.collector = Collector(
            self.model.card,
            options.adapter(self.model.adapter),
            branches=first.branches[index],
            variables=_variables(options, first),
            weighted=options.weighting(surveyed.request) is not None,
        )
        self.yields = 0.0
        self.odd = Counter[str]()
        self.differing = Counter[str]()
        self.picker: EventPicker | None = None
        self.judged: JudgedSample | None = None
        setting, role = self.collector.setting, surveyed.request.role
        if options.events and role != "variation":
            facts = {"sample": self.sample, "network": self.model.full_name}
            self.picker = EventPicker(setting, per_kind=options.events, facts=facts)
        if options.importance and role in ("sample", "simulation"):
            self.judged = JudgedSample(setting, options.importance)

    def take(self, said: Said, number: int) -> None:
        """Count what the model said of some entries of the file with this number."""
        place = {"entry": said.entries, "file": np.full(len(said.entries), number)}
        units = self.collector.fill(
            said.events,
            said.batch,
            said.outputs,
            weights=said.weights,
            variables={**place, **said.variables},
        )
        self.yields += len(said.entries) if said.weights is None else float(said.weights.sum())
        if self.picker is not None:
            self.picker.fill(units, said.entries, {"file": self.files[number]})
        if self.judged is not None:
            self.judged.fill(units)

    def report(self, sample: Sample) -> Report:
        """The report, with the importance of the inputs where the network can be run again."""
        report = self.collector.report(sample)
        if self.judged is None:
            return report
        try:
            made, reasons = permutation_importance(load(self.model.reference), self.judged.judged())
        except RootmlError as error:
            outputs = self.collector.setting.outputs
            made, reasons = {}, {output.name: str(error) for output in outputs}
        return with_importance(report, made, reasons)

    def events(self) -> tuple[Event, ...]:
        """Single events to look at."""
        return () if self.picker is None else self.picker.events()

    def notes(self) -> Iterator[Note]:
        """What the files say was judged, against what the view makes of its inputs today."""
        name, view = self.model.card.name, self.model.card.view
        if number := self.odd["unsaid"]:
            text = (
                f"{number:,} without an output of {name} have inputs that it could judge: they "
                "were left out when the file was tagged (--entry-range), or its output is NaN, or "
                "alone and -1 of a whole event"
            )
            yield Note("warning", text, self.sample)
        if number := self.odd["unseen"]:
            text = (
                f"{number:,} with an output of {name} have inputs that the view {view!r} does not "
                "judge today: they count as not judged"
            )
            yield Note("warning", text, self.sample)

        for branch, number in self.differing.items():
            if number:
                text = (
                    f"{number:,} values of the branch {branch!r} are not what its cut makes of the "
                    f"scores of {name}: one of them was changed after the tagging"
                )
                yield Note("warning", text, self.sample)


def count(surveyed: Surveyed, options: Options, step: Step) -> tuple[Ledger, ...]:
    """Count what each model said of the files of a sample; raises the errors of reading."""
    ledgers = tuple(Ledger(surveyed, i, options) for i in range(len(surveyed.models)))
    for number in range(len(surveyed.files)):
        _count_file(number, surveyed, options, ledgers, step)
    return ledgers


def _count_file(
    number: int, surveyed: Surveyed, options: Options, ledgers: Sequence[Ledger], step: Step
) -> None:
    wished = [ledger.collector.columns for ledger in ledgers]
    with open_tagged(
        surveyed.files[number].path,
        surveyed.models,
        tree=options.tree,
        friends=options.friends,
        prefix=options.prefix,
    ) as tree:
        readers = make_readers(tree, surveyed.models, surveyed.request, options, wished)
        for first, raw, columns in chunks(tree, readers):
            with located(tree.events.where, first):
                for reader, ledger in zip(readers, ledgers, strict=True):
                    ledger.take(reader(raw, columns.get(reader.source, raw), first), number)
            step(len(raw))
    for reader, ledger in zip(readers, ledgers, strict=True):
        ledger.odd.update(reader.odd)
        ledger.differing.update(reader.differing)


def _variables(options: Options, file: SurveyedFile) -> list[Variable]:
    every = (one.variable for one in options.variables)
    return [replace(one, unit=one.unit or file.units[one.name]) for one in every]


def chunks(
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
