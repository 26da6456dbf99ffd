"""Branches that ``rootml-tag --vary`` wrote, as systematic variations of their sample."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import BranchError, InputError
from rootml.tagged import validate_files
from rootml.tagged.samples import parse_branch_variation, parse_sample

ADAPTER = {
    "title": "My analysis",
    "trees": ["events"],
    "tensors": {"t": ["x", "y"]},
    "select": "y > -3",
    "truth": {"label": "truth", "classes": ["background", "signal"]},
    "variations": {"scale": {"scale": ["x", "y"]}},
}


@pytest.fixture(scope="module")
def varied(tmp_path_factory, make_card, mine, write):
    """The folder of events tagged as they are and with larger inputs, and of larger ones."""
    folder = tmp_path_factory.mktemp("varied")
    card = make_card("mine", adapter=ADAPTER)
    rootml.tag_file(mine.source, folder / "mc.root", card, vary={"scale": [1.5]}, plots=False)
    factors = {"x": np.float32(1.5), "y": np.float32(1.5)}
    larger = {name: values * factors.get(name, 1) for name, values in mine.branches.items()}
    source = write(folder / "larger.root", larger)
    rootml.tag_file(source, folder / "data.root", card, plots=False)
    return folder, card


def test_they_are_counted_as_if_the_inputs_were_such(varied):
    folder, card = varied
    texts = [f"MC={folder}/mc.root"], [f"Data={folder}/data.root"]
    samples = [*map(parse_sample, texts[0]), parse_branch_variation("MC:up=scale_1p5")]
    study = validate_files(samples, card, data=texts[1])
    nominal, up, data = study.reports
    assert (up.sample["role"], up.sample["name"]) == ("variation", "MC_up")
    for name in ("score_signal", "score_background"):
        moved, expected, before = (one.hists[name].values() for one in (up, data, nominal))
        np.testing.assert_array_equal(moved, expected)
        assert moved.sum() > 200
        assert not np.array_equal(moved, before)
    judged = uproot.open(folder / "mc.root")["events/mine_score_scale_1p5"].array(library="np")
    assert up.figures["events"]["judged"] == np.isfinite(judged).sum()
    assert up.figures["events"]["judged"] < nominal.figures["events"]["judged"]
    assert not [note for note in study.notes if note.level == "warning"]


@pytest.mark.parametrize("text", ["up", "up=", "up=a b", "=scale_1p5", "MC:=scale_1p5"])
def test_a_variation_names_a_suffix(text):
    with pytest.raises(InputError, match=r"expected .SAMPLE:.NAME=SUFFIX"):
        parse_branch_variation(text)


def test_what_was_not_made_is_named(varied, command, tmp_path):
    folder, card = varied
    files = f"MC={folder}/mc.root", "--data", folder / "data.root", "-o", tmp_path / "out"
    done = command("validate", *files, "-m", card, "--vary-branches", "up=scale_1p6")
    assert done.code == 2
    said = "no branch 'mine_score_scale_1p6'; did you mean 'mine_score_scale_1p5'?"
    assert said in done.err
    assert "rootml-tag --vary makes it" in done.err
    samples = [parse_sample(f"{folder}/data.root"), parse_branch_variation("up=scale_1p5")]
    with pytest.raises(BranchError, match="no branch 'mine_score_scale_1p5'; rootml-tag --vary"):
        validate_files(samples, card)
