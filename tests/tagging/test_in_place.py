"""Tagging a file in place, and verifying what is written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import InputError, OutputError


def test_the_file_itself_gets_the_branch(
    toy: Path, hits: Path, scores: np.ndarray, root_reads: Callable[..., str]
) -> None:
    with uproot.open(hits) as file:
        old = {name: file["hits"][name].array().tolist() for name in file["hits"].keys()}  # noqa: SIM118
    result = rootml.tag_file(hits, in_place=True, verify=True)
    assert result.plan.target == hits
    assert set(result.files) == {hits, *(hits.parent / "hits_validation").iterdir()}
    assert result.verified is not None
    assert result.verified.keeps_all
    assert {entry.path for entry in result.verified.added} == {
        "hits/toy_score",
        "rootml_provenance",
    }
    with uproot.open(hits) as file:
        assert {name: file["hits"][name].array().tolist() for name in old} == old
        np.testing.assert_allclose(file["hits/toy_score"].array(), scores, rtol=1e-6)
        assert file["spectrum"].values().sum() == 500
    assert "judged 497" in root_reads(hits, "hits", "toy_score")


def test_again_only_if_told(toy: Path, hits: Path, scores: np.ndarray) -> None:
    rootml.tag_file(hits, in_place=True, plots=False)
    before = hits.read_bytes()
    with pytest.raises(OutputError, match="already has a branch 'toy_score', made by toy"):
        rootml.tag_file(hits, in_place=True, plots=False)
    assert hits.read_bytes() == before
    rootml.tag_file(hits, in_place=True, plots=False, overwrite=True, verify=True)
    with uproot.open(hits) as file:
        np.testing.assert_allclose(file["hits/toy_score"].array(), scores, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "where to"),
        ({"target": "out.root", "in_place": True}, "where to"),
        ({"in_place": True, "output": "friend"}, "a friend is a file of its own"),
        ({"target": "out.root", "output": "friend", "verify": True}, "nothing of the source"),
    ],
)
def test_places_that_contradict(options: dict, said: str, toy: Path, hits: Path) -> None:
    before = hits.read_bytes()
    with pytest.raises(InputError, match=said):
        rootml.tag_file(hits, **options)
    assert hits.read_bytes() == before


def test_a_dry_run_changes_nothing(toy: Path, hits: Path) -> None:
    before = hits.read_bytes()
    result = rootml.tag_file(hits, in_place=True, dry_run=True)
    assert result.plan.in_place
    assert hits.read_bytes() == before


def test_the_command(toy: Path, hits: Path, tmp_path: Path, command: Callable) -> None:
    done = command("tag", hits, "--in-place", "--verify", "--no-plots")
    assert done.code == 0
    for said in ("hits.root, in place", "verified nothing lost or changed: 2 trees; 4 branches"):
        assert said in done.out
    done = command("tag", hits, "-o", tmp_path, "--in-place")
    assert (done.code, "takes no folder" in done.err) == (2, True)
    done = command("tag", hits, tmp_path / "out.root", "--verify", "--overwrite", "--json")
    assert done.account["verified"]["keeps_all"]
    assert json.dumps(done.account["verified"]["added"])


@pytest.mark.parametrize("target", [None, "out.root"])
def test_an_rntuple(
    target: str | None, toy: Path, deposits: np.ndarray, scores: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "in.root"
    with uproot.recreate(path) as file:
        file.mkrntuple("hits", {"cell_e": deposits})
    to = target and tmp_path / target
    result = rootml.tag_file(path, to, in_place=target is None, verify=True, plots=False)
    assert result.verified is not None
    assert result.verified.keeps_all
    with uproot.open(result.plan.target) as file:
        np.testing.assert_allclose(file["hits"]["toy_score"].array(), scores, rtol=1e-6)
