"""The flat job: a small network on an ntuple, in all ways that users have.

500,000 events of 30 float branches and a jagged one, a perceptron 30-128-128-128-1.
"""

from __future__ import annotations

from pathlib import Path

from contest import BENCH, PYTHON, SCRIPTS, TAG, Contest
from measuring import Way

EVENTS = 500_000
MAKE = "make bench"
BASE = "hand-written, friend tree"


def contest(folder: Path, events: int = EVENTS) -> Contest:
    check = Path(__file__).with_name("flat_check.py")
    ways = [*by_hand(folder), *by_coffea(folder), *by_root(folder), by_weaver(folder)]
    return Contest(
        "flat",
        f"{events:,} events, 30 floats and a list each, perceptron 30-128-128-128-1",
        BASE,
        [*ways, *by_rootml(folder)],
        make_inputs(folder, events),
        [PYTHON, str(check), f"{folder}/in.root", f"{folder}/flat.onnx"],
    )


def make_inputs(folder: Path, events: int) -> dict[Path, list[str]]:
    script = Path(__file__).with_name("flat_inputs.py")
    return {folder / "flat.card.yaml": [PYTHON, str(script), str(folder), str(events)]}


def script(folder: Path, name: str, network: str, python: str = PYTHON) -> list[str]:
    """A script of this folder with input and network."""
    return [python, str(SCRIPTS / name), f"{folder}/in.root", f"{folder}/{network}"]


def by_hand(folder: Path) -> list[Way]:
    alone = script(folder, "in_memory.py", "flat.onnx")
    ways = [Way("engine alone, in memory", alone, says=True)]
    target = folder / "hand.root"
    command = [*script(folder, "hand_written.py", "flat.onnx"), str(target)]
    ways.append(Way(BASE, command, target, "score"))
    for compression in ("LZ4", "ZLIB"):
        target = folder / f"copy_{compression}.root"
        command = [*script(folder, "copy_all.py", "flat.onnx"), str(target), compression]
        ways.append(Way(f"hand-written, all branches, {compression}", command, target, "score"))
    return ways


def by_coffea(folder: Path) -> list[Way]:
    install = 'pip install "rootml[coffea]"'
    alone = [PYTHON, str(SCRIPTS / "coffea_read.py"), f"{folder}/in.root"]
    reading = Way("coffea, reading alone", alone, needs=("coffea",), install=install)
    target = folder / "ml_tools.root"
    command = [*script(folder, "coffea_ml_tools.py", "flat.pt", BENCH), str(target)]
    needs = ("coffea.ml_tools", "torch")
    theirs = Way("coffea, its ml_tools (torch)", command, target, "score", needs, MAKE)
    target = folder / "annotate.root"
    command = [*script(folder, "coffea_annotate.py", "flat.card.yaml"), str(target)]
    ours = Way("coffea, rootml.annotate", command, target, "score", ("coffea",), install)
    return [reading, theirs, ours]


def by_root(folder: Path) -> list[Way]:
    """Snapshots; with several threads their entries change places, so that friends need one."""
    ways = []
    install = "pip install root, and a C++ compiler"
    for label, columns, threads in (
        ("RDataFrame, friend tree", "score", 1),
        ("RDataFrame, all branches", "all", 1),
        ("RDataFrame, all branches, 2 threads", "all", 2),
    ):
        target = folder / f"rdataframe_{columns}_{threads}.root"
        command = script(folder, "rdataframe.py", "perceptron.so")
        command += [f"{folder}/weights.bin", str(target), columns, str(threads)]
        ways.append(Way(label, command, target, "score", ("ROOT",), install))
    return ways


def by_weaver(folder: Path) -> Way:
    target = folder / "weaver.root"
    command = [BENCH, "-m", "weaver.train", "--predict", "--gpus", "", "--batch-size", "1024"]
    command += ["--data-config", f"{folder}/weaver.yaml", "--data-test", f"{folder}/in.root"]
    command += ["--network-config", str(SCRIPTS / "weaver_network.py")]
    command += ["--model-prefix", f"{folder}/weaver.pt", "--predict-output", str(target)]
    needs = ("weaver", "torch")
    return Way("weaver --predict (torch)", command, target, "score_is_signal", needs, MAKE)


def by_rootml(folder: Path) -> list[Way]:
    ways: list[Way] = []
    for label, options in (
        ("rootml-tag, append", ["--no-plots"]),
        ("rootml-tag, friend tree", ["--no-plots", "--output", "friend"]),
        ("rootml-tag, append and plots", ["--plots", f"{folder}/plots"]),
    ):
        target = folder / f"tagged_{len(ways)}.root"
        command = [TAG, f"{folder}/in.root", str(target), "-q", "--overwrite"]
        command += ["--model", f"{folder}/flat.card.yaml", *options]
        ways.append(Way(label, command, target, "flat_score"))
    return ways
