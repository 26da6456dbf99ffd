"""A process with ROOT in it: makes dataframes of ``hits.root`` and writes what they hold.

Not imported by tests; ``frames.py FOLDER MODEL MODEL_OF_LEPTONS THREADS`` leaves an ``.npz`` for
each case.
"""

import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
import ROOT  # noqa: E402

import rootml.rdf  # noqa: E402
from rootml.errors import RootmlError  # noqa: E402

folder, card, leptons, threads = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
rootml.rdf.BATCH_ROWS = 400
if threads:
    ROOT.EnableImplicitMT(threads)
FILES = [str(folder / name) for name in ("hits.root", "more.root")]


def keep(name, df, column="toy_score"):
    values = df.AsNumpy(["rdfentry_", column])
    order = np.argsort(values["rdfentry_"])
    listed = values[column].dtype == object
    lists = [np.asarray(row) for row in values[column][order]] if listed else []
    np.savez(
        folder / f"{name}.npz",
        entries=values["rdfentry_"][order],
        values=np.concatenate(lists) if listed else values[column][order],
        counts=[len(row) for row in lists],
    )


if threads:
    try:
        rootml.rdf.annotate(ROOT.RDataFrame("hits", FILES), card)
    except RootmlError as error:
        (folder / "threads.txt").write_text(f"{type(error).__name__}: {error}")
    sys.exit()

files = ROOT.RDataFrame("hits", FILES)
chain = rootml.rdf.annotate(files, card, working_points="all")
keep("chain", chain)
keep("passed", chain, "toy_half")
keep("cut", chain.Filter("toy_score > 0.6"))
keep("leptons", rootml.rdf.annotate(files, leptons), "Lepton_leptons_score")
keep("filtered", rootml.rdf.annotate(ROOT.RDataFrame("hits", FILES).Filter("run % 3 == 1"), card))
snapshot = rootml.rdf.annotate(ROOT.RDataFrame("hits", FILES[0]), card, prefix="my_")
snapshot.Snapshot("hits", str(folder / "snapshot.root"), ["run", "my_toy_score"])
file = ROOT.TFile(str(folder / "alone.root"))
tree = file.Get("hits")
tree.AddFriend("cells", str(folder / "cells.root"))
keep("friend", rootml.rdf.annotate(ROOT.RDataFrame(tree), card))
for name, df in {
    "frame": tree,
    "rows": ROOT.RDataFrame("hits", FILES).Filter("run > 5000"),
    "branch": ROOT.RDataFrame("hits", str(folder / "alone.root")),
}.items():
    try:
        rootml.rdf.annotate(df, card)
    except RootmlError as error:
        (folder / f"{name}.txt").write_text(f"{type(error).__name__}: {error}")
