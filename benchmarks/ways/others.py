"""Contests beside the flat job: a large network, long files, two workers, start-up."""

from __future__ import annotations

from pathlib import Path

import flat
from contest import PYTHON, ROOTML, SCRIPTS, TAG, Contest
from measuring import Way


def simulate(path: Path, events: int, seed: int = 1) -> dict[Path, list[str]]:
    """A file of simulated AMS events as an input."""
    command = [ROOTML, "simulate", "ams", "-n", str(events), "--seed", str(seed), "-q"]
    return {path: [*command, "-o", str(path)]}


def large(folder: Path, events: int = 5000, model: str = "cvt_ams") -> Contest:
    """A network that costs far more than reading and writing."""
    source = folder / f"{events}.root"
    alone = [PYTHON, str(SCRIPTS / "model_in_memory.py"), str(source), model]
    ways = [Way("engine alone, in memory", alone, says=True)]
    for label, output in (("append", "append"), ("friend tree", "friend")):
        target = folder / f"{output}.root"
        command = [TAG, str(source), str(target), "-q", "--overwrite", "--model", model]
        command += ["--no-plots", "--output", output]
        ways.append(Way(f"rootml-tag, {label}", command, target))
    title = f"{events:,} simulated AMS events, {model}"
    return Contest("large", title, ways[0].label, ways, simulate(source, events))


def workers(folder: Path, events: int = 500, model: str = "cvt_ams", files: int = 4) -> Contest:
    """Several files, and one of as many events, tagged by one process or by two side by side."""
    many, one = folder / "files", folder / "one.root"
    ways = []
    for title, source in ((f"{files} files", many), ("one file", one)):
        for number, worker in ((1, "one worker"), (2, "two workers")):
            target = folder / f"by_{number}_{source.stem}"
            command = [TAG, str(source), "-o", str(target), "-q", "--model", model, "--no-plots"]
            command += ["--threads", "1", "--workers", str(number)]
            ways.append(Way(f"{title}, {worker}", command, target))
    inputs = simulate(one, files * events)
    for seed in range(files):
        inputs |= simulate(many / f"{seed}.root", events, seed)
    title = f"{files * events:,} simulated AMS events, {model}, workers of one thread"
    return Contest("workers", title, ways[0].label, ways, inputs)


def memory(folder: Path, events: int = 500_000) -> Contest:
    """The flat job, and one ten times as long."""
    ways = []
    inputs: dict[Path, list[str]] = {}
    for number in (1, 10):
        part = folder / str(number)
        inputs |= flat.make_inputs(part, number * events)
        for label, output in (("append", "append"), ("friend tree", "friend")):
            target = part / f"{output}.root"
            command = [TAG, f"{part}/in.root", str(target), "-q", "--overwrite", "--no-plots"]
            command += ["--model", f"{part}/flat.card.yaml", "--output", output]
            way = Way(f"{number * events:,} events, {label}", command, target, "flat_score")
            ways.append(way)
    return Contest("memory", "rootml-tag on the flat job", ways[0].label, ways, inputs)


def start(_folder: Path, events: int = 0) -> Contest:
    """Imports, as whole processes; no events."""
    imports = [f"import {names}" for names in ("rootml", "numpy", "uproot, onnxruntime, numpy")]
    ways = [
        Way("python", [PYTHON, "-c", "pass"]),
        *(Way(statement, [PYTHON, "-c", statement]) for statement in imports),
        Way("rootml-tag --help", [TAG, "--help"]),
    ]
    return Contest("start", "start-up", ways[0].label, ways)
