"""How the networks for the AMS-02 ECAL are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootml.training import Recipe, Torch, Warmup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor, nn

    from rootml.adapter import View

WARMUP_CELLS = 16


def _cnn(view: View) -> nn.Module:
    from rootml_zoo.nets.cnn import SimpleCNN

    return SimpleCNN()


def _cvt(view: View) -> nn.Module:
    from rootml_zoo.nets.cvt import CvT

    return CvT()


def _narrow(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    from rootml_zoo.nets.narrowing import narrow

    return {"image": narrow(tensors["image"], WARMUP_CELLS, generator)}


CNN_AMS = Recipe(
    name="cnn_ams",
    adapter="ams",
    view="image",
    learner=Torch(_cnn),
    title="Electrons and positrons against protons in the AMS-02 ECAL: SimpleCNN",
    doc="Three convolutions and two dense layers on the image of the shower.",
    threads=1,
    deploy_batch=512,
)

CVT_AMS = Recipe(
    name="cvt_ams",
    adapter="ams",
    view="image",
    learner=Torch(
        _cvt,
        warmup=Warmup(
            epochs=10,
            transform=_narrow,
            doc=f"images narrowed to {WARMUP_CELLS} cells around the shower",
        ),
    ),
    title="Electrons and positrons against protons in the AMS-02 ECAL: CvT",
    doc="Convolutional vision transformer (arXiv:2103.15808) on the shower's image.",
    limits={"train": 4_000, "validation": 600, "test": 10_000},
    deploy_batch=16,
)

RECIPES = (CNN_AMS, CVT_AMS)
