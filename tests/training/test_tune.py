from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rootml.card import ModelCard
from rootml.errors import OutputError, TrainingError
from rootml.training import Choice, Range, ScikitLearn, XGBoost, train

pytestmark = pytest.mark.usefixtures("one_thread")

RATE = Range(1e-7, 1e-2, log=True)
SEARCH = """
import os
import signal
import sys
from dataclasses import replace

from rootml_tracks_training import RECIPES

from rootml.training import Choice, Range, XGBoost, train


def search(file, folder, resume, killed_at=None):
    calls = 0

    class Counted(XGBoost):
        def fit(self):
            nonlocal calls
            calls += 1
            if calls == killed_at:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().fit()

    recipe = replace(
        RECIPES["trees"],
        learner=Counted(epochs=5),
        search={"max_depth": Range(1, 5), "eta": Choice((0.1, 0.3)), "epochs": Range(2, 6)},
    )
    return train(recipe, [file], folder, tune=7, resume=resume)


if __name__ == "__main__":
    search(sys.argv[1], sys.argv[2], False, int(sys.argv[3]))
"""


def told(path) -> dict:
    return json.loads(path.with_name(f"{path.name.split('.')[0]}.tuning.json").read_text())


def test_search_of_a_network(toy, write_toy, tmp_path):
    recipe = replace(
        toy.RECIPES["toy"], search={"learning_rate": RATE, "batch_size": Choice((16, 64))}
    )
    path = train(recipe, [write_toy()], tmp_path / "run", tune=6, epochs=3)
    table, card = told(path), ModelCard.read(path)
    finished = [trial for trial in table["trials"] if trial["state"] == "complete"]
    best = min(finished, key=lambda trial: trial["loss"])
    assert len(table["trials"]) == card.training.settings["tuning_trials"] == 6
    assert card.training.settings["learning_rate"] == best["learning_rate"]
    assert card.training.settings["batch_size"] == best["batch_size"]
    assert sum(table["importance"].values()) == pytest.approx(1)
    assert table["importance"]["learning_rate"] > 0.5
    assert best["learning_rate"] > 1e-4
    assert card.training.command.endswith("--tune 6")
    assert (path.parent / "toy.tuning.png").stat().st_size > 0
    assert not list((path.parent / "tuning").glob("trial-*"))
    with pytest.raises(OutputError, match="holds a training"):
        train(recipe, [write_toy()], path.parent, tune=6)


def test_search_of_estimators(tracks, write_tracks, tmp_path):
    """Trees of scikit-learn without curves: judged by what they predict."""
    from sklearn.tree import DecisionTreeRegressor

    recipe = replace(
        tracks.RECIPES["forest"],
        learner=ScikitLearn(lambda seed: DecisionTreeRegressor(random_state=seed)),
        search={"max_depth": Choice((1, 6))},
    )
    path = train(recipe, [write_tracks()], tmp_path / "run", tune=5)
    table = told(path)
    assert table["best"] == {"max_depth": 6}
    assert ModelCard.read(path).training.settings["max_depth"] == 6


def test_killed_search_ends_as_if_it_had_not_been(tracks, write_tracks, tmp_path, monkeypatch):
    (tmp_path / "searching.py").write_text(SEARCH)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "searching", raising=False)
    import searching

    file, killed = write_tracks(), tmp_path / "killed"
    path = [str(Path(tracks.__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    result = subprocess.run(
        [sys.executable, searching.__file__, str(file), str(killed), "6"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
        check=False,
    )
    assert result.returncode == -signal.SIGKILL
    again = told(searching.search(file, killed, True))
    once = told(searching.search(file, tmp_path / "once", False))
    for table in (again, once):
        for trial in table["trials"]:
            del trial["minutes"]
    assert again == once
    assert len(once["trials"]) == 7


def test_searches_that_make_no_sense(toy, write_toy, tmp_path):
    arguments = [write_toy()], tmp_path / "run"
    with pytest.raises(TrainingError, match="'toy' says of no hyper-parameter where to search"):
        train("toy", *arguments, tune=3)
    for search, match in (
        ({"build": Choice((1, 2))}, "Torch: build cannot be set"),
        ({"batch_size": Choice(("big", "small"))}, "Torch: batch_size cannot be '(big|small)'"),
        ({"batch_size": Range(0, 1)}, "Torch: batch_size must be 2 or more"),
    ):
        recipe = replace(toy.RECIPES["toy"], search=search)
        with pytest.raises(TrainingError, match=match):
            train(recipe, *arguments, tune=1)
        assert not arguments[1].exists()
    for low, high, log, match in ((2, 1, False, "low < high"), (0, 1, True, "starts above 0")):
        with pytest.raises(TrainingError, match=match):
            Range(low, high, log)


def test_values_by_name(toy):
    with pytest.raises(
        TrainingError, match="parameter, 'learing_rate'; did you mean 'learning_rate'"
    ):
        toy.RECIPES["toy"].learner.with_values({"learing_rate": 0.1})
    learner = XGBoost({"eta": 0.1}).with_values({"epochs": 7, "max_depth": 3})
    assert (learner.epochs, dict(learner.parameters)) == (7, {"eta": 0.1, "max_depth": 3})
