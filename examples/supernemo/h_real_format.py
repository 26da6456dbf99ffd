"""(h) A file in the collaboration's format, tagged from end to end and read again by ROOT.

\b
    python examples/supernemo/h_real_format.py --file TKEvent_Run-0.root
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import awkward as ak
import numpy as np
import uproot
from counted.events import opened
from counted.options import Options, command
from counted.study import Study

import rootml
from rootml.cli import run
from rootml.errors import InputError
from rootml.rootio.source import open_source
from rootml.spec import Array
from rootml_supernemo import ADAPTER
from rootml_supernemo.display import draw_event, read_event

SURE = 0.9
READ = """
import json, sys, ROOT
path, tree, *branches = sys.argv[1:]
columns = ROOT.RDataFrame(tree, path).AsNumpy(branches)
print(json.dumps([[getattr(x, "tolist", lambda: list(x))() for x in columns[b]] for b in branches]))
"""


def main(options: Options) -> None:
    if options.file is None:
        raise InputError("nothing to tag: expected --file with a file of TKEvent, or a hit_tree")
    study = Study("h", "h_real_format", "A file of the collaboration's format", options)
    model = study.network(opened(options.model))
    with open_source(options.file, [ADAPTER]) as source:
        layout, tree = source.decoder.match.layout.name, source.name
        hits = ak.to_numpy(ak.num(source.read(["layer"], 0, source.num_entries)["layer"]))
    with tempfile.TemporaryDirectory() as folder:
        tagged = Path(folder) / "tagged.root"
        rootml.tag_file(options.file, tagged, options.model, plots=False)
        names = [f"{model.card.name}_{name}" for name in ("ntracks", "probabilities")]
        counts, probabilities = read(tagged, tree, *names)
    sure = counts[probabilities.max(axis=1) > SURE]
    study.note(
        file=options.file.name,
        layout=layout,
        events=len(counts),
        hits=float(hits.mean()),
        reader="ROOT" if with_root() else "uproot",
        counts=numbered(counts),
        sure=numbered(sure),
    )
    busiest = int(hits.argmax())
    study.draw(
        "event",
        f"The event with most hits, counted as {counts[busiest]} tracks",
        lambda style: draw_event(read_event(options.file or "", busiest)),
    )
    study.write()


def with_root() -> bool:
    """Whether ROOT is there."""
    return find_spec("ROOT") is not None


def read(path: Path, tree: str, *branches: str) -> list[Array]:
    """Branches of a tagged file, one value or array an event, by ROOT where it is there.

    ROOT runs in a process of its own, as it would in an analysis.
    """
    if not with_root():
        with uproot.open(path) as file:
            found = file[tree].arrays(branches)
        return [ak.to_numpy(found[branch]) for branch in branches]
    words = [sys.executable, "-c", READ, str(path), tree, *branches]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [np.array(values) for values in json.loads(done.stdout)]


def numbered(counts: Array) -> dict[str, int]:
    """How many events have each number of tracks."""
    return {str(number): n for number, n in sorted(Counter(counts.tolist()).items())}


if __name__ == "__main__":
    run(command(main), "h_real_format.py")
