"""Files with something wrong in them, through the doors that users take."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml

HITS = ("grid_layer", "grid_column", "wirez", "radius", "wirex", "wirey")


@pytest.fixture
def lists(events: ak.Array) -> dict[str, Any]:
    """Twenty events with three hits or more, as lists that may be changed."""
    few = events[ak.num(events["grid_layer"]) >= 3][:20]
    return {name: few[name].tolist() for name in (*HITS, "truth_ntracks")}


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """``written(lists, name)``: the file of a ``hit_tree`` with these branches."""

    def write(lists: dict[str, Any], name: str = "in.root") -> Path:
        branches = {key: ak.Array(values) for key, values in lists.items()}
        branches["grid_side"] = ak.values_astype(branches["grid_layer"][:, :0], np.int32)
        with uproot.recreate(tmp_path / name) as file:
            file["hit_tree"] = branches
        return tmp_path / name

    return write


def counts(path: Path, model: Path) -> list[int]:
    """Numbers of tracks by the network, of the file as it was tagged."""
    tagged = path.with_suffix(".tagged.root")
    rootml.tag_file(path, tagged, model, plots=False)
    tree = uproot.open(tagged)["hit_tree"]
    found: list[int] = tree["tiny_count_ntracks"].array().tolist()
    return found


def add(lists: dict[str, Any], event: int, **values: float) -> None:
    """One more hit, as the event's first but for these values."""
    for name in HITS:
        lists[name][event].append(values.get(name, lists[name][event][0]))


def test_a_hit_that_is_there_twice_counts_once(lists, written, counter):
    meant = counts(written(lists, "once.root"), counter)
    for event in range(20):
        for _ in range(8):
            add(lists, event)
    assert counts(written(lists, "twice.root"), counter) == meant


@pytest.mark.parametrize("height", [np.nan, 0.0])
def test_hits_without_a_height_fake_no_track(lists, written, pixels, height):
    """At z = 0, where they were put in the talk, thirty of them would be thirty pixels in a row."""
    path = written(lists, "clean.root")
    meant = rootml.annotate(path, pixels).tiny_pixels_score.tolist()
    for event in range(20):
        for row in range(30):
            add(lists, event, wirez=height, grid_column=row, wirey=(row - 56) * 44.0)
    path = written(lists, "noisy.root")
    assert rootml.annotate(path, pixels).tiny_pixels_score.tolist() == meant
    for event in range(20):
        add(lists, event, wirez=1234.5)
    path = written(lists, "more.root")
    assert rootml.annotate(path, pixels).tiny_pixels_score.tolist() != meant


@pytest.mark.parametrize(
    ("branch", "value", "says"),
    [
        ("grid_layer", 9, "grid_layer of hit 2 is 9, expected 0 to 8"),
        ("grid_column", -1, "grid_column of hit 2 is -1, expected 0 to 112"),
    ],
)
def test_hits_outside_the_detector(lists, written, counter, command, tmp_path, branch, value, says):
    lists[branch][7][2] = value
    path = written(lists)
    said = command("tag", path, tmp_path / "out.root", "--model", counter, "--no-plots")
    assert said.code == 2
    assert f"in.root: tree 'hit_tree', entry 7: {says}" in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "out.root").exists()


def test_lists_that_do_not_belong_together(lists, written, counter, command, tmp_path):
    lists["grid_column"][3].pop()
    path = written(lists)
    said = command("tag", path, tmp_path / "out.root", "--model", counter, "--no-plots")
    count = len(lists["grid_layer"][3])
    expected = f"entry 3: grid_column: {count - 1} values, expected one for {count} hits"
    assert said.code == 2
    assert expected in said.err


def test_events_without_hits_are_counted(lists, written, counter):
    for name in HITS:
        lists[name][4] = []
    assert counts(written(lists), counter)[4] == 0


def test_trainings_need_truth(lists, written, command, tmp_path):
    del lists["truth_ntracks"]
    said = command("train", "ntracks_supernemo_front", written(lists), "-o", tmp_path / "run")
    assert said.code == 2
    for words in ("in.root", "hit_tree", "'truth_ntracks'", "'track_split'", "'dirx'", "truth"):
        assert words in said.err
    assert "Traceback" not in said.err


def test_trainings_name_only_what_the_file_lacks(lists, written, command, tmp_path):
    del lists["truth_ntracks"]
    lists["calo_type"] = [[0]] * 20
    said = command("train", "calo_supernemo", written(lists), "-o", tmp_path / "run")
    assert said.code == 2
    for words in ("in.root: tree 'hit_tree': no branch 'truth_module'", "or 'track_split'"):
        assert words in said.err
    assert "'grid_layer'" not in said.err
    assert "'calo_type'" not in said.err


def test_modules_outside_the_calorimeter(events, command, tmp_path):
    names = ("calo_type", "calo_side", "calo_wall", "calo_row", "calo_column")
    some = events[ak.num(events["calo_type"]) > 0][:5]
    branches = {name: some[name] for name in (*HITS, "grid_side", *names)}
    branches["calo_side"] = branches["calo_side"] + 2
    with uproot.recreate(tmp_path / "in.root") as file:
        file["hit_tree"] = branches
    said = command("tag", tmp_path / "in.root", tmp_path / "out.root", "--model", "calo_supernemo")
    assert said.code == 2
    assert "tree 'hit_tree', entry 0: calo_side of hit 0 is" in said.err
    assert not (tmp_path / "out.root").exists()


def test_truth_that_cannot_be(lists, written, command, tmp_path):
    lists["truth_ntracks"][6] = -3
    said = command("train", "ntracks_supernemo_front", written(lists), "-o", tmp_path / "run")
    assert said.code == 2
    assert "entry 6: number of true tracks: -3, expected a whole number, 0 or more" in said.err


def test_more_tracks_than_classes_are_counted_and_told(lists, written, counter, command):
    """Such events are tagged and validated like all others."""
    lists["truth_ntracks"] = [5] * 4 + [1] * 16
    path = written(lists)
    assert len(counts(path, counter)) == 20
    report, tagged = path.parent / "report", path.with_suffix(".tagged.root")
    said = command("validate", tagged, "-o", report, "--model", counter)
    assert said.code == 0, said.err
    told = json.loads((report / "report.json").read_text())["reports"][0]["figures"]["events"]
    assert told["judged"] == 20
    assert told["classes"]["unlabelled"]["judged"] == 4


def test_trees_of_mimodule_are_refused(trees, counter, command, tmp_path):
    path = trees / "mievent.root"
    said = command("tag", path, tmp_path / "out.root", "--model", counter, "--no-plots")
    assert said.code == 2
    for words in ("mievent.root", "class MiEvent", "no hits of the tracker", "TKEvent"):
        assert words in said.err
    assert "Traceback" not in said.err
