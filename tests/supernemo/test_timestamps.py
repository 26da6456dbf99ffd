"""Heights by timestamps: what is measured, how well, and with any of them missing."""

from __future__ import annotations

from itertools import combinations, product

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml_supernemo.calibration import FEWEST, Calibration, calibrate, fit_line
from rootml_supernemo.geometry import HALF_LENGTH_MM, TICK_NS
from rootml_supernemo.timestamps import LATEST_US, WAYS, clean, heights

US = 1000 / TICK_NS
"""Ticks in a microsecond."""


def ticks(events):
    return np.stack([ak.to_numpy(ak.flatten(events[f"tsp{i}"])) for i in range(7)], axis=1)


@pytest.fixture(scope="module")
def hits(adapter):
    """Complete timestamps in us, and true heights in mm of hits between a wire's ends."""
    events = adapter.simulate(1500, np.random.default_rng(31), missing=0)
    z = ak.to_numpy(ak.flatten(events["truth_z"]))
    inside = np.abs(z) < HALF_LENGTH_MM
    return clean(ticks(events).astype(float))[inside], z[inside]


@pytest.fixture(scope="module")
def known(hits):
    return calibrate(hits[0])


def exact(z, speed=50.0, total=None):
    """Timestamps (1, 7) in us of a plasma of that speed (mm/us) without any error."""
    bottom, top = (HALF_LENGTH_MM + z) / speed, (HALF_LENGTH_MM - z) / speed
    first, second = min(bottom, top), max(bottom, top)
    return 1e6 + np.array([[0, first, second, first, second, bottom, top]])


IDEAL = Calibration(
    lines=dict.fromkeys(("t1", "t2", "t3", "t4"), (0.0, 1.0)),
    spread={"min": 0.1, "max": 0.1, "t1": 0.15, "t2": 0.15, "t3": 0.15, "t4": 0.15},
    on_line={},
    total=2 * HALF_LENGTH_MM / 50,
    total_spread=5.0,
    hits=FEWEST,
)


SUBSETS = np.array(list(product([False, True], repeat=7)))
"""Which of the seven times are missing."""


@settings(max_examples=40)
@given(st.floats(1, HALF_LENGTH_MM), st.sampled_from([-1, 1]), st.floats(30, 70))
def test_any_subset_of_the_times(distance, sign, speed):
    """With a cathode and a pair the height is exact, whatever the speed of the plasma."""
    z = sign * distance
    times = np.where(SUBSETS, np.nan, exact(z, speed))
    height, error, way = heights(times, IDEAL)
    there = ~SUBSETS
    started, bottom, top = there[:, 0], there[:, 5], there[:, 6]
    tells = (bottom & top) | (started & (bottom | top))
    for said in (np.isfinite(height), np.isfinite(error), way >= 0):
        np.testing.assert_array_equal(said, tells)
    near, far = (bottom, top) if z < 0 else (top, bottom)
    first, second = there[:, 1] | there[:, 3], there[:, 2] | there[:, 4]
    pair = (bottom & top) | (first & second & (near | far))
    exactly = started & tells & pair
    np.testing.assert_allclose(height[exactly], z, atol=1e-3)
    assert (np.abs(height - z)[tells] < 8 * error[tells]).all()  # speeds are up to 7 sigma off


def test_all_combinations_of_the_talk_agree(hits, known):
    """Nine pairs of a first and a second time: each gives the height, with the error it says."""
    times, z = hits
    for first, second in [(a, b) for a in (1, 3, None) for b in (2, 4, None)]:
        kept = times.copy()
        hidden = {1, 2, 3, 4} - {first, second}
        kept[:, [*hidden]] = np.nan
        far = np.where(z > 0, 5, 6)
        near = np.where(z > 0, 6, 5)
        rows = np.arange(len(z))
        if first is not None:
            kept[rows, near] = np.nan
        if second is not None and first is None:
            kept[rows, far] = np.nan
        height, error, way = heights(kept, known)
        name = f"{f't{first}' if first else 'min'}-{f't{second}' if second else 'max'}"
        if first is None or second is None:
            assert WAYS[np.bincount(way[way >= 0]).argmax()] == name
        pull = (height - z)[np.isfinite(height)] / error[np.isfinite(height)]
        assert 0.6 < np.ptp(np.percentile(pull, [16, 84])) / 2 < 1.15, name
        assert abs(np.median(pull)) < 0.1


def test_calibration_finds_what_the_simulation_did(known):
    """Offset and slope of each line, the resolution of each time, without any truth."""
    from rootml_supernemo.simulation.drift import CATHODE_US, DERIVATIVE, DERIVATIVE_US, PLASMA

    for place, (delay, slope) in enumerate(DERIVATIVE):
        found = known.lines[f"t{place + 1}"]
        assert found[1] == pytest.approx(1 / slope, abs=0.003)
        assert found[0] == pytest.approx(-delay / slope, abs=0.05)
        assert known.spread[f"t{place + 1}"] == pytest.approx(DERIVATIVE_US, rel=0.1)
    for cathode in ("min", "max"):
        assert known.spread[cathode] == pytest.approx(CATHODE_US, rel=0.15)
    assert known.total == pytest.approx(2 * HALF_LENGTH_MM / PLASMA, rel=0.02)
    assert all(share > 0.99 for share in known.on_line.values())


def test_missing_times_are_replaced(adapter, known):
    events = adapter.simulate(1500, np.random.default_rng(8), missing=0.2)
    z = ak.to_numpy(ak.flatten(events["truth_z"]))
    inside = np.abs(z) < HALF_LENGTH_MM
    times = clean(ticks(events).astype(float))
    height, error, _ = heights(times, calibrate(times))
    both = ~np.isnan(times[:, 5]) & ~np.isnan(times[:, 6])
    assert both.mean() == pytest.approx(0.64, abs=0.02)
    assert np.isfinite(height).mean() == pytest.approx(0.96, abs=0.01)  # one cathode at least
    off = (height - z)[inside & np.isfinite(height)]
    assert np.ptp(np.percentile(off, [16, 84])) / 2 < 10
    pull = off / error[inside & np.isfinite(height)]
    assert 0.85 < np.ptp(np.percentile(pull, [16, 84])) / 2 < 1.05
    assert (np.abs(pull) > 5).mean() < 0.005


def test_unreliable_times_are_avoided(hits):
    """t1 and t2 are wrong in two of five hits: the pairs with t3 and t4 are taken instead."""
    times, _ = hits
    rng = np.random.default_rng(2)
    wrong = rng.random((len(times), 2)) < 0.4
    spoilt = times.copy()
    noise = spoilt[:, :1] + rng.uniform(0, 55, (len(times), 2))
    spoilt[:, 1:3] = np.where(wrong, noise, spoilt[:, 1:3])
    known = calibrate(spoilt)
    assert known.on_line["t1"] == pytest.approx(0.6, abs=0.03)
    assert known.on_line["t3"] > 0.99
    lower = spoilt.copy()
    lower[:, 6] = np.nan
    _, _, way = heights(lower, known)
    taken = np.array(WAYS)[way[way >= 0]]
    assert np.isin(taken, ["min-t4", "t3-max", "t3-t4"]).mean() > 0.95


@pytest.mark.parametrize("count", [0, FEWEST - 1])
def test_too_few_hits_to_calibrate(hits, count):
    """Both cathodes still give the height, with the error of TKEvent; nothing else does."""
    times, z = hits
    known = calibrate(times[:count])
    height, error, way = heights(times[:500], known)
    assert {WAYS[place] for place in np.unique(way)} == {"min-max"}
    assert np.median(np.abs(height - z[:500])) < 15
    assert 8 < np.median(error) < 25
    one = times[:500].copy()
    one[:, 5] = np.nan
    assert np.isnan(heights(one, known)[0]).all()


def test_timestamps_that_are_none():
    start = 10**9
    rows = np.array([[start, start + 80, -1, 0, start - 5, start + 40, start + 80_000]], float)
    rows = np.concatenate([rows, np.full((1, 7), -7378697629483820647.0)])
    times = clean(rows)
    assert np.isfinite(times[0]).tolist() == [True, True, False, False, False, True, False]
    assert np.isnan(times[1]).all()
    assert 80_000 / US > LATEST_US
    assert (times[0, 1] - times[0, 0]) * US == pytest.approx(80)


def test_no_guess_without_a_cathode():
    times = exact(700.0)
    times[0, 5:] = np.nan
    assert np.isnan(heights(times, IDEAL)[0]).all()
    assert heights(times, IDEAL)[2] == [-1]


def test_each_missing_time_costs_precision(hits, known):
    """The error never falls when a time is taken away."""
    times, _ = hits
    whole = heights(times[:200], known)[1]
    for hidden in combinations(range(1, 7), 2):
        fewer = times[:200].copy()
        fewer[:, [*hidden]] = np.nan
        left = heights(fewer, known)[1]
        same = np.isfinite(left)
        assert (left[same] > whole[same] - 1.5).all()


def test_line_among_points_that_are_not_on_it():
    rng = np.random.default_rng(4)
    x = rng.uniform(0, 28, 3000)
    y = 0.6 + 0.98 * x + 0.1 * rng.standard_normal(3000)
    y[:900] = rng.uniform(0, 28, 900)
    offset, slope, share = fit_line(x, y)
    assert offset == pytest.approx(0.6, abs=0.03)
    assert slope == pytest.approx(0.98, abs=0.003)
    assert share == pytest.approx(0.7, abs=0.03)
    assert fit_line(x[: FEWEST - 1], y[: FEWEST - 1]) is None


def test_calibration_as_text(known):
    again = Calibration.from_text(known.to_text())
    assert again.lines["t3"] == pytest.approx(known.lines["t3"], rel=1e-3)
    assert Calibration.from_text(again.to_text()) == again
