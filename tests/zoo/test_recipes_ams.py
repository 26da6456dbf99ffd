"""A recipe of the AMS study from files to a network that runs."""

from __future__ import annotations

import numpy as np
import pytest

import rootml
from rootml.card import ModelCard
from rootml.errors import TrainingError
from rootml.registry import get_adapter, get_recipe
from rootml.training import train


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ams")
    adapter = get_adapter("ams")
    adapter.write(folder / "ams.root", 400, np.random.default_rng(5), energy="200:400")
    return train("mlp_ams", [folder / "ams.root"], folder / "out", epochs=2, precision="32")


def test_a_recipe_trains_and_its_network_knows_the_canonical_frame(card):
    events = get_adapter("ams").simulate(60, np.random.default_rng(6), energy="200:400")
    image = np.asarray(events["edep_cell"], np.float32).reshape(-1, 1, 18, 72)
    image[..., :20] = image[..., -20:] = 0
    model = rootml.load(card)
    scores = model({"image": image})["score"]
    assert np.ptp(scores) > 0
    np.testing.assert_allclose(
        model({"image": np.roll(image, 9, axis=3)})["score"], scores, atol=1e-4
    )


def test_the_card_says_how_it_was_trained(card):
    found = ModelCard.from_yaml(card.read_text())
    assert found.parameters == 192_001
    assert found.training.recipe == "mlp_ams"
    assert found.view == "image"
    settings = found.training.settings
    assert settings["optimiser"] == "AdamW"
    assert settings["frame"] == 72
    assert "mirrored" in settings["augment"]


def test_published_recipes_are_those_of_the_study():
    for name in ("mlp", "cnn", "resnet10", "resnet18", "cvt", "phys_cvt", "phys_cvt_small"):
        learner = get_recipe(f"{name}_ams_talk").learner
        assert (learner.batch_size, learner.learning_rate) == (128, 1e-4)
        assert (learner.patience, learner.tolerance) == (20, 1e-5)
        assert learner.schedule == "constant"
        assert not learner.weight_decay
        assert learner.augment is learner.average is learner.warmup is None
        assert not learner.parameters


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"values": {"schedul": "cosine"}}, "no parameter, 'schedul'; did you mean 'schedule'"),
        ({"values": {"frame": 33}}, r"frame is 33: expected one of \[24, 32, 72\]"),
        ({"view": "shower"}, r"'shower' has 'shower' of shape \(99,\): this network takes images"),
    ],
)
def test_what_a_network_does_not_take_is_said(options, message, card, tmp_path):
    with pytest.raises(TrainingError, match=message):
        train("mlp_ams", [card.parents[1] / "ams.root"], tmp_path / "out", epochs=1, **options)
