"""The network that tells which cells of SuperNEMO's tracker were crossed."""

from __future__ import annotations

import numpy as np
import torch
import uproot

from rootml import tag_file
from rootml.card import ModelCard
from rootml.registry import get_adapter
from rootml.training import train
from rootml_zoo.nets.supernemo_lost import DILATIONS, CrossedCells


def test_the_network_is_small_and_sees_both_sides_alike():
    network = CrossedCells().eval()
    size = sum(parameter.numel() for parameter in network.parameters())
    assert size == (4 * 15 + 1) * 16 + len(DILATIONS) * (16 * 9 + 1) * 16 + 17
    cells = torch.rand(3, 2, 4, 9, 113)
    found = network(cells)
    assert found.shape == (3, 2, 9, 113)
    torch.testing.assert_close(network(cells.flip(1)), found.flip(1))


def test_how_far_a_cell_sees():
    """What is 7 layers or 10 rows away, or on the other side, makes no difference."""
    network = CrossedCells().eval()
    cells = torch.zeros(1, 2, 4, 9, 113)
    there = cells.clone()
    there[0, 0, :, 1, 50] = 1
    moved = torch.nonzero((network(there) - network(cells)).abs() > 1e-7)
    assert set(moved[:, 1].tolist()) == {0}
    assert moved[:, 2].max() <= 1 + 6
    assert (moved[:, 3] - 50).abs().max() <= 9
    assert len(moved) > 80


def test_trained_and_applied(tmp_path):
    some, folder = tmp_path / "some.root", tmp_path / "run"
    rng = np.random.default_rng(1)
    get_adapter("supernemo").write(some, 120, rng, conditions="detector", dead=0.2)
    train("cells_supernemo", [some], folder, epochs=1, precision="32")
    card = ModelCard.read(folder / "cells_supernemo.card.yaml")
    (output,) = card.outputs
    assert output.shape == (2, 9, 113)
    assert "crossed_efficiency" in {metric.name for metric in card.metrics}
    tag_file(some, tmp_path / "tagged.root", str(folder / "cells_supernemo.card.yaml"), plots=False)
    with uproot.open(tmp_path / "tagged.root") as file:
        said = file["hit_tree/cells_supernemo_crossed"].array(library="np")
    assert said.shape == (120, 2, 9, 113)
    assert ((said > 0) & (said < 1)).all()
