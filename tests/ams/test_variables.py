"""Variables of the shower's shape: right on showers that are known, finite on any."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import gamma

from rootml_ams.geometry import CELL_CENTRES_CM, LAYER_X0, MEASURES_X
from rootml_ams.profile import DEEPEST, DEPTHS, fit_profiles
from rootml_ams.variables import BLOCK, COLUMNS, RADII, measure_variables


@pytest.fixture(scope="module")
def images(events):
    return ak.to_numpy(events["edep_cell"]).reshape(-1, 18, 72)


@pytest.fixture(scope="module")
def is_electron(events):
    return ak.to_numpy(events["truth_label"]) == 1


def named(image):
    return dict(zip(COLUMNS, measure_variables(np.asarray(image, np.float32)).T, strict=True))


def straight(cells):
    """A shower of 1 TeV straight down, with the same shares of the cells (72,) in each layer."""
    layers = gamma.pdf(DEPTHS, 5, scale=2)
    return (1e6 * layers[:, None] / layers.sum() * np.asarray(cells))[None]


def one_cell(cell):
    return np.eye(72)[cell]


def test_columns_are_many_and_named_once(adapter):
    assert 60 <= len(COLUMNS) <= 100
    assert len(set(COLUMNS)) == len(COLUMNS)
    assert adapter.views["shower"].tensors[0].columns == COLUMNS


@pytest.mark.parametrize(("a", "b"), [(3.5, 0.4), (5.0, 0.5), (7.5, 0.6)])
def test_profile_of_a_gamma_function_is_found(a, b):
    secant = np.array([1.0, 1.2])
    along = secant[:, None] * DEPTHS
    share = gamma.pdf(along, a, scale=1 / b)
    found = fit_profiles(share / share.sum(axis=1, keepdims=True), secant)
    np.testing.assert_allclose(found.a, a, rtol=0.01)
    np.testing.assert_allclose(found.b, b, rtol=0.01)
    np.testing.assert_allclose(found.maximum, (a - 1) / b, rtol=0.01)
    assert (found.chi2 < 0.01).all()


def test_profiles_of_what_is_no_shower_are_finite():
    share = np.vstack([np.eye(18), np.full((1, 18), 1 / 18)])
    found = fit_profiles(share, np.ones(19))
    for values in (found.a, found.b, found.maximum, found.chi2, found.excess):
        assert np.isfinite(values).all()
    assert ((found.maximum >= 0) & (found.maximum <= DEEPEST)).all()


def test_shares_within_a_distance_count_parts_of_cells():
    """The axis in the middle of a cell, then on the edge between two with a third of it on one."""
    middle = named(straight(one_cell(30)))
    for cells in (1, 2, 3, 5, 7, 11):
        assert middle[f"core_{cells}"][0] == pytest.approx(1, abs=1e-5)
    shares = 0.25 * one_cell(29) + 0.5 * one_cell(30) + 0.25 * one_cell(31)
    found = named(straight(shares))
    for cells, radius in RADII.items():
        expected = 0.5 + 0.5 * np.clip((radius - 0.45) / 0.9, 0, 1)
        assert found[f"core_{cells}"][0] == pytest.approx(expected, abs=1e-4)
    between = named(straight(0.5 * one_cell(30) + 0.5 * one_cell(31)))
    assert between["core_1"][0] == pytest.approx(0.5, abs=1e-4)
    assert between["width_x"][0] == pytest.approx(0.45, abs=1e-3)


def test_depths_are_those_of_the_deposits():
    found = named(straight(one_cell(30)))
    assert found["depth_90"][0] == pytest.approx(gamma.ppf(0.9, 5, scale=2), abs=2.5)
    image = np.zeros((1, 18, 72))
    image[0, 6, 20] = 1000
    found = named(image)
    assert found["depth"][0] == pytest.approx(6.5 * LAYER_X0)
    assert 6 * LAYER_X0 < found["depth_1"][0] < found["depth_90"][0] < 7 * LAYER_X0
    assert found["length"][0] == pytest.approx(0, abs=1e-3)
    assert found["layers_hit"][0] == found["hits"][0] == 1
    assert found["x_share"][0] == MEASURES_X[6]
    assert found["share_06"][0] == found["largest_share"][0] == 1


def test_what_is_far_from_the_axis_is_found():
    image = straight(one_cell(30))
    image[0, 3, 60] = 200
    total = image.sum()
    found = named(image)
    assert found["far_largest"][0] == pytest.approx(np.log10(200 / total), abs=1e-3)
    assert found["far_early"][0] == pytest.approx(np.log10(200 / total), abs=1e-3)


def test_mirrored_and_moved_showers_are_the_same(images):
    image = images.copy()
    image[:, :, :4] = image[:, :, -4:] = 0
    image = image[image.any(axis=(1, 2))]
    here = measure_variables(image)
    near = {"rtol": 2e-3, "atol": 2e-3}
    np.testing.assert_allclose(measure_variables(image[:, :, ::-1]), here, **near)
    np.testing.assert_allclose(measure_variables(np.roll(image, 3, axis=2)), here, **near)


def test_shape_does_not_depend_on_the_scale(images):
    here, there = named(images), named(images * np.float32(1.5))
    absolute = ("log_", "mips_", "far_mips", "hits_large", "pull_", "correction")
    for name in (name for name in COLUMNS if not name.startswith(absolute)):
        np.testing.assert_allclose(there[name], here[name], rtol=1e-3, atol=2e-4, err_msg=name)
    assert (there["log_energy"] > here["log_energy"]).all()


def test_blocks_do_not_show(images):
    assert len(images) > BLOCK
    alone = np.concatenate([measure_variables(image[None]) for image in images[:20]])
    np.testing.assert_allclose(measure_variables(images)[:20], alone, rtol=1e-5, atol=1e-5)
    assert measure_variables(images[:0]).shape == (0, len(COLUMNS))


cells = st.one_of(st.just(0.0), st.floats(0.0625, 1e6, width=32))


@settings(max_examples=25, deadline=None)
@given(arrays(np.float32, (18, 72), elements=cells, fill=st.just(0.0)))
def test_any_deposits_give_finite_variables(image):
    image[9, 0] += 1e-3
    assert np.isfinite(measure_variables(image[None])).all()


def test_single_cells_give_finite_variables():
    image = np.zeros((18 * 72, 18, 72), np.float32)
    image.reshape(len(image), -1)[np.diag_indices(len(image))] = np.geomspace(1e-6, 1e8, len(image))
    assert np.isfinite(measure_variables(image)).all()


def test_pulls_of_electrons_are_standard_normal(images, is_electron):
    found = named(images[is_electron])
    for name in (name for name in COLUMNS if name.startswith("pull_")):
        assert np.median(found[name]) == pytest.approx(0, abs=0.7), name
        low, high = np.quantile(found[name], [0.16, 0.84])
        assert 0.6 < (high - low) / 2 < 1.4, name


def test_single_variables_tell_electrons_from_protons(images, is_electron):
    found = named(images)
    for name in ("core_3_early", "profile_chi2", "pull_share_00", "late_share"):
        electrons, protons = found[name][is_electron], found[name][~is_electron]
        above = (electrons[:, None] > protons).mean()
        assert max(above, 1 - above) > 0.8, name


def test_the_view_skips_empty_events_and_summarises(adapter, images):
    image = images[:50].copy()
    image[10] = 0
    events = ak.zip({"image": ak.from_numpy(image, regulararray=True)}, depth_limit=1)
    view = adapter.views["shower"]
    batch = view.build(events)
    assert np.flatnonzero(~batch.judged).tolist() == [10]
    assert batch.tensors["shower"].shape == (49, len(COLUMNS))
    assert batch.tensors["shower"].dtype == np.float32
    summary = {summary.name: summary.compute(batch.tensors) for summary in view.summaries}
    hits = np.count_nonzero(image[batch.judged], axis=(1, 2))
    np.testing.assert_array_equal(summary["hits"], hits)
    total = image[batch.judged].sum(axis=(1, 2)) / 1000
    assert ((summary["energy"] > 0.99 * total) & (summary["energy"] < 2.01 * total)).all()


def test_centres_are_where_they_are_thought_to_be():
    assert CELL_CENTRES_CM[36] == pytest.approx(0.45)
