"""What adding four float branches to a big file costs, in several ways, side by side.

    python benchmarks/append.py --size-mb 500

The input is written by uproot: flat and jagged branches, ZSTD-5. Each way runs in a process of
its own on the same file (warm cache, nothing left to be written before it starts), imports and
ROOT's compilation not timed; rounds go through all ways in turn, and the best round counts.
uproot and RDataFrame, which write everything anew, get one round.

The limit to keep is 1.3 times the copy plus the compression of the new columns, measured alone.
But ``cp`` leaves its data to the kernel, and an append has them on the disk before its file
appears. So they are compared on equal terms twice: ``cp`` and fsync with the append as it is, and
``cp`` with an append whose calls to fsync are replaced by nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

CHUNK = 50_000
LIMIT = 1.3

CPP = r"""
#pragma cling optimize(3)
#include <ROOT/RDataFrame.hxx>
#include <TFile.h>
#include <TTree.h>

void update(const char *path, const std::vector<float *> &columns) {
  TFile file(path, "UPDATE");
  auto tree = file.Get<TTree>("events");
  float value;
  for (size_t i = 0; i < columns.size(); ++i) {
    auto branch = tree->Branch(("new_" + std::to_string(i)).c_str(), &value);
    for (Long64_t entry = 0; entry < tree->GetEntries(); ++entry) {
      value = columns[i][entry];
      branch->Fill();
    }
  }
  tree->Write("", TObject::kOverwrite);
}

void snapshot(const char *source, const char *target, const std::vector<float *> &columns) {
  ROOT::RDF::RNode node = ROOT::RDataFrame("events", source);
  for (size_t i = 0; i < columns.size(); ++i) {
    auto value = [column = columns[i]](ULong64_t entry) { return column[entry]; };
    node = node.Define("new_" + std::to_string(i), value, {"rdfentry_"});
  }
  ROOT::RDF::RSnapshotOptions options;
  options.fCompressionAlgorithm = ROOT::RCompressionSetting::EAlgorithm::kZSTD;
  options.fCompressionLevel = 5;
  node.Snapshot("events", target, "", options);
}
"""
ROOT_IMPORT = f"""
import ROOT
ROOT.gErrorIgnoreLevel = ROOT.kError
assert ROOT.gInterpreter.Declare({CPP!r})
pointers = ROOT.std.vector["float*"]()
for column in columns.values():
    pointers.push_back(column)
"""
WARM_UP = (
    ROOT_IMPORT
    + """
import shutil
tiny = shutil.copy(os.path.dirname(source) + "/tiny.root", target)
"""
)
COMPRESS = "from rootml.rootio.container.compression import compressor\ncompress = compressor(505)"
APPEND = "from rootml.rootio import append_branches\n"
LEAVE = "os.fsync = os.posix_fadvise = lambda *arguments: None"
COPY = "subprocess.run(['cp', source, target], check=True)"

WAYS = {
    "the new columns, compressed": (
        COMPRESS,
        "for column in columns.values():\n"
        "    for start in range(0, events, 1 << 18):\n"
        "        compress(column[start:start + (1 << 18)].astype('>f4').tobytes())",
    ),
    "`cp`": ("", COPY),
    "`cp`, then fsync": ("", COPY + "\nwith open(target) as file: os.fsync(file)"),
    "`append_branches`": (APPEND, "append_branches(source, target, 'events', columns)"),
    "`append_branches`, `verify=False`": (
        APPEND,
        "append_branches(source, target, 'events', columns, verify=False)",
    ),
    "`append_branches`, the disk left to the kernel": (
        APPEND + LEAVE,
        "append_branches(source, target, 'events', columns)",
    ),
    "ROOT: `cp`, UPDATE, `TTree::Branch`, `kOverwrite`": (
        WARM_UP + "ROOT.update(tiny, pointers); os.remove(target)",
        COPY + "\nROOT.update(target, pointers)",
    ),
    "uproot, rewriting all": (
        "import uproot, awkward as ak",
        "with uproot.recreate(target, compression=uproot.ZSTD(5)) as out:\n"
        "    for old, at in uproot.iterate(source + ':events', step_size=50_000, report=True):\n"
        "        chunk = {name: old[name] for name in old.fields if name[0] != 'n'}\n"
        "        chunk |= {name: column[at.start:at.stop] for name, column in columns.items()}\n"
        "        if 'events' not in out:\n"
        "            out.mktree('events', {n: ak.type(a).content for n, a in chunk.items()})\n"
        "        out['events'].extend(chunk)",
    ),
    "RDataFrame, `Snapshot` of all, 1 thread": (
        WARM_UP + "ROOT.snapshot(tiny, target + '2', pointers); os.remove(target + '2')",
        "ROOT.snapshot(source, target, pointers)",
    ),
}
SLOW = ("uproot", "RDataFrame")


def write_input(path: Path, megabytes: int, branches: int) -> int:
    """Write chunks of events until the file is big enough; return their number."""
    rng = np.random.default_rng(2)
    names = [f"x{i}" for i in range(branches)]
    jagged = set(names[::5])
    types = {name: "var * float32" if name in jagged else "float32" for name in names}
    with uproot.recreate(path, compression=uproot.ZSTD(5)) as file:
        tree = file.mktree("events", types)
        while tree.num_entries == 0 or path.stat().st_size < 1e6 * megabytes:
            counts = {name: rng.poisson(2, CHUNK) for name in jagged}
            sizes = {name: counts[name].sum() if name in jagged else CHUNK for name in names}
            flat = {name: rng.normal(size=sizes[name]).astype("f4") for name in names}
            tree.extend(
                {n: ak.unflatten(a, counts[n]) if n in jagged else a for n, a in flat.items()}
            )
        return int(tree.num_entries)


def measure(way: str, source: Path, target: Path, events: int) -> dict[str, float]:
    """Seconds, seconds of processor and peak resident MB of one run, in a process of its own."""
    setup, work = WAYS[way]
    body = "\n".join(f"    {line}" for line in work.splitlines())
    program = (
        "import json, os, subprocess, time, numpy as np\n"
        f"source, target, events = {str(source)!r}, {str(target)!r}, {events}\n"
        "rng = np.random.default_rng(0)\n"
        "columns = {f'new_{i}': rng.normal(size=events).astype('f4') for i in range(4)}\n"
        f"{setup}\ndef run():\n{body}\n"
        "def cpu(): return sum(os.times()[:4])\n"
        "before, start = cpu(), time.perf_counter()\nrun()\n"
        "print(json.dumps({'seconds': time.perf_counter() - start, 'cpu': cpu() - before,\n"
        "    'peak': int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024}))"
    )
    target.unlink(missing_ok=True)
    os.sync()
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{way} failed:\n{done.stderr}")
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size-mb", type=int, default=500)
    parser.add_argument("--branches", type=int, default=248)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fast", action="store_true", help="leave out what writes all anew")
    options = parser.parse_args()
    ways = [way for way in WAYS if "ROOT.s" not in WAYS[way][1] or importlib.util.find_spec("ROOT")]
    ways = [way for way in ways if not (options.fast and way.startswith(SLOW))]
    runs: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        source, target = Path(folder, "in.root"), Path(folder, "out.root")
        write_input(Path(folder, "tiny.root"), 0, 1)
        events = write_input(source, options.size_mb, options.branches)
        size = source.stat().st_size / 1e6
        for number in range(options.rounds):
            for way in ways:
                if number == 0 or not way.startswith(SLOW):
                    runs[way].append(measure(way, source, target, events))
    print(f"{size:.0f} MB, {options.branches} branches, {events} events, ZSTD-5\n")
    report({way: min(found, key=lambda run: run["seconds"]) for way, found in runs.items()})


def report(best: dict[str, dict[str, float]]) -> None:
    cp, compression = best["`cp`"]["seconds"], best["the new columns, compressed"]["seconds"]
    print("| way | seconds | of the processor | ratio to `cp` | peak MB |\n|---|---|---|---|---|")
    for way, run in best.items():
        print(
            f"| {way} | {run['seconds']:.2f} | {run['cpu']:.2f} "
            f"| {run['seconds'] / cp:.1f} | {run['peak']:.0f} |"
        )
    for copy, way in (
        ("`cp`, then fsync", "`append_branches`"),
        ("`cp`", "`append_branches`, the disk left to the kernel"),
    ):
        taken, limit = best[way]["seconds"], LIMIT * best[copy]["seconds"] + compression
        verdict = "within" if taken <= limit else "over"
        print(f"\n{way}: {taken:.2f} s, {verdict} {LIMIT} ({copy}) + compression = {limit:.2f} s")


if __name__ == "__main__":
    main()
