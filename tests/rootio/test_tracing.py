"""Tracing a tree's metadata: the quick way finds what uproot finds, wherever it is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.errors import AppendRefused
from rootml.rootio.ttree.layouts import Layouts, Unfamiliar
from rootml.rootio.ttree.parts import Part
from rootml.rootio.ttree.traced import Traced
from rootml.rootio.ttree.tracing import Reader
from rootml.rootio.ttree.view import TreeView

TREES = {
    "atlas/PHYSLITE_example.root": "CollectionTree",  # 1,494 TBranchElements
    "generic/nano_dy.root": "Events",  # 1,499 branches
    "generic/nanoAOD_2015_CMS_Open_Data_ttbar.root": "Events",  # baskets inside the tree
    "generic/uproot-HZZ-objects.root": "events",  # TClonesArray, TRefs
    "lartpc/pduneana.root": "pduneana/beamana",  # nested vectors
    "mu2e/uproot-issue-1221.root": "TrkAna/trkana",
    "supernemo/TKEvent_Run-0.root": "Event",
}
OLD_TREE = ("generic/uproot-from-geant4.root", "Details")  # TBranch 8


def traced(path: Path, tree: str, *, quick: bool) -> tuple[Traced, TreeView]:
    with uproot.open(path) as file:
        key = file.key(tree)
    folder = tree.rpartition("/")[0]
    with Reader(path) as reader:
        name = f"{folder}/{key.fName};{key.fCycle}".lstrip("/")
        found = reader.trace(name, key.fSeekKey, quick=quick)
        return found, TreeView(found, reader)


def places(found: Traced) -> list[Any]:
    starts = sorted(found.starts.values())
    return [found.words, found.references, found.definitions, starts, found.raw]


def contents(view: TreeView) -> list[Any]:
    leaves = [
        (leaf.classname, leaf.member("fName"), leaf.member("fLen"), leaf.member("fIsRange"))
        for branch in view.all_branches()
        for leaf in branch.member("fLeaves")
    ]
    seeks = [branch.member("fBasketSeek").tolist() for branch in view.all_branches()]
    names = [(branch.classname, branch.name, branch.num_entries) for branch in view.all_branches()]
    return [view.enclosing, view.branches, view.leaves, view.entries, names, leaves, seeks]


@pytest.mark.parametrize("name", TREES)
def test_as_uproot_finds_it(sample: Callable[[str], Path], name: str) -> None:
    path = sample(name)
    fast, fast_view = traced(path, TREES[name], quick=True)
    slow, slow_view = traced(path, TREES[name], quick=False)
    assert all(isinstance(branch, Part) for branch in fast_view.all_branches())
    assert not any(isinstance(branch, Part) for branch in slow_view.all_branches())
    assert places(fast) == places(slow)
    assert contents(fast_view) == contents(slow_view)
    unread = {byte for first, last in slow.opaque for byte in range(first, last)}
    assert all(byte in unread for first, last in fast.opaque for byte in range(first, last))


def test_old_classes_are_left_to_uproot(sample: Callable[[str], Path]) -> None:
    name, tree = OLD_TREE
    _, view = traced(sample(name), tree, quick=True)
    assert not any(isinstance(branch, Part) for branch in view.all_branches())
    assert len(view.paths()) == 7


def test_what_is_unfamiliar_is_left_to_uproot(source: Path, monkeypatch: Any) -> None:
    def unfamiliar(*arguments: Any) -> None:
        raise Unfamiliar

    slow, _ = traced(source, "events", quick=False)
    monkeypatch.setattr(Layouts, "steps", unfamiliar)
    found, view = traced(source, "events", quick=True)
    assert places(found) == places(slow)
    assert not any(isinstance(branch, Part) for branch in view.all_branches())


def test_a_quick_branch_can_be_read(sample: Callable[[str], Path]) -> None:
    path = sample("generic/nano_dy.root")
    with uproot.open(path) as file, Reader(path) as reader:
        found = reader.trace("Events;1", file.key("Events").fSeekKey, quick=True)
        view = TreeView(found, reader)
        for name in ("nElectron", "nJet"):
            values = view.readable(view.branch(name)).array(library="np")
            assert np.array_equal(values, file[f"Events/{name}"].array(library="np"))


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 3))
def test_damaged_metadata(
    tmp_path_factory: Any, make_source: Callable[..., Path], seed: int, count: int
) -> None:
    """The quick way accepts and finds what uproot does, and errors have one class."""
    folder = tmp_path_factory.getbasetemp()
    whole = folder / "whole.root"
    if not whole.exists():
        make_source(whole, 10, compression=uproot.ZLIB(0))
    with uproot.open(whole) as file:
        key = file.key("events")
    data = bytearray(whole.read_bytes())
    rng = np.random.default_rng(seed)
    area = np.arange(key.fSeekKey + key.fKeylen, key.fSeekKey + key.fNbytes - 3)
    byte_counts = [place + 3 for place in area if data[place : place + 2] == b"\x40\0"]
    for position in rng.choice(byte_counts if seed % 2 else area, count):
        data[position] = rng.choice([0, 1, 0x40, 0x80, 255, rng.integers(256)])
    damaged = folder / "damaged.root"
    damaged.write_bytes(data)
    outcomes = []
    for quick in (True, False):
        try:
            outcomes.append(places(traced(damaged, "events", quick=quick)[0]))
        except AppendRefused:
            outcomes.append([])
    assert outcomes[0] == outcomes[1]
