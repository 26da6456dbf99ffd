"""Append to, compare and inspect damaged files: a clear error or a right answer, never else.

    python tests/fuzz/fuzz_append.py --cases 10000 --seed 1

Each case damages one of some small files and, in a child process with bounded memory and time,
compares it with the original, inspects it, and appends a float and a jagged branch to a copy or
in place. A failure is a crash, a hang, an error that is not rootml's, memory beyond the bound, a
file left after an error, or an old branch that was readable and now reads otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import math
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import awkward as ak
import mutations
import numpy as np
import uproot

import rootml.registry
from rootml.commands.inspect import survey_file
from rootml.errors import RootmlError
from rootml.rootio import append_branches, compare_files
from rootml.rootio.opening import own_classes

SAMPLES = Path(__file__).parents[3] / "shared" / "data"
SMALL = ("focalh/200_5_generic.root", "supernemo/TKEvent_Run-0.root")
MEMORY = 1 << 30
"""Address space that a case may take beyond what the process has when it starts."""
SECONDS = 60.0
"""Time that a case may take."""
MACRO = """
#include <TFile.h>
#include <TTree.h>
#include <TNamed.h>
#include <TLorentzVector.h>
void make(const char *path) {
    TFile file(path, "RECREATE");
    TTree tree("events", "events");
    int run = 0, n = 0; float e[8]; TLorentzVector p; std::vector<double> v; std::string s;
    tree.Branch("run", &run); tree.Branch("n", &n); tree.Branch("e", e, "e[n]/F");
    tree.Branch("p", &p); tree.Branch("v", &v); tree.Branch("s", &s);
    for (int i = 0; i < 30; ++i) {
        run = i / 10; n = i - i / 5 * 5; v.assign(n, i); s.assign(n, 'x');
        for (int k = 0; k < n; ++k) e[k] = i + k;
        p.SetXYZT(i, 1, 2, 3);
        tree.Fill();
        if (i == 12) tree.AutoSave();
    }
    tree.SetAlias("both", "run + n"); tree.BuildIndex("run", "n");
    tree.GetUserInfo()->Add(new TNamed("who", "me"));
    file.WriteTObject(&tree);
    tree.SetDirectory(nullptr);
}"""


@dataclass(frozen=True)
class Base:
    """A file to damage: the tree in it, its entries, and the ways to damage it."""

    path: Path
    tree: str
    entries: int
    ways: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A damaged file, and whether to append in place."""

    path: Path
    base: Base
    in_place: bool


def make_bases(folder: Path, *, root: bool) -> list[Base]:
    """Write small files with uproot, and with ROOT if wanted; add the small real files."""
    lists = ak.unflatten(np.arange(30, dtype=np.float32), np.arange(20) % 4)
    columns = {"x": np.arange(20.0), "hits": lists, "three": np.ones((20, 3), np.int16)}
    for name, code in (("zlib", uproot.ZLIB(1)), ("plain", None)):
        with uproot.recreate(folder / f"{name}.root", compression=code) as file:
            file.mktree("events", {k: ak.type(ak.Array(v)).content for k, v in columns.items()})
            for part in (slice(0, 10), slice(10, 20)):
                file["events"].extend({name: v[part] for name, v in columns.items()})
            file["h"] = np.histogram([1.0, 2.0], bins=2)
        with uproot.recreate(folder / f"{name}_ntuple.root", compression=code) as file:
            made = file.mkrntuple("events", {name: v[:10] for name, v in columns.items()})
            made.extend({name: v[10:] for name, v in columns.items()})
    paths = [(folder / f"{name}.root", "events") for name in ("zlib", "plain")]
    paths += [(folder / f"{name}_ntuple.root", "events") for name in ("zlib", "plain")]
    if root:
        code = "import ROOT, sys; ROOT.gInterpreter.Declare(sys.argv[1]); ROOT.make(sys.argv[2])"
        path = folder / "root.root"
        subprocess.run([sys.executable, "-W", "ignore", "-c", code, MACRO, path], check=True)
        paths.append((path, "events"))
    for name in SMALL:
        if (SAMPLES / name).is_file():
            path = Path(shutil.copy(SAMPLES / name, folder))
            with uproot.open({str(path): None}) as file:
                trees = file.classnames(recursive=False, filter_classname="TTree", cycle=False)
            paths.append((path, next(iter(trees))))
    return [make_base(path, tree) for path, tree in paths]


def make_base(path: Path, tree: str) -> Base:
    with uproot.open({str(path): None}) as file:
        found = file[tree]
        ways = mutations.RNTUPLE if "RNTuple" in found.classname else mutations.TTREE
        return Base(path, tree, int(found.num_entries), tuple(ways))


def attempt(case: Case) -> dict[str, str]:
    """Run all steps on a case; say of each how it ended. Failures begin with ``FAILED``."""
    steps = {"diff": compare, "inspect": inspect, "append": append}
    return {name: _outcome(step, case) for name, step in steps.items()}


def _outcome(step: Any, case: Case) -> str:
    try:
        return str(step(case))
    except RootmlError as error:
        return type(error).__name__
    except BaseException as error:
        import traceback

        where = traceback.extract_tb(error.__traceback__)
        ours = [f"{Path(f.filename).name}:{f.lineno}" for f in where if "rootml" in f.filename]
        return f"FAILED {type(error).__name__}: {str(error)[:150]} at {' '.join(ours[-4:])}"


def compare(case: Case) -> str:
    found = compare_files(case.base.path, case.path)
    if found.same:
        assert not misread(case.base.path, case.path, case.base.tree), "differs, but not said so"
    return "same" if found.same else "different"


def inspect(case: Case) -> str:
    survey_file(str(case.path), None)
    return "read"


def append(case: Case) -> str:
    """Append; after an error nothing may be left, else all that was readable must still be."""
    before, folder = case.path.read_bytes(), case.path.parent
    old = Path(shutil.copy(case.path, folder / "old.root"))
    target = None if case.in_place else folder / "new.root"
    there = set(folder.iterdir())
    entries = count_entries(case)
    jagged = ak.unflatten(np.arange(int((np.arange(entries) % 3).sum())), np.arange(entries) % 3)
    columns = {"fuzz": np.zeros(entries, np.float32), "Fuzz_x": ak.values_astype(jagged, np.int32)}
    try:
        append_branches(
            case.path, target, case.base.tree, columns, in_place=case.in_place, verify=True
        )
    except BaseException:
        assert set(folder.iterdir()) == there, "a file is left after an error"
        assert case.path.read_bytes() == before, "the source has changed after an error"
        raise
    new = target or case.path
    if not readable(old, case.base.tree):
        return "appended"
    assert not (wrong := misread(old, new, case.base.tree)), f"misread: {wrong}"
    with opened(new) as file:
        assert file[case.base.tree]["fuzz"].array().tolist() == [0.0] * entries
    return "appended"


def opened(path: Path) -> Any:
    """uproot's view of a file, which leaves nothing behind for the next."""
    return uproot.open({str(path): None}, custom_classes=own_classes())


def count_entries(case: Case) -> int:
    with contextlib.suppress(Exception), opened(case.path) as file:
        return min(int(file[case.base.tree].num_entries), 10_000)
    return case.base.entries


def readable(path: Path, tree: str) -> bool:
    """Whether uproot can open the tree."""
    with contextlib.suppress(Exception), opened(path) as file:
        return bool(file[tree].keys())
    return False


def misread(old: Path, new: Path, tree: str) -> list[str]:
    """Return the branches that can be read in the old file, and in the new one read otherwise."""
    wrong = []
    with opened(old) as first, opened(new) as second:
        for name in first[tree].keys():  # noqa: SIM118 - a tree yields branches
            with contextlib.suppress(Exception):
                expected = first[tree][name].array()
                try:
                    same = ak.array_equal(expected, second[tree][name].array(), equal_nan=True)
                except Exception:
                    same = False
                if not same:
                    wrong.append(name)
    return wrong


def remember_streamers() -> None:
    """Let equal lists of streamer infos be parsed once: it takes most of the time of a case."""
    file_class, known = uproot.reading.ReadOnlyFile, dict[bytes, Any]()
    parse = file_class.streamers.fget

    def streamers(file: Any) -> Any:
        if len(known) > 20:
            known.clear()
        stop = file._fSeekInfo + file._fNbytesInfo
        raw = file.chunk(file._fSeekInfo, stop).raw_data.tobytes() if file._fSeekInfo else b""
        file._streamers = file._streamers or known.get(raw)
        return known.setdefault(raw, parse(file))

    file_class.streamers = property(streamers)


def serve(pipe: Connection) -> None:
    """Work on cases until there are no more, with bounded memory and without a word."""
    warnings.simplefilter("ignore")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY
    remember_streamers()
    rootml.registry.list_models = functools.cache(rootml.registry.list_models)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while (case := pipe.recv()) is not None:
        pipe.send(attempt(case))


class Worker:
    """A child process that takes cases; a new one after a crash or a hang."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("fork").Process(target=serve, args=(theirs,))
        self._process.start()
        theirs.close()

    def run(self, case: Case) -> dict[str, str]:
        self._pipe.send(case)
        try:
            if self._pipe.poll(SECONDS):
                return dict(self._pipe.recv())
            reason = f"FAILED no answer within {SECONDS} s"
        except EOFError:
            self._process.join()
            reason = f"FAILED the process ended with {self._process.exitcode}"
        self._process.kill()
        self._process.join()
        self._start()
        return {"append": reason}

    def close(self) -> None:
        self._pipe.send(None)
        self._process.join()


def run(cases: int, seed: int, *, root: bool, only: int | None = None) -> Iterator[Result]:
    """Yield the results of so many cases (or of ``only`` one of them)."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name)
        bases = make_bases(folder, root=root)
        attempt(Case(bases[0].path, bases[0], in_place=False))  # imports, before memory is bounded
        worker = Worker()
        for number in range(cases) if only is None else [only]:
            rng = np.random.default_rng([seed, number])
            base = bases[int(rng.integers(len(bases)))]
            way = base.ways[int(rng.integers(len(base.ways)))]
            place = folder / f"case{number}"
            place.mkdir()
            case = Case(place / "damaged.root", base, in_place=bool(rng.random() < 0.3))
            shutil.copy(base.path, case.path)
            {**mutations.TTREE, **mutations.RNTUPLE}[way](case.path, rng)
            yield Result(number, base.path.name, way, worker.run(case))
            shutil.rmtree(place)
        worker.close()


@dataclass(frozen=True)
class Result:
    """How the steps of a case ended."""

    number: int
    base: str
    way: str
    outcomes: dict[str, str]

    @property
    def failures(self) -> list[str]:
        """The steps that failed, and how."""
        return [f"{step}: {end}" for step, end in self.outcomes.items() if end.startswith("FAILED")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="run this case alone")
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop after that time")
    parser.add_argument("--no-root", action="store_true", help="no file written by ROOT")
    options = parser.parse_args()
    start = time.monotonic()
    table: dict[str, Counter[str]] = {}
    failed = 0
    results = run(options.cases, options.seed, root=not options.no_root, only=options.only)
    for result in results:
        row = table.setdefault(result.way, Counter())
        row["cases"] += 1
        for step, end in result.outcomes.items():
            row[f"{step} {end.split()[0] if end.startswith('FAILED') else end}"] += 1
        for failure in result.failures:
            failed += 1
            print(f"case {result.number} ({result.base}, {result.way}): {failure}", flush=True)
        if options.only is not None:
            print(result)
        if time.monotonic() - start > options.seconds:
            break
    print_table(table)
    cases = sum(row["cases"] for row in table.values())
    print(f"{cases} cases, seed {options.seed}: {failed} failures", end="")
    print(f", {time.monotonic() - start:.0f} s")
    return 1 if failed else 0


def print_table(table: dict[str, Counter[str]]) -> None:
    """Print how many cases of each kind were answered, and how many refused, step by step."""
    right = {"diff": ("same", "different"), "inspect": ("read",), "append": ("appended",)}
    print("| damage | cases | diff: answer / error | inspect | append |\n|---|---|---|---|---|")
    for way in sorted(table):
        row = table[way]
        cells = []
        for step, ends in right.items():
            total = sum(n for name, n in row.items() if name.startswith(f"{step} "))
            answers = sum(row[f"{step} {end}"] for end in ends)
            cells.append(f"{answers} / {total - answers - row[f'{step} FAILED']}")
        print(f"| {way} | {row['cases']} | {' | '.join(cells)} |")


if __name__ == "__main__":
    sys.exit(main())
