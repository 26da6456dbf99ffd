from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from rootml.training import Recipe
from rootml.training.data import load_dataset
from rootml.training.job import Run
from rootml.training.loop import fit
from rootml.training.objective import classification


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(48, 4)
        self.norm = nn.BatchNorm1d(4, momentum=1e-3)  # lags far behind in a short training
        self.last = nn.Linear(4, 1)

    def forward(self, image):
        return self.last(self.norm(self.first(image.flatten(1)))).squeeze(1)


@pytest.fixture
def learn(toy, write_toy, tmp_path):
    """Train without export: the outcome, and the images it was trained on."""

    def learn(**options):
        adapter, view = toy.ADAPTER, toy.ADAPTER.views["image"]
        learner = toy.RECIPES["toy"].learner.with_options({"warmup": None, **options})
        recipe = Recipe("toy", learner, "toy", "image", limits={"train": 300})
        data = load_dataset([write_toy()], adapter, view, recipe.task, tmp_path)
        parts = data.parts(1, recipe.split)
        run = Run("toy", recipe, adapter, view, tmp_path / "run", "rootml train toy")
        outcome = fit(run, learner, data, parts, classification(1.0))
        return outcome, torch.from_numpy(np.array(data.tensors["image"][parts["train"]]))

    return learn


def test_early_stopping_waits_for_the_tolerance(learn):
    outcome, _ = learn(patience=2, tolerance=1e9, epochs=50)
    assert (outcome.epochs, outcome.best_epoch) == (3, 3)


def test_max_time_ends_after_the_epoch_under_way(learn):
    outcome, _ = learn(max_time=1e-6, epochs=50)
    assert outcome.epochs == 1


def test_batch_norms_hold_the_statistics_of_the_exported_weights(learn):
    outcome, images = learn(build=lambda view: Net(), batch_size=16, epochs=2)
    network = outcome.network
    assert not network.norm.training
    assert network.norm.momentum == 1e-3
    with torch.inference_mode():
        inputs = network.first(images.flatten(1))
    spread = inputs.std(0)
    assert (abs(network.norm.running_mean - inputs.mean(0)) < 0.05 * spread).all()
    assert torch.allclose(network.norm.running_var, inputs.var(0), rtol=0.1)
