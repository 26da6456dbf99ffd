"""From files to labelled tensors on disk, and their split into parts."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import awkward as ak
import numpy as np
import numpy.typing as npt

from rootml.adapter import Adapter, View
from rootml.errors import BranchError, DataError, OutputError, TrainingError
from rootml.rootio.source import Source, open_source
from rootml.spec import Array, Batch
from rootml.training.recipe import PARTS


@dataclass(frozen=True, eq=False)
class DataSet:
    """Rows of tensors with their labels, and where each row came from.

    ``tensors``: memory-mapped, (rows, *shape). ``labels``: 0 = background, 1 = signal.
    ``file`` counts through ``files`` (names without folder), ``entry`` in the file's tree.
    ``skipped``: events that cannot be judged.
    """

    tensors: Mapping[str, Array]
    labels: npt.NDArray[np.int8]
    file: npt.NDArray[np.int32]
    entry: npt.NDArray[np.int64]
    files: tuple[str, ...]
    skipped: int = 0

    def __len__(self) -> int:
        return len(self.labels)

    def parts(self, seed: int, fractions: Sequence[float]) -> dict[str, npt.NDArray[np.int64]]:
        """Rows of each part ("train", "validation", "test"), disjoint and complete.

        An event's part depends on the seed, its file's name and its entry alone, so that it
        stays where it is when files are added, reordered or read in part.
        """
        keys = np.array([zlib.crc32(name.encode()) for name in self.files], np.uint64)
        uniform = _uniform(seed, keys[self.file], self.entry.astype(np.uint64))
        part = np.searchsorted(np.cumsum(fractions)[:-1], uniform, side="right")
        return {name: np.flatnonzero(part == index) for index, name in enumerate(PARTS)}


def load_dataset(
    files: Sequence[str | Path],
    adapter: Adapter,
    view: View,
    folder: Path,
    *,
    tree: str | None = None,
    max_events: int | None = None,
) -> DataSet:
    """Read the view's tensors and the truth label of ``files`` into mapped files in ``folder``.

    ``max_events`` stops after so many events. Raises InputError where a file cannot be read or
    has no truth label, DataError where a value cannot be right or a class is missing.
    """
    label = _label_column(adapter)
    _check_shapes(view)
    rows = _Rows()
    with ExitStack() as stack:
        sinks = {
            spec.name: stack.enter_context((folder / f"{spec.name}.bin").open("wb"))
            for spec in view.tensors
        }
        for index, path in enumerate(files):
            left = None if max_events is None else max_events - rows.events
            source = stack.enter_context(open_source(path, [adapter], tree=tree))
            _check_label(source, label)
            stop = source.num_entries if left is None else min(left, source.num_entries)
            for first, events in source.chunks((*view.columns, label), stop=stop):
                batch = view.build(events)
                rows.add(index, first, batch, _labels(source, adapter, events, batch))
                _write(sinks, batch, source.path)
    return _finish(rows, adapter, view, folder, tuple(Path(path).name for path in files))


class _Rows:
    """What is known of the rows read so far."""

    def __init__(self) -> None:
        self.events = self.skipped = 0
        self.labels: list[Array] = [np.empty(0, np.int8)]
        self.file: list[Array] = [np.empty(0, np.int32)]
        self.entry: list[Array] = [np.empty(0, np.int64)]

    def add(self, file: int, first: int, batch: Batch, labels: Array) -> None:
        entry = first + np.arange(len(labels))
        if batch.judged is not None:
            labels, entry = labels[batch.judged], entry[batch.judged]
            self.events += len(batch.judged)
            self.skipped += int(np.sum(~batch.judged))
        else:
            self.events += len(labels)
        self.labels.append(labels.astype(np.int8))
        self.entry.append(entry.astype(np.int64))
        self.file.append(np.full(len(entry), file, np.int32))


def _label_column(adapter: Adapter) -> str:
    if adapter.truth.label is None or len(adapter.truth.classes) != 2:
        classes = ", ".join(adapter.truth.classes) or "none"
        raise TrainingError(
            f"adapter {adapter.name!r}: a classifier needs a truth label with two classes "
            f"(background, signal); the adapter declares: {classes}"
        )
    return adapter.truth.label


def _check_shapes(view: View) -> None:
    for spec in view.tensors:
        if any(isinstance(size, str) for size in spec.shape):
            raise TrainingError(
                f"view {view.name!r}: tensor {spec.name!r} has no fixed shape: {spec.shape}"
            )


def _check_label(source: Source, label: str) -> None:
    if source.decoder.has(label):
        return
    layout = source.decoder.layout
    keys = layout.columns.get(label, ())
    names = [name for key in keys for name in layout.branches[key].names] or [label]
    raise BranchError(
        f"{source.path}: tree {source.name!r}: no branch {' or '.join(map(repr, names))}: "
        "a training needs events with truth label"
    )


def _labels(source: Source, adapter: Adapter, events: ak.Array, batch: Batch) -> Array:
    if batch.counts is not None:
        raise TrainingError(
            f"adapter {adapter.name!r}: only views with one row an event can be trained"
        )
    labels = np.asarray(ak.to_numpy(events[adapter.truth.label]))
    wrong = np.flatnonzero((labels != 0) & (labels != 1))
    if len(wrong):
        raise DataError(
            f"{source.path}: truth label {adapter.truth.label!r} is {labels[wrong[0]]}, "
            f"expected 0 ({adapter.truth.classes[0]}) or 1 ({adapter.truth.classes[1]})"
        )
    return labels


def _write(sinks: Mapping[str, IO[bytes]], batch: Batch, path: str) -> None:
    for name, sink in sinks.items():
        tensor = np.ascontiguousarray(batch.tensors[name])
        if not np.isfinite(tensor).all():
            raise DataError(f"{path}: tensor {name!r} holds NaN or infinity")
        try:
            sink.write(tensor.data)
        except OSError as error:
            raise OutputError(f"{sink.name}: cannot be written: {error.strerror}") from error


def _finish(
    rows: _Rows, adapter: Adapter, view: View, folder: Path, files: tuple[str, ...]
) -> DataSet:
    labels = np.concatenate(rows.labels)
    counts = np.bincount(labels, minlength=2)
    if not counts.all():
        have = ", ".join(f"{n} {c}" for n, c in zip(counts, adapter.truth.classes, strict=True))
        raise DataError(f"{', '.join(files)}: a training needs events of both classes, has {have}")
    tensors: dict[str, Array] = {}
    for spec in view.tensors:
        shape: tuple[Any, ...] = (len(labels), *spec.shape)
        tensors[spec.name] = np.memmap(folder / f"{spec.name}.bin", spec.dtype, "r", shape=shape)
    file, entry = np.concatenate(rows.file), np.concatenate(rows.entry)
    return DataSet(tensors, labels, file, entry, files, rows.skipped)


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
