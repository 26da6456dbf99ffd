from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from rootml.card import ModelCard
from rootml.errors import DataError, TrainingError
from rootml.registry import load
from rootml.training import train
from rootml.training.adaptation import reversal_weight, reverse
from rootml.training.curves import read_curves

pytestmark = pytest.mark.usefixtures("one_thread")


class Halves(nn.Module):
    """Sees the logarithms of the mean brightness of the right and of the left half."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 4))
        self.last = nn.Linear(4, 1)

    def features(self, image):
        halves = (image[..., 4:].mean((1, 2, 3)), image[..., :4].mean((1, 2, 3)))
        return self.first(torch.stack(halves, 1).log())

    def classify(self, features):
        return self.last(features).squeeze(1)

    def forward(self, image):
        return self.classify(self.features(image))


def images(seed: int, label: np.ndarray, scale: float) -> np.ndarray:
    """Noise, with a brighter right half in signal, by a detector of some calibration."""
    rng = np.random.default_rng(seed)
    image = rng.exponential(scale, (len(label), 6, 8)).astype(np.float32)
    image[:, :, 4:] *= 1 + 0.8 * label[:, None, None]
    return image


@pytest.fixture(scope="module")
def files(toy, write_toy):
    """Labelled events, and others, without labels, that are brighter altogether."""
    rng = np.random.default_rng(5)
    label, other = rng.integers(0, 2, (2, 1500)).astype(np.int32)
    labelled = write_toy("sim.root", 1500, image=images(6, label, 1.0), truth_label=label)
    unlabelled = write_toy("flight.root", 1500, image=images(7, other, 1.6), truth_label=None)
    return labelled, unlabelled, images(8, other, 1.6), other


@pytest.fixture(scope="module")
def recipe(toy):
    plain = toy.RECIPES["toy"]
    options = {"build": lambda view: Halves(), "warmup": None, "epochs": 20, "batch_size": 64}
    return replace(plain, learner=plain.learner.with_options(options), limits={})


def test_gradient_is_reversed():
    value = torch.tensor([2.0], requires_grad=True)
    (3 * reverse(value, 0.25)).sum().backward()
    assert value.grad == -0.75
    assert reversal_weight(0) == 0
    assert reversal_weight(0.1) == pytest.approx(math.tanh(0.5))


def test_adapted_network_holds_for_the_other_domain(recipe, files, tmp_path):
    labelled, unlabelled, image, label = files

    def accuracy(path):
        score = load(path)({"image": image[:, None]})["score"]
        return np.mean((score > 0.5) == label)

    plain = train(recipe, [labelled], tmp_path / "plain")
    path = train(recipe, [labelled], tmp_path / "adapted", adapt=[unlabelled])
    assert accuracy(path) > accuracy(plain) + 0.04
    settings = ModelCard.read(path).training.settings
    assert settings["adapted_to"] == "flight.root"
    assert settings["adapted_events"] == 1500
    curves = read_curves(path.parent / "checkpoints")["validation_domain_accuracy"]
    assert settings["domain_accuracy"] == pytest.approx(curves[settings["best_epoch"]], abs=1e-4)
    assert "--adapt flight.root" in ModelCard.read(path).training.command


def test_what_cannot_be_adapted(toy, recipe, files, write_toy, tmp_path):
    labelled, unlabelled, *_ = files
    with pytest.raises(TrainingError, match="Net cannot be adapted: it needs the methods feat"):
        train("toy", [labelled], tmp_path / "a", adapt=[unlabelled])
    dark = write_toy("dark.root", 40, image=np.zeros((40, 6, 8), np.float32), truth_label=None)
    with pytest.raises(DataError, match=r"dark\.root: no event can be judged"):
        train(recipe, [labelled], tmp_path / "b", adapt=[dark])
    few = write_toy("few3.root", 12, truth_label=None)  # none of them to validate with
    with pytest.raises(DataError, match=r"few3\.root: 11 are too few to adapt to"):
        train(recipe, [labelled], tmp_path / "b", adapt=[few])
    bad = np.ones((40, 6, 8), np.float32)
    bad[11, 0, 0] = np.inf
    infinite = write_toy("infinite.root", 40, image=bad, truth_label=None)
    with pytest.raises(DataError, match=r"infinite\.root.*entry 11: tensor 'image' holds NaN"):
        train(recipe, [labelled], tmp_path / "c", adapt=[infinite])
