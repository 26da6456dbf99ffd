"""The classical learners that deep networks on images are measured against."""

from __future__ import annotations

import dataclasses

import awkward as ak
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from rootml.card import ModelCard
from rootml.errors import TrainingError
from rootml.registry import get_adapter, get_recipe, load
from rootml.training import train
from rootml.validation.statistics.classification import Separation

NAMES = ("logistic_ams", "svm_ams", "histgb_ams", "bdt_ams", "likelihood_ams")
LEAST_REJECTION = {
    "logistic_ams": 40,
    "svm_ams": 30,
    "histgb_ams": 40,
    "bdt_ams": 30,
    "likelihood_ams": 3,
}
EVENTS = 3000


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("ams") / "ams.root"
    get_adapter("ams").write(path, EVENTS, np.random.default_rng(3))
    return path


@pytest.fixture(scope="module")
def fresh():
    """Variables and labels of events that no training saw."""
    adapter = get_adapter("ams")
    events = adapter.simulate(2000, np.random.default_rng(4))
    image = ak.to_numpy(events["edep_cell"]).reshape(-1, 18, 72)
    batch = adapter.views["shower"].build(ak.Array({"image": image}))
    return batch.tensors, ak.to_numpy(events["truth_label"])[batch.judged]


def small(name):
    """The recipe with few trees."""
    recipe = get_recipe(name)
    build = recipe.learner.build

    def fewer(seed):
        estimator = build(seed)
        return estimator.set_params(max_iter=60) if hasattr(estimator, "max_iter") else estimator

    return dataclasses.replace(recipe, learner=dataclasses.replace(recipe.learner, build=fewer))


@pytest.fixture(scope="module")
def trained(file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return {name: train(small(name), [file], folder) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_baselines_reject_protons(name, trained, fresh):
    tensors, labels = fresh
    scores = load(trained[name])(tensors)["score"]
    separation = Separation.from_scores(scores[labels == 1], scores[labels == 0])
    assert separation.at_efficiency(0.9).rejection.value > LEAST_REJECTION[name]
    card = ModelCard.read(trained[name])
    assert (card.adapter, card.view) == ("ams", "shower")


@pytest.mark.parametrize("name", NAMES)
def test_columns_are_those_of_the_view(name):
    columns = get_adapter("ams").views["shower"].tensors[0].columns
    assert set(get_recipe(name).learner.columns) <= set(columns)


def test_columns_that_a_view_has_not_are_refused(file, tmp_path):
    recipe = get_recipe("likelihood_ams")
    learner = dataclasses.replace(recipe.learner, columns=("core_3", "pull_depht"))
    message = "view 'shower' has no column 'pull_depht'; did you mean 'pull_depth'"
    with pytest.raises(TrainingError, match=message):
        train(dataclasses.replace(recipe, learner=learner), [file], tmp_path / "run")
    with pytest.raises(TrainingError, match="view 'image' has no column 'core_3'"):
        train(dataclasses.replace(recipe, learner=learner, view="image"), [file], tmp_path / "run")
