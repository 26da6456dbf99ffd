"""The file formats that hold electrons of ATLAS."""

from __future__ import annotations

from rootml.adapter import Layout
from rootml_atlas import decoding, ntuple, physlite, shapes, xaod

NTUPLE = Layout(
    name="ntuple",
    trees=(ntuple.TREE, "train", "val", "test"),
    branches=ntuple.BRANCHES,
    columns={name: column.keys for name, column in decoding.COLUMNS.items()},
    decode=decoding.decode,
    configure=decoding.settle,
    probes=decoding.PROBES,
    doc="One electron an entry: cells as images, tracks and the scalars of the cluster.",
)
PHYSLITE = Layout(
    name="physlite",
    trees=("CollectionTree", "EventData"),
    branches=xaod.BRANCHES,
    columns={name: column.keys for name, column in physlite.COLUMNS.items()},
    decode=physlite.decode,
    configure=physlite.settle,
    probes=("pt", "tracks"),
    per="Electron",
    default_model="film_atlas_reduced",
    doc="DAOD_PHYSLITE, TTree or RNTuple: electrons with their clusters and tracks, no cells.",
)
AOD = Layout(
    name="aod",
    trees=("CollectionTree", "EventData"),
    branches=shapes.BRANCHES,
    columns={name: (name,) for name in shapes.BRANCHES},
    decode=shapes.decode,
    configure=shapes.settle,
    probes=("e237",),
    per="Electron",
    default_model="",
    doc="AOD, as far as its branches can be read: shower shapes of electrons.",
)
LAYOUTS = (NTUPLE, PHYSLITE, AOD)
