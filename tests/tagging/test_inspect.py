"""``rootml inspect``: trees and RNTuples, their friends, branches and taggings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import uproot

import rootml


@pytest.fixture
def ntuple(tmp_path: Path, deposits: np.ndarray) -> Path:
    path = tmp_path / "ntuple.root"
    with uproot.recreate(path) as file:
        file.mkrntuple("hits", {"cell_e": np.dtype(("f4", (6,)))}).extend({"cell_e": deposits})
        file.mktree("other", {"x": "f8"}).extend({"x": np.arange(7.0)})
    return path


def test_trees_and_ntuples(toy: Path, ntuple: Path, command: Callable) -> None:
    found = command("inspect", ntuple, "--json").account
    facts = [(t["name"], t["class"], t["entries"], t["branches"]) for t in found["trees"]]
    assert facts == [("hits", "ROOT::RNTuple", 500, 1), ("other", "TTree", 7, 1)]
    assert [line["text"] for line in found["layouts"] if line["matches"]] == [
        "toylab/flat in tree 'hits': all required branches are there"
    ]
    assert found["models"] == ["toy"]
    assert found["layouts"][0]["default_model"] == "toy"
    said = command("inspect", ntuple, "-v").out
    assert "  toy (default)" in said
    assert "ROOT::RNTuple" in said
    assert "std::array<float,6>" in said


def test_what_a_friend_adds(toy: Path, ntuple: Path, tmp_path: Path, command: Callable) -> None:
    with uproot.recreate(tmp_path / "run.root") as file:
        file.mktree("hits", {"run": "i4"}).extend({"run": np.arange(500)})
    found = command("inspect", tmp_path / "run.root", "--json").account
    assert not any(line["matches"] for line in found["layouts"])
    args = ("inspect", tmp_path / "run.root", "--friend", f"cells={ntuple}")
    found = command(*args, "--json").account
    assert found["layouts"][0]["matches"]
    assert found["trees"][0]["friends"] == [
        {"alias": "cells", "file": str(ntuple), "tree": "hits", "entries": 500, "index": []}
    ]
    said = command(*args).out
    assert f"friend 'cells': {ntuple}, tree 'hits', 500 entries" in said
    done = command("inspect", tmp_path / "run.root", "--friend", f"{ntuple}:other")
    assert done.code == 2
    assert "has 7 entries" in done.err


def test_taggings_of_an_ntuple(toy: Path, ntuple: Path, tmp_path: Path, command: Callable) -> None:
    rootml.tag_file(ntuple, tmp_path / "out.root", plots=False)
    found = command("inspect", tmp_path / "out.root", "--json", "-v").account
    (entry,) = found["trees"][0]["taggings"]
    assert entry["branches"] == ["toy_score"]
    assert [b["name"] for b in found["trees"][0]["branch_list"]] == ["cell_e", "toy_score"]
    assert found["trees"][1]["taggings"] == []


def test_errors_are_one_message(toy: Path, ntuple: Path, command: Callable) -> None:
    for args, said in (
        ((f"{ntuple}x",), "no such file"),
        ((ntuple, "--tree", "hit"), "did you mean 'hits'"),
    ):
        done = command("inspect", *args)
        assert done.code == 2
        assert said in done.err
        assert "Traceback" not in done.err


def test_models_of_declared_adapters_apply_where_they_fit(
    toy: Path, ntuple: Path, write_card: Callable, write_network: Callable, command: Callable
) -> None:
    for name, branch in (("declared", "cell_e[0]"), ("elsewhere", "not_there")):
        network = write_network(toy.parent / f"{name}.onnx", shape=("n", 1))
        write_card(network, adapter={"tensors": {"cells": [branch]}}, view="declared")
    found = command("inspect", ntuple, "--json").account
    assert found["models"] == ["declared", "toy"]
    said = command("inspect", ntuple).out
    assert "+ declared/declared in tree 'hits'" in said
    assert "elsewhere" not in said


def test_models_whose_network_is_elsewhere_are_named(
    toy: Path, ntuple: Path, command: Callable
) -> None:
    toy.with_name("toy.onnx").unlink()
    found = command("inspect", ntuple, "--json").account
    assert found["models"] == found["absent"] == ["toy"]
    said = command("inspect", ntuple).out
    assert "toy would: its network is not on this machine (`rootml models verify toy`" in said
