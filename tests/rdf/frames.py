"""A process with ROOT in it: makes dataframes of ``hits.root`` and writes what they hold.

Not imported by tests. ``frames.py FOLDER MODEL MODEL_OF_LEPTONS MODEL_OF_PAIRS`` leaves an ``.npz``
or a text for each case, and prints what the page says that lies in FOLDER/page.
"""

import os
import runpy
import sys
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
import ROOT  # noqa: E402

import rootml.rdf  # noqa: E402
from rootml.errors import RootmlError  # noqa: E402

folder, card, leptons, pairs = Path(sys.argv[1]), *sys.argv[2:]
rootml.rdf.BATCH_ROWS = 400
FILES = [str(folder / name) for name in ("hits.root", "more.root")]
KEY = ("run", "event")


def frame():
    return ROOT.RDataFrame("hits", FILES)


def keep(name, df, column="toy_score"):
    """Its values, in the order of the key."""
    values = df.AsNumpy([*KEY, column])
    order = np.lexsort([values["event"], values["run"]])
    listed = values[column].dtype == object
    lists = [np.asarray(row) for row in values[column][order]] if listed else []
    np.savez(
        folder / f"{name}.npz",
        events=values["event"][order],
        values=np.concatenate(lists) if listed else values[column][order],
        counts=[len(row) for row in lists],
    )


def refused(name, do, errors=RootmlError):
    try:
        do()
    except errors as error:
        (folder / f"{name}.txt").write_text(f"{type(error).__name__}: {error}")


chain = rootml.rdf.annotate(frame(), card, working_points="all")
keep("chain", chain)
keep("passed", chain, "toy_half")
keep("cut", chain.Filter("toy_score > 0.6"))
keep("leptons", rootml.rdf.annotate(frame(), leptons), "Lepton_leptons_score")
keep("filtered", rootml.rdf.annotate(frame().Filter("event % 3 == 1"), card))
keep("keyed", rootml.rdf.annotate(frame(), card, key=KEY))
keep("none", rootml.rdf.annotate(frame().Filter("event > 5000"), card))
file = ROOT.TFile(str(folder / "alone.root"))
tree = file.Get("hits")
tree.AddFriend("cells", str(folder / "cells.root"))
keep("friend", rootml.rdf.annotate(ROOT.RDataFrame(tree), card))

random = rootml.rdf.annotate(frame().Filter("gRandom->Rndm() < 0.5"), card)
refused("random", random.Sum("toy_score").GetValue, Exception)
refused("frame", lambda: rootml.rdf.annotate(tree, card))
alone = ROOT.RDataFrame("hits", str(folder / "alone.root"))
refused("branch", lambda: rootml.rdf.annotate(alone, card))
refused("twice", lambda: rootml.rdf.annotate(frame(), card, key="run"))
refused("misspelt", lambda: rootml.rdf.annotate(frame(), card, key=["evnt"]))
refused("floats", lambda: rootml.rdf.annotate(frame(), card, key=["cell_e"]))
refused("arrays", lambda: rootml.rdf.annotate(frame(), pairs))
refused("name", lambda: rootml.rdf.annotate(frame(), card, prefix="my/"))

os.chdir(folder / "page")
assert ROOT.gROOT.Macro("macro.C") == 0
runpy.run_path("page.py")

ROOT.EnableImplicitMT(2)
keep("threads", rootml.rdf.annotate(frame(), card, key=KEY))
refused("unnumbered", lambda: rootml.rdf.annotate(frame(), card))
