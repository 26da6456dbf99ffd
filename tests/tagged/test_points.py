"""Branches of bools in files that are validated: checked against the scores beside them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import FileError
from rootml.rootio import read_provenance

POINTS = [
    {"name": "tight", "output": "score", "threshold": 0.8},
    {
        "name": "flat",
        "output": "score",
        "against": "energy",
        "unit": "GeV",
        "at": [10.0, 50.0],
        "thresholds": [0.4, 0.9],
    },
]


@pytest.fixture(scope="module")
def tagged(mine, make_card, tmp_path_factory):
    """A file with scores and both bools, and the card that made them."""
    card = make_card("cuts", working_points=POINTS)
    target = tmp_path_factory.mktemp("cuts") / "cuts.root"
    rootml.tag_file(mine.source, target, card, working_points="all", plots=False)
    return target, card


def warnings_of(study):
    return [note.text for note in study.notes if note.level == "warning"]


def rewritten(tagged, path, **changes):
    """The file with some of its branches changed, and its record."""
    with uproot.open(tagged[0]) as file, uproot.recreate(path) as out:
        branches = file["events"].arrays(library="np") | changes
        out.mktree("events", {k: v.dtype for k, v in branches.items()}).extend(branches)
    return path


def test_working_points_are_counted_whether_they_follow_a_column_or_not(tagged):
    study = rootml.validate_files(tagged[0], tagged[1], inputs=False)
    assert not warnings_of(study)
    with uproot.open(tagged[0]) as file:
        branches = file["events"].arrays(library="np")
    signal = (branches["truth"] == 1) & ~np.isnan(branches["cuts_score"])
    made = study.reports[0].figures["outputs"]["score"]
    for row in made["card_working_points"]:
        kept = branches[f"cuts_{row['name']}"][signal].mean()
        assert row["efficiency"]["value"] == pytest.approx(kept)
    following = made["against"]["energy"]["following"]
    assert following["name"] == "flat"
    kept = sum(row["cut"]["signal_passed"] for row in following["rows"])
    assert kept == branches["cuts_flat"][signal].sum()


def test_files_that_the_same_network_tagged_again(mine, tagged, tmp_path):
    """The first tagging keeps the bools that the second did not replace, and no score."""
    paths = mine.source, tmp_path / "once.root", tmp_path / "twice.root"
    for source, target, point in zip(paths, paths[1:], ("tight", "flat"), strict=False):
        rootml.tag_file(
            source, target, tagged[1], working_points=point, plots=False, overwrite=True
        )
    study = rootml.validate_files(paths[-1], tagged[1], inputs=False)
    assert not warnings_of(study)
    assert study.reports[0].figures["events"]["judged"] > 0


def test_bools_select(tagged):
    study = rootml.validate_files(tagged[0], tagged[1], select="cuts_tight", inputs=False)
    with uproot.open(tagged[0]) as file:
        passed = file["events/cuts_tight"].array(library="np")
    assert study.reports[0].figures["events"]["judged"] == passed.sum()


def test_bools_that_are_not_what_the_scores_say(tagged, tmp_path, monkeypatch):
    with uproot.open(tagged[0]) as file:
        scores = file["events/cuts_score"].array(library="np")
    changed = np.where(np.arange(len(scores)) < 9, 1 - scores, scores).astype("f4")
    path = rewritten(tagged, tmp_path / "changed.root", cuts_score=changed)
    record = read_provenance(tagged[0], "events")
    monkeypatch.setattr("rootml.tagged.tree.read_provenance", lambda *_: record)
    (text, *others) = warnings_of(rootml.validate_files(path, tagged[1], inputs=False))
    wrong = np.sum((changed > np.float32(0.8)) != (scores > np.float32(0.8)))
    assert wrong > 0
    assert text.startswith(f"{wrong} values of the branch 'cuts_tight' are not what its cut makes")
    assert len(others) == 1


def test_a_record_of_cuts_that_is_damaged(tagged, tmp_path, monkeypatch):
    record = read_provenance(tagged[0], "events")
    damaged = json.loads(json.dumps(record))
    damaged["taggings"][0]["working_points"]["cuts_flat"]["thresholds"] = [0.4]
    monkeypatch.setattr("rootml.tagged.tree.read_provenance", lambda *_: damaged)
    with pytest.raises(FileError, match="as many thresholds"):
        rootml.validate_files(tagged[0], tagged[1])
