"""Systematic variations: the same events judged again, their inputs off in a declared way."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import DataError, InputError
from rootml.registry import load
from rootml.rootio import read_provenance
from rootml.tagger import Tagger
from rootml.variations import parse


def score(cells):
    """What the toy network says: sigmoid(0.1 * sum), NaN where there is nothing to judge."""
    sums = cells.sum(axis=1)
    return np.where(sums > 0, 1 / (1 + np.exp(-0.1 * sums)), np.nan).astype("f4")


@pytest.fixture
def events(deposits):
    return ak.zip({"cell_e": ak.from_numpy(deposits)}, depth_limit=1)


def test_a_field_for_each_value(toy, events, deposits, scores):
    varied = rootml.annotate(events, "toy", vary={"scale": (0.9, 1.1)})
    assert varied.fields == ["cell_e", "toy_score", "toy_score_scale_0p9", "toy_score_scale_1p1"]
    np.testing.assert_allclose(varied.toy_score, scores, rtol=1e-6)
    np.testing.assert_allclose(varied.toy_score_scale_0p9, score(0.9 * deposits), rtol=1e-6)
    np.testing.assert_allclose(varied.toy_score_scale_1p1, score(1.1 * deposits), rtol=1e-6)


def test_inputs_are_read_once(toy, hits):
    log = []
    tree = uproot.open(hits)["hits"]
    array = tree.arrays(virtual=True, access_log=log)
    varied = rootml.annotate(array, "toy", vary={"scale": (0.9, 1.1), "smear": (0.1,)})
    assert log == []
    assert varied.toy_score_scale_0p9[0] < varied.toy_score_scale_1p1[0]
    assert [access.branch for access in log] == ["cell_e"]


def test_what_is_random_follows_the_event_not_the_batch(toy, events):
    tagger = Tagger(load("toy"), vary={"smear": (0.2,)}, vary_seed=4)
    columns = ak.zip({"cells": events.cell_e}, depth_limit=1)
    whole = tagger(columns).columns["toy_score_smear_0p2"]
    backwards = tagger(columns[::-1]).columns["toy_score_smear_0p2"]
    np.testing.assert_array_equal(backwards[::-1], whole)

    other = Tagger(load("toy"), vary={"smear": (0.2,)}, vary_seed=5)
    assert np.mean(other(columns).columns["toy_score_smear_0p2"] == whole) < 0.1


def test_smearing_has_the_width_that_is_asked_for(toy, events, deposits):
    varied = rootml.annotate(events, "toy", vary={"smear": (0.05,)})
    some = deposits.sum(axis=1) > 0
    smeared = np.asarray(varied.toy_score_smear_0p05)[some].astype("f8")
    factor = 10 * np.log(smeared / (1 - smeared)) / deposits.sum(axis=1)[some]
    assert np.std(np.log(factor)) == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize(
    ("vary", "says"),
    [
        ({"scael": (1.1,)}, r"'cells' has no variation 'scael'; did you mean 'scale'\?"),
        ({"scale": ()}, r"'scale': expected a list of numbers, not \(\)"),
        ({"scale": 1.1}, "'scale': expected a list of numbers, not 1.1"),
        ({"scale": "11"}, "'scale': expected a list of numbers, not '11'"),
        ({"scale": ["up"]}, r"'scale': expected a list of numbers, not \['up'\]"),
        ({1: (1.1,)}, "no variation 1"),
        (["scale=1.1"], r"vary: expected values by the names of variations, not \['scale=1.1'\]"),
        ({"scale": (np.nan,)}, "nan is not a finite number"),
        ({"scale": (1.1, 1.1)}, "scale 1.1 is asked for twice"),
    ],
)
def test_what_cannot_be_varied(toy, events, vary, says):
    with pytest.raises(InputError, match=says):
        rootml.annotate(events, "toy", vary=vary)


@pytest.mark.parametrize("seed", [-1, 1 << 64])
def test_seeds_that_are_none(toy, events, seed):
    with pytest.raises(InputError, match=f"seed of variations is {seed}"):
        rootml.annotate(events, "toy", vary={"smear": (0.1,)}, vary_seed=seed)


def test_a_variation_that_breaks_an_event_names_both(toy, hits, deposits):
    deposits[7] = [2e38, 0, 0, 0, 0, 0]
    events = ak.zip({"cell_e": ak.from_numpy(deposits)}, depth_limit=1)
    with pytest.raises(DataError, match=r"entry 7: variation scale 3: the tensor 'cells' holds"):
        rootml.annotate(events, "toy", vary={"scale": (3,)})


@pytest.mark.parametrize(
    ("value", "suffix"), [(-2.5, "m2p5"), (1e-05, "1em05"), (2e12, "2e12"), (3, "3")]
)
def test_values_in_names(toy, events, value, suffix):
    fields = rootml.annotate(events, "toy", vary={"scale": (value,)}).fields
    assert fields[-1] == f"toy_score_scale_{suffix}"


def test_variations_as_text():
    assert parse(["scale=0.9,1.1", "smear=.2", "scale=2"]) == {
        "scale": (0.9, 1.1, 2.0),
        "smear": (0.2,),
    }
    for text in ("scale", "scale=", "scale=a", "=1", "a b=1"):
        with pytest.raises(InputError, match="expected NAME=VALUE"):
            parse([text])


def branches(path, tree="hits"):
    with uproot.open(path) as file:
        return file[tree].arrays(library="np")


def test_a_file_gets_branches_and_a_record(toy, hits, deposits, scores, tmp_path):
    out = tmp_path / "out.root"
    rootml.tag_file(
        hits, out, "toy", vary={"scale": (0.9, 1.1)}, vary_seed=3, verify=True, plots=False
    )
    found = branches(out)
    np.testing.assert_allclose(found["toy_score"], scores, rtol=1e-6)
    np.testing.assert_allclose(found["toy_score_scale_0p9"], score(0.9 * deposits), rtol=1e-6)
    with uproot.open(out) as file:
        assert file["hits/toy_score_scale_0p9"].title.endswith("with scale 0.9")
        (entry,) = read_provenance(file, "hits")["taggings"]
    assert entry["variations"] == {
        "toy_score_scale_0p9": {"of": "toy_score", "name": "scale", "value": 0.9},
        "toy_score_scale_1p1": {"of": "toy_score", "name": "scale", "value": 1.1},
    }
    assert entry["options"]["vary"] == {"scale": [0.9, 1.1]}
    assert entry["options"]["vary_seed"] == 3


def test_cuts_vary_as_well_and_go_with_the_score(
    toylab, own_places, write_model, hits, deposits, tmp_path
):
    point = {"name": "pass90", "output": "score", "threshold": 0.6}
    write_model(own_places / "rootml" / "models", working_points=[point])
    once, twice = tmp_path / "once.root", tmp_path / "twice.root"
    given = {"vary": {"scale": (0.8,)}, "working_points": "all", "plots": False}
    rootml.tag_file(hits, once, "toy", **given)
    found = branches(once)
    np.testing.assert_array_equal(found["toy_pass90_scale_0p8"], score(0.8 * deposits) > 0.6)
    assert found["toy_pass90_scale_0p8"].sum() < found["toy_pass90"].sum()

    result = rootml.tag_file(once, twice, "toy", overwrite=True, plots=False)
    assert set(result.plan.dropped) == {
        "toy_pass90",
        "toy_score_scale_0p8",
        "toy_pass90_scale_0p8",
    }
    assert "toy_score" in branches(twice)
    assert "toy_score_scale_0p8" not in branches(twice)


def test_on_the_command_line(toy, hits, deposits, tmp_path, command):
    out = tmp_path / "out.root"
    done = command("tag", hits, out, "--vary", "scale=0.9,1.1", "--vary", "smear=0", "--no-plots")
    assert done.code == 0, done.err
    assert "toy_score_scale_1p1 (float32 per event)" in done.out
    found = branches(out)
    np.testing.assert_allclose(found["toy_score_scale_1p1"], score(1.1 * deposits), rtol=1e-6)
    np.testing.assert_array_equal(found["toy_score_smear_0"], found["toy_score"])

    refused = command("tag", hits, tmp_path / "no.root", "--vary", "smaer=1", "--no-plots")
    assert refused.code == 2
    assert "did you mean 'smear'" in refused.err
    assert not (tmp_path / "no.root").exists()
