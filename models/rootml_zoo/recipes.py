"""How the shipped networks are trained; torch is imported only when a network is built."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootml.training.recipe import Recipe, Warmup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Generator, Tensor, nn

WARMUP_CELLS = 16


def _cnn() -> nn.Module:
    from rootml_zoo.nets.cnn import SimpleCNN

    return SimpleCNN()


def _cvt() -> nn.Module:
    from rootml_zoo.nets.cvt import CvT

    return CvT()


def _narrow(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    from rootml_zoo.nets.narrowing import narrow

    return {"image": narrow(tensors["image"], WARMUP_CELLS, generator)}


CNN_AMS = Recipe(
    name="cnn_ams",
    adapter="ams",
    view="image",
    build=_cnn,
    title="Electrons and positrons against protons in the AMS-02 ECAL: SimpleCNN",
    doc="Three convolutions and two dense layers on the image of the shower.",
    threads=1,
    deploy_batch=512,
)

CVT_AMS = Recipe(
    name="cvt_ams",
    adapter="ams",
    view="image",
    build=_cvt,
    title="Electrons and positrons against protons in the AMS-02 ECAL: CvT",
    doc="Convolutional vision transformer (arXiv:2103.15808) on the shower's image.",
    limits={"train": 4_000, "validation": 600, "test": 10_000},
    warmup=Warmup(
        epochs=10,
        transform=_narrow,
        doc=f"images narrowed to {WARMUP_CELLS} cells around the shower",
    ),
    deploy_batch=16,
)

RECIPES = {recipe.name: recipe for recipe in (CNN_AMS, CVT_AMS)}
