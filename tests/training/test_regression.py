"""The true value of a quantity, by every kind of learner, with its figures on the card."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from rootml.card import ModelCard, Output
from rootml.errors import TrainingError
from rootml.registry import load
from rootml.training import Regression, train
from rootml.training.curves import read_curves

pytestmark = pytest.mark.usefixtures("one_thread")


def figures(card: ModelCard) -> dict[str, float]:
    return {metric.name: metric.value for metric in card.metrics}


def half_width(residuals: np.ndarray) -> float:
    """Half of the interval that holds the central 68.27 %."""
    return float(np.diff(np.quantile(residuals, [0.15866, 0.84134]))[0] / 2)


LEARNERS = ("momentum", "trees", "forest")


@pytest.fixture(scope="module")
def trained(tracks, write_tracks, tmp_path_factory):
    """The card of each learner."""
    file, folder = write_tracks(count=4000), tmp_path_factory.mktemp("run")
    return {name: train(name, [file], folder / name) for name in LEARNERS}


@pytest.mark.parametrize("name", LEARNERS)
def test_figures_are_those_of_the_deployed_file(name, trained):
    """Of events that the training never saw, within its statistics: before and after."""
    card = ModelCard.read(path := trained[name])
    rng = np.random.default_rng(7)
    chi2 = rng.gamma(2.0, np.where(np.arange(20_000) % 2, 0.5, 1.0))
    true = rng.normal(105, 2, 20_000)
    fit = true + 0.3 * chi2 + rng.normal(0, 0.2, 20_000)
    features = np.stack((np.full(20_000, 25), chi2, fit), 1).astype(np.float32)
    residuals = load(path)({"track": features})["momentum"] - true
    found = figures(card)
    assert found["momentum_width"] == pytest.approx(half_width(residuals), rel=0.15)
    assert found["momentum_rms"] == pytest.approx(residuals.std(), rel=0.15)
    assert found["momentum_fit_width"] == pytest.approx(half_width(fit - true), rel=0.15)
    assert found["momentum_width"] < 0.9 * found["momentum_fit_width"]
    assert found["momentum_beyond_0.5"] < found["momentum_fit_beyond_0.5"]
    assert found["momentum_fit_bias"] > 0.3 > abs(found["momentum_bias"])
    assert all(m.interval[0] <= m.value <= m.interval[1] for m in card.metrics)
    assert {m.unit for m in card.metrics if m.name.endswith("width")} <= {"GeV/c", ""}


def test_an_uncertainty_is_learned_with_the_value(trained):
    card = ModelCard.read(path := trained["momentum"])
    assert [output.name for output in card.outputs] == ["momentum", "momentum_error"]
    assert figures(card)["momentum_pull_width"] == pytest.approx(1, abs=0.2)
    assert (load(path)({"track": np.ones((3, 3), np.float32)})["momentum_error"] > 0).all()
    curves = read_curves(path.parent / "checkpoints")
    assert curves.keys() == {"train_loss", "validation_loss"}
    assert curves["validation_loss"][8] < curves["validation_loss"][1]


def loss(raw, truth):
    """Least for a raw value of 3, whatever the truth."""
    return ((raw - 3) ** 2).mean() + 0 * truth.mean()


def transform(raw):
    return 2 * raw[:, 0], 0 * raw[:, 1] + 7


def test_a_loss_and_a_transform_of_its_own(tracks, write_tracks, tmp_path):
    recipe = tracks.RECIPES["momentum"]
    task = Regression("true", (tracks.MOMENTUM, tracks.ERROR), loss, transform)
    learner = dataclasses.replace(recipe.learner, build=tracks.constant, learning_rate=0.3)
    own = dataclasses.replace(recipe, task=task, learner=learner)
    model = load(train(own, [write_tracks()], tmp_path / "run"))
    said = model({"track": np.full((2, 3), 105, np.float32)})
    assert said["momentum"] == pytest.approx([6, 6], abs=0.3)
    assert said["momentum_error"] == pytest.approx([7, 7])


def test_regressions_that_make_no_sense(tracks, write_tracks, tmp_path):
    value, error = tracks.MOMENTUM, tracks.ERROR
    for match, outputs, options in (
        ("an estimate, and perhaps its uncertainty", (error, value), {}),
        ("must say that it estimates 'true'", (Output(name="momentum"),), {}),
        ("both a loss and a transform", (value,), {"loss": loss}),
    ):
        with pytest.raises(TrainingError, match=match):
            Regression("true", outputs, **options)
    trees = dataclasses.replace(tracks.RECIPES["trees"], task=Regression("true", (value, error)))
    with pytest.raises(TrainingError, match="XGBoost estimates 'true' without its uncertainty"):
        train(trees, [write_tracks()], tmp_path / "run")
