"""From files to tensors with their truth on disk, and their split into parts."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from rootml.adapter import Adapter, View
from rootml.errors import DataError, OutputError, TrainingError, located
from rootml.rootio.source import Source, open_source
from rootml.spec import Array, Batch, TensorSpec
from rootml.training.split import PARTS, Split, as_split
from rootml.training.task import OF_NO_CLASS, Classification, Task
from rootml.training.truth import per_unit, require_column

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DataSet:
    """Rows of tensors with their truth, and where each row came from.

    ``tensors``: memory-mapped, (rows, *shape). ``truth``: class (0 = background, 1 = signal) or
    true value. ``file`` counts through ``files`` (names without folder), ``entry`` in the file's
    tree: the event, of which several rows may be objects. ``columns``: further logical columns
    (the files' own estimates of the truth, the reconstructed energy, and what was asked for), NaN
    where a file has none. ``skipped``: units that cannot be judged; ``unknown``: units that could,
    but are of no class or have no true value.
    """

    tensors: Mapping[str, Array]
    truth: Array
    file: npt.NDArray[np.int32]
    entry: npt.NDArray[np.int64]
    files: tuple[str, ...]
    columns: Mapping[str, Array] = field(default_factory=dict)
    skipped: int = 0
    unknown: int = 0

    def __len__(self) -> int:
        return len(self.truth)

    def parts(self, seed: int, split: Split | str | Sequence[float]) -> dict[str, Rows]:
        """Rows of each part ("train", "validation", "test"), disjoint and complete.

        The part of an event, and of all its objects, depends on the seed, its file's name, its
        entry and the column of the split alone, so that it stays where it is when files are
        added, reordered or read in part.
        """
        keys = np.array([zlib.crc32(name.encode()) for name in self.files], np.uint64)
        uniform = _uniform(seed, keys[self.file], self.entry.astype(np.uint64))
        part = as_split(split).assign(uniform, self.columns)
        return {name: np.flatnonzero(part == index) for index, name in enumerate(PARTS)}


def load_dataset(
    files: Sequence[str | Path],
    adapter: Adapter,
    view: View,
    task: Task,
    folder: Path,
    *,
    columns: Sequence[str] = (),
    tree: str | None = None,
    max_events: int | None = None,
    takes_nan: bool = False,
) -> DataSet:
    """Read the view's tensors and the truth of ``files`` into mapped files in ``folder``.

    ``columns``: logical columns to keep, a number an event, that every file must have (those of
    a split). ``max_events`` stops after so many events. ``takes_nan``: the learner understands
    NaN in tensors that may hold it. Raises InputError where a file cannot be read or has no
    truth, DataError where a value cannot be right or a class is missing.
    """
    _check_shapes(view)
    reader = _Reader(adapter, view, task, columns, takes_nan)
    left = max_events
    with ExitStack() as stack:
        sinks = {
            spec.name: stack.enter_context((folder / f"{spec.name}.bin").open("wb"))
            for spec in view.tensors
        }
        for index, path in enumerate(files):
            source = stack.enter_context(open_source(path, [adapter], tree=tree))
            stop = source.num_entries if left is None else min(left, source.num_entries)
            for batch in reader.read(source, index, stop):
                _write(sinks, batch)
            left = None if left is None else left - stop
    return reader.finish(folder, tuple(Path(path).name for path in files))


class _Reader:
    """Reads file after file and keeps what is known of their rows."""

    def __init__(
        self, adapter: Adapter, view: View, task: Task, required: Sequence[str], takes_nan: bool
    ) -> None:
        self.adapter, self.view, self.task, self.takes_nan = adapter, view, task, takes_nan
        self.column = task.column(adapter)
        self.missing = OF_NO_CLASS if isinstance(task, Classification) else np.nan
        self.required = required
        kept = [reference.column for reference in task.references(adapter)]
        kept += [*filter(None, [adapter.energy]), *required]
        self.rows: dict[str, list[Array]] = {"truth": [], "file": [], "entry": []}
        self.columns: dict[str, list[Array]] = {column: [] for column in kept}
        self.skipped = self.unknown = 0

    def read(self, source: Source, file: int, stop: int) -> Iterable[dict[str, Array]]:
        """Yield the tensors of the rows that can be learned from, chunk by chunk."""
        require_column(source, self.column, "a training needs events with truth")
        for column in self.required:
            require_column(source, column, "the split follows it")
        columns = [*self.view.columns, self.column]
        columns += filter(source.decoder.has, self.columns)
        for first, events in source.chunks(tuple(dict.fromkeys(columns)), stop=stop):
            with located(source.events.where, first):
                batch = self.view.build(events)
                known, entry = self._add(events, batch)
                tensors = {name: tensor[known] for name, tensor in batch.tensors.items()}
                for spec in self.view.tensors:
                    self._check_values(spec, tensors[spec.name], entry)
            self.rows["entry"].append(first + entry)
            self.rows["file"].append(np.full(len(entry), file, np.int32))
            yield tensors

    def _add(self, events: ak.Array, batch: Batch) -> tuple[npt.NDArray[np.bool_], Rows]:
        """Keep the truth of a batch; returns which of its rows have one, and their events."""
        counts = np.ones(len(events), np.int64) if batch.counts is None else batch.counts
        judged = np.ones(counts.sum(), bool) if batch.judged is None else batch.judged
        truth = per_unit(events[self.column], batch, self.missing, self.column)[judged]
        known = self.task.known(truth, self.adapter)
        self.rows["truth"].append(truth[known])
        entry = np.repeat(np.arange(len(events)), counts)[judged][known]
        for column, kept in self.columns.items():
            values = np.full(len(judged), np.nan)
            if column in events.fields:
                values = per_unit(events[column], batch, np.nan, column)
            kept.append(values[judged][known])
            if column in self.required:
                _check_column(column, events[column].ndim, kept[-1], entry)
        self.skipped += int(np.sum(~judged))
        self.unknown += int(np.sum(~known))
        return known, entry

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
        columns = {column: _joined(kept) for column, kept in self.columns.items()}
        if isinstance(self.task, Classification):
            truth = truth.astype(np.int8)
        self._check_truth(truth, files)
        tensors: dict[str, Array] = {}
        for spec in self.view.tensors:
            shape: tuple[Any, ...] = (len(truth), *spec.shape)
            path = folder / f"{spec.name}.bin"
            tensors[spec.name] = np.memmap(path, spec.dtype, "r", shape=shape)
        return DataSet(tensors, truth, file, entry, files, columns, self.skipped, self.unknown)

    def _check_truth(self, truth: Array, files: tuple[str, ...]) -> None:
        where = ", ".join(files)
        if isinstance(self.task, Classification):
            counts = np.bincount(truth, minlength=2)
            if not counts.all():
                classes = self.adapter.truth.classes
                have = ", ".join(f"{n} {c}" for n, c in zip(counts, classes, strict=True))
                raise DataError(f"{where}: a training needs events of both classes, has {have}")
        elif not len(truth):
            raise DataError(f"{where}: no event has a true value {self.column!r}")


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate(arrays) if arrays else np.empty(0)


def _check_column(column: str, axes: int, values: Array, entry: Rows) -> None:
    """Raise DataError where a split cannot follow ``values``, of the rows of events ``entry``."""
    if axes > 1:
        raise DataError(f"column {column!r} has values of objects: a split needs one an event")
    missing = np.flatnonzero(np.isnan(values))
    if len(missing):
        raise DataError(
            f"column {column!r}, which the split follows, is NaN", int(entry[missing[0]])
        )


def _check_shapes(view: View) -> None:
    for spec in view.tensors:
        if any(isinstance(size, str) for size in spec.shape):
            raise TrainingError(
                f"view {view.name!r}: tensor {spec.name!r} has no fixed shape: {spec.shape}"
            )


def _write(sinks: Mapping[str, IO[bytes]], tensors: Mapping[str, Array]) -> None:
    for name, sink in sinks.items():
        try:
            sink.write(np.ascontiguousarray(tensors[name]).data)
        except OSError as error:
            raise OutputError(f"{sink.name}: cannot be written: {error.strerror}") from error


def _uniform(seed: int, *keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
    """A number in [0, 1) for each row of keys, by the mixing function of SplitMix64.

    G. L. Steele, D. Lea, C. H. Flood, OOPSLA 2014, p. 453.
    """
    state = np.full(len(keys[0]), seed, np.uint64)
    for key in keys:
        state = (state ^ key) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return np.asarray((state >> np.uint64(11)) * 2.0**-53)
