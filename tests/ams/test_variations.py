"""Ways in which the calorimeter may be off do what they say."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.errors import InputError
from rootml_ams.variations import VARIATIONS


@pytest.fixture(scope="module")
def columns(events, read):
    return read("flat", {name: events[name] for name in events.fields}, "image", "energy")


def images(columns, name, value, seed=0):
    found = VARIATIONS[name].apply(columns, value, seed)
    return ak.to_numpy(columns["image"]), ak.to_numpy(found["image"])


def test_the_energy_follows_the_cells(columns):
    found = VARIATIONS["cell_scale"].apply(columns, 0.98, 0)
    for name in ("image", "energy"):
        assert ak.to_numpy(found[name]).dtype == np.float32
        np.testing.assert_allclose(found[name], 0.98 * columns[name], rtol=1e-6)


def test_gains_are_those_of_cells(columns):
    image, found = images(columns, "cell_spread", 0.024)
    hit = image > 0
    gains = np.divide(found, image, out=np.full_like(image, np.nan), where=hit)
    seen = hit.sum(axis=0) > 1
    assert np.nanstd(gains[:, seen], axis=0).max() < 1e-6
    of_cells = np.nanmean(gains[:, seen], axis=0)
    assert np.std(of_cells) == pytest.approx(0.024, rel=4 / np.sqrt(2 * seen.sum()))
    assert (found[~hit] == 0).all()


def test_more_dead_cells_contain_the_fewer(columns):
    image, few = images(columns, "dead_cells", 20)
    _, many = images(columns, "dead_cells", 60)
    lost = ((few == 0) & (image > 0)).any(axis=0)
    assert 0 < lost.sum() <= 20
    assert (many[few == 0] == 0).all()
    assert (few[:, ~lost] == image[:, ~lost]).all()
    _, other = images(columns, "dead_cells", 20, seed=1)
    assert (other != few).any()


@pytest.mark.parametrize("value", [-1, 1297])
def test_numbers_of_cells_that_are_none(columns, value):
    with pytest.raises(InputError, match=f"dead_cells {value}: expected a number from 0 to 1296"):
        images(columns, "dead_cells", value)


def test_noise_is_on_cells_that_were_read(columns):
    image, found = images(columns, "noise", 0.6)
    large = image > 10
    difference = (found - image)[large]
    assert np.std(difference) == pytest.approx(0.6, rel=4 / np.sqrt(2 * large.sum()))
    assert abs(np.mean(difference)) < 4 * 0.6 / np.sqrt(large.sum())
    assert (found[image == 0] == 0).all()
    assert (found >= 0).all()
