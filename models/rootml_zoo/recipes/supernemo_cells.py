"""How the network is trained that finds cells of SuperNEMO's tracker which tracks crossed in vain.

The resurrection of dead cells, of which A. Mendl, Machine learning at SuperNEMO (2023), speaks. It
learns from files in which cells do not answer, and whose simulation says which ones were crossed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootml.card import Output
from rootml.training import Presence, Recipe, Regression, Torch

if TYPE_CHECKING:
    from torch import nn

    from rootml.adapter import View


def _network(view: View, width: int = 16) -> nn.Module:
    from rootml_zoo.nets.supernemo_lost import CrossedCells

    return CrossedCells(width)


CELLS_SUPERNEMO = Recipe(
    name="cells_supernemo",
    adapter="supernemo",
    view="cells",
    learner=Torch(
        _network,
        learning_rate=4e-3,
        batch_size=64,
        epochs=8,
        patience=8,
        schedule="cosine",
        schedule_warmup=0.05,
        weight_decay=1e-4,
        clip=10.0,
        average=0.995,
    ),
    task=Regression(
        target="truth_crossed",
        estimates=(
            Output(
                name="crossed",
                role="value",
                shape=(2, 9, 113),
                estimates="truth_crossed",
                doc="probability that a track crossed the cell: side, layer, row",
            ),
        ),
        loss=Presence(),
    ),
    title="Cells of the SuperNEMO tracker that were crossed",
    doc="Tells dead and silent cells of tracks from those that no track crossed, and noise.",
    threads=1,
    deploy_batch=64,
)
RECIPES = (CELLS_SUPERNEMO,)
