from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
import uproot

TOY = """
import awkward as ak
import numpy as np
import torch
from torch import nn

from rootml.adapter import Adapter, Branch, Layout, Summary, Truth, View
from rootml.spec import Batch, TensorSpec
from rootml.training import Recipe, Torch, Warmup


def decode(raw, wanted, options):
    names = {"image": "image", "label": "truth_label"}
    return ak.zip({name: raw[names[name]] for name in wanted}, depth_limit=1)


def build(events):
    images = ak.to_numpy(events["image"]).reshape(-1, 1, 6, 8).astype(np.float32)
    judged = images.sum((1, 2, 3)) > 0
    return Batch({"image": images[judged]}, judged=judged)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(), nn.Linear(48, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1)
        )

    def forward(self, image):
        return self.layers(image).squeeze(1)


def blank(tensors, generator):
    return {"image": tensors["image"] * torch.rand(1, generator=generator)}


ADAPTER = Adapter(
    name="toy",
    title="Toy",
    layouts=(
        Layout(
            "toy",
            ("toy",),
            {"image": Branch(("image",)), "truth_label": Branch(("truth_label",), optional=True)},
            {"image": ("image",), "label": ("truth_label",)},
            decode,
        ),
    ),
    views={
        "image": View(
            "image",
            ("image",),
            (TensorSpec("image", (1, 6, 8), unit="MeV"),),
            build,
            (Summary("total", lambda t: t["image"].sum((1, 2, 3)), "MeV", log=True),),
        )
    },
    default_model="toy",
    truth=Truth(label="label", classes=("noise", "signal")),
)
RECIPES = {
    "toy": Recipe(
        "toy",
        Torch(lambda view: Net(), 1e-2, 32, epochs=3, precision="32",
              warmup=Warmup(1, blank, "dimmed")),
        "toy", "image", title="Toy", limits={"train": 300},
    )
}
"""

ENTRY_POINTS = """
[rootml.adapters]
toy = rootml_toy_training:ADAPTER
[rootml.recipes]
toy = rootml_toy_training:RECIPES
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A stranger's package with an adapter and a recipe, installed for one test."""
    site = tmp_path / "site"
    info = site / "rootml_toy_training-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "rootml_toy_training.py").write_text(TOY)
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: rootml-toy-training\nVersion: 1.0\n"
    )
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "rootml_toy_training", raising=False)
    return importlib.import_module("rootml_toy_training")


def toy_events(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Images of noise, with a brighter half in signal events; the first one is dark."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, count).astype(np.int32)
    image = rng.exponential(1.0, (count, 6, 8)).astype(np.float32)
    image[label == 1, :, 4:] *= 2
    image[0] = 0
    return {"image": image, "truth_label": label}


@pytest.fixture
def write_toy(tmp_path: Path):
    def write(name: str = "toy.root", count: int = 600, seed: int = 0, **branches) -> Path:
        events = toy_events(count, seed) | branches
        path = tmp_path / name
        with uproot.recreate(path) as file:
            file.mktree(
                "toy", {k: (v.dtype, v.shape[1:]) for k, v in events.items() if v is not None}
            )
            file["toy"].extend({k: v for k, v in events.items() if v is not None})
        return path

    return write
