"""Networks of different adapters, installed and declared, in one run over one tree."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import InputError, LayoutError
from rootml.rootio import read_provenance
from rootml.rootio.chunks import read_together

Declare = Callable[..., str]


@pytest.fixture
def declare(
    toy: Path, tmp_path: Path, write_network: Callable[..., Path], write_card: Callable[..., Path]
) -> Declare:
    """``declare(name, "x", trees=["hits"])``: a card whose network takes these expressions."""

    def make(name: str, *inputs: str, **adapter: object) -> str:
        shape = ("n", len(inputs))
        network = write_network(tmp_path / f"{name}.onnx", cells="t", shape=shape, weight=0.01)
        adapter = {"trees": ["hits"], "tensors": {"t": list(inputs)}} | adapter
        return str(write_card(network, adapter=adapter, view="declared"))

    return make


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "rootml.tagging.judging.read_together", partial(read_together, chunk_bytes=5000)
    )


def columns(path: Path, *names: str, tree: str = "hits") -> list[np.ndarray]:
    with uproot.open(path) as file:
        return [file[tree][name].array(library="np") for name in names]


def test_an_installed_adapter_and_declarations(
    hits: Path, declare: Declare, deposits: np.ndarray, scores: np.ndarray, tmp_path: Path,
    small_chunks: None,
) -> None:  # fmt: skip
    first, last = declare("first", "cell_e[0]", "run"), declare("last", "cell_e[5]", "run")
    result = rootml.tag_file(hits, tmp_path / "out.root", [last, "toy", first], plots=False)
    toy, one, other, run = columns(
        tmp_path / "out.root", "toy_score", "first_score", "last_score", "run"
    )
    np.testing.assert_allclose(toy, scores, rtol=1e-6)
    for said, cell in ((one, deposits[:, 0]), (other, deposits[:, 5])):
        np.testing.assert_allclose(said, 1 / (1 + np.exp(-0.01 * (cell + run))), rtol=1e-5)
    assert sorted(result.plan.branches_read) == ["cell_e", "run"]
    assert [c.name for c in result.plan.columns] == ["last_score", "toy_score", "first_score"]
    assert result.judged == {"last": 500, "toy": 497, "first": 500}


def test_every_network_is_recorded_with_its_own_adapter(
    hits: Path, declare: Declare, tmp_path: Path
) -> None:
    result = rootml.tag_file(hits, tmp_path / "out.root", ["toy", declare("mine", "run")])
    expected = [("toy", "toylab", "flat"), ("mine", "mine", "declared")]
    entries = read_provenance(tmp_path / "out.root", "hits")["taggings"]
    assert [(e["model"]["name"], e["adapter"], e["layout"]) for e in entries] == expected
    assert ["package" in e["adapter_origin"] for e in entries] == [True, False]
    models = json.loads(json.dumps(result.to_json()))["models"]
    assert [(m["name"], m["adapter"], m["layout"]) for m in models] == expected
    folders = {path.name for path in (tmp_path / "out_validation").iterdir() if path.is_dir()}
    assert folders == {"toy", "mine"}
    assert result.figures["toy"]["events"]["classes"]["signal"]["judged"] > 0


def test_the_account_names_every_layout(
    hits: Path, declare: Declare, tmp_path: Path, command: Callable
) -> None:
    cards = ["--model", "toy", "--model", declare("mine", "run")]
    done = command("tag", hits, tmp_path / "out.root", *cards, "--dry-run")
    assert re.search(r"tree +hits: 500 entries, toylab/flat\n +mine/declared\n", done.out)
    assert not (tmp_path / "out.root").exists()


def test_the_tree_is_one_that_all_can_read(
    declare: Declare, deposits: np.ndarray, tmp_path: Path
) -> None:
    with uproot.recreate(tmp_path / "in.root") as file:
        some = {"cell_e": deposits}
        file.mktree("a/hits", {"cell_e": ("f4", (6,))}).extend(some)
        both = {**some, "x": np.arange(500.0)}
        file.mktree("b/hits", {"cell_e": ("f4", (6,)), "x": "f8"}).extend(both)
    mine = declare("mine", "x")
    result = rootml.tag_file(tmp_path / "in.root", tmp_path / "out.root", ["toy", mine])
    assert result.plan.tree == "b/hits"
    with uproot.open(tmp_path / "out.root") as file:
        assert {"toy_score", "mine_score"} <= set(file["b/hits"].keys())


@pytest.mark.parametrize(
    ("inputs", "trees", "why"),
    [
        ("x", ["other"], r"mine/declared in tree 'other': all required"),
        ("Run", ["hits"], r"mine/declared in tree 'hits': no branch 'Run'; did you mean 'run'"),
    ],
)
def test_networks_that_no_tree_fits_are_refused(
    hits: Path, declare: Declare, tmp_path: Path, inputs: str, trees: list[str], why: str
) -> None:
    mine = declare("mine", inputs, trees=trees)
    fits = (
        rf"hits\.root: .*none fits all the models:\n.*toylab/flat in tree 'hits': all .*\n.*{why}"
    )
    with pytest.raises(LayoutError, match=fits):
        rootml.tag_file(hits, tmp_path / "out.root", ["toy", mine])
    assert not (tmp_path / "out.root").exists()


def test_an_adapter_that_a_network_is_not_of(hits: Path, declare: Declare, tmp_path: Path) -> None:
    cards = ["toy", declare("mine", "run")]
    with pytest.raises(InputError, match="adapter 'toylab': the model 'mine' is one of 'mine'"):
        rootml.tag_file(hits, tmp_path / "out.root", cards, adapter="toylab")
