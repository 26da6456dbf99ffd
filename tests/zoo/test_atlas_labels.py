"""Labels of energies that need no truth: from the mass of the Z."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.registry import get_adapter, get_recipe
from rootml.rootio.writing import write_tree
from rootml.training.cache import get_dataset
from rootml_atlas.files import write
from rootml_atlas.simulation import simulate
from rootml_zoo.recipes.atlas import Z_MASS

ADAPTER = get_adapter("atlas")
TRUTH = ("p_truth_E", "p_truth_pdgId")


def learned(recipe, events, folder):
    """What a recipe learns of ``events``, from a file without truth."""
    path = folder / "data.root"
    shape = write.shapes["ntuple"]
    write_tree(path, shape, [events[[name for name in events.fields if name not in TRUTH]]])
    chosen = get_recipe(recipe)
    view = ADAPTER.views[chosen.view]
    return get_dataset([path], ADAPTER, view, chosen.task, folder, columns=chosen.needs)


def column(events, name):
    return ak.to_numpy(events[name]).astype(float)


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
