"""What adding columns to a file costs, in four ways, side by side.

    python benchmarks/append.py --events 200000 --branches 60

Each way runs in a process of its own, imports included but not timed, on the same file (warm
cache): the plain copy, AppendSink with and without its proof, uproot reading and rewriting all
branches, and ROOT opening a copy for UPDATE (through PyROOT, where it is installed).
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import uproot

NEW = """
import numpy as np
n = {events}
columns = {{"new_a": np.random.default_rng(0).normal(size=n).astype("f4"),
           "new_v": np.random.default_rng(1).normal(size=(n, 3)).astype("f4")}}
"""

WAYS = {
    "cp": ("import shutil", "shutil.copyfile(source, target)"),
    "AppendSink": (
        "from rootml.rootio import append_branches",
        "append_branches(source, target, 'events', columns)",
    ),
    "AppendSink, verify=False": (
        "from rootml.rootio import append_branches",
        "append_branches(source, target, 'events', columns, verify=False)",
    ),
    "uproot, rewriting all": (
        "import uproot",
        "old = uproot.open(source)['events'].arrays(library='np')\n"
        "with uproot.recreate(target, compression=uproot.ZSTD(5)) as out:\n"
        "    out['events'] = old | columns",
    ),
    "ROOT, copy and UPDATE": (
        "import shutil, ROOT\n"
        "ROOT.gInterpreter.Declare('''void add(const char *path, float *a, float *v) {\n"
        '  TFile f(path, "UPDATE"); auto *t = f.Get<TTree>("events"); float x, y[3];\n'
        '  auto *b = t->Branch("new_a", &x); auto *c = t->Branch("new_v", y, "new_v[3]/F");\n'
        "  for (long i = 0; i < t->GetEntries(); ++i) { x = a[i];\n"
        "    for (int k = 0; k < 3; ++k) y[k] = v[3 * i + k]; b->Fill(); c->Fill(); }\n"
        "  t->Write(\"\", TObject::kOverwrite); }''')",
        "shutil.copyfile(source, target)\n"
        "ROOT.add(target, columns['new_a'], columns['new_v'].ravel())",
    ),
}


def write_input(path: Path, events: int, branches: int) -> None:
    rng = np.random.default_rng(2)
    with uproot.recreate(path, compression=uproot.ZSTD(5)) as file:
        tree = file.mktree("events", {f"x{i}": "f4" for i in range(branches)})
        for _ in range(0, events, 20_000):
            size = min(20_000, events)
            tree.extend({f"x{i}": rng.normal(size=size).astype("f4") for i in range(branches)})


def seconds(way: str, source: Path, target: Path, events: int) -> float:
    """The best of three runs, each a process of its own."""
    imports, work = WAYS[way]
    body = "\n".join(f"    {line}" for line in work.splitlines())
    program = (
        f"{imports}\nimport time\n{NEW.format(events=events)}\n"
        f"source, target = {str(source)!r}, {str(target)!r}\n"
        f"def run():\n{body}\nstart = time.perf_counter()\nrun()\n"
        "print(time.perf_counter() - start)"
    )
    times = []
    for _ in range(3):
        target.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"{way} failed:\n{done.stderr}")
        times.append(float(done.stdout.split()[-1]))
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--branches", type=int, default=60)
    options = parser.parse_args()
    events = -(-options.events // 20_000) * 20_000
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        source, target = Path(folder, "in.root"), Path(folder, "out.root")
        write_input(source, events, options.branches)
        size = source.stat().st_size / 1e6
        print(f"{events} events, {options.branches} branches, {size:.0f} MB, ZSTD-5\n")
        ways = [w for w in WAYS if "ROOT" not in w or importlib.util.find_spec("ROOT")]
        found = {way: seconds(way, source, target, events) for way in ways}
    print("| way | seconds | ratio |\n|---|---|---|")
    for way, time in found.items():
        print(f"| {way} | {time:.2f} | {time / found['AppendSink']:.2f} |")


if __name__ == "__main__":
    main()
