"""From files to tensors with their truth on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from typing import Any, TypedDict, Unpack

import awkward as ak
import numpy as np
import numpy.typing as npt

from rootml.adapter import Adapter, View
from rootml.errors import DataError, OutputError, TrainingError, located
from rootml.rootio.source import Source, open_source
from rootml.spec import Array, Batch, TensorSpec, per_unit
from rootml.training.data import DataSet, Rows
from rootml.training.labels import Labels
from rootml.training.task import OF_NO_CLASS, Classification, Regression, Task
from rootml.training.truth import require_column


class Reading(TypedDict, total=False):
    """How files are read.

    ``columns``: logical columns to keep, a number an event or object, that every file must have;
    ``more``: others, NaN where a file has none. ``tree``: its name. ``max_events`` stops after so
    many, of each sample. ``takes_nan``: the learner understands NaN in tensors that may hold it.
    ``samples``: names of files by the sample of the task that they are.
    """

    columns: Sequence[str]
    more: Sequence[str]
    tree: str | None
    max_events: int | None
    takes_nan: bool
    samples: Mapping[str, Sequence[str]]


def load_dataset(
    files: Sequence[str | Path],
    adapter: Adapter,
    view: View,
    task: Task | None,
    folder: Path,
    **how: Unpack[Reading],
) -> DataSet:
    """Read the view's tensors and the truth of ``files`` into mapped files in ``folder``.

    ``task`` None: no truth is needed, and all rows are kept. Raises InputError where a file
    cannot be read or has no truth, DataError where a value cannot be right or a class is missing.
    """
    _check_shapes(view)
    reader = _Reader(adapter, view, task, how)
    tree, max_events = how.get("tree"), how.get("max_events")
    left: dict[str, int] = {}
    with ExitStack() as stack:
        sinks = {
            spec.name: stack.enter_context((folder / f"{spec.name}.bin").open("wb", buffering=0))
            for spec in view.tensors
        }
        for index, path in enumerate(files):
            source = stack.enter_context(open_source(path, [adapter], tree=tree))
            sample, stop = reader.sample(path), source.num_entries
            if max_events is not None:
                stop = min(left.setdefault(sample, max_events), stop)
                left[sample] -= stop
            for batch in reader.read(source, index, stop):
                _write(sinks, batch)
    return reader.finish(folder, tuple(Path(path).name for path in files))


class _Reader:
    """Reads file after file and keeps what is known of their rows."""

    def __init__(self, adapter: Adapter, view: View, task: Task | None, how: Reading) -> None:
        self.adapter, self.view, self.task = adapter, view, task
        self.takes_nan = how.get("takes_nan", False)
        self.required = how.get("columns", ())
        self.samples = {
            file: name for name, files in how.get("samples", {}).items() for file in files
        }
        kept = [r.column for r in task.references(adapter)] if task else []
        kept += [*filter(None, [adapter.energy]), *self.required, *how.get("more", ())]
        self.rows: dict[str, list[Array]] = {"truth": [], "file": [], "entry": []}
        self.columns: dict[str, list[Array]] = {column: [] for column in kept}
        self.weights: dict[str, list[Array]] = {}
        self.skipped = self.unknown = self.unselected = 0

    def sample(self, path: str | Path) -> str:
        """The sample that a file is; "" where it is none with a name."""
        return self.samples.get(Path(path).name, "")

    def read(self, source: Source, file: int, stop: int) -> Iterable[dict[str, Array]]:
        """Yield the tensors of the rows that can be learned from, chunk by chunk."""
        labels = None
        if self.task is not None:
            sample = self.sample(source.path)
            labels = Labels.of(self.task, self.adapter, sample, self.view.members)
            labels.check(source)
        for column in self.required:
            require_column(source, column, "it is asked for")
        columns = [*self.view.columns, *filter(source.decoder.has, self.columns)]
        columns += labels.columns if labels else ()
        for first, events in source.chunks(tuple(dict.fromkeys(columns)), stop=stop):
            with located(source.events.where, first):
                batch = self.view.build(events)
                known, entry = self._add(events, batch, labels)
                tensors = {name: tensor[known] for name, tensor in batch.tensors.items()}
                for spec in self.view.tensors:
                    self._check_values(spec, tensors[spec.name], entry)
            self.rows["entry"].append(first + entry)
            self.rows["file"].append(np.full(len(entry), file, np.int32))
            yield tensors

    def _add(
        self, events: ak.Array, batch: Batch, labels: Labels | None
    ) -> tuple[npt.NDArray[np.bool_], Rows]:
        """Keep the truth of a batch; returns which of its rows have one, and their events."""
        counts = np.ones(len(events), np.int64) if batch.counts is None else batch.counts
        judged = np.ones(counts.sum(), bool) if batch.judged is None else batch.judged
        truth, known = self._truth(events, batch, judged, labels)
        self.rows["truth"].append(truth[known])
        entry = np.repeat(np.arange(len(events)), counts)[judged][known]
        for what, values in (labels.weights(events, batch) if labels else {}).items():
            self.weights.setdefault(what, []).append(values[judged][known])
        for column, kept in self.columns.items():
            values = np.full(len(judged), np.nan)
            if column in events.fields:
                values = per_unit(events[column], batch, np.nan, column)
            kept.append(values[judged][known])
        self.skipped += int(np.sum(~judged))
        return known, entry

    def _truth(
        self,
        events: ak.Array,
        batch: Batch,
        judged: npt.NDArray[np.bool_],
        labels: Labels | None,
    ) -> tuple[Array, npt.NDArray[np.bool_]]:
        """The truth of the judged units, and which of them are learned from."""
        if labels is None:
            rows = int(judged.sum())
            return np.full(rows, OF_NO_CLASS), np.ones(rows, bool)
        truth = labels.truth(events, batch)[judged]
        selected = labels.selected(events, batch, judged)
        known = selected.copy()
        known[selected] = labels.known(truth[selected])
        self.unselected += int(np.sum(~selected))
        self.unknown += int(np.sum(selected & ~known))
        return truth, known

    def _check_values(self, spec: TensorSpec, tensor: Array, entry: Rows) -> None:
        """Raise DataError where a row, of the event ``entry``, cannot be learned from."""
        if tensor.dtype.kind != "f" or np.isfinite(tensor).all():
            return
        may_miss = spec.allow_nan and self.takes_nan
        bad = np.isinf(tensor) if may_miss else ~np.isfinite(tensor)
        rows = np.flatnonzero(bad.reshape(len(bad), -1).any(axis=1))
        if len(rows):
            problem = f"tensor {spec.name!r} holds {'infinity' if may_miss else 'NaN or infinity'}"
            if spec.allow_nan and not self.takes_nan:
                problem += "; this learner knows no missing values, XGBoost and histgb do"
            raise DataError(problem, int(entry[rows[0]]))

    def finish(self, folder: Path, files: tuple[str, ...]) -> DataSet:
        """Map what was written."""
        truth, file, entry = map(_joined, self.rows.values())
        kept = {**self.columns, **self.weights}
        columns = {column: _joined(values) for column, values in kept.items()}
        if not isinstance(self.task, Regression):
            truth = truth.astype(np.int8)
        if self.task is not None:
            self._check_truth(self.task, truth, files)
        elif not len(truth):
            raise DataError(f"{', '.join(files)}: no event can be judged")
        tensors: dict[str, Array] = {}
        for spec in self.view.tensors:
            shape: tuple[Any, ...] = (len(truth), *spec.shape)
            path = folder / f"{spec.name}.bin"
            tensors[spec.name] = np.memmap(path, spec.dtype, "r", shape=shape)
        left_out = self.skipped, self.unknown, self.unselected
        return DataSet(tensors, truth, file, entry, files, columns, *left_out)

    def _check_truth(self, task: Task, truth: Array, files: tuple[str, ...]) -> None:
        where = ", ".join(files)
        if isinstance(task, Classification):
            counts = np.bincount(truth, minlength=2)
            if not counts.all():
                classes = self.adapter.truth.classes
                have = ", ".join(f"{n} {c}" for n, c in zip(counts, classes, strict=True))
                raise DataError(f"{where}: a training needs events of both classes, has {have}")
        elif not len(truth):
            raise DataError(f"{where}: no event is selected and has a true value {task.target!r}")


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate(arrays) if arrays else np.empty(0)


def _check_shapes(view: View) -> None:
    for spec in view.tensors:
        if any(isinstance(size, str) for size in spec.shape):
            raise TrainingError(
                f"view {view.name!r}: tensor {spec.name!r} has no fixed shape: {spec.shape}"
            )


def _write(sinks: Mapping[str, FileIO], tensors: Mapping[str, Array]) -> None:
    for name, sink in sinks.items():
        left = np.ascontiguousarray(tensors[name]).reshape(-1).view(np.uint8)
        try:
            while len(left):
                left = left[sink.write(left.data) :]
        except OSError as error:
            raise OutputError(f"{sink.name}: cannot be written: {error.strerror}") from error
