"""Simulated samples, or the user's own files, and their electrons."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import awkward as ak
import numpy as np

from rootml.cli import rootml
from rootml.errors import InputError
from rootml.registry import get_adapter
from rootml.rootio.source import open_source
from rootml.spec import Array

if TYPE_CHECKING:
    from energies.options import Options

ATLAS = get_adapter("atlas")
NEEDED = ("energy", "eta", "phi")
VALIDATION, TEST = 0.15, 0.01
"""Of the electrons to train on, so many more validate; of the training's own test part the studies
leave alone what there is, having other files."""


@dataclass(frozen=True)
class Kind:
    """What is simulated: a title, a seed, and options of the simulation."""

    title: str
    seed: int
    options: Mapping[str, str]


ZEE = {"sample": "zee"}
SAMPLES = {
    "mc_train": Kind("simulation, Z to ee", 101, ZEE),
    "mc_test": Kind("simulation, Z to ee", 102, ZEE),
    "data_train": Kind("'data', Z to ee", 103, {**ZEE, "version": "data"}),
    "data_test": Kind("'data', Z to ee", 104, {**ZEE, "version": "data"}),
    "electrons_test": Kind(
        "simulation, single electrons of 10 to 500 GeV",
        105,
        {"sample": "electrons", "energy": "10:500"},
    ),
}


@dataclass(frozen=True, eq=False)
class Electrons:
    """Electrons of a sample, (n,) each: energies in GeV, angles in rad.

    ``pair`` is a number that the electrons of an event share; ``truth`` is NaN where a file does
    not know it.
    """

    energy: Array
    eta: Array
    phi: Array
    truth: Array
    pair: Array


@dataclass(frozen=True)
class Sample:
    """The first ``entries`` entries of some files."""

    name: str
    files: tuple[Path, ...]
    entries: int

    @property
    def title(self) -> str:
        """What plots call it."""
        return SAMPLES[self.name].title

    @property
    def identity(self) -> str:
        """Ten digits that follow from names and sizes of the files, and the number of entries."""
        facts = [(file.name, file.stat().st_size) for file in self.files]
        return hashlib.sha256(repr((facts, self.entries)).encode()).hexdigest()[:10]

    def chunks(self, columns: tuple[str, ...]) -> Iterator[ak.Array]:
        """Records of the logical columns, chunk by chunk; those that a file lacks are not there."""
        for _, _, events in self._numbered(columns):
            yield events

    def _numbered(self, columns: tuple[str, ...]) -> Iterator[tuple[int, int, ak.Array]]:
        """Number of the file, first entry of the chunk, and the chunk."""
        left = self.entries
        for number, file in enumerate(self.files):
            with open_source(file, [ATLAS]) as source:
                there = [name for name in columns if source.decoder.has(name)]
                stop = min(left, source.num_entries)
                for first, events in source.chunks(there, stop=stop):
                    yield number, first, events
            left -= stop

    def electrons(self) -> Electrons:
        """All electrons, in the order of the files; those of an event one after another."""
        truth = ATLAS.truth.energy or ""
        parts = []
        for number, first, events in self._numbered((*NEEDED, truth, "event")):
            if lacking := [name for name in NEEDED if name not in events.fields]:
                raise InputError(
                    f"{self.files[number]}: no {', '.join(lacking)} of the electrons: the "
                    "studies compare with what the file has"
                )
            parts.append(_flat(number, first, events))
        columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        together = np.stack((columns["file"], columns["event"]), axis=1)
        pair = np.unique(together, axis=0, return_inverse=True)[1].reshape(-1)
        values = (columns[name].astype(np.float64) for name in (*NEEDED, truth))
        return Electrons(*values, pair)


def _flat(number: int, first: int, events: ak.Array) -> dict[str, Array]:
    """Columns with one value an electron; lists per event are laid one after another.

    Where events have no number, each entry is one.
    """
    energy = events["energy"]
    counts = ak.to_numpy(ak.num(energy)) if energy.ndim > 1 else np.ones(len(energy), int)
    found = {"file": np.full(counts.sum(), number)}
    for name in (*NEEDED, ATLAS.truth.energy or "", "event"):
        if name not in events.fields:
            entry = first + np.arange(len(events))
            found[name] = np.repeat(entry if name == "event" else entry * np.nan, counts)
        elif events[name].ndim > 1:
            found[name] = ak.to_numpy(ak.flatten(events[name]))
        else:
            found[name] = np.repeat(ak.to_numpy(events[name]), counts)
    return found


def sample(options: Options, name: str) -> Sample:
    """A sample, the user's own where files are given, else simulated unless it is there."""
    training = name.endswith("train")
    wanted = round(options.events * (1 + VALIDATION + TEST)) if training else options.test_events
    if options.files:
        if name not in options.files:
            raise InputError(
                f"--files: this study needs {name}=FILE too; nothing is simulated beside your own"
            )
        files = options.files[name]
        there = _entries(files)
        return Sample(name, files, min(wanted, there))
    file = options.output / "samples" / f"{name}.root"
    if not file.exists():
        _simulate(file, SAMPLES[name], wanted)
    if (there := _entries((file,))) < wanted:
        raise InputError(
            f"{file} holds {there:,} electrons, this study needs {wanted:,}: remove it to "
            "simulate more, or ask for less"
        )
    return Sample(name, (file,), wanted)


def _simulate(path: Path, kind: Kind, electrons: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    words = ["simulate", "atlas", "-n", str(electrons), "--seed", str(kind.seed), "-o", str(path)]
    for key, value in kind.options.items():
        words += ["--set", f"{key}={value}"]
    rootml.main(words, standalone_mode=False)


def _entries(files: tuple[Path, ...]) -> int:
    total = 0
    for file in files:
        with open_source(file, [ATLAS]) as source:
            total += source.num_entries
    return total
