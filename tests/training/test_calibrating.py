"""Temperatures and sets that are fitted to the validation events, as exported and on the card."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from scipy.special import logit, softmax

from rootml.card import ModelCard, Output
from rootml.coverage import Coverage
from rootml.errors import RootmlWarning, TrainingError
from rootml.registry import load
from rootml.training import (
    Classification,
    CrossEntropy,
    Cumulative,
    MeanSquare,
    Regression,
    train,
)
from rootml.training.calibrating import fit_temperature, fixed, weighted_loss
from rootml.training.class_figures import of_classes
from rootml.training.figures import Estimates
from rootml.training.objective import classification

pytestmark = pytest.mark.usefixtures("one_thread")

KIND = Output(name="kind", role="label", dtype="int32", estimates="label")
SHARES = Output(name="shares", role="probabilities", shape=(2,), estimates="label")
FAR = 3.0
"""How much too sure of itself the network is."""


def of_sets(level=0.9, *, name="set", by_class=True, **fixed):
    coverage = Coverage(level=level, by_class=by_class, **fixed)
    shape = {"role": "set", "dtype": "bool", "shape": (2,), "estimates": "label"}
    return Output(name=name, coverage=coverage, **shape)


class TooSure(torch.nn.Module):
    """Logits of the classes by chi2 alone, as they follow from its law, times FAR; learns nothing.

    chi2 of good tracks is half of what it is for bad ones: gamma laws of the same shape, 2.
    """

    def __init__(self, between=False):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(FAR))
        self.between = between

    def forward(self, track):
        good = self.scale.detach() * (2 * np.log(2) - track[:, 1]) + 0 * self.scale
        if self.between:
            return good[:, None]
        return torch.stack((torch.zeros_like(good), good), 1)


def recipe_of(tracks, task, between=False):
    momentum = tracks.RECIPES["momentum"]
    learner = dataclasses.replace(
        momentum.learner, build=lambda view: TooSure(between), epochs=1, learning_rate=1e-9
    )
    return dataclasses.replace(momentum, learner=learner, task=task)


def counting(*sets, loss=None, **options):
    return Regression(
        "label", (KIND, SHARES, *sets), loss or CrossEntropy(), select="label >= 0", **options
    )


def figures(card):
    return {metric.name: metric for metric in card.metrics}


@pytest.fixture(scope="module")
def calibrated(tracks, write_tracks, tmp_path_factory):
    sets = of_sets(), of_sets(0.99, name="wide", by_class=False)
    file, folder = write_tracks(count=8000), tmp_path_factory.mktemp("run")
    return train(recipe_of(tracks, counting(*sets)), [file], folder / "run")


def said(path, chi2):
    rows = np.stack((np.full(len(chi2), 25), chi2, np.full(len(chi2), 105)), 1)
    return load(path)({"track": rows.astype(np.float32)})


def test_the_temperature_makes_probabilities_of_logits(calibrated):
    """That of a network with the right logits, but for a factor, is the factor."""
    card = ModelCard.read(calibrated)
    settings = card.training.settings
    assert abs(settings["temperature"] - FAR) < 4 * settings["temperature_error"] < 1
    assert settings["validation_nll"] < settings["validation_nll_at_temperature_1"] - 0.1
    chi2 = np.linspace(0.1, 5, 50)
    found = said(calibrated, chi2)["shares"]
    right = softmax(np.stack((0 * chi2, FAR / settings["temperature"] * (2 * np.log(2) - chi2))), 0)
    np.testing.assert_allclose(found, right.T, atol=1e-5)


def test_the_card_tells_what_probabilities_are_worth(calibrated):
    """On tracks that the training never saw, within errors."""
    card = ModelCard.read(calibrated)
    found = figures(card)
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 40_000)
    made = said(calibrated, rng.gamma(2.0, np.where(truth == 1, 0.5, 1.0)))
    own = made["shares"][np.arange(len(truth)), truth]
    for name, value in {
        "shares_nll": -np.log(own).mean(),
        "shares_brier": (2 * (1 - own) ** 2).mean(),
        "kind_accuracy": (made["kind"] == truth).mean(),
        "set_coverage": made["set"][np.arange(len(truth)), truth].mean(),
        "set_coverage_of_1": made["set"][truth == 1, 1].mean(),
        "set_size": made["set"].sum(axis=1).mean(),
        "wide_size_of_0": made["wide"][truth == 0].sum(axis=1).mean(),
    }.items():
        low, high = found[name].interval
        assert low < found[name].value < high
        assert abs(found[name].value - value) < 2 * (high - low), name
    assert found["shares_ece"].value < 0.05
    assert found["shares_ece_debiased"].value < found["shares_ece"].value
    assert found["set_coverage_p_value"].value > 0.001


def test_sets_that_cover_too_little_are_told():
    """Of 300 test events of the second class 220 are covered, where 90 % should be."""
    truth = np.repeat([0.0, 1.0], 300)
    members = np.zeros((600, 2), np.bool_)
    members[:520, 1] = members[:300, 0] = True
    output = of_sets(events=(500, 500), thresholds=(0.2, 0.2))
    said = {"kind": truth, "set": members}
    with pytest.warns(RootmlWarning, match="86.6667% of the test events are covered"):
        made = list(of_classes("kind", Estimates("", truth, said, {}), (KIND, output), "by hand"))
    found = {metric.name: metric for metric in made}
    assert found["set_coverage_of_1"].value == pytest.approx(220 / 300, rel=1e-5)
    assert found["set_coverage_p_value"].value < 0.001


def test_sets_cover_what_they_promise(calibrated):
    """Each class for itself, or all together; no set is empty."""
    card = ModelCard.read(calibrated)
    own, wide = (output.coverage for output in card.outputs[2:])
    assert (len(own.thresholds), len(wide.thresholds)) == (2, 1)
    assert sum(own.events) == wide.events[0] == card.training.events["validation"]
    rng = np.random.default_rng(6)
    truth = np.arange(40_000) % 2
    made = said(calibrated, rng.gamma(2.0, np.where(truth == 1, 0.5, 1.0)))
    for k in (0, 1):
        error = 3 * np.sqrt(0.09 / own.events[k])  # of the sample that fixed the threshold
        assert made["set"][truth == k, k].mean() == pytest.approx(0.9, abs=error)
    assert made["wide"][np.arange(len(truth)), truth].mean() == pytest.approx(0.99, abs=0.01)
    assert made["set"].dtype == np.bool_
    assert made["set"].any(axis=1).all()
    reached = made["shares"] >= np.array(own.thresholds, np.float32)
    best = made["shares"].argmax(axis=1)[:, None] == np.arange(2)
    np.testing.assert_array_equal(made["set"], reached | best)


def test_ordered_classes_have_a_temperature(tracks, write_tracks, tmp_path):
    task = counting(loss=Cumulative())
    path = train(recipe_of(tracks, task, between=True), [write_tracks(count=4000)], tmp_path / "r")
    settings = ModelCard.read(path).training.settings
    assert abs(settings["temperature"] - FAR) < 4 * settings["temperature_error"]


def test_scores_have_one_if_asked_for(tracks, write_tracks, tmp_path):
    """Of a binary classifier; both classes count alike, as in its loss."""
    file, chi2 = write_tracks(count=4000), np.linspace(0.5, 4, 20)
    for asked in (False, True):
        task = Classification(temperature=asked)
        recipe = recipe_of(tracks, task, between=True)
        build = recipe.learner.build

        def flat(view, build=build):
            return torch.nn.Sequential(build(view), torch.nn.Flatten(0))

        learner = dataclasses.replace(recipe.learner, build=flat)
        path = train(dataclasses.replace(recipe, learner=learner), [file], tmp_path / str(asked))
        settings = ModelCard.read(path).training.settings
        temperature = settings.get("temperature", 1.0)
        assert (abs(temperature - FAR) < 0.5) == asked
        slope = np.polyfit(chi2, logit(said(path, chi2)["score"].astype("f8")), 1)[0]
        assert slope == pytest.approx(-FAR / temperature, rel=0.01)


def test_too_few_events_fix_nothing(tracks, write_tracks, tmp_path):
    recipe = recipe_of(tracks, counting(of_sets(0.999)))
    with pytest.warns(RootmlWarning, match="which needs 999: class 0, 1 will be in every set"):
        path = train(recipe, [write_tracks(count=600)], tmp_path / "run")
    card = ModelCard.read(path)
    assert card.training.settings["temperature"] == 1
    assert card.training.settings["temperature_not_fitted"].endswith("validation events")
    assert said(path, np.array([0.01, 9.0]))["set"].all()


def test_the_error_of_a_temperature_is_that_of_repeated_samples_of_unequal_classes():
    """Scores that are twice as sure as they should be, where one event in ten is signal."""
    rng, found = np.random.default_rng(8), []
    weights = np.repeat([9.0, 1.0], [100, 900])
    truth = np.repeat([1.0, 0.0], [100, 900])
    for _ in range(60):
        raw = torch.from_numpy(2 * rng.normal(truth - 0.5, 1.0))  # the log of the ratio is x
        made = weighted_loss(classification(9.0).likelihood, raw, truth, weights)
        settings = fit_temperature(*made)[1]
        found.append((settings["temperature"], settings["temperature_error"]))
        assert settings["validation_nll"] < np.log(2)
    temperatures, errors = np.array(found).T
    assert temperatures.mean() == pytest.approx(2, abs=0.1)
    assert errors.mean() == pytest.approx(temperatures.std(), rel=0.3)


@pytest.mark.parametrize("loss", [lambda t: t, lambda t: 1.0], ids=["no mistake", "no logits"])
def test_events_that_do_not_fix_a_temperature_leave_it(loss):
    temperature, settings = fit_temperature(loss, 1000)
    assert temperature == settings["temperature"] == 1
    assert settings["temperature_not_fitted"] == "events do not fix it"


@pytest.mark.parametrize("falling", [True, False])
def test_likelihood_of_ordered_classes(falling):
    """The negative logarithm of the probability; finite where probabilities vanish."""
    raw = torch.tensor([[2.0, -1.0], [-60.0, -90.0], [0.3, 0.1]], dtype=torch.float64)
    raw = raw if falling else raw.flip(1)
    _, probabilities = Cumulative().estimates(raw)
    for k in range(3):
        found = Cumulative().likelihood(raw, torch.full((3,), float(k)))
        own = probabilities[:, k]
        assert torch.isfinite(found).all()
        torch.testing.assert_close(found[own > 1e-12], -own[own > 1e-12].log())


def test_thresholds_keep_the_level():
    """Of 9 events and a level of 0.9 the lowest probability; of 19 the one above the lowest."""
    wanted = of_sets(0.9, by_class=False)
    for n, place in ((9, 0), (19, 1)):
        own = np.linspace(0.55, 0.95, n)
        made = fixed(wanted, np.stack((own, 1 - own), 1), np.zeros(n))
        assert made.thresholds == pytest.approx([own[place]], rel=1e-8)
        assert made.events == (n,)


@pytest.mark.parametrize(
    ("estimates", "options", "match"),
    [
        ((KIND, of_sets()), {"loss": CrossEntropy()}, "gives 2 outputs, not 1"),
        ((KIND, of_sets(), SHARES), {"loss": CrossEntropy()}, "sets come last, after prob"),
        ((KIND, of_sets()), {"loss": MeanSquare()}, "sets come last, after probabilities"),
        ((KIND, SHARES, of_sets()), {"loss": CrossEntropy(), "weight": "2"}, "no weights"),
    ],
)
def test_sets_without_probabilities_are_refused(estimates, options, match):
    with pytest.raises(TrainingError, match=match):
        Regression("label", estimates, **options)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"role": "value"}, "role 'set' goes with coverage"),
        ({"dtype": "int8"}, "sets are bools, and nothing else is"),
        ({"shape": ()}, "a set is a bool for each of two classes or more"),
        ({"coverage": {"level": 1.0}}, "less than 1"),
        ({"coverage": {"level": 0.9, "thresholds": [0.1], "events": []}}, "each threshold goes"),
        (
            {"coverage": {"level": 0.9, "thresholds": [0.1, 0.2], "events": [9, 9]}},
            "2 thresholds for 2 classes",
        ),
    ],
)
def test_coverages_that_do_not_fit_are_refused(changes, match):
    with pytest.raises(ValueError, match=match):
        Output.model_validate(of_sets().model_dump() | changes)
