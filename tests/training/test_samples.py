"""Objects of events: a reference, samples with labels of their own, weights, events kept whole."""

from __future__ import annotations

import dataclasses

import awkward as ak
import numpy as np
import pytest
import uproot
from click.testing import CliRunner

from rootml import tag_file
from rootml.card import ModelCard, Output
from rootml.cli import rootml as command
from rootml.errors import BranchError, DataError, InputError, TrainingError
from rootml.registry import load
from rootml.training import Flat, Quantiles, Recipe, Regression, Sample, Torch, XGBoost, train
from rootml.training.cache import get_dataset
from rootml.training.chosen import find_view
from rootml.training.job import Run
from rootml.training.split import USUAL
from rootml.training.weighting import samples, with_weights

pytestmark = pytest.mark.usefixtures("one_thread")

Z_MASS = 91.1876
"""GeV, Particle Data Group."""
ADAPTER = """
title: Electrons of Z bosons
trees: [events]
per: Electron
variables:
  calibrated: Electron_e / 1000
  true_energy: Electron_true_e / 1000
  eta: Electron_eta
  phi: Electron_phi
  event: number
  et: calibrated / cosh(eta)
  angle: cosh(2 * eta - Sum$(eta)) - cos(2 * phi - Sum$(phi))
  m_ee: sqrt(2 * et * (Sum$(et) - et) * angle)
  weight: Electron_weight
tensors:
  calibrated: {columns: [{value: calibrated}], unit: GeV}
  MeV: {columns: [{value: Electron_e, name: e}], unit: GeV}
  features: [Electron_lost]
truth: {energy: true_energy}
references: [{name: calibrated, value: calibrated, estimates: true_energy}]
"""
FROM_Z = f"cosh(eta) * {Z_MASS}^2 / (2 * (Sum$(et) - et) * angle)"
ENERGY = Output(name="energy", role="energy", unit="GeV", estimates="true_energy")
ERROR = Output(name="error", role="uncertainty", unit="GeV", error_of="energy")
TASK = Regression("true_energy", (ENERGY, ERROR), Quantiles(0.03), reference="calibrated")
DATA = Sample(FROM_Z, select="Length$(et) == 2 && m_ee > 86 && m_ee < 97", share=0.1)


def electrons(events: int, seed: int = 0) -> dict[str, ak.Array]:
    """Two electrons of each Z at rest, one in a sixth of the events, none in some.

    The calibrated energy (MeV) is 4 % off by what ``lost`` knows of, and 1 % by what nothing does.
    """
    rng = np.random.default_rng(seed)
    eta, phi = rng.uniform(-1.5, 1.5, events), rng.uniform(-np.pi, np.pi, events)
    both = np.stack((eta, -eta), 1), np.stack((phi, phi + np.pi), 1)
    mass = rng.normal(Z_MASS, 1.5, (events, 1)) * np.ones(2)
    true, lost = 1e3 * mass / 2, rng.normal(0, 1, (events, 2))
    calibrated = true * (1 - 0.04 * lost) * rng.normal(1, 0.01, (events, 2))
    count = rng.choice([0, 1, 2], events, p=[0.03, 0.17, 0.8])
    first = np.arange(2) < count[:, None]
    values = {"e": calibrated, "true_e": true, "eta": both[0], "phi": both[1], "lost": lost}
    return {f"Electron_{name}": ak.unflatten(v[first], count) for name, v in values.items()}


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    path = tmp_path_factory.mktemp("adapter") / "zee.adapter.yaml"
    path.write_text(ADAPTER)
    return path


@pytest.fixture(scope="module")
def write(tmp_path_factory):
    """Write electrons to a file, with other branches, or without some (None)."""

    def write(name="mc.root", events=1200, seed=0, **branches):
        made = electrons(events, seed) | {"number": ak.Array(np.arange(events) // 2)}
        made = {key: value for key, value in (made | branches).items() if value is not None}
        path = tmp_path_factory.mktemp("files") / name
        with uproot.recreate(path) as file:
            file.mktree("events", {key: value.type.content for key, value in made.items()})
            file["events"].extend(made)
        return path

    return write


def build(view):
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Linear(1, 3)

        def forward(self, calibrated, mev, features):
            return self.layers(features)

    return Net()


RECIPE = Recipe(
    "zee",
    Torch(build, 0.03, 64, epochs=8, precision="32", device="cpu"),
    task=TASK,
    together="event",
)
BOTH = dataclasses.replace(RECIPE, task=dataclasses.replace(TASK, samples={"data": DATA}))


@pytest.fixture(scope="module")
def trained(write, adapter, tmp_path_factory):
    """Trained on simulation with truth and data without."""
    data = write("data.root", 900, 5, Electron_true_e=None)
    folder = tmp_path_factory.mktemp("run") / "both"
    return train(BOTH, [write()], folder, adapter=adapter, samples={"data": [data]})


def figures(card):
    return {metric.name: metric.value for metric in card.metrics}


def test_what_is_learned_relative_to_a_reference_is_given_in_its_unit(trained, write, tmp_path):
    card, found = ModelCard.read(trained), figures(ModelCard.read(trained))
    lost, zeros = np.array([[0], [0], [1]], "f4"), np.zeros((3, 1), "f4")
    energies = np.array([[50], [100], [50]], "f4")
    said = load(trained)({"calibrated": energies, "MeV": zeros, "features": lost})
    assert said["energy"] == pytest.approx([50, 100, 52], rel=0.01)
    assert said["error"] == pytest.approx(0.011 * said["energy"], rel=0.3)
    assert [output.unit for output in card.outputs] == ["GeV", "GeV"]
    assert found["energy_eiqr75"] == pytest.approx(0.01, rel=0.2)
    assert found["energy_calibrated_eiqr75"] == pytest.approx(0.041, rel=0.15)
    assert found["energy_calibrated_reiqr75"] == pytest.approx(0.75, abs=0.06)
    assert found["energy_pull_width"] == pytest.approx(1, abs=0.2)
    out = tmp_path / "tagged.root"
    tag_file(write("new.root", 300, 8), out, trained)
    with uproot.open(out) as file:
        tree = file["events"].arrays()
    residuals = ak.flatten(1e3 * tree["Electron_zee_energy"] / tree["Electron_true_e"] - 1)
    assert np.std(residuals) == pytest.approx(0.01, rel=0.25)
    assert ak.all(ak.num(tree["Electron_zee_energy"]) == tree["nElectron"])


def test_a_sample_learns_by_a_label_of_its_own(trained):
    card = ModelCard.read(trained)
    found = figures(card)
    assert card.training.settings["sample_data"] == "data.root"
    assert "--sample data=data.root" in card.training.command
    assert card.training.settings["not_selected"] > 100
    assert {m.sample.split(", ")[1] for m in card.metrics if "_data" in m.name} == {"data"}
    assert found["energy_data_eiqr75"] > 1.5 * found["energy_eiqr75"]  # the label is smeared


def read(adapter, task, *files, folder, cache=None, names=None, columns=()):
    found = find_view(adapter, "")
    folder.mkdir(exist_ok=True)
    how = {"cache": cache, "samples": names or {}, "columns": columns}
    data = get_dataset(files, found.adapter, found.view, task, folder, **how)
    run = Run("zee", dataclasses.replace(RECIPE, task=task), found.adapter, found.view, folder, "")
    return data, dataclasses.replace(run, samples=names or {})


def test_labels_of_pairs_are_those_of_the_mass(write, adapter, tmp_path):
    data = write("data.root", 300, 5, Electron_true_e=None)
    made, _ = read(adapter, BOTH.task, data, folder=tmp_path / "x", names={"data": ("data.root",)})
    branches = electrons(300, 5)
    pairs = ak.num(branches["Electron_e"]) == 2
    e, eta, phi = (ak.to_numpy(branches[f"Electron_{name}"][pairs]) for name in ("e", "eta", "phi"))
    et = e / np.cosh(eta) / 1e3
    angle = np.cosh(eta[:, 0] - eta[:, 1]) - np.cos(phi[:, 0] - phi[:, 1])
    mass = np.sqrt(2 * et[:, 0] * et[:, 1] * angle)
    near = (mass > 86) & (mass < 97)
    label = Z_MASS**2 / (2 * et[:, ::-1] * angle[:, None]) * np.cosh(eta)
    assert made.truth == pytest.approx(label[near].ravel(), rel=1e-5)
    assert made.unselected == ak.sum(ak.num(branches["Electron_e"])) - 2 * near.sum()


def test_a_cache_knows_what_was_selected(write, adapter, tmp_path):
    data, cache = write("data.root", 300, 5, Electron_true_e=None), tmp_path / "cache"
    names = {"data": ("data.root",)}
    share = {"folder": tmp_path / "x", "cache": cache, "names": names}
    first, _ = read(adapter, BOTH.task, data, **share)
    again, _ = read(adapter, BOTH.task, data, **share)
    assert np.array_equal(first.truth, again.truth)
    assert first.unselected == again.unselected > 0
    wider = dataclasses.replace(DATA, select="Length$(et) == 2 && m_ee > 80")
    other, _ = read(adapter, dataclasses.replace(TASK, samples={"data": wider}), data, **share)
    assert len(other) > len(first)
    assert len(list(cache.glob("*.h5"))) == 2


def test_losses_of_samples_are_added_by_their_shares(write, adapter, tmp_path):
    """However many rows each has, and whatever these weigh."""
    mc, data = write(events=400), write("data.root", 100, 5, Electron_true_e=None)
    task = dataclasses.replace(BOTH.task, weight="calibrated", samples={"data": DATA})
    made, run = read(adapter, task, mc, data, folder=tmp_path, names={"data": ("data.root",)})
    parts = {"train": np.arange(0, len(made), 2)}
    weighed = with_weights(run, made, parts)
    loss = np.random.default_rng(1).exponential(1, len(made))
    rows = dict(samples(run, made))
    in_train = np.arange(len(made)) % 2 == 0
    own = [np.average(loss[m], weights=weights[m]) for m, weights in (
        (rows[""] & in_train, made.tensors["calibrated"][:, 0]),
        (rows["data"] & in_train, np.ones(len(made))),
    )]  # fmt: skip
    expected = (own[0] + 0.1 * own[1]) / 1.1
    assert np.mean((weighed.weights * loss)[in_train]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("log", [False, True])
def test_flat_distributions(write, adapter, tmp_path, log):
    flat = Flat("calibrated / cosh(eta)", bins=10, log=log, most=50)
    made, run = read(
        adapter, dataclasses.replace(TASK, flat=flat), write(events=2000), folder=tmp_path, names={}
    )
    weights = with_weights(run, made, {"train": np.arange(len(made))}).weights
    et = made.columns["what is made flat"]
    bins = np.geomspace if log else np.linspace
    filled, _ = np.histogram(et, bins(et.min(), et.max(), 11))
    weighed, _ = np.histogram(et, bins(et.min(), et.max(), 11), weights=weights)
    full = filled > filled.max() / 50
    assert weighed[full] == pytest.approx(np.full(full.sum(), weighed[full].mean()), rel=0.05)
    assert filled[full].max() > 3 * filled[full].min()
    assert weights.mean() == pytest.approx(1)
    assert weights.max() <= 50.001 * weights.min()


def test_rows_without_weight_are_not_learned_from(write, adapter, tmp_path):
    """By trees: half of the truth is nonsense, and weighs nothing."""
    made = electrons(1500)
    wrong = made["Electron_lost"] * 0 + (np.arange(1500) % 2)
    true = ak.where(wrong == 1, 1e6, made["Electron_true_e"])
    file = write(events=1500, Electron_weight=1 - wrong, Electron_true_e=true)
    text = ADAPTER.replace("  calibrated: {columns: [{value: calibrated}], unit: GeV}\n", "")
    text = text.replace("  MeV: {columns: [{value: Electron_e, name: e}], unit: GeV}\n", "")
    (one := tmp_path / "one.adapter.yaml").write_text(text)
    task = Regression("true_energy", (ENERGY,), weight="weight")
    recipe = Recipe("trees", XGBoost({"max_depth": 2}, epochs=20), task=task)
    model = load(train(recipe, [file], tmp_path / "run", adapter=one))
    said = model({"features": np.zeros((2, 1), "f4")})["energy"]
    assert said == pytest.approx([Z_MASS / 2, Z_MASS / 2], rel=0.05)


def test_events_that_are_several_entries_stay_in_one_part(write, adapter, tmp_path):
    numbers = ak.Array(np.repeat(np.arange(600), 2))
    file = write(events=1200, number=numbers)
    made, _ = read(adapter, TASK, file, folder=tmp_path, columns=("event",))
    parts = made.parts(1, (0.6, 0.2, 0.2), together="event")
    events = [set(made.columns["event"][rows]) for rows in parts.values()]
    assert sum(map(len, events)) == len(set.union(*events))
    assert sum(map(len, parts.values())) == len(made)
    torn = [set(made.columns["event"][rows]) for rows in made.parts(1, (0.6, 0.2, 0.2)).values()]
    assert sum(map(len, torn)) > len(set.union(*torn))
    half = dataclasses.replace(made, columns={"event": made.columns["event"] + 0.5})
    with pytest.raises(DataError, match=r"mc\.root, entry 0: event is no whole number"):
        half.parts(1, (0.6, 0.2, 0.2), together="event")


def test_a_training_keeps_events_together(trained, write, adapter, tmp_path):
    files, names = [write(), write("data.root", 900, 5)], {"data": ("data.root",)}
    made, _ = read(adapter, BOTH.task, *files, folder=tmp_path, names=names, columns=("event",))
    counts = ModelCard.read(trained).training.events
    assert counts == {name: len(rows) for name, rows in made.parts(1, USUAL, (), "event").items()}
    assert counts != {name: len(rows) for name, rows in made.parts(1, USUAL).items()}


def changed(**changes):
    return dataclasses.replace(RECIPE, task=dataclasses.replace(TASK, **changes))


REFUSED = {
    "reference 'calibratd'": (changed(reference="calibratd"), "did you mean 'calibrated'"),
    "unit": (changed(reference="features"), "is in no unit, the output 'energy' in GeV"),
    "MeV": (changed(reference="MeV"), r"the truth in GeV, the reference in MeV\?"),
    "weight": (
        changed(weight="-calibrated"),
        r"mc\.root, entry \d+: the weight in training is neg",
    ),
    "syntax": (changed(select="m_ee >"), "select: 'm_ee >'"),
    "column": (changed(weight="wieght"), "no column 'wieght': the recipe weights by it; did you"),
    "nothing": (changed(select="m_ee > 1000"), "no event is selected"),
    "negative": (changed(reference="calibrated", target="-true_energy"), "is not above 0"),
    "trees": (
        dataclasses.replace(changed(estimates=(ENERGY,), loss=None), learner=XGBoost()),
        "a reference is for torch networks",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_learned_is_refused(name, write, adapter, tmp_path):
    recipe, match = REFUSED[name]
    with pytest.raises((TrainingError, DataError, InputError, BranchError), match=match):
        train(recipe, [write(events=90)], tmp_path / "run", adapter=adapter)


def test_a_loss_that_gives_one_number_knows_no_weights(write, adapter, tmp_path):
    loss = {"loss": lambda raw, truth: raw.mean(), "transform": lambda raw: (raw[:, 0], raw[:, 1])}
    with pytest.raises(TrainingError, match="gives one number a row"):
        train(
            changed(weight="calibrated", **loss), [write(events=90)], tmp_path / "x",
            adapter=adapter,
        )  # fmt: skip


def test_samples_that_are_not_there(write, adapter, tmp_path):
    file, run = write(events=90), tmp_path / "run"
    for recipe, given, match in (
        (BOTH, {"dta": ["x.root"]}, "no sample 'dta'; did you mean 'data'"),
        (BOTH, {"data": [file]}, "two files of that name"),
        (Recipe("c", BOTH.learner), {"data": ["x.root"]}, "no sample 'data' .samples: none"),
    ):
        with pytest.raises(TrainingError, match=match):
            train(recipe, [file], run, adapter=adapter, samples=given)
    said = CliRunner().invoke(command, ["train", "mlp", str(file), "--sample", "data"])
    assert "'data' is not NAME=FILE" in said.output
    assert said.exit_code == 2
