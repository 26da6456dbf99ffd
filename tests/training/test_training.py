from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from rootml.card import ModelCard
from rootml.errors import BranchError, OutputError, RegistryError, RootmlError, TrainingError
from rootml.registry import load
from rootml.training import train
from rootml.training.curves import read_curves

pytestmark = pytest.mark.usefixtures("one_thread")


def epochs(folder) -> list[int]:
    return sorted(read_curves(folder / "checkpoints")["validation_loss"])


@pytest.fixture(scope="module")
def file(write_toy):
    return write_toy(count=2000)


@pytest.fixture(scope="module")
def trained(toy, one_thread, file, tmp_path_factory):
    """The card of a training, in a folder that stays as it is."""
    return train("toy", [file], tmp_path_factory.mktemp("toy") / "run", seed=5, notes="A toy.")


def test_files_to_card(trained):
    path, card = trained, ModelCard.read(trained)
    assert ModelCard.from_yaml(card.to_yaml()) == card
    assert (card.name, card.adapter, card.view, card.parameters) == ("toy", "toy", "image", 1601)
    assert card.training.command == "rootml train toy toy.root --seed 5"
    assert card.training.notes == "A toy."
    assert card.training.settings["epochs"] == 3
    assert card.training.settings["warmup"] == "dimmed"
    assert sum(card.training.events.values()) == 1999
    assert card.training.settings["not_judged"] == 1
    metrics = {metric.name: metric for metric in card.metrics}
    assert metrics["auc"].value > 0.85
    assert metrics["accuracy"].value > 0.75
    assert all(m.interval[0] <= m.value <= m.interval[1] for m in card.metrics)
    points = {point.name: point for point in card.working_points}
    assert list(points) == ["pass90", "pass95", "rej100"]
    assert points["pass90"].efficiency == pytest.approx(0.90, abs=0.09)
    assert points["pass95"].efficiency == pytest.approx(0.95, abs=0.09)
    assert points["pass90"].sample.startswith("test split")
    assert points["pass90"].fixed_on.startswith("validation split")
    (axis,) = card.domain
    assert axis.edges[0] <= axis.low < axis.high <= axis.edges[-1]
    assert sum(axis.fractions) + sum(axis.beyond) == pytest.approx(1, abs=1e-4)
    assert card.training.versions.keys() >= {"rootml", "torch", "onnxruntime"}
    for name in ("toy.onnx", "toy.curves.png", "toy.curves.pdf", "checkpoints/last.ckpt"):
        assert (path.parent / name).stat().st_size > 0
    assert not list(path.parent.glob("*.part")) + list(path.parent.glob("cache-*"))


def test_network_of_mixed_precision_separates_fresh_events(toy, file, tmp_path):
    path = train("toy", [file], tmp_path / "run", precision="bf16")
    assert ModelCard.read(path).training.settings["precision"] == "bf16"
    model = load(path)
    rng = np.random.default_rng(99)
    noise = rng.exponential(1.0, (500, 1, 6, 8)).astype(np.float32)
    signal = noise.copy()
    signal[..., 4:] *= 2
    scores = {name: model({"image": x})["score"] for name, x in (("n", noise), ("s", signal))}
    assert np.mean(scores["s"] > scores["n"]) > 0.99


def test_same_seed_same_network(trained, file, tmp_path):
    again = train("toy", [file], tmp_path / "again", seed=5)
    assert again.with_name("toy.onnx").read_bytes() == trained.with_name("toy.onnx").read_bytes()


def test_resume_goes_on(trained, file, tmp_path):
    """Also in a copy, which leaves the first folder as it is."""
    folder = tmp_path / "run"
    before = {path: path.stat().st_mtime_ns for path in trained.parent.rglob("*.ckpt")}
    shutil.copytree(trained.parent, folder)
    options = {"seed": 5, "epochs": 5, "resume": True}
    first = ModelCard.read(trained)
    assert epochs(folder) == [1, 2, 3]
    second = ModelCard.read(train("toy", [file], folder, **options))
    assert epochs(folder) == [1, 2, 3, 4, 5]
    assert second.training.settings["epochs"] == 5
    assert second.network.sha256 != first.network.sha256
    again = ModelCard.read(train("toy", [file], folder, **options))
    assert again.network == second.network
    assert {path: path.stat().st_mtime_ns for path in trained.parent.rglob("*.ckpt")} == before
    runs = [path.read_text() for path in folder.glob("checkpoints/version_*/metrics.csv")]
    assert sum("validation_loss" in run for run in runs) == 2  # nothing was trained again


def refused(kind: type[RootmlError], match: str, *arguments, **options) -> None:
    with pytest.raises(kind, match=match):
        train(*arguments, **options)


def test_refusals(toy, write_toy, tmp_path):
    file, folder = write_toy(), tmp_path / "run"
    refused(RegistryError, "no recipe is called 'toi'; did you mean 'toy'", "toi", [file], folder)
    refused(TrainingError, "at least one file", "toy", [], folder)
    refused(TrainingError, "toy.root: is given twice", "toy", [file, file], folder)
    refused(TrainingError, "given twice", "toy", [file], folder, train_only=[file.parent / file])
    high = {"learning_rate": 1e30}
    refused(TrainingError, "loss was no number", "toy", [file], tmp_path / "nan", values=high)
    refused(TrainingError, "'../my' cannot name a model", "toy", [file], folder, name="../my")
    refused(TrainingError, "no training to resume", "toy", [file], folder, resume=True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'learning_rate'"):
        train("toy", [file], folder, epochs=1, learning_rate=1e-3)
    (tmp_path / "taken").write_text("")
    refused(OutputError, "cannot write .*taken", "toy", [file], tmp_path / "taken")


def test_recipes_that_make_no_sense(toy, write_toy, tmp_path):
    arguments = ([write_toy()], tmp_path / "run")
    recipe = toy.RECIPES["toy"]
    for match, change in (
        ("add up to 100", {"split": (0.6, 0.2, 0.1)}),
        ("seed must be 0 or more", {"seed": -1}),
        ("limits are of train", {"limits": {"training": 3}}),
    ):
        with pytest.raises(TrainingError, match=match):
            dataclasses.replace(recipe, **change)
    for match, option in (
        ("precision must be auto or 32 or bf16", {"precision": "64"}),
        ("device must be auto or cpu or cuda", {"device": "gpu"}),
        ("batch_size must be 2 or more", {"batch_size": 1}),
    ):
        refused(TrainingError, match, recipe, *arguments, **option)
    other = dataclasses.replace(recipe, view="imag")
    refused(RegistryError, "no view 'imag'; did you mean 'image'", other, *arguments)


def test_without_torch_the_command_names_the_extra():
    code = """
import sys


class Missing:
    def find_spec(self, name, *rest):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Missing())
from click.testing import CliRunner
from rootml.training.command import train
result = CliRunner().invoke(train, ["cnn_ams", "a.root"])
print(type(result.exception).__name__, result.exception)
"""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == (
        "MissingExtra training needs the package 'torch': pip install \"rootml[torch]\"\n"
    )


def test_a_training_is_not_overwritten(trained, file, write_toy, tmp_path):
    folder = tmp_path / "run"
    bad = write_toy("bad.root", truth_label=None)
    refused(BranchError, "truth_label", "toy", [bad], folder)
    assert not folder.exists()
    folder = trained.parent
    refused(OutputError, "holds a training", "toy", [file], folder, seed=5)
    more = [file, write_toy("more.root", 100)]
    match = "needs the same events.*more.root"
    refused(TrainingError, match, "toy", more, folder, seed=5, resume=True)
    options = {"values": {"learning_rate": 0.5}, "seed": 5, "resume": True}
    refused(TrainingError, "learning_rate: 0.01, now 0.5", "toy", [file], folder, **options)
    split = json.loads((folder / "toy.split.json").read_text())
    assert split["files"] == ["toy.root"]
