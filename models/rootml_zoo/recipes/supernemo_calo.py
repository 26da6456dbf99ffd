"""How the network is trained that joins SuperNEMO's calorimeter with its tracker.

``calo_supernemo`` tells of each hit of the tracker at which module its track ends. A. Mendl,
Machine learning at SuperNEMO (2023), names the task; the network is rootml's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rootml.card import Output
from rootml.training import Pointing, Recipe, Regression, Torch

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from rootml.adapter import View


def _pointer(view: View) -> nn.Module:
    from rootml_zoo.nets.supernemo_calo import ModulePointer

    return ModulePointer()


def _mirror(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    """Events turned over at random; a tenth of them forget the sides of their modules."""
    from rootml_zoo.nets.supernemo_calo import mirror

    return mirror(tensors, generator)


CALO_SUPERNEMO = Recipe(
    name="calo_supernemo",
    adapter="supernemo",
    view="association",
    learner=Torch(
        _pointer,
        learning_rate=3e-3,
        batch_size=128,
        epochs=7,
        patience=7,
        precision="32",
        schedule="cosine",
        schedule_warmup=0.05,
        weight_decay=1e-2,
        clip=1.0,
        augment=_mirror,
        average=0.99,
    ),
    task=Regression(
        target="truth_module",
        estimates=(
            Output(
                name="module",
                role="cluster",
                dtype="int32",
                per="hit",
                estimates="truth_module",
                doc="place, in the event's list of modules, of the one where the hit's track ends; "
                "-1: none, or, where the probability is NaN, not judged",
            ),
            Output(name="probability", per="hit", doc="probability that this is so"),
        ),
        loss=Pointing(),
    ),
    title="Modules of the SuperNEMO calorimeter where tracks end: a transformer that points",
    doc="Joins hits of the tracker with modules of the calorimeter.",
    threads=1,
    deploy_batch=16,
)
RECIPES = (CALO_SUPERNEMO,)
