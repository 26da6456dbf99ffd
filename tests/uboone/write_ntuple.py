"""Writes events as the experiment's software does; runs in a process of its own, for ROOT.

    python write_ntuple.py events.npz out.root

Of float16 arrays the branches are ``Float16_t``, of arrays ``name@counts`` beside ``name`` lists.
"""

from __future__ import annotations

import sys
from array import array

import numpy as np
import ROOT

CODES = {"float32": ("f", "F"), "float64": ("f", "f"), "uint32": ("I", "i"), "int32": ("i", "I")}
LEAVES = {"trk_id": "trk_pfp_id", "shr_id": "shr_pfp_id"}
TWICE = "shr_hits_max"


def main(source: str, target: str) -> None:
    held = np.load(source)
    lists = {name for name in held.files if f"{name}@counts" in held.files}
    flat = [name for name in held.files if name not in lists and "@" not in name]
    file = ROOT.TFile(target, "RECREATE")
    file.mkdir("nuselection").cd()
    tree = ROOT.TTree("NeutrinoSelectionFilter", "Neutrino Selection TTree")
    cells = {}
    for name in [*flat, TWICE]:
        code, leaf = CODES[held[name].dtype.name]
        cell = array(code, [0])
        tree.Branch(name, cell, f"{LEAVES.get(name, name)}/{leaf}")
        cells[name, len(cells)] = cell
    vectors = {}
    for name in lists:
        kind = "float" if held[name].dtype.kind == "f" else "int"
        vectors[name] = ROOT.std.vector(kind)()
        tree.Branch(name, f"std::vector<{kind}>", vectors[name])
    values = {name: held[name].tolist() for name in flat}
    pieces = {name: np.split(held[name], np.cumsum(held[f"{name}@counts"])[:-1]) for name in lists}
    for event in range(len(values[TWICE])):
        for (name, _), cell in cells.items():
            cell[0] = values[name][event]
        for name, vector in vectors.items():
            vector.clear()
            for value in pieces[name][event].tolist():
                vector.push_back(value)
        tree.Fill()
    tree.Write()
    file.Close()


main(*sys.argv[1:])
