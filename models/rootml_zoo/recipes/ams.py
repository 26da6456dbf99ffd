"""How the networks for the AMS-02 ECAL are trained.

Each network has two recipes, of the same number of parameters. ``<network>_ams`` is rootml's own:
showers are brought into a frame of their own inside the graph, its pixels are standardised, events
are mirrored at random, each epoch sees fresh ones, the learning rate rises and falls, and the
moving average of the weights is kept. ``<network>_ams_talk`` is the published one, on plain images:
batches of 128, weighted cross entropy, Adam at a rate of 1e-4, early stopping after 20 epochs that
gain less than 1e-5 (R. K. Hashmani, A deep learning approach to proton background rejection for
positron analysis with the AMS electromagnetic calorimeter).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rootml.errors import TrainingError
from rootml.training import Choice, Range, Recipe, Torch

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from rootml.adapter import View
    from rootml.training.learner import Precision

TITLE = "Electrons and positrons against protons in the AMS-02 ECAL"
SEARCH = {
    "learning_rate": Range(2e-4, 5e-3, log=True),
    "weight_decay": Range(1e-5, 1e-1, log=True),
    "batch_size": Choice((128, 256, 512)),
}
"""Where ``--tune`` looks for better values of rootml's recipes."""


def _shape(view: View) -> tuple[int, int, int]:
    tensor = view.tensors[0]
    if len(tensor.shape) != 3:
        raise TrainingError(
            f"view {view.name!r} has {tensor.name!r} of shape {tensor.shape}: this network takes "
            "images (channels, layers, cells)"
        )
    channels, layers, cells = map(int, tensor.shape)
    return channels, layers, cells


def _mlp(view: View, frame: int | None = None, standardise: bool = False) -> nn.Module:
    from rootml_zoo.nets.simple_mlp import SimpleMLP

    return SimpleMLP(_shape(view), frame=frame, standardise=standardise)


def _cnn(
    view: View, frame: int | None = None, standardise: bool = False, dropout: float = 0.1
) -> nn.Module:
    from rootml_zoo.nets.cnn import SimpleCNN

    return SimpleCNN(_shape(view), dropout=dropout, frame=frame, standardise=standardise)


def _resnet10(view: View, frame: int | None = None, standardise: bool = False) -> nn.Module:
    from rootml_zoo.nets.resnet import ResNet

    return ResNet(_shape(view), depth=10, frame=frame, standardise=standardise)


def _resnet18(view: View, frame: int | None = None, standardise: bool = False) -> nn.Module:
    from rootml_zoo.nets.resnet import ResNet

    return ResNet(_shape(view), depth=18, frame=frame, standardise=standardise)


def _cvt(
    view: View, frame: int | None = None, standardise: bool = False, kv_stride: int = 2
) -> nn.Module:
    from rootml_zoo.nets.cvt import STAGES, CvT

    stages = tuple(replace(stage, kv_stride=kv_stride) for stage in STAGES)
    return CvT(_shape(view), stages, frame=frame, standardise=standardise)


def _cvt_small(view: View, frame: int | None = None, standardise: bool = False) -> nn.Module:
    from rootml_zoo.nets.cvt import SMALL_KERNELS, CvT

    return CvT(_shape(view), SMALL_KERNELS, frame=frame, standardise=standardise)


def _mirror(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    """Events mirrored in X and in Y at random."""
    from rootml_zoo.nets.symmetries import mirror

    return mirror(tensors, generator)


@dataclass(frozen=True)
class Network:
    """A network and what differs between its recipes and those of the others.

    ``view``, ``limits``, ``threads`` and ``deploy_batch``: see :class:`Recipe`; the limits are
    those of rootml's recipe, as are ``frame`` (bins of the canonical frame), ``learning_rate``,
    ``batch_size``, ``epochs`` and ``precision``.
    """

    name: str
    title: str
    doc: str
    build: Callable[..., nn.Module]
    limits: Mapping[str, int]
    view: str = "image"
    frame: int | None = None
    learning_rate: float = 1e-3
    batch_size: int = 256
    epochs: int = 40
    precision: Precision = "auto"
    threads: int | None = None
    deploy_batch: int = 16

    def recipes(self) -> tuple[Recipe, Recipe]:
        """rootml's recipe, and the published one."""
        own = Torch(
            self.build,
            parameters={"standardise": True} | ({"frame": self.frame} if self.frame else {}),
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            epochs=self.epochs,
            precision=self.precision,
            schedule="cosine",
            schedule_warmup=0.05,
            weight_decay=1e-3,
            clip=1.0,
            augment=_mirror,
            average=0.999,
        )
        return (
            self._recipe("ams", self.title, learner=own, limits=self.limits, search=SEARCH),
            self._recipe("ams_talk", f"{self.title}, published recipe", learner=Torch(self.build)),
        )

    def _recipe(self, suffix: str, title: str, **fields: Any) -> Recipe:
        return Recipe(
            name=f"{self.name}_{suffix}",
            adapter="ams",
            view=self.view,
            title=f"{TITLE}: {title}",
            doc=self.doc,
            threads=self.threads,
            deploy_batch=self.deploy_batch,
            **fields,
        )


_CHEAP = {"train": 200_000, "validation": 50_000}
_MEDIUM = {"train": 50_000, "validation": 20_000}
_COSTLY = {"train": 20_000, "validation": 5_000, "test": 40_000}
_RESNET = "Residual network (arXiv:1512.03385) on the image of the shower."
_CVT = "Convolutional vision transformer (arXiv:2103.15808) on the image of the shower."
_PHYS = "Convolutional vision transformer (arXiv:2103.15808) on what lies around the track."

NETWORKS = (
    Network(
        "mlp",
        "SimpleMLP",
        "Four dense layers on all cells.",
        _mlp,
        _CHEAP,
        frame=72,
        batch_size=512,
        precision="32",
        threads=1,
        deploy_batch=512,
    ),
    Network(
        "cnn",
        "SimpleCNN",
        "Three convolutions and two dense layers on the image of the shower.",
        _cnn,
        _CHEAP,
        frame=72,
        batch_size=512,
        threads=1,
        deploy_batch=512,
    ),
    Network("resnet10", "ResNet10", _RESNET, _resnet10, _MEDIUM, frame=32),
    Network("resnet18", "ResNet18", _RESNET, _resnet18, _MEDIUM, frame=32),
    Network("cvt", "CvT", _CVT, _cvt, _COSTLY, frame=24, learning_rate=5e-4, batch_size=128),
    Network(
        "phys_cvt",
        "Phys+CvT",
        _PHYS,
        _cvt,
        _COSTLY,
        view="trajectory",
        learning_rate=5e-4,
        batch_size=128,
    ),
    Network(
        "phys_cvt_small",
        "Phys+CvT (small kernels)",
        _PHYS,
        _cvt_small,
        _COSTLY,
        view="trajectory",
        learning_rate=5e-4,
        batch_size=128,
    ),
)
RECIPES = tuple(recipe for network in NETWORKS for recipe in network.recipes())
