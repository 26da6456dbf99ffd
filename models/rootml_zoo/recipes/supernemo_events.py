"""How the network is trained that tells neutrinoless double beta decay in SuperNEMO.

A. Mendl, Machine learning at SuperNEMO (2023), names classes of events as a use of networks. Here
decays with two neutrinos are the background, as they are to any search for those with none: what
tells them apart is the energy of both electrons, as far as it is measured.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootml.training import Classification, Recipe, Torch

if TYPE_CHECKING:
    from torch import nn

    from rootml.adapter import View


def _network(view: View, width: int = 32) -> nn.Module:
    from rootml_zoo.nets.supernemo_events import DecayNet

    return DecayNet(width)


EVENTS_SUPERNEMO = Recipe(
    name="events_supernemo",
    adapter="supernemo",
    view="energies",
    learner=Torch(
        _network,
        learning_rate=3e-3,
        batch_size=512,
        epochs=16,
        patience=16,
        schedule="cosine",
        schedule_warmup=0.05,
        weight_decay=1e-4,
        clip=1.0,
        average=0.99,
        precision="32",
    ),
    task=Classification(label="truth_class", classes=("2nubb", "0nubb"), temperature=True),
    title="Neutrinoless double beta decay in SuperNEMO",
    doc="Tells it from that with two neutrinos, by the hits and the energies of the modules.",
    threads=1,
    deploy_batch=256,
)
RECIPES = (EVENTS_SUPERNEMO,)
