"""Networks that count tracks in SuperNEMO: the talk's listings, and how they are trained."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import uproot

from rootml import tag_file
from rootml.card import ModelCard
from rootml.errors import RootmlWarning
from rootml.registry import get_adapter
from rootml.training import train
from rootml_zoo.nets.supernemo import LISTINGS, Combined, OneView, Volume
from rootml_zoo.nets.supernemo_cells import CellCounter, mirror
from rootml_zoo.recipes.supernemo import RECIPES

PARAMETERS = {"top": 1_626_148, "side": 2_140_644, "front": 881_620}
"""By hand from the talk's listings: kernel x input x output channels + output channels, each."""
FLAT = {"top": 256 * 1 * 3, "side": 256 * 3 * 7, "front": 128 * 5 * 5}
"""Features that are flattened, by hand from the talk's poolings."""


NAMES = [f"ntracks_supernemo_front_{name}" for name in ("ntracks", "probabilities", "set")]


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("view", LISTINGS)
def test_networks_of_the_talk(view):
    network = OneView(view).eval()
    assert parameters(network) == PARAMETERS[view]
    image = torch.rand(2, *LISTINGS[view].shape)
    assert network(image).shape == (2, 4)
    assert network.trunk(image[:, None]).shape == (2, FLAT[view])
    assert OneView(view, sides=2).eval()(torch.rand(2, 2, *LISTINGS[view].shape)).shape == (2, 4)


def test_same_padding_is_that_of_keras():
    """Of an even kernel more is added behind than before: (6, 2) adds 2 and 3 rows, 0 and 1."""
    first = OneView("front").trunk
    image = torch.zeros(1, 1, 30, 9)
    image[0, 0, 10, 4] = 1
    with torch.no_grad():
        first[1].weight.fill_(1.0)
        seen = torch.nonzero(first[:2](image)[0, 0] > first[1].bias[0])
    assert seen.min(dim=0).values.tolist() == [7, 3]
    assert seen.max(dim=0).values.tolist() == [12, 4]


def test_the_combined_one_joins_what_the_three_flatten():
    images = [torch.rand(2, *listing.shape) for listing in LISTINGS.values()]
    network = Combined().eval()
    assert network(*images).shape == (2, 4)
    trunks = sum(parameters(OneView(view).trunk) for view in LISTINGS)
    assert parameters(network) == trunks + (sum(FLAT.values()) + 1) * 64 + 65 * 4


@pytest.mark.parametrize(
    ("network", "shape"),
    [(OneView("top", ordinal=True), (9, 113)), (Volume(ordinal=True), (30, 9, 113))],
)
def test_ordered_logits_fall(network, shape):
    logits = network.eval()(torch.rand(3, *shape))
    assert logits.shape == (3, 3)
    assert (logits[:, :-1] > logits[:, 1:]).all()


def test_the_volume_is_cheap():
    assert parameters(Volume()) == 330_124
    assert Volume().eval()(torch.zeros(2, 30, 9, 113)).shape == (2, 4)


def test_the_small_network_sees_both_sides_alike():
    """Which side is which does not matter to it."""
    network = CellCounter().eval()
    cells = torch.rand(3, 2, 4, 9, 113)
    assert network(cells).shape == (3, 4)
    torch.testing.assert_close(network(cells), network(cells.flip(1)))


def test_events_are_turned_over():
    """Into each of the eight mirror images, with the sign of the heights; never into others."""
    cells = torch.rand(1, 2, 4, 9, 113)
    down = cells * torch.tensor([1.0, -1.0, 1.0, 1.0]).reshape(1, 1, 4, 1, 1)
    images = [turned.flip(axes)[0] for turned in (cells, down) for axes in ((), (1,), (4,), (1, 4))]
    found = mirror({"cells": cells.repeat(200, 1, 1, 1, 1)}, torch.Generator().manual_seed(1))[
        "cells"
    ]
    which = [[torch.equal(one, image) for image in images].index(True) for one in found]
    assert np.bincount(which, minlength=8).min() > 10


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_recipes_fit_their_views(recipe):
    view = get_adapter("supernemo").views[recipe.view]
    network = recipe.learner.build(view, **recipe.learner.parameters).eval()
    with torch.inference_mode():
        raw = network(*(torch.zeros(2, *spec.shape) for spec in view.tensors))
    classes, probabilities = recipe.task.loss.estimates(raw)
    assert classes.shape == (2,)
    assert probabilities.shape == (2, 4)
    torch.testing.assert_close(probabilities.sum(dim=1), torch.ones(2))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The smallest network, trained for a moment; gives its card and the file."""
    folder = tmp_path_factory.mktemp("ntracks")
    write = get_adapter("supernemo").write
    write(folder / "train.root", 700, np.random.default_rng(1), tracks="0:4", noise=2.0)
    settings = {"epochs": 1, "precision": "32", "batch_size": 64}
    with pytest.warns(RootmlWarning, match="too few for a coverage of 0.999, which needs 999"):
        card = train("ntracks_supernemo_front", [folder / "train.root"], folder / "run", **settings)
    return card, folder / "train.root"


def test_a_file_is_tagged_with_counts_and_probabilities(trained, tmp_path):
    """Events of four tracks, of no class, and of no hits are counted, too."""
    path, file = trained
    card = ModelCard.read(path)
    figures = {metric.name: metric for metric in card.metrics}
    assert {f"ntracks_accuracy{suffix}" for suffix in ("", "_of_0", "_of_3")} <= set(figures)
    assert {"probabilities_nll", "probabilities_ece", "set_coverage_of_2"} <= set(figures)
    assert card.training.settings["not_selected"] > 0
    tag_file(file, tmp_path / "tagged.root", path, plots=False)
    with uproot.open(tmp_path / "tagged.root") as tagged:
        events = tagged["hit_tree"].arrays(["truth_ntracks", "n_hits", *NAMES])
    count, probabilities, possible = (np.asarray(events[name]) for name in NAMES)
    assert np.any(np.asarray(events.n_hits) == 0)
    assert count.dtype == np.int32
    assert set(count) <= {0, 1, 2, 3}
    np.testing.assert_array_equal(count, probabilities.argmax(axis=1))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert possible.dtype == np.bool_
    assert possible[np.arange(len(count)), count].all()
