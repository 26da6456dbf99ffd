"""How the networks for the AMS-02 ECAL are trained.

Each network has two recipes. ``<network>_ams`` is rootml's own: showers are moved to a canonical
frame inside the graph. ``<network>_ams_talk`` is the published one, on plain images: batches of
128, weighted cross entropy, Adam at a rate of 1e-4, early stopping after 20 epochs that gain less
than 1e-5 (R. K. Hashmani, A deep learning approach to proton background rejection for positron
analysis with the AMS electromagnetic calorimeter). Both train the same number of parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from rootml.training import Recipe, Torch

if TYPE_CHECKING:
    from torch import nn

    from rootml.adapter import View

TITLE = "Electrons and positrons against protons in the AMS-02 ECAL"


def _shape(view: View) -> tuple[int, int, int]:
    channels, layers, cells = map(int, view.tensors[0].shape)
    return channels, layers, cells


def _mlp(view: View, canonical: int | None = None) -> nn.Module:
    from rootml_zoo.nets.simple_mlp import SimpleMLP

    return SimpleMLP(_shape(view), canonical=canonical)


def _cnn(view: View, canonical: int | None = None) -> nn.Module:
    from rootml_zoo.nets.cnn import SimpleCNN

    return SimpleCNN(_shape(view), canonical=canonical)


def _resnet(view: View, canonical: int | None = None, *, depth: int) -> nn.Module:
    from rootml_zoo.nets.resnet import ResNet

    return ResNet(_shape(view)[0], depth, canonical)


def _cvt(view: View, canonical: int | None = None) -> nn.Module:
    from rootml_zoo.nets.cvt import CvT

    return CvT(_shape(view)[0], canonical=canonical)


def _cvt_small(view: View) -> nn.Module:
    from rootml_zoo.nets.cvt import SMALL_KERNELS, CvT

    return CvT(_shape(view)[0], SMALL_KERNELS)


@dataclass(frozen=True)
class Network:
    """A network and what differs between its recipe and those of the others.

    ``canonical``: cells of the canonical frame, where rootml's recipe takes one. ``limits``,
    ``threads`` and ``deploy_batch``: see :class:`Recipe`.
    """

    name: str
    title: str
    doc: str
    build: Callable[..., nn.Module]
    view: str = "image"
    canonical: int | None = None
    learning_rate: float = 1e-3
    limits: Mapping[str, int] = field(default_factory=dict)
    threads: int | None = None
    deploy_batch: int = 16

    def own(self) -> Recipe:
        """rootml's recipe."""
        frame = {} if self.canonical is None else {"canonical": self.canonical}
        return Recipe(
            name=f"{self.name}_ams",
            adapter="ams",
            view=self.view,
            learner=Torch(partial(self.build, **frame), learning_rate=self.learning_rate),
            title=f"{TITLE}: {self.title}",
            doc=self.doc,
            limits=self.limits,
            threads=self.threads,
            deploy_batch=self.deploy_batch,
        )

    def talk(self) -> Recipe:
        """The published recipe."""
        return Recipe(
            name=f"{self.name}_ams_talk",
            adapter="ams",
            view=self.view,
            learner=Torch(self.build),
            title=f"{TITLE}: {self.title}, published recipe",
            doc=self.doc,
            threads=self.threads,
            deploy_batch=self.deploy_batch,
        )


_RESNET = "Residual network (arXiv:1512.03385) on the image of the shower."
_CVT = "Convolutional vision transformer (arXiv:2103.15808) on the image of the shower."
_PHYS = "Convolutional vision transformer (arXiv:2103.15808) on what lies around the track."
_COSTLY: Mapping[str, int] = {"train": 4_000, "validation": 600, "test": 10_000}

NETWORKS = (
    Network(
        "mlp",
        "SimpleMLP",
        "Four dense layers on all cells.",
        _mlp,
        canonical=72,
        threads=1,
        deploy_batch=512,
    ),
    Network(
        "cnn",
        "SimpleCNN",
        "Three convolutions and two dense layers on the image of the shower.",
        _cnn,
        canonical=72,
        threads=1,
        deploy_batch=512,
    ),
    Network("resnet10", "ResNet10", _RESNET, partial(_resnet, depth=10), canonical=36),
    Network("resnet18", "ResNet18", _RESNET, partial(_resnet, depth=18), canonical=36),
    Network("cvt", "CvT", _CVT, _cvt, canonical=24, learning_rate=3e-4, limits=_COSTLY),
    Network(
        "phys_cvt",
        "Phys+CvT",
        _PHYS,
        _cvt,
        view="trajectory",
        learning_rate=3e-4,
        limits=_COSTLY,
    ),
    Network(
        "phys_cvt_small",
        "Phys+CvT (small kernels)",
        _PHYS,
        _cvt_small,
        view="trajectory",
        learning_rate=3e-4,
        limits=_COSTLY,
    ),
)
RECIPES = tuple(recipe for network in NETWORKS for recipe in (network.own(), network.talk()))
