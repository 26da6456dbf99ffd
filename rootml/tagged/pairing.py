"""Networks that judged the same events of a sample, read once more: what passes both their cuts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from rootml.errors import located
from rootml.tagged.counting import Ledger, Step, chunks
from rootml.tagged.options import Options
from rootml.tagged.reader import Reader, make_readers
from rootml.tagged.said import Said
from rootml.tagged.survey import Surveyed
from rootml.tagged.tree import TaggedTree, open_tagged
from rootml.tagging.record import adapter_identity
from rootml.validation.collect import columns_of, labels_of
from rootml.validation.comparing.pairing import Background, Cuts, Joint
from rootml.validation.counting.units import places_within
from rootml.validation.figures.separation import BACKGROUND
from rootml.validation.report import Report
from rootml.validation.study import Note, Pair
from rootml.validation.topics.base import is_score


@dataclass(frozen=True, eq=False)
class Side:
    """A score of one network on a sample; ``report``: the index of its report in the study."""

    ledger: Ledger
    report: int
    output: str
    cuts: Cuts

    def background(self, said: Said) -> Background:
        """The background that this network judged, of what it said of some entries."""
        setting, scores = self.ledger.collector.setting, said.outputs[self.output]
        column = columns_of(said.events, said.batch, len(scores), said.variables)
        rows = labels_of(setting, column, len(scores)) == BACKGROUND
        rows &= (scores >= 0) & (scores <= 1)
        if said.batch.judged is not None:
            rows &= said.batch.judged
        known = {one.name: column(one.source) for one in setting.variables}
        return Background(
            np.stack((said.entries, places_within(said.batch.counts, len(scores))), 1)[rows],
            scores[rows],
            None if said.weights is None else said.weights[rows],
            {name: values[rows] for name, values in known.items() if values is not None},
        )


def pair_up(
    surveyed: Surveyed,
    ledgers: Sequence[Ledger],
    reports: Mapping[int, Report],
    options: Options,
    step: Step,
) -> tuple[list[Pair], list[Note]]:
    """Pairs of the networks that judged the same events of a sample, and which ones did not.

    ``ledgers``: what was counted of each network in the first reading; ``reports``: those of the
    ledgers, in their order, by index in the study. Raises the errors of reading.
    """
    groups = [sides for sides in _groups(ledgers, reports) if len(sides) > 1]
    if not groups or surveyed.request.role == "variation":
        step(surveyed.entries)
        return [], []
    joints = [Joint([side.cuts for side in sides]) for sides in groups]
    for said in _said(surveyed, options, step):
        for joint, sides in zip(joints, groups, strict=True):
            joint.fill([side.background(said[side.ledger.model.full_name]) for side in sides])
    pairs, notes = [], []
    for joint, sides in zip(joints, groups, strict=True):
        for i, j in combinations(range(len(sides)), 2):
            one, other = sides[i], sides[j]
            if (i, j) in joint.apart:
                notes.append(_apart(one, other))
            else:
                key = one.report, other.report
                pairs.append(Pair(one.output, key, joint.figures(i, j)))
    return pairs, notes


def _groups(ledgers: Sequence[Ledger], reports: Mapping[int, Report]) -> Iterator[list[Side]]:
    """Scores of one name, of networks that see the same units with the same truth.

    A network with outputs for units that its view does not judge today is left out: which ones
    counted is not known without its inputs.
    """
    groups: dict[tuple[str, str, str | None], list[Side]] = {}
    for ledger, (index, report) in zip(ledgers, reports.items(), strict=True):
        setting = ledger.collector.setting
        for output in filter(is_score, setting.outputs):
            figures = report.figures["outputs"][output.name]
            if "curve" in figures and not ledger.odd["unseen"]:
                side = Side(ledger, index, output.name, Cuts.of(figures, setting.variables))
                adapter = str(adapter_identity(setting.card))
                groups.setdefault((output.name, adapter, output.per), []).append(side)
    yield from groups.values()


def _said(surveyed: Surveyed, options: Options, step: Step) -> Iterator[dict[str, Said]]:
    """What each network, by its name, said of the entries of all files, chunk by chunk."""
    for file in surveyed.files:
        with open_tagged(
            file.path,
            surveyed.models,
            tree=options.tree,
            friends=options.friends,
            prefix=options.prefix,
        ) as tree:
            readers = _readers(tree, surveyed, options)
            for first, raw, columns in chunks(tree, list(readers.values())):
                with located(tree.events.where, first):
                    yield {
                        name: reader(raw, columns.get(reader.source, raw), first)
                        for name, reader in readers.items()
                    }
                step(len(raw))


def _readers(tree: TaggedTree, surveyed: Surveyed, options: Options) -> dict[str, Reader]:
    """Readers of the outputs, truth and variables alone, without the inputs."""
    labels = [model.adapter.truth.label for model in surveyed.models]
    energies = [model.adapter.energy or model.adapter.truth.energy for model in surveyed.models]
    wished = [tuple(filter(None, pair)) for pair in zip(labels, energies, strict=True)]
    readers = make_readers(tree, surveyed.models, surveyed.request, options, wished)
    return {reader.model.full_name: replace(reader, inputs=False, points={}) for reader in readers}


def _apart(one: Side, other: Side) -> Note:
    names = " and ".join(side.ledger.model.full_name for side in (one, other))
    text = f"{names} did not judge the same background: the errors of their ratio are independent"
    return Note("info", text, one.ledger.sample)
