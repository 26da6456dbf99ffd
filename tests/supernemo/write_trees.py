"""Writes trees of SuperNEMO with ROOT: ``python write_trees.py FOLDER`` (with ``hits.npz`` in it).

The classes have the members, in their order, of github.com/TomasKrizak/TKEvent and
github.com/miroslav-macko/MiModule that a reader of files meets.
"""

import sys
from pathlib import Path

import numpy as np
import ROOT

FOLDER = Path(sys.argv[1])
ROOT.gInterpreter.Declare("""
#include "TObject.h"
#include <vector>
struct TKOMhit : public TObject { int OM_num = 7; int charge = 3; ClassDefInline(TKOMhit, 1) };
struct TKtrhit : public TObject {
    int cell_num; int SRL[3]; double xy[2]; Long64_t tsp[7]; TKOMhit *associated_OMhit = nullptr;
    double h = 0; double r = -1; ClassDefInline(TKtrhit, 1)
};
struct TKEvent : public TObject {
    int run_number = 1; int event_number = 0;
    std::vector<TKOMhit *> OM_hits; std::vector<TKtrhit *> tr_hits; ClassDefInline(TKEvent, 1)
};
struct MiEvent : public TObject {
    bool hasCD = true; bool hasPTD = true; bool hasSD = true; double totE = 1;
    ClassDefInline(MiEvent, 1)
};
""")
HITS = dict(np.load(FOLDER / "hits.npz", allow_pickle=True))
COUNTS = HITS.pop("counts").tolist()
SPLITS = HITS.pop("splits").tolist()


def tkevent():
    file = ROOT.TFile(str(FOLDER / "tkevent.root"), "recreate", "", 0)  # not compressed
    tree, event = ROOT.TTree("Event", "events"), ROOT.TKEvent()
    tree.Branch("Eventdata", event)
    at = 0
    for number, count in enumerate(COUNTS):
        module = ROOT.TKOMhit()
        kept = [module]
        event.event_number = number
        event.OM_hits.clear()
        event.tr_hits.clear()
        event.OM_hits.push_back(module)
        for i in range(at, at + count):
            hit = ROOT.TKtrhit()
            side, row, layer = (HITS[f"grid_{name}"][i] for name in ("side", "column", "layer"))
            hit.cell_num = int(1017 * side + 9 * row + layer)
            for place in range(7):
                hit.tsp[place] = int(HITS[f"tsp{place}"][i])
            if np.isfinite(HITS["wirez"][i]):
                hit.h = float(HITS["wirez"][i])
            hit.r = float(HITS["radius"][i])
            if i % 3 == 0:
                hit.associated_OMhit = module
            if i % 5 == 0:
                hit.SetBit(1 << 4)  # kIsReferenced: two more bytes in the file
            kept.append(hit)
            event.tr_hits.push_back(hit)
        tree.Fill()
        at += count
    tree.Write()
    file.Close()


def null():
    """A TKEvent one of whose pointers points nowhere."""
    file = ROOT.TFile(str(FOLDER / "null.root"), "recreate")
    tree, event = ROOT.TTree("Event", "events"), ROOT.TKEvent()
    tree.Branch("Eventdata", event)
    hit = ROOT.TKtrhit()
    event.tr_hits.push_back(hit)
    event.tr_hits.push_back(ROOT.nullptr)
    tree.Fill()
    tree.Write()
    file.Close()


def mievent():
    file = ROOT.TFile(str(FOLDER / "mievent.root"), "recreate")
    tree, event = ROOT.TTree("Event", "events"), ROOT.MiEvent()
    tree.Branch("Eventdata", event)
    tree.Fill()
    tree.Write()
    file.Close()


def hit_tree(name, floats, integers):
    """Vectors of what is there; ``grid_side`` stays empty."""
    file = ROOT.TFile(str(FOLDER / name), "recreate")
    tree = ROOT.TTree("hit_tree", "Hit data")
    vectors = {one: ROOT.std.vector["double"]() for one in floats}
    vectors |= {one: ROOT.std.vector["int"]() for one in (*integers, "grid_side", "track_split")}
    for one, vector in vectors.items():
        tree.Branch(one, vector)
    at = 0
    for count, split in zip(COUNTS, SPLITS, strict=True):
        for vector in vectors.values():
            vector.clear()
        for one in (*floats, *integers):
            for value in HITS[one][at : at + count]:
                vectors[one].push_back(value.item())
        for value in split:
            vectors["track_split"].push_back(value)
        tree.Fill()
        at += count
    tree.Write()
    file.Close()


CELLS = ("grid_layer", "grid_column")
tkevent()
null()
mievent()
hit_tree("haystack.root", ("radius", "wirex", "wirey", "wirez"), ("grid_id", *CELLS))
hit_tree("own.root", ("radius", "wirez"), CELLS)
