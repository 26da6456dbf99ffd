"""What one network said of the events of one file: read, checked, and made ready to be counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.card import Output
from rootml.declared.rows import Units
from rootml.errors import BranchError, DataError
from rootml.rootio.source import Source
from rootml.spec import Array, Batch, per_unit
from rootml.tagged.expressions import Bound, Expression, bind
from rootml.tagged.said import Mask, Said

if TYPE_CHECKING:
    import awkward as ak

    from rootml.adapter import View
    from rootml.card import AdapterChoice
    from rootml.tagged.models import TaggedModel
    from rootml.tagged.options import Options
    from rootml.tagged.samples import SampleFiles
    from rootml.tagged.tree import TaggedTree
    from rootml.working_point import WorkingPoint

LARGEST = 1e100
"""Of weights: the sum of their squares is a number, too."""


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads the outputs of one network, and what goes with them, from one tree.

    ``paths``: output name -> branch. ``columns``: logical columns that the validation wishes and
    the file has. ``given``: further columns, by the name under which they are counted. ``inputs``:
    whether the view's tensors are built. ``lacking``: variables that the file does not have, and
    why. ``points``: branch of bools -> the cut that made it. ``odd`` counts units for which the
    file and the view do not agree on what can be judged, ``differing`` those, by branch, that do
    not pass what the file says they pass, or the other way round.
    """

    model: TaggedModel
    source: Source
    paths: Mapping[str, str]
    columns: tuple[str, ...]
    given: Mapping[str, Bound]
    variables: Mapping[str, Bound]
    weight: Bound | None = None
    select: Bound | None = None
    inputs: bool = True
    lacking: Mapping[str, str] = field(default_factory=dict)
    points: Mapping[str, WorkingPoint] = field(default_factory=dict)
    odd: Counter[str] = field(default_factory=Counter)
    differing: Counter[str] = field(default_factory=Counter)

    @property
    def view(self) -> View:
        """The view that the network sees."""
        return self.model.adapter.views[self.model.card.view]

    @property
    def bound(self) -> Iterator[Bound]:
        """Every expression."""
        yield from (*self.given.values(), *self.variables.values())
        yield from (one for one in (self.weight, self.select) if one is not None)

    @property
    def logical(self) -> tuple[str, ...]:
        """The logical columns to read."""
        view = self.view.columns if self.inputs else ()
        named = (name for one in self.bound for name in one.columns)
        against = (point.against for point in self.points.values() if point.against)
        return tuple(dict.fromkeys((*view, *self.columns, *named, *against)))

    @property
    def plain(self) -> tuple[str, ...]:
        """The branches to read as they are."""
        named = (path for one in self.bound for path in one.branches.values())
        return tuple(dict.fromkeys((*self.paths.values(), *self.points, *named)))

    def __call__(self, raw: ak.Array, events: ak.Array, first: int) -> Said:
        """The selected units of some entries, from entry ``first`` on.

        ``raw``: the branches by path; ``events``: the logical columns. Raises DataError where
        what belongs together differs in its numbers of objects.
        """
        outputs, counts = self._outputs(raw)
        units = Units(len(raw), counts)
        batch = self._batch(events, outputs, counts)
        self._check_points(raw, events, outputs, counts)

        def evaluate(bound: Bound) -> Array:
            return bound(raw, events, units, first)

        values = {name: evaluate(one) for name, one in self.given.items()}
        said = Said(
            _record(events, self.columns, units, values),
            batch,
            outputs,
            None if self.weight is None else evaluate(self.weight),
            {name: evaluate(one) for name, one in self.variables.items()},
            first + units.event,
        )
        kept = None if self.select is None else _true(evaluate(self.select))
        self._check_weights(said, units, kept)
        return said if kept is None else said.selected(units, kept)

    def _check_weights(self, said: Said, units: Units, kept: Mask | None) -> None:
        """Refuse a weight that is no number, or too large to be squared, of a unit that counts."""
        if self.weight is None or said.weights is None:
            return
        bad = ~(np.abs(said.weights) < LARGEST)
        for counts in (said.batch.judged, kept):
            bad = bad if counts is None else bad & counts
        if bad.any():
            event = int(units.event[np.argmax(bad)])
            raise DataError(f"{self.weight.expression} is no number below {LARGEST:g}", event)

    def _outputs(self, raw: ak.Array) -> tuple[dict[str, Array], Any]:
        """Every output, flat over the units, and how many of them each event has."""
        card = {output.name: output for output in self.model.card.outputs}
        outputs: dict[str, Array] = {}
        counts = None
        for name, path in self.paths.items():
            outputs[name], each = _flat(raw[path], card[name], path)
            if counts is None:
                counts = each
            elif each is None or not np.array_equal(counts, each):
                raise DataError(f"the branches {', '.join(self.paths.values())} differ in length")
        return outputs, counts

    def _check_points(
        self, raw: ak.Array, events: ak.Array, outputs: Mapping[str, Array], counts: Any
    ) -> None:
        """Count the units whose bools are not what the scores beside them make of the cuts."""
        card = {output.name: output for output in self.model.card.outputs}
        for path, point in self.points.items():
            stored, _ = _flat(raw[path], card[point.output], path)
            values = None
            if point.against:
                batch = Batch({}, counts=counts)
                values = per_unit(events[point.against], batch, np.nan, point.against)
            passed = point.passes(outputs[point.output], values)
            self.differing[path] += int(np.count_nonzero(passed != stored))

    def _batch(self, events: ak.Array, outputs: Mapping[str, Array], counts: Any) -> Batch:
        """Which units the network judged, and the tensors of those that it can have seen."""
        said = self._said(outputs, counts)
        if not self.inputs:
            return Batch({}, said, counts)
        batch = self.view.build(events)
        if self.view.lists(self.model.card.outputs[0]):
            batch = batch.of_members()
        if (counts is None) != (batch.counts is None) or not _equal(counts, batch.counts):
            raise DataError(
                f"the branches {', '.join(self.paths.values())} do not have one value for each of "
                f"the objects that the view {self.view.name!r} finds"
            )
        could = batch.each
        self.odd["unsaid"] += int(np.count_nonzero(could & ~said))
        self.odd["unseen"] += int(np.count_nonzero(said & ~could))
        return batch.judging(said)

    def _said(self, outputs: Mapping[str, Array], counts: Any) -> Mask:
        """Which units have an output.

        Where nothing but clusters is there, all of an event that has any: those of none are -1,
        too.
        """
        clusters = {one.name for one in self.model.card.outputs if one.role == "cluster"}
        telling = [name for name in outputs if name not in clusters] or [*outputs]
        said: Mask = np.any([_present(outputs[name]) for name in telling], axis=0)
        if counts is None or clusters.isdisjoint(telling):
            return said
        event = np.repeat(np.arange(len(counts)), counts)
        return np.bincount(event, said, len(counts))[event] > 0


def make_readers(
    tree: TaggedTree,
    models: Sequence[TaggedModel],
    request: SampleFiles,
    options: Options,
    wished: Sequence[Sequence[str]],
) -> list[Reader]:
    """A reader for each model, of those that read alike with the same source.

    ``wished``: for each model, logical columns that are read as far as the file has them. Raises
    LayoutError where an adapter cannot read the tree, BranchError for names that it does not have.
    """
    sources: list[tuple[AdapterChoice, Source]] = []
    readers = []
    weight, selection = options.weighting(request), options.selection
    for model, columns in zip(models, wished, strict=True):
        source = next((one for key, one in sources if key == model.card.adapter), None)
        if source is None:
            source = tree.source(model.adapter, whole=options.inputs)
            sources.append((model.card.adapter, source))
        variables, lacking = _bound(
            {one.variable.name: one.expression for one in options.variables}, source
        )
        paths = tree.outputs(model, options.prefix, request.suffix)[0]
        cuts = {} if request.suffix else tree.points(model, options.prefix)
        points = {
            path: point
            for path, point in cuts.items()
            if point.output in paths and (not point.against or source.decoder.has(point.against))
        }
        given, missing = _bound({options.truth: options.label} if options.label else {}, source)
        if missing and request.role != "data":
            raise BranchError(missing[options.truth])
        readers.append(
            Reader(
                model,
                source,
                paths,
                tuple(column for column in columns if source.decoder.has(column)),
                given,
                variables,
                None if weight is None else bind(weight, source),
                None if selection is None else bind(selection, source),
                options.inputs and not request.suffix,  # the file has the nominal ones
                lacking,
                points,
            )
        )
    return readers


def _bound(
    expressions: Mapping[str, Expression], source: Source
) -> tuple[dict[str, Bound], dict[str, str]]:
    """The expressions whose names a tree has, and why the others are none of these."""
    found: dict[str, Bound] = {}
    lacking: dict[str, str] = {}
    for name, expression in expressions.items():
        try:
            found[name] = bind(expression, source)
        except BranchError as error:
            lacking[name] = str(error)
    return found, lacking


def _flat(values: ak.Array, output: Output, path: str) -> tuple[Array, Any]:
    """The values of a branch as (units, *shape), and the units of each event if it holds lists."""
    import awkward as ak

    expected = 1 + len(output.shape)
    if values.ndim not in (expected, expected + 1):
        raise BranchError(
            f"the branch {path!r} holds {values.type.content}, expected what the output "
            f"{output.name!r} is: {output.dtype} {list(output.shape) or ''}".rstrip()
        )
    counts = None
    if values.ndim == expected + 1:
        counts = np.asarray(ak.to_numpy(ak.num(values, axis=1)), np.int64)
        values = ak.flatten(values, axis=1)
    array = np.asarray(ak.to_numpy(values))
    if array.shape[1:] != output.shape and len(array):
        raise BranchError(
            f"the branch {path!r} has values of the shape {array.shape[1:]}, the output "
            f"{output.name!r} is of {output.shape}"
        )
    return array.reshape(len(array), *output.shape), counts


def _present(values: Array) -> Mask:
    """Where a value is none of those that stand for "cannot be judged" (NaN, -1, empty sets)."""
    match values.dtype.kind:
        case "f":
            there = ~np.isnan(values)
        case "b":
            there = values
        case _:
            there = values != -1
    return np.asarray(there.any(axis=tuple(range(1, there.ndim))))


def _true(values: Array) -> Mask:
    """Where a selection is true; not where it is missing or NaN."""
    return np.asarray(np.isfinite(values) & (values != 0))


def _equal(counts: Any, others: Any) -> bool:
    return counts is None or np.array_equal(counts, others)


def _record(
    events: ak.Array, columns: tuple[str, ...], units: Units, given: Mapping[str, Array]
) -> ak.Array:
    """The wished columns, and the given ones, which are flat over the units."""
    import awkward as ak

    fields = {name: events[name] for name in columns}
    for name, values in given.items():
        fields[name] = values if units.counts is None else ak.unflatten(values, units.counts)
    contents = [ak.to_layout(values) for values in fields.values()]
    return ak.Array(ak.contents.RecordArray(contents, list(fields), length=units.events))
