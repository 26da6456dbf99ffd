from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import InputError, LayoutError, OutputError, RegistryError
from rootml.rootio import read_provenance


def column(path: Path, name: str = "toy_score", tree: str = "hits") -> np.ndarray:
    return uproot.open(path)[tree][name].array(library="np")


def test_it_finds_experiment_and_network_and_appends(
    toy: Path, hits: Path, scores: np.ndarray, tmp_path: Path
) -> None:
    result = rootml.tag_file(hits, tmp_path / "out.root", plots=False)
    np.testing.assert_allclose(column(tmp_path / "out.root"), scores, rtol=1e-6)
    (model,) = result.plan.models
    assert (model.adapter, model.layout, result.plan.tree) == ("toylab", "flat", "hits")
    assert result.judged == {"toy": 497}
    assert result.events == 500


def test_everything_else_is_kept(toy: Path, hits: Path, tmp_path: Path) -> None:
    rootml.tag_file(hits, tmp_path / "out.root", plots=False)
    with uproot.open(hits) as old, uproot.open(tmp_path / "out.root") as new:
        assert set(old.keys()) <= set(new.keys())
        for branch in old["hits"].keys():  # noqa: SIM118 - a tree does not iterate over names
            assert ak.array_equal(old["hits"][branch].array(), new["hits"][branch].array())
        assert ak.array_equal(old["other"]["x"].array(), new["other"]["x"].array())
        np.testing.assert_array_equal(old["spectrum"].values(), new["spectrum"].values())


def test_root_reads_the_output(
    toy: Path, hits: Path, tmp_path: Path, root_reads: Callable[..., str]
) -> None:
    rootml.tag_file(hits, tmp_path / "out.root", plots=False)
    printed = root_reads(tmp_path / "out.root", "hits", "toy_score")
    assert "judged 497" in printed
    assert '"name": "toy"' in printed


def test_a_friend_holds_the_new_branches_alone(
    toy: Path, hits: Path, scores: np.ndarray, tmp_path: Path
) -> None:
    rootml.tag_file(hits, tmp_path / "friend.root", output="friend", plots=False)
    with uproot.open(tmp_path / "friend.root") as friend:
        assert friend["hits"].keys() == ["toy_score"]
    np.testing.assert_allclose(column(tmp_path / "friend.root"), scores, rtol=1e-6)


def test_several_networks_in_one_pass(
    toy: Path, hits: Path, tmp_path: Path, write_model: Callable[..., Path]
) -> None:
    second = write_model(tmp_path / "more", "second")
    result = rootml.tag_file(
        hits, tmp_path / "out.root", ["toy", str(second)], plots=tmp_path / "plots"
    )
    assert [c.name for c in result.plan.columns] == ["toy_score", "second_score"]
    np.testing.assert_array_equal(
        column(tmp_path / "out.root"), column(tmp_path / "out.root", "second_score")
    )
    study = json.loads((tmp_path / "plots" / "report.json").read_text())
    assert [report["model"]["name"] for report in study["reports"]] == ["toy", "second"]
    assert (tmp_path / "plots" / "second" / "hits" / "score_distribution.png").exists()


def test_entries_outside_the_range_are_nan(
    toy: Path, hits: Path, scores: np.ndarray, tmp_path: Path
) -> None:
    rootml.tag_file(hits, tmp_path / "out.root", entry_range=(100, 250), plots=False)
    expected = np.full(500, np.nan, "f4")
    expected[100:250] = scores[100:250]
    np.testing.assert_allclose(column(tmp_path / "out.root"), expected, rtol=1e-6)


@pytest.mark.parametrize("wanted", [(250, 100), (0, 501), (-3, None), (5, 5)])
def test_a_range_beyond_the_tree_is_refused(
    toy: Path, hits: Path, tmp_path: Path, wanted: tuple[int, int | None]
) -> None:
    with pytest.raises(InputError, match="500 entries"):
        rootml.tag_file(hits, tmp_path / "out.root", entry_range=wanted)
    assert not (tmp_path / "out.root").exists()


def test_the_record_says_what_made_the_branch(toy: Path, hits: Path, tmp_path: Path) -> None:
    rootml.tag_file(hits, tmp_path / "out.root", plots=False)
    (entry,) = read_provenance(tmp_path / "out.root", "hits")["taggings"]
    model = rootml.load("toy")
    assert entry["branches"] == ["toy_score"]
    assert entry["model"] == {
        "name": "toy",
        "version": "1.0",
        "sha256": model.card.network.sha256,
        "card_sha256": hashlib.sha256(toy.read_bytes()).hexdigest(),
        "verified": True,
        "origin": "user folder",
    }
    assert entry["engine"]["name"] == model.engine.name
    assert (entry["adapter"], entry["layout"]) == ("toylab", "flat")
    assert entry["adapter_origin"] == {"package": "toylab 1.0"}
    assert entry["input"]["file"] == str(hits)
    assert entry["input"]["bytes"] == hits.stat().st_size
    assert entry["versions"]["rootml"] == rootml.__version__


def test_tagging_twice_needs_a_word(toy: Path, hits: Path, tmp_path: Path) -> None:
    once, twice = tmp_path / "once.root", tmp_path / "twice.root"
    rootml.tag_file(hits, once, plots=False)
    with pytest.raises(OutputError, match=r"toy_score.*made by toy 1\.0.*--overwrite.*--prefix"):
        rootml.tag_file(once, twice, plots=False)
    assert not twice.exists()
    rootml.tag_file(once, twice, prefix="new_", plots=False)
    np.testing.assert_array_equal(column(twice), column(twice, "new_toy_score"))
    taggings = read_provenance(twice, "hits")["taggings"]
    assert [entry["branches"] for entry in taggings] == [["toy_score"], ["new_toy_score"]]


def test_overwrite_replaces_the_branch(
    toy: Path, hits: Path, tmp_path: Path, write_model: Callable[..., Path]
) -> None:
    once, twice = tmp_path / "once.root", tmp_path / "twice.root"
    rootml.tag_file(hits, once, plots=False)
    stronger = write_model(tmp_path / "stronger", "toy")
    rootml.tag_file(once, twice, [str(stronger)], overwrite=True, plots=False)
    assert uproot.open(twice)["hits"].keys().count("toy_score") == 1
    (entry,) = read_provenance(twice, "hits")["taggings"]
    assert entry["input"]["file"] == str(once)


def test_an_existing_output_is_kept(toy: Path, hits: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.root"
    target.write_text("precious")
    with pytest.raises(OutputError, match="exists already"):
        rootml.tag_file(hits, target)
    assert target.read_text() == "precious"
    rootml.tag_file(hits, target, overwrite=True, plots=False)
    assert len(column(target)) == 500


def test_a_dry_run_writes_nothing(toy: Path, hits: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    result = rootml.tag_file(hits, tmp_path / "out.root", dry_run=True)
    assert sorted(tmp_path.rglob("*")) == before
    assert result.plan.branches_read == ("cell_e", "truth_label")
    assert json.dumps(result.to_json())


def test_the_validation_lies_beside_the_output(toy: Path, hits: Path, tmp_path: Path) -> None:
    result = rootml.tag_file(hits, tmp_path / "out.root")
    study = json.loads((tmp_path / "out_validation" / "report.json").read_text())
    (report,) = study["reports"]
    assert study["samples"][0]["files"] == [{"path": str(hits), "tree": "hits", "entries": 500}]
    assert report["figures"]["events"]["not_judged"] == 3
    assert set(result.files) == {tmp_path / "out.root", *(tmp_path / "out_validation").iterdir()}


def test_outputs_are_chosen_by_name(toy: Path, hits: Path, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="no output 'scor'; did you mean 'score'"):
        rootml.tag_file(hits, tmp_path / "out.root", outputs=["scor"])


def test_a_file_of_no_known_layout_lists_the_near_misses(toy: Path, tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "in.root") as file:
        file.mktree("hits", {"cell_E1": ("f4", (6,))}).extend({"cell_E1": np.ones((2, 6))})
    with pytest.raises(LayoutError, match=r"(?s)no layout matches.*toylab/flat.*'cell_e'; did you"):
        rootml.tag_file(tmp_path / "in.root", tmp_path / "out.root")


def test_a_tree_of_another_name_can_be_chosen(
    toy: Path, deposits: np.ndarray, tmp_path: Path
) -> None:
    with uproot.recreate(tmp_path / "in.root") as file:
        file.mktree("mine", {"cell_e": ("f4", (6,))}).extend({"cell_e": deposits})
    with pytest.raises(LayoutError, match="'mine': the tree should be named hits, or be chosen"):
        rootml.tag_file(tmp_path / "in.root", tmp_path / "out.root")
    rootml.tag_file(tmp_path / "in.root", tmp_path / "out.root", tree="mine", plots=False)
    assert len(column(tmp_path / "out.root", tree="mine")) == 500


def test_two_matching_trees_are_a_question(toy: Path, deposits: np.ndarray, tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "in.root") as file:
        for name in ("a/hits", "b/hits"):
            file.mktree(name, {"cell_e": ("f4", (6,))}).extend({"cell_e": deposits})
    with pytest.raises(LayoutError, match=r"more than one layout matches.*a/hits.*b/hits.*--tree"):
        rootml.tag_file(tmp_path / "in.root", tmp_path / "out.root")
    rootml.tag_file(tmp_path / "in.root", tmp_path / "out.root", tree="b/hits", plots=False)
    assert len(column(tmp_path / "out.root", tree="b/hits")) == 500
    with uproot.open(tmp_path / "out.root") as file:
        assert "toy_score" not in file["a/hits"]


def test_a_broken_plug_in_spoils_only_itself(
    toy: Path, hits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "site" / "broken-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[rootml.adapters]\nbroken = not_there:ADAPTER\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    with pytest.warns(rootml.errors.RootmlWarning, match="broken 1.0"):
        rootml.tag_file(hits, tmp_path / "out.root", plots=False)
    assert (tmp_path / "out.root").exists()
