"""Networks for energies of electrons: what they are made of, and what must not matter to them."""

from __future__ import annotations

import math

import pytest
import torch

from rootml.errors import TrainingError
from rootml.registry import get_adapter, get_recipe
from rootml.training.objective import Deployed, regression
from rootml_zoo.nets.film import SOFT, EnergyNet
from rootml_zoo.recipes.atlas import COMBINATIONS, COMBINED, ENERGY, SCALE

VIEWS = get_adapter("atlas").views


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        yield


def tensors(view, rows=4):
    """Random electrons of some tens of GeV, with five tracks each."""
    made = {spec.name: torch.rand(rows, *spec.shape) for spec in view.tensors}
    made["calibrated"] = 20 + 50 * made["calibrated"]
    made["tracks_mask"] = (torch.arange(10) < 5).repeat(rows, 1)
    made["tracks"] = made["tracks"] * made["tracks_mask"][:, :, None]
    return made


def trained(view, *args, **options):
    """A network whose last layers no longer give 0, as after training."""
    net = EnergyNet(view, *args, channels=4, **options)
    if net.cnn is not None and net.cnn.generator is not None:
        torch.nn.init.normal_(net.cnn.generator[-1].weight, std=SOFT**0.5)
    for norm in net.modules():
        if isinstance(norm, torch.nn.modules.batchnorm._BatchNorm):
            norm.momentum = None  # statistics of the one batch
    net(*tensors(view, 64).values())
    torch.nn.init.normal_(net.head[-1].weight)
    return net.eval()


def test_every_combination_of_the_table_has_a_recipe():
    assert len({recipe.name for recipe in COMBINED}) == len(COMBINATIONS) == 12
    assert get_recipe("energy_atlas_film_scalar_top_track").title.endswith(
        "FiLM: scalar - top: track"
    )
    sizes = {}
    for recipe in COMBINED:
        net = recipe.learner.build(VIEWS[recipe.view], **recipe.learner.parameters, channels=2)
        sizes[recipe.name] = sum(p.numel() for p in net.parameters())
        assert net.eval()(*tensors(VIEWS[recipe.view]).values()).tolist() == [[0.0] * 3] * 4
    assert sizes["energy_atlas_basic"] < sizes["energy_atlas_top_track"]
    assert sizes["energy_atlas_top_track"] < sizes["energy_atlas_film_scalar_top_track"]


def test_modulation_is_not_at_its_bounds_after_a_few_steps_of_adam():
    view = VIEWS["electron"]
    net, given = EnergyNet(view, channels=1), tensors(view, 4)
    modulations = []
    net.cnn.generator.register_forward_hook(lambda _, __, made: modulations.append(made / SOFT))
    adam = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(6):
        adam.zero_grad()
        (net(*given.values()) - 1).square().sum().backward()
        adam.step()
    assert 0 < modulations[-1].abs().max() < 0.1


def test_sums_tell_energies_that_no_maximum_does():
    view = VIEWS["electron"]
    given = tensors(view)
    nets = {sums: trained(view, (), ("track",), sums=sums) for sums in (False, True)}
    for sums, net in nets.items():
        features = []
        net.cnn.register_forward_hook(lambda _, __, made, kept=features: kept.append(made))
        net(*given.values())
        net(*{**given, "cells": given["cells"] * 1.01}.values())
        layers = given["cells"].shape[1]
        assert features[0].shape[1] == net.cnn.features
        told = features[1][:, -layers:] - features[0][:, -layers:]
        assert bool((told > 0).all()) == sums


@pytest.mark.parametrize("part", ["film", "top"])
@pytest.mark.parametrize("name", ["scalar", "track"])
def test_what_is_asked_for_counts_and_nothing_else_does(part, name):
    view = VIEWS["electron"]
    net, given = trained(view, **({"film": (), "top": ()} | {part: (name,)})), tensors(view)
    said = net(*given.values())
    for other in ("scalars", "tracks", "cells"):
        changed = {**given, other: 1.5 * given[other]}
        differs = not torch.allclose(net(*changed.values()), said)
        assert differs == (other in (f"{name}s", "cells"))


def test_neither_the_order_of_tracks_nor_what_is_no_track_matters():
    view = VIEWS["electron"]
    net, given = trained(view), tensors(view)
    said = net(*given.values())
    shuffled = torch.randperm(10)
    order = {name: given[name][:, shuffled] for name in ("tracks", "tracks_mask")}
    assert torch.allclose(net(*{**given, **order}.values()), said, atol=1e-5)
    filled = given["tracks"].masked_fill(~given["tracks_mask"][:, :, None], 7.0)
    assert torch.allclose(net(*{**given, "tracks": filled}.values()), said, atol=1e-5)


def test_finer_pixels_hold_the_same_energy():
    view = VIEWS["electron"]
    given = tensors(view)
    images = [EnergyNet(view, upsample=n, channels=4)._images for n in (1, 5)]
    one, five = (image(given["cells"], given["calibrated"]) for image in images)
    assert five.shape == (4, 4, 56, 55)
    assert torch.allclose(five.unflatten(3, (11, 5)).sum(4), one, rtol=1e-5)


def test_the_deployed_network_begins_with_the_calibrated_energy():
    """And with an uncertainty in GeV that is relative to it."""
    recipe = get_recipe("film_atlas")
    view = VIEWS[recipe.view]
    net = recipe.learner.build(view, **recipe.learner.parameters, channels=4).eval()
    given = tensors(view)
    energy, error = Deployed(net, regression(ENERGY, view).deploy)(*given.values())
    assert torch.allclose(energy, given["calibrated"][:, 0])
    assert torch.allclose(error / energy, torch.full((4,), SCALE * math.log(2)), rtol=1e-3)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"top": "trak"}, "no feature 'trak': expected scalar or track; did you mean 'track'"),
        ({"channels": 0}, "channels and upsample begin at 1, not 0 and 1"),
        ({"channels": "four"}, "Torch: channels of this network cannot be 'four'"),
        ({"sums": 1}, "Torch: sums of this network cannot be 1"),
    ],
)
def test_networks_that_cannot_be_built_are_refused(values, told):
    def build():
        learner = get_recipe("energy_atlas_basic").learner.with_values(values)
        learner.build(VIEWS["electron"], **learner.parameters)

    with pytest.raises(TrainingError, match=told):
        build()


def test_without_cells_nothing_is_modulated():
    with pytest.raises(TrainingError, match="no cells that could be modulated"):
        EnergyNet(VIEWS["electron_reduced"], ("scalar",))
