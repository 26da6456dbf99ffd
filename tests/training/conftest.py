from __future__ import annotations

import importlib
import sys
from pathlib import Path

import awkward as ak
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

TRACKS = """
import awkward as ak
import numpy as np

from rootml.adapter import Adapter, Branch, Layout, Reference, Truth, View
from rootml.card import Output
from rootml.spec import Batch, TensorSpec
from rootml.training import Recipe, Regression, ScikitLearn, Torch, XGBoost

COLUMNS = ("hits", "chi2", "fit")
NAMES = (*COLUMNS, "label", "true")


def build(events):
    \"\"\"A row a track; tracks without hits are not judged.\"\"\"
    jagged = events["hits"].ndim == 2
    counts = ak.to_numpy(ak.num(events["hits"])) if jagged else None
    flat = [ak.to_numpy(ak.flatten(events[name], axis=None)) for name in COLUMNS]
    judged = flat[0] > 0
    return Batch({"track": np.stack(flat, 1).astype(np.float32)[judged]}, judged, counts)


def view(name, allow_nan):
    spec = TensorSpec("track", (3,), columns=COLUMNS, allow_nan=allow_nan)
    return View(name, COLUMNS, (spec,), build)


def decode(raw, wanted, options):
    return raw[list(wanted)]


branches = {name: Branch((name,), optional=name in ("label", "true")) for name in NAMES}
ADAPTER = Adapter(
    "tracks",
    "Tracks",
    (Layout("tracks", ("tracks",), branches, {n: (n,) for n in NAMES}, decode),),
    {"strict": view("strict", False), "gaps": view("gaps", True)},
    "none",
    truth=Truth("label", ("bad", "good")),
    references=(Reference("fit", "track fit", estimates="true"),),
)
MOMENTUM = Output(name="momentum", unit="GeV/c", estimates="true", tails=(0.5,))
ERROR = Output(name="momentum_error", unit="GeV/c", role="uncertainty", error_of="momentum")


def network(view):
    import torch

    class Correction(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.Sequential(
                torch.nn.BatchNorm1d(3, affine=False), torch.nn.Linear(3, 2)
            )

        def forward(self, track):
            return self.layers(track) + torch.stack((track[:, 2], 0 * track[:, 2]), 1)

    return Correction()


def constant(view):
    import torch

    class Constant(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.value = torch.nn.Parameter(torch.zeros(2))

        def forward(self, track):
            return 0 * track[:, :2] + self.value

    return Constant()


def regression(*outputs):
    return Regression("true", outputs)


def forest(seed):
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=30, random_state=seed)


TORCH = Torch(network, 0.05, 128, epochs=8, precision="32", device="cpu")
RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("momentum", TORCH, "tracks", "strict", regression(MOMENTUM, ERROR)),
        Recipe("trees", XGBoost(), "tracks", "strict", regression(MOMENTUM)),
        Recipe("forest", ScikitLearn(forest), "tracks", "strict", regression(MOMENTUM)),
    )
}
"""

ENTRY_POINTS = """
[rootml.adapters]
{name} = rootml_{name}_training:ADAPTER
[rootml.recipes]
{name} = rootml_{name}_training:RECIPES
"""


def install(name: str, code: str, folder: Path, monkeypatch: pytest.MonkeyPatch):
    """A stranger's package with an adapter and recipes, installed for some tests."""
    site = folder / "site"
    info = site / f"rootml_{name}_training-1.0.dist-info"
    info.mkdir(parents=True)
    (site / f"rootml_{name}_training.py").write_text(code)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: rootml-{name}-training\nVersion: 1.0\n"
    )
    (info / "entry_points.txt").write_text(ENTRY_POINTS.format(name=name))
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, f"rootml_{name}_training", raising=False)
    return importlib.import_module(f"rootml_{name}_training")


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory):
    """Images, and a torch network for them."""
    with pytest.MonkeyPatch.context() as patch:
        yield install("toy", TOY, tmp_path_factory.mktemp("package"), patch)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory):
    """Columns of tracks, one or several an event: their quality, and a fit of their momentum."""
    with pytest.MonkeyPatch.context() as patch:
        yield install("tracks", TRACKS, tmp_path_factory.mktemp("package"), patch)


@pytest.fixture(scope="module")
def one_thread():
    """Torch on one thread: small networks are slower on more."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def toy_events(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Images of noise, with a brighter half in signal events; the first one is dark."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, count).astype(np.int32)
    image = rng.exponential(1.0, (count, 6, 8)).astype(np.float32)
    image[label == 1, :, 4:] *= 2
    image[0] = 0
    return {"image": image, "truth_label": label}


@pytest.fixture(scope="module")
def write_toy(tmp_path_factory: pytest.TempPathFactory):
    def write(name: str = "toy.root", count: int = 600, seed: int = 0, **branches) -> Path:
        events = toy_events(count, seed) | branches
        path = tmp_path_factory.mktemp("files") / name
        with uproot.recreate(path) as file:
            file.mktree(
                "toy", {k: (v.dtype, v.shape[1:]) for k, v in events.items() if v is not None}
            )
            file["toy"].extend({k: v for k, v in events.items() if v is not None})
        return path

    return write


def track_branches(count: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Flat columns of tracks: good ones have more hits and a smaller chi2.

    One in ten is of no class, one in twenty has no hits. The fit of the momentum, near 105, is
    0.3 wide, half of it a bias that chi2 knows of.
    """
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, count)
    true = rng.normal(105, 2, count)
    chi2 = rng.gamma(2.0, np.where(label == 1, 0.5, 1.0))
    return {
        "hits": np.where(rng.random(count) < 0.05, 0, rng.poisson(20 + 10 * label)).astype("i4"),
        "chi2": chi2.astype("f4"),
        "fit": (true + 0.3 * chi2 + rng.normal(0, 0.2, count)).astype("f4"),
        "label": np.where(rng.random(count) < 0.1, -1, label).astype("i1"),
        "true": true,
    }


@pytest.fixture(scope="module")
def write_tracks(tmp_path_factory: pytest.TempPathFactory):
    """Write tracks to a file: one an entry or, with ``per_event``, so many in each.

    ``of_event``: branches as they are to be written.
    """

    def write(
        name="tracks.root", count=1500, seed=0, per_event=None, of_event=None, **branches
    ) -> Path:
        columns = track_branches(count, seed) | branches
        if per_event is not None:
            columns = {k: ak.unflatten(v, per_event) for k, v in columns.items()}
        columns = {k: ak.Array(v) for k, v in (columns | (of_event or {})).items()}
        path = tmp_path_factory.mktemp("files") / name
        with uproot.recreate(path) as file:
            file.mktree("tracks", {k: v.type.content for k, v in columns.items()})
            file["tracks"].extend(columns)
        return path

    return write
