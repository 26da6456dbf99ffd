"""Simulated files of the talk's data sets, or the user's own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from common import talk
from common.options import Options
from rootml.cli import rootml
from rootml.errors import InputError
from rootml.registry import get_adapter
from rootml.rootio.source import open_source
from rootml.spec import Array

Part = Literal["train", "test"]
AMS = get_adapter("ams")
SEEDS = {"generated": 11, "reconstructed": 21, "tracker": 31, "flight": 41}
"""Of the events to train on; those to test on have the next one."""
TITLES = {
    "generated": "simulation, 200-600 GeV generated",
    "reconstructed": "simulation, 200-2000 GeV",
    "tracker": "simulation, 200-2000 GeV with a good track",
    "flight": "flight data, 50-70 GeV",
}
TRUE_LABEL = "mc_label"
"""Column with the truth, where the usual one holds what the TRD says."""
REFERENCES = tuple(reference.column for reference in AMS.references)
ELECTRON_FRACTION = 0.5
"""Of what is simulated: both kinds in equal numbers, whatever the talk's mixture."""


@dataclass(frozen=True)
class Sample:
    """The first ``events`` events of some files of a data set."""

    dataset: str
    part: Part
    files: tuple[Path, ...]
    events: int

    @property
    def title(self) -> str:
        """What plots call it."""
        return TITLES[self.dataset]

    @property
    def identity(self) -> str:
        """Ten digits that follow from names and sizes of the files, and the number of events."""
        facts = [(file.name, file.stat().st_size) for file in self.files]
        return hashlib.sha256(repr((facts, self.events)).encode()).hexdigest()[:10]

    def truths(self) -> list[tuple[str, str, str]]:
        """Suffix of a key, column and words for each kind of label that the files have."""
        usual, true = ("", "", ""), ("_true", TRUE_LABEL, ", true labels")
        if self.dataset != "flight":
            return [usual]
        with open_source(self.files[0], [AMS]) as source:
            known = source.decoder.has(TRUE_LABEL)
        return [("", "", ", labels of the TRD"), true] if known else [usual]

    def chunks(self, columns: tuple[str, ...]) -> Iterator[Any]:
        """Records of the logical columns, chunk by chunk; those that a file lacks are not there."""
        left = self.events
        for file in self.files:
            with open_source(file, [AMS]) as source:
                there = [name for name in columns if source.decoder.has(name)]
                stop = min(left, source.num_entries)
                for _, events in source.chunks(there, stop=stop):
                    yield events
            left -= stop

    def columns(self) -> dict[str, Array]:
        """Truth (1 electron), energy (GeV) and the scores that the files have, each (events,)."""
        needed = (AMS.truth.label or "", AMS.energy or "")
        read: dict[str, list[Array]] = {}
        for events in self.chunks((*needed, TRUE_LABEL, *REFERENCES)):
            for name in events.fields:
                read.setdefault(name, []).append(np.asarray(events[name]))
        found = {name: np.concatenate(parts) for name, parts in read.items()}
        for name in needed:
            if name not in found:
                raise InputError(f"{self.files[0]}: no {name}: the studies need it")
        return {name: values for name, values in found.items() if len(values) == self.events}


def sample(options: Options, dataset: str, part: Part, *, own: bool) -> Sample:
    """A sample of the data set; simulated where the folder of data has none.

    ``own``: whether the user's files, where there are any, stand for this data set.
    """
    events = _wanted(options, dataset, part)
    if own and (options.files or options.test_files):
        return _own(options, dataset, part)
    folder = options.data or options.output / "data"
    files = tuple(sorted(folder.glob(f"{dataset}_{part}*.root")))
    if not files:
        files = (folder / f"{dataset}_{part}.root",)
        _simulate(files[0], dataset, part, events)
    if (there := _entries(files)) < events:
        raise InputError(
            f"{folder}: {dataset}_{part}*.root hold {there:,} events, this study needs "
            f"{events:,}: remove them to simulate more, or ask for less"
        )
    return Sample(dataset, part, files, events)


def _own(options: Options, dataset: str, part: Part) -> Sample:
    if not (options.files and options.test_files):
        raise InputError("your own files: --files to train on and --test-files to test on")
    if part == "train":
        return Sample(dataset, part, options.files, _entries(options.files))
    there = _entries(options.test_files)
    return Sample(dataset, part, options.test_files, min(there, options.test_events or there))


def _wanted(options: Options, dataset: str, part: Part) -> int:
    scale = options.scale if dataset != "flight" else options.flight_scale or 10 * options.scale
    events = max(round(scale * talk.events(dataset)), 2)
    return events if part == "train" else options.test_events or max(events // 2, 2)


def _simulate(path: Path, dataset: str, part: Part, events: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = SEEDS[dataset] + (part == "test")
    words = ["simulate", "ams", "-n", str(events), "--seed", str(seed), "-o", str(path)]
    for key, value in (("dataset", dataset), ("electron_fraction", ELECTRON_FRACTION)):
        words += ["--set", f"{key}={value}"]
    rootml.main(words, standalone_mode=False)


def _entries(files: tuple[Path, ...]) -> int:
    total = 0
    for file in files:
        with open_source(file, [AMS]) as source:
            total += source.num_entries
    return total
