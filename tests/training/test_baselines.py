"""Learners for anybody's columns: logistic regression, SVM, boosted trees, a plain network."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from rootml.card import ModelCard
from rootml.errors import MissingExtra, OutputError, RegistryError, RootmlError, TrainingError
from rootml.registry import get_recipe, load
from rootml.training import Recipe, ScikitLearn, XGBoost, train
from rootml.training.command import train as command
from rootml.validation.statistics.classification import Separation

LEARNERS = ("logistic", "svm", "histgb", "xgboost", "mlp")
OPTIONS = {"mlp": {"epochs": 10}, "xgboost": {"epochs": 200}}
VIEW = {"adapter": "tracks", "view": "strict"}

pytestmark = pytest.mark.usefixtures("one_thread")


def fresh(count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Tracks as in the files, of either class, that no training saw."""
    rng = np.random.default_rng(99)
    label = np.arange(count) % 2
    chi2 = rng.gamma(2.0, np.where(label == 1, 0.5, 1.0))
    fit = rng.normal(105, 2, count) + 0.3 * chi2
    return np.stack((rng.poisson(20 + 10 * label), chi2, fit), 1).astype(np.float32), label


@pytest.fixture(scope="module")
def trained(tracks, write_tracks, tmp_path_factory):
    """The card of each learner, all in one folder."""
    file, folder = write_tracks(), tmp_path_factory.mktemp("run")
    return {name: train(name, [file], folder, **OPTIONS.get(name, {}), **VIEW) for name in LEARNERS}


@pytest.mark.parametrize("name", LEARNERS)
def test_figures_are_those_of_the_deployed_file(name, trained):
    card = ModelCard.read(trained[name])
    assert (card.name, card.adapter, card.view) == (name, "tracks", "strict")
    assert card.training.command.startswith(
        f"rootml train {name} tracks.root --adapter tracks --view strict"
    )
    assert card.training.settings["without_truth"] > 0
    tensors, label = fresh()
    scores = load(trained[name])({"track": tensors})["score"]
    separation = Separation.from_scores(scores[label == 1], scores[label == 0])
    metrics = {metric.name: metric for metric in card.metrics}
    assert metrics["auc"].value == pytest.approx(separation.auc().value, abs=0.05)
    assert metrics["auc"].value > 0.9
    assert [point.name for point in card.working_points][:2] == ["pass90", "pass95"]


def test_all_learners_are_measured_on_the_same_events(trained):
    cards = [ModelCard.read(path) for path in trained.values()]
    assert len({str(card.training.events) for card in cards}) == 1
    assert len({card.metrics[0].sample for card in cards}) == 1


def test_curves_are_drawn_where_there_are_any(trained):
    drawn = {n for n, card in trained.items() if card.with_name(f"{n}.curves.png").exists()}
    assert drawn == {"histgb", "xgboost", "mlp"}


@pytest.mark.parametrize("name", ["logistic", "histgb", "xgboost"])
def test_same_seed_same_model(name, trained, tracks, write_tracks, tmp_path):
    again = train(name, [write_tracks()], tmp_path / "run", **OPTIONS.get(name, {}), **VIEW)
    assert ModelCard.read(again).network == ModelCard.read(trained[name]).network


def test_limits_draw_from_all_events(tracks, write_tracks, tmp_path):
    """Of a file with all good tracks at its end, or of one file a class, both classes come."""
    label = np.repeat(np.array([0, 1], np.int8), [1300, 200])
    limits = {"train": 200, "validation": 200, "test": 200}
    recipe = dataclasses.replace(get_recipe("logistic"), limits=limits)
    card = ModelCard.read(train(recipe, [write_tracks(label=label)], tmp_path / "run", **VIEW))
    assert sum(card.training.events.values()) > 1300
    assert card.training.settings["train_events"] == 200
    signal, background = map(int, re.findall(r"(\d+) (?:good|bad)", card.metrics[0].sample))
    assert signal + background == 200
    assert 10 < signal < 50


def test_the_best_iteration_is_the_one_that_runs(trained):
    import xgboost as xgb

    settings = ModelCard.read(trained["xgboost"]).training.settings
    assert settings["best_iteration"] < settings["trees"] - 1
    booster = xgb.Booster(model_file=trained["xgboost"].with_name("xgboost.ubj"))
    tensors, _ = fresh(50)
    best = (0, settings["best_iteration"] + 1)
    expected = booster.inplace_predict(tensors, iteration_range=best)
    scores = load(trained["xgboost"])({"track": tensors})["score"]
    np.testing.assert_allclose(scores, expected, atol=1e-6)


@pytest.mark.parametrize("name", ["logistic", "histgb", "xgboost"])
def test_both_classes_count_the_same(name, tracks, write_tracks, tmp_path):
    """With nine times as many bad tracks, a track at the boundary still scores a half."""
    label = (np.arange(8000) % 10 == 0).astype(np.int8)
    rng = np.random.default_rng(2)
    chi2 = (rng.normal(0, 1, 8000) + 2 * label).astype(np.float32)
    file = write_tracks(count=8000, label=label, chi2=chi2, hits=np.ones(8000, np.int32))
    model = load(train(name, [file], tmp_path / "run", **VIEW))
    middle = np.tile(np.array([[1, 1, 105]], np.float32), (200, 1))
    middle[:, 1] += np.linspace(-0.5, 0.5, 200)
    assert model({"track": middle})["score"].mean() == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("name", ["histgb", "xgboost"])
def test_trees_understand_what_is_missing(name, tracks, write_tracks, tmp_path):
    chi2 = np.random.default_rng(3).gamma(2.0, 1.0, 1500).astype(np.float32)
    chi2[::4] = np.nan
    file = write_tracks(chi2=chi2)
    path = train(name, [file], tmp_path / "run", adapter="tracks", view="gaps")
    model = load(path)
    tensors, label = fresh()
    tensors[:, 1] = np.nan
    scores = model({"track": tensors})["score"]
    separation = Separation.from_scores(scores[label == 1], scores[label == 0])
    assert separation.auc().value > 0.85


def refused(kind: type[RootmlError], match: str, *arguments, **options) -> None:
    with pytest.raises(kind, match=match):
        train(*arguments, **options)


def test_refusals(toy, tracks, write_tracks, write_toy, tmp_path):
    file, folder = write_tracks(), tmp_path / "run"
    refused(TrainingError, "works with any adapter: say which", "xgboost", [file], folder)
    several = "several views, say which one with --view: strict, gaps"
    refused(TrainingError, several, "xgboost", [file], folder, adapter="tracks")
    unknown = "no view 'strickt'; did you mean 'strict'"
    options = {"adapter": "tracks", "view": "strickt"}
    refused(RegistryError, unknown, "xgboost", [file], folder, **options)
    refused(RegistryError, "no adapter is called 'track'", "svm", [file], folder, adapter="track")
    other = "recipe 'toy' is for the adapter 'toy', not for tracks"
    refused(TrainingError, other, "toy", [file], folder, adapter="tracks")
    images = "XGBoost takes one tensor of columns, not image"
    refused(TrainingError, images, "xgboost", [write_toy()], folder, adapter="toy")
    for values, match in (
        ({"max_dept": 3}, "XGBoost has no parameter 'max_dept' here; did you mean 'max_depth'"),
        ({"booster": "tree"}, "XGBoost: Unknown gbm type tree$"),
    ):
        options = {"adapter": "tracks", "view": "strict", "values": values}
        refused(TrainingError, match, "xgboost", [file], folder, **options)
    option = "ScikitLearn takes no option 'epochs'"
    refused(TrainingError, option, "svm", [file], folder, epochs=3, **VIEW)
    refused(TrainingError, "only trainings of networks", "svm", [file], folder, resume=True, **VIEW)
    few = write_tracks("few.root", 12)
    refused(TrainingError, "are left for the part '.*': too few", "svm", [few], folder, **VIEW)
    train("logistic", [file], folder, **VIEW)
    refused(OutputError, "holds a training", "logistic", [file], folder, **VIEW)
    train("logistic", [file], folder, name="second", **VIEW)


def test_parameters_that_a_library_refuses_are_no_traceback(tracks, write_tracks, tmp_path):
    from sklearn.svm import SVC

    file = write_tracks()
    for match, learner in (
        ("SVC: The 'C' parameter of SVC must be", ScikitLearn(lambda seed: SVC(C=-1))),
        ("SVC gives no probabilities", ScikitLearn(lambda seed: SVC())),
        ("XGBoost: .*max_depth", XGBoost({"max_depth": "deep"})),
    ):
        recipe = Recipe("mine", learner, "tracks", "strict")
        refused(TrainingError, match, recipe, [file], tmp_path / "run")


@pytest.mark.parametrize(("name", "package"), [("svm", "sklearn"), ("xgboost", "xgboost")])
def test_a_missing_library_is_named(name, package, tracks, write_tracks, tmp_path, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == package or "training.est" in m]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delitem(sys.modules, "rootml.training.boosting", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"needs the package '{package}.*rootml\[{package}\]"):
        train(name, [write_tracks()], tmp_path / "run", **VIEW)
    assert not (tmp_path / "run").exists()


def test_classical_learners_need_no_torch(tracks, write_tracks, tmp_path):
    code = f"""
import sys
sys.path.insert(0, {str(Path(tracks.__file__).parent)!r})
class NoTorch:
    def find_spec(self, name, *rest):
        if name.split(".")[0] in ("torch", "lightning"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, NoTorch())
from rootml.training import Recipe, ScikitLearn, XGBoost, train
from rootml.training.command import train as command
for name in ("logistic", "xgboost"):
    train(name, [{str(write_tracks())!r}], {str(tmp_path / "run")!r}, adapter="tracks",
          view="strict")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_command(tracks, write_tracks, tmp_path):
    words = ["xgboost", str(write_tracks()), "--adapter", "tracks", "--view", "strict"]
    words += ["-o", str(tmp_path), "--epochs", "5", "--name", "mine"]
    result = CliRunner().invoke(command, words, catch_exceptions=False)
    assert result.exit_code == 0
    assert "mine 1.0: Boosted decision trees" in result.output
    for word in ("auc", "trees          5", "mine.card.yaml"):
        assert word in result.output
    training = ModelCard.read(tmp_path / "mine.card.yaml").training
    assert training.recipe == "xgboost"
    assert training.command == (
        "rootml train xgboost tracks.root --name mine --adapter tracks --view strict --epochs 5"
    )


def test_card_holds_parameters_of_any_kind(tracks, write_tracks, tmp_path):
    values = {"monotone_constraints": (0, 1, 0), "max_depth": 2}
    path = train("xgboost", [write_tracks()], tmp_path / "run", epochs=3, values=values, **VIEW)
    settings = ModelCard.read(path).training.settings
    assert (settings["monotone_constraints"], settings["max_depth"]) == ("(0, 1, 0)", 2)
