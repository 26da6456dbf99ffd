"""The constants of the reconstruction are those that a fit to the simulation gives."""

from __future__ import annotations

import numpy as np
import pytest

from rootml_ams.simulation import reconstruction
from rootml_ams.simulation.calibrate import fit


@pytest.fixture(scope="module")
def refitted():
    return fit(6000, 6000, np.random.default_rng(8))


@pytest.fixture(scope="module")
def shower(events):
    image = np.asarray(events["edep_cell"]).reshape(-1, 18, 72)
    return reconstruction.measure_shower(image[np.asarray(events["truth_label"]) == 1])


def test_energy(refitted, shower):
    ratio = reconstruction.energy(shower, refitted) / reconstruction.energy(shower)
    assert ratio.mean() == pytest.approx(1, abs=0.005)
    assert ratio.std() < 0.01


def test_pulls_are_normal(shower):
    pull = reconstruction.pulls(shower, reconstruction.energy(shower))
    assert np.abs(np.median(pull, axis=0)).max() < 0.8  # the first layers are skewed
    assert np.all((pull.std(axis=0) > 0.6) & (pull.std(axis=0) < 1.7))


def test_scores(refitted, shower):
    energy = reconstruction.energy(shower)
    pull = reconstruction.pulls(shower, energy)
    for score in (reconstruction.likelihood, reconstruction.bdt):
        assert np.corrcoef(score(pull, refitted), score(pull))[0, 1] > 0.8


def test_axis_follows_the_track(events, shower):
    electrons = np.asarray(events["truth_label"]) == 1
    entry = np.asarray(events["Trk_Ecal_Inci_X"])[electrons, 0]
    inside = np.abs(entry) < 20
    assert np.median(np.abs(shower.axis[:, 0] - entry)[inside]) < 0.5
