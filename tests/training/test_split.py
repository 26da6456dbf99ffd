from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootml.card import ModelCard
from rootml.errors import BranchError, DataError, TrainingError
from rootml.training import Fractions, Recipe, ScikitLearn, SplitAt
from rootml.training.command import train as command
from rootml.training.data import DataSet
from rootml.training.split import PARTS, as_split

TALK = SplitAt("energy", 1000.0, Fractions(0.5, 0, 0.5), Fractions(0, 0.5, 0.5))
EDGES = np.array([0.0, 0.1, 0.499999, 0.5, 0.75, 1 - 2**-53])

shares = st.tuples(*[st.integers(0, 10)] * 3).filter(any)
fractions = shares.map(lambda found: Fractions(*(share / sum(found) for share in found)))
splits = st.one_of(
    shares.filter(all).map(lambda found: Fractions(*(share / sum(found) for share in found))),
    st.builds(SplitAt, st.just("energy"), st.floats(1, 100), fractions, fractions).filter(
        lambda split: all(any(getattr(r, part) for r in split.regions) for part in PARTS)
    ),
)


def data_set(events, energies, files=("a.root", "b.root")):
    """Rows of (file, entry) with an energy each, as a training would read them."""
    file, entry = np.array(events, np.int64).reshape(-1, 2).T
    energy = np.array([energies[name, number] for name, number in events])
    truth = np.zeros(len(entry), np.int8)
    return DataSet({}, truth, file.astype(np.int32), entry, files, {"energy": energy})


def part_of(data, seed, split):
    """The part of each event, by the name of its file and its entry."""
    found = {}
    for part, rows in data.parts(seed, split).items():
        for row in rows:
            event = data.files[data.file[row]], int(data.entry[row])
            assert found.setdefault(event, part) == part
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10**9)), min_size=1, max_size=40),
    split=splits,
    seed=st.integers(0, 2**32),
)
def test_parts_never_overlap_and_stay_as_they_are(rows, split, seed):
    """Rows may repeat an event (its objects); files may be reordered, left out or added."""
    rng = np.random.default_rng(seed)
    energies = {event: rng.exponential(50) for event in set(rows)}
    data = data_set(rows, energies)
    parts = data.parts(seed, split)
    assert sorted(np.concatenate(list(parts.values()))) == list(range(len(rows)))
    both = part_of(data, seed, split)
    assert len(both) == len(set(rows))
    turned = {(1 - file, entry): energies[file, entry] for file, entry in energies}
    assert part_of(data_set(list(turned), turned, ("b.root", "a.root")), seed, split) == both
    first = [row for row in rows if row[0] == 0]
    only = part_of(data_set(first, energies), seed, split) if first else {}
    assert only == {event: part for event, part in both.items() if event[0] == "a.root"}


@settings(max_examples=100, deadline=None)
@given(split=splits)
def test_no_event_goes_to_a_part_without_share(split):
    energy = np.repeat([-np.inf, np.inf], len(EDGES))
    part = split.assign(np.tile(EDGES, 2), {"energy": energy})
    for region, found in zip(split.regions, part.reshape(2, -1), strict=False):
        assert all(getattr(region, PARTS[index]) > 0 for index in found)


def test_shares_rounded_as_text_leave_no_gap():
    split = as_split("energy:1:33.33/66.66/0:0/0/100")
    assert split.assign(EDGES, {"energy": np.zeros(len(EDGES))}).max() == 1


@settings(deadline=None)
@given(split=splits)
def test_text_says_the_same(split):
    again = as_split(str(split))
    assert str(again) == str(split)
    energy = np.array([0.0, 1e9]).repeat(len(EDGES))
    sure = np.tile([0.02, 0.31, 0.46, 0.55, 0.87, 0.98], 2)
    expected = split.assign(sure, {"energy": energy})
    assert np.mean(again.assign(sure, {"energy": energy}) != expected) < 0.2


def test_a_split_at_a_value():
    """Below 1 TeV half is for training and none for validation; 1 TeV itself is above."""
    rng = np.random.default_rng(1)
    energy = np.append(rng.uniform(200, 2000, 3999), 1000.0)
    index = TALK.assign(rng.random(4000), {"energy": energy})
    low = energy < 1000
    below, above = (np.bincount(index[mask], minlength=3) for mask in (low, ~low))
    assert below[1] == 0
    assert above[0] == 0
    assert below[0] / below.sum() == pytest.approx(0.5, abs=0.04)
    assert above[1] / above.sum() == pytest.approx(0.5, abs=0.04)
    assert index[-1] > 0


def test_what_a_recipe_takes():
    learner = ScikitLearn(lambda seed: None)
    assert Recipe("a", learner).split == Fractions(0.6, 0.2, 0.2)
    assert Recipe("a", learner, split=(0.5, 0.25, 0.25)).split == Fractions(0.5, 0.25, 0.25)
    assert Recipe("a", learner, split="energy:1000:50/0/50:0/50/50").split == TALK


@pytest.mark.parametrize(
    ("split", "problem"),
    [
        ("60/20", "expected TRAIN/VALIDATION/TEST"),
        ("60/20/x", "expected TRAIN/VALIDATION/TEST"),
        ("energy:1000:50/0/50", "expected TRAIN/VALIDATION/TEST"),
        ("energy:high:50/0/50:0/50/50", "expected TRAIN/VALIDATION/TEST"),
        (":1:50/0/50:0/50/50", "expected a column"),
        ("energy:nan:50/0/50:0/50/50", "a finite value"),
        ("60/20/30", "add up to 100"),
        ("120/-40/20", "0 or more"),
        ("nan/50/50", "add up to 100"),
        ("80/0/20", "no event would go to the part 'validation'"),
        ("energy:1000:50/0/50:50/0/50", "no event would go to the part 'validation'"),
        ((0.5, 0.5), "expected the shares"),
        ((0.5, 0.2, 0.2), "add up to 100"),
    ],
)
def test_splits_that_make_no_sense(split, problem):
    with pytest.raises(TrainingError, match=problem):
        as_split(split)


@pytest.fixture
def train(tmp_path):
    def train(file, split, *more, out="out"):
        words = ["logistic", str(file), "--adapter", "tracks", "--view", "strict"]
        words += ["--split", split, "-o", str(tmp_path / out), *more]
        CliRunner().invoke(command, words, catch_exceptions=False)
        return tmp_path / out

    return train


def test_a_training_follows_and_records_its_split(tracks, write_tracks, train):
    split = "chi2:1:70/0/30:0/60/40"
    out = train(write_tracks(count=1200), split)
    card = ModelCard.read(out / "logistic.card.yaml")
    assert card.training.settings["split"] == split
    assert f"--split {split}" in card.training.command
    recorded = json.loads((out / "logistic.split.json").read_text())
    assert recorded["split"] == split
    assert recorded["events"] == card.training.events


def test_files_to_train_on_alone(tracks, write_tracks, train):
    ordinary, more = write_tracks("a.root", 600), write_tracks("b.root", 300, seed=3)
    out = train(ordinary, "60/20/20")
    alone = ModelCard.read(out / "logistic.card.yaml").training.events
    out = train(ordinary, "60/20/20", "--train-only", str(more), out="more")
    training = ModelCard.read(out / "logistic.card.yaml").training
    assert training.events["train"] > alone["train"] + 200
    assert {**training.events, "train": 0} == {**alone, "train": 0}
    assert training.settings["train_only"] == "b.root"
    assert "--train-only b.root" in training.command
    recorded = json.loads((out / "logistic.split.json").read_text())
    assert (recorded["files"], recorded["train_only"]) == (["a.root", "b.root"], ["b.root"])
    with pytest.raises(TrainingError, match=r"a\.root: is given twice"):
        train(ordinary, "60/20/20", "--train-only", str(ordinary), out="same")
    (ordinary.parent / "other").mkdir()
    namesake = shutil.copy(ordinary, ordinary.parent / "other")
    with pytest.raises(TrainingError, match=r"a\.root: a file of that name is not for training"):
        train(ordinary, "60/20/20", "--train-only", str(namesake), out="same")


def test_a_column_that_no_split_can_follow(tracks, write_tracks, train, tmp_path):
    file = write_tracks(count=300)
    with pytest.raises(
        BranchError, match=r"tracks\.root.*has no column 'chi'.*did you mean 'chi2'"
    ):
        train(file, "chi:1:50/0/50:0/50/50")
    with pytest.raises(DataError, match=r"tracks\.root.*entry 0: column 'true'.*is NaN"):
        train(write_tracks(count=300, true=np.full(300, np.nan)), "true:1:50/0/50:0/50/50")
    several = write_tracks("jagged.root", 300, per_event=np.full(100, 3))
    with pytest.raises(DataError, match=r"entry \d+: column 'chi2'.*differs between the objects"):
        train(several, "chi2:1:50/0/50:0/50/50")
    assert not (tmp_path / "out").exists()
