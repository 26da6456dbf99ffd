"""Labels of energies in ATLAS that need no truth: from the mass of the Z."""

from __future__ import annotations

from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
import torch

from rootml.card import ModelCard
from rootml.errors import BranchError, DataError
from rootml.registry import get_adapter, get_recipe
from rootml.rootio.writing import write_tree
from rootml.training import train
from rootml.training.cache import get_dataset
from rootml.training.labels import WEIGHT
from rootml_atlas.files import write
from rootml_atlas.simulation import simulate
from rootml_zoo.nets.film import OUTPUTS
from rootml_zoo.recipes.atlas_labels import Z_MASS

ADAPTER = get_adapter("atlas")
TRUTH = ("p_truth_E", "p_truth_pdgId")


def learned(recipe, events, folder, sample=""):
    """What a recipe learns of ``events``, from a file without truth that is of a ``sample``."""
    path = folder / "data.root"
    shape = write.shapes["ntuple"]
    write_tree(path, shape, [events[[name for name in events.fields if name not in TRUTH]]])
    chosen = get_recipe(recipe)
    view = ADAPTER.views[chosen.view]
    samples = {sample: [path.name]} if sample else {}
    how = {"columns": chosen.needs, "samples": samples}
    return get_dataset([path], ADAPTER, view, chosen.task, folder, **how)


def column(events, name):
    return ak.to_numpy(events[name]).astype(float)


def momenta(events, who):
    """Energies in GeV, eta and phi (n, 3)."""
    return np.stack([column(events, f"{who}_{what}") for what in ("e", "eta", "phi")], axis=1) / [
        1000,
        1,
        1,
    ]


def square(one, other):
    """Square of the mass of two massless particles, from their momenta as vectors."""
    e, eta, phi = ((one[:, i], other[:, i]) for i in range(3))
    unit = [
        np.stack([np.cos(f) / np.cosh(h), np.sin(f) / np.cosh(h), np.tanh(h)], axis=1)
        for h, f in zip(eta, phi, strict=True)
    ]
    return 2 * e[0] * e[1] * (1 - (unit[0] * unit[1]).sum(axis=1))


def test_electrons_of_data_are_labelled_by_the_mass_of_the_z(tmp_path):
    events = simulate(3000, np.random.default_rng(4))
    found = learned("film_atlas_data", events, tmp_path)
    energy, eta, phi = (column(events, f"p_{name}").reshape(-1, 2) for name in ("e", "eta", "phi"))
    et = energy / np.cosh(eta) / 1000
    angle = np.cosh(eta[:, 0] - eta[:, 1]) - np.cos(phi[:, 0] - phi[:, 1])
    mass = np.sqrt(2 * et.prod(axis=1) * angle)
    near = (mass > 86) & (mass < 97)
    label = np.cosh(eta) * Z_MASS**2 / (2 * et[:, ::-1] * angle[:, None])
    assert found.truth == pytest.approx(label[near].ravel(), rel=1e-5)
    assert found.unselected == 2 * np.sum(~near) > 0
    truth = column(events, "p_truth_E").reshape(-1, 2)[near] / 1000
    assert np.median(found.truth / truth.ravel()) == pytest.approx(1, abs=0.006)
    parts = found.parts(1, "60/20/20", together="event")
    numbers = [set(found.columns["event"][rows]) for rows in parts.values()]
    assert sum(map(len, numbers)) == len(set.union(*numbers)) == near.sum()


def test_photons_are_labelled_by_the_muons_that_radiated_them(tmp_path):
    events = simulate(4000, np.random.default_rng(5), sample="zmumugamma")
    found = learned("film_atlas_photons", events, tmp_path, sample="mumugamma")
    photon, first, second = (momenta(events, who) for who in ("p", "mu1", "mu2"))
    rest = [square(one, other) for one, other in ((first, second), (photon, first))]
    pair, with_photon = rest[0], rest[1] + square(photon, second)
    mass = np.sqrt(pair + with_photon)
    kept = (mass > 86) & (mass < 97) & (pair > 40**2) & (pair < 80**2)
    energy = photon[:, 0]
    label = energy * (Z_MASS**2 - pair) / with_photon
    assert found.truth == pytest.approx(label[kept], rel=1e-5)
    weights = (1 - pair[kept] / Z_MASS**2) ** 2
    assert found.columns[WEIGHT] == pytest.approx(weights, rel=1e-4)
    ratio = found.truth / column(events, "p_truth_E")[kept] * 1000
    assert np.median(ratio) == pytest.approx(1, abs=0.012)
    best = weights > np.quantile(weights, 0.8)
    widths = [np.subtract(*np.quantile(ratio[rows], [0.84, 0.16])) for rows in (best, ~best)]
    assert widths[0] < 0.75 * widths[1]


class Small(torch.nn.Module):
    """A network of the calibrated energy alone: that of the recipe takes long to be exported."""

    def __init__(self, view):
        super().__init__()
        self.layer = torch.nn.Linear(1, OUTPUTS)

    def forward(self, *tensors):
        return self.layer(tensors[-1].log())


def test_electrons_and_photons_are_learned_together(tmp_path):
    files = [tmp_path / f"{sample}.root" for sample in ("electrons", "photons", "zmumugamma")]
    for number, path in enumerate(files):
        write(path, 60 + 100 * number, np.random.default_rng(number), sample=path.stem)
    recipe = get_recipe("film_atlas_photons")
    recipe = replace(recipe, learner=replace(recipe.learner, build=Small, parameters={}))
    settings = {"epochs": 1, "precision": "32", "device": "cpu", "values": {"batch_size": 64}}
    samples = {"mumugamma": files[2:]}
    card = ModelCard.read(train(recipe, files[:2], tmp_path / "run", samples=samples, **settings))
    assert {"energy_reiqr75", "energy_mumugamma_reiqr75"} <= {
        metric.name.replace("_energy_re", "_re") for metric in card.metrics
    }
    said = card.training.settings
    assert said["sample_mumugamma"] == "zmumugamma.root"
    assert said["target"] == "truth_energy"
    assert "truth_energy" in said["select"]
    assert np.isfinite([metric.value for metric in card.metrics]).all()


def test_files_without_labels_are_refused(tmp_path):
    photons = simulate(20, np.random.default_rng(6), sample="photons")
    with pytest.raises(DataError, match=r"data\.root: no event is selected and has a true value"):
        learned("film_atlas_data", photons, tmp_path)
    with pytest.raises(BranchError, match=r"data\.root: tree 'electrons': no branch 'mu1_e'"):
        learned("film_atlas_photons", photons, tmp_path, sample="mumugamma")


def test_muons_in_another_unit_are_refused(tmp_path):
    events = simulate(50, np.random.default_rng(6), sample="zmumugamma")
    events["mu2_e"] = events["mu2_e"] / 1000
    with pytest.raises(DataError, match=r"mu2_e: the median is .* this looks like GeV"):
        learned("film_atlas_photons", events, tmp_path, sample="mumugamma")
