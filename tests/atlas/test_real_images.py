"""Four rows of images in shared data: two electrons, noise, and a row of one number."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

import rootml


@pytest.fixture
def images(shared) -> np.ndarray:
    """(4, 56, 11, 4) GeV."""
    return np.loadtxt(shared("atlas/tb_input_features.dat"), dtype="f4").reshape(4, 56, 11, 4)


@pytest.fixture
def branches(images, electrons) -> dict:
    """They as electrons of the ntuple, with the scalars that follow from them and no tracks."""
    made = {name: values[:4] for name, values in electrons.items()}
    for layer in range(4):
        made[f"em_barrel_Lr{layer}"] = images[..., layer]
    layers = images.sum(axis=(1, 2))
    accordion = layers[:, 1:].sum(axis=1)
    made["p_eAccCluster"] = made["p_e"] = 1000 * accordion
    made["p_f0Cluster"] = layers[:, 0] / accordion
    return {
        name: values[:, :0] if name.startswith("p_tracks_") else values
        for name, values in made.items()
    }


@pytest.fixture
def batch(branches, ntuple, read, adapter):
    view = adapter.views["electron"]
    return view.build(read(ntuple(branches), *view.columns))


def test_images_pass_as_they_are(images, branches, ntuple, read):
    cells = ak.to_numpy(read(ntuple(branches), "cells")["cells"])
    np.testing.assert_array_equal(cells, images.transpose(0, 3, 1, 2))


def test_only_electrons_are_judged(batch):
    """Row 1 holds noise, row 3 the same number in all pixels: 59 TeV."""
    assert batch.judged.tolist() == [True, False, True, False]


def test_their_energies_are_those_of_electrons_of_a_z(batch):
    sums = batch.tensors["cells"].sum(axis=(2, 3))
    np.testing.assert_allclose(sums.sum(axis=1), [81.66, 85.49], rtol=1e-3)
    assert (sums[:, 2] > 0.5 * sums.sum(axis=1)).all()
    hottest = [np.unravel_index(row[2].argmax(), (56, 11)) for row in batch.tensors["cells"]]
    assert all(24 <= eta < 32 and phi == 5 for eta, phi in hottest)


def test_the_network_gives_them_energies_of_believable_size(branches, ntuple):
    """Near the cells' sum, with what is lost before them: their scalars are those of others."""
    events = rootml.annotate(ntuple(branches), "film_atlas")
    energy, error = (ak.to_numpy(events[f"film_atlas_{name}"]) for name in ("energy", "error"))
    assert np.isnan(energy).tolist() == [False, True, False, True]
    np.testing.assert_allclose(energy[[0, 2]], [81.7, 85.5], rtol=0.3)
    assert (error[[0, 2]] < 0.5 * energy[[0, 2]]).all()
