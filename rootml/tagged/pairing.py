"""Networks that judged the same events of a sample, read once more: what passes both their cuts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from rootml.errors import located
from rootml.spec import places_within
from rootml.tagged.counting import Ledger, Step, chunks
from rootml.tagged.models import TaggedModel
from rootml.tagged.options import Options
from rootml.tagged.reader import Reader, make_readers
from rootml.tagged.said import Said
from rootml.tagged.survey import Surveyed, SurveyedFile
from rootml.tagged.tree import TaggedTree, open_tagged
from rootml.tagging.record import adapter_identity
from rootml.validation.collect import columns_of, labels_of
from rootml.validation.comparing.pairing import Background, Cuts, Joint
from rootml.validation.figures.separation import BACKGROUND
from rootml.validation.report import Report
from rootml.validation.study import Note, Pair
from rootml.validation.topics.base import is_score


@dataclass(frozen=True, eq=False)
class Side:
    """A score of one network on a sample.

    ``report``: the index of its report in the study; ``figures``: those of the output.
    """

    ledger: Ledger
    report: int
    output: str
    figures: Mapping[str, Any]

    @property
    def cuts(self) -> Cuts:
        """Where it is cut."""
        return Cuts.of(self.figures, self.ledger.collector.setting.variables)

    def agrees(self, joint: Joint, place: int) -> bool:
        """Whether as much background passes the cuts as in the first reading."""
        before = {row["target"]: row["background_passed"] for row in self.figures["working_points"]}
        now, rounding = joint.passed(place), 1e-9 * abs(self.figures["background"])
        return all(abs(now[target] - passed) <= rounding for target, passed in before.items())

    def background(self, said: Said) -> Background:
        """The background that this network judged, of what it said of some entries."""
        setting, scores = self.ledger.collector.setting, said.outputs[self.output]
        column = columns_of(said.events, said.batch, len(scores), said.variables)
        rows = labels_of(setting, column, len(scores)) == BACKGROUND
        rows &= (scores >= 0) & (scores <= 1) & said.batch.each
        known = {one.name: column(one.source) for one in setting.variables}
        return Background(
            np.stack((said.entries, places_within(said.batch.counts, len(scores))), 1)[rows],
            scores[rows],
            None if said.weights is None else said.weights[rows],
            {name: values[rows] for name, values in known.items() if values is not None},
        )


def same_events(surveyed: Sequence[Surveyed], options: Options) -> list[list[int]]:
    """Samples, by their places, grouped by their events: files that were made from the same ones.

    So are outputs of several taggings of a file, each by other networks. The files of a group have
    as many entries each, and weights and a role in common.
    """
    groups: list[list[int]] = []
    for place, sample in enumerate(surveyed):
        found = (g for g in groups if all(_alike(surveyed[i], sample, options) for i in g))
        group = next(found, None)
        if group is None:
            groups.append([place])
        else:
            group.append(place)
    return groups


def _alike(one: Surveyed, other: Surveyed, options: Options) -> bool:
    weights = [str(options.weighting(sample.request)) for sample in (one, other)]
    networks = [{model.full_name for model in sample.models} for sample in (one, other)]
    return (
        one.request.role == other.request.role
        and weights[0] == weights[1]
        and networks[0].isdisjoint(networks[1])
        and len(one.files) == len(other.files)
        and all(a.is_made_as(b) for a, b in zip(one.files, other.files, strict=True))
    )


def pair_up(
    samples: Sequence[tuple[Surveyed, Sequence[Ledger]]],
    reports: Mapping[tuple[str, str], tuple[int, Report]],
    options: Options,
    step: Step,
) -> tuple[list[Pair], list[Note]]:
    """Pairs of the networks that judged the same events, and which ones did not.

    ``samples``: of a group of :func:`same_events`, with what was counted of each network in the
    first reading; ``reports``: with their indices, by the names of sample and network. Raises the
    errors of reading.
    """
    groups = [sides for sides in _groups(samples, reports) if len(sides) > 1]
    first = samples[0][0]
    if not groups or first.request.role == "variation":
        step(first.entries)
        return [], []
    joints = [Joint([side.cuts for side in sides]) for sides in groups]
    for said in _said([surveyed for surveyed, _ in samples], options, step):
        for joint, sides in zip(joints, groups, strict=True):
            joint.fill([side.background(said[side.ledger.model.full_name]) for side in sides])
    pairs, notes = [], []
    for joint, sides in zip(joints, groups, strict=True):
        for (i, one), (j, other) in combinations(enumerate(sides), 2):
            if (i, j) in joint.apart or not (one.agrees(joint, i) and other.agrees(joint, j)):
                notes.append(_apart(one, other))
            else:
                pairs.append(Pair(one.output, (one.report, other.report), joint.figures(i, j)))
    return pairs, notes


def _groups(
    samples: Sequence[tuple[Surveyed, Sequence[Ledger]]],
    reports: Mapping[tuple[str, str], tuple[int, Report]],
) -> Iterator[list[Side]]:
    """Scores of one name, of networks that see the same units with the same truth.

    A network with outputs for units that its view does not judge today is left out: which ones
    counted is not known without its inputs.
    """
    groups: dict[tuple[str, str, str | None], list[Side]] = {}
    for sample, ledger in ((one, ledger) for one, ledgers in samples for ledger in ledgers):
        setting = ledger.collector.setting
        index, report = reports[sample.request.name, ledger.model.full_name]
        for output in filter(is_score, setting.outputs):
            figures = report.figures["outputs"][output.name]
            if "curve" in figures and not ledger.odd["unseen"]:
                side = Side(ledger, index, output.name, figures)
                adapter = str(adapter_identity(setting.card))
                groups.setdefault((output.name, adapter, output.per), []).append(side)
    yield from groups.values()


def _said(samples: Sequence[Surveyed], options: Options, step: Step) -> Iterator[dict[str, Said]]:
    """What each network, by its name, said of the entries of all files, chunk by chunk."""
    models = [model for sample in samples for model in sample.models]
    for files in zip(*(sample.files for sample in samples), strict=True):
        main = files[0].facts
        with open_tagged(
            main["file"],
            models,
            tree=main["tree"],
            friends=tuple(_friends(files, options)),
            prefix=options.prefix,
        ) as tree:
            readers = _readers(tree, models, samples[0], options)
            for first, raw, columns in chunks(tree, list(readers.values())):
                with located(tree.events.where, first):
                    yield {
                        name: reader(raw, columns.get(reader.source, raw), first)
                        for name, reader in readers.items()
                    }
                step(len(raw))


def _friends(files: Sequence[SurveyedFile], options: Options) -> Iterator[str]:
    """What is read beside the tree of the first file, which may be that it was made from.

    Files of other samples, and the first one where it has outputs alone.
    """
    first, *others = files
    main = Path(first.facts["file"]).resolve()
    if Path(first.path).resolve() != main:
        yield first.path
    yield from (os.fspath(friend) for friend in options.friends)
    for i, other in enumerate(others, start=1):
        if Path(other.path).resolve() != main:
            yield f"same{i}={other.path}"


def _readers(
    tree: TaggedTree, models: Sequence[TaggedModel], sample: Surveyed, options: Options
) -> dict[str, Reader]:
    """Readers of the outputs, truth and variables alone, without the inputs."""
    adapters = [model.adapter for model in models]
    wished = [(one.truth.label, one.energy or one.truth.energy) for one in adapters]
    named = [tuple(filter(None, names)) for names in wished]
    readers = make_readers(tree, models, sample.request, options, named)
    return {r.model.full_name: replace(r, inputs=False, points={}) for r in readers}


def _apart(one: Side, other: Side) -> Note:
    names = " and ".join(side.ledger.model.full_name for side in (one, other))
    text = f"{names} did not judge the same background: the errors of their ratio are independent"
    return Note("info", text, one.ledger.sample)
