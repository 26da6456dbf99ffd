"""Figures of regressions against independent computations; residuals in a collector's report."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import awkward as ak
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st
from scipy import optimize, stats

from rootml.errors import DataError
from rootml.spec import Batch
from rootml.validation.comparing.series import alone
from rootml.validation.plots import FAMILIES
from rootml.validation.plots.canvas import drawing, settings
from rootml.validation.statistics.binomial import LEVEL
from rootml.validation.statistics.regression import CORE, Residuals
from rootml.validation.study import Study
from rootml.validation.style import Style
from rootml.validation.text import to_markdown

compare = pytest.mark.mpl_image_compare(
    baseline_dir="baseline",
    style=[settings(Style())],
    savefig_kwargs={"dpi": 60, "metadata": {"Software": None}},
    tolerance=8,
    deterministic=True,
)


def with_tails(rng, n, sigma=0.15):
    """A Gaussian, a tenth of which has the tails of a t distribution."""
    core, tail = rng.normal(0.07 * sigma, sigma, n), 3 * sigma * rng.standard_t(2, n)
    return np.where(rng.random(n) < 0.1, tail, core)


def error(estimate):
    return (estimate.high - estimate.low) / 2


@pytest.mark.parametrize("sigma", [1e-4, 0.15, 30.0])
def test_figures_are_those_of_the_values(sigma):
    values = with_tails(np.random.default_rng(1), 20_000, sigma)
    made = Residuals.from_values(values).summary((5 * sigma,))
    low, middle, high = np.quantile(values, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    assert made.entries == 20_000
    assert made.median.value == pytest.approx(middle, abs=0.002 * sigma)
    assert made.width.value == pytest.approx((high - low) / 2, rel=0.001)
    assert made.mean.value == pytest.approx(values.mean(), abs=1e-4 * values.std())
    assert made.rms.value == pytest.approx(values.std(), rel=1e-3)
    assert error(made.mean) == pytest.approx(values.std() / math.sqrt(20_000), rel=1e-3)
    (tail,) = made.tails
    assert tail.below.value == pytest.approx((values < -5 * sigma).mean(), rel=0.01)
    assert tail.beyond.value == pytest.approx((np.abs(values) > 5 * sigma).mean(), rel=0.01)
    assert tail.beyond.value == pytest.approx(tail.below.value + tail.above.value)
    count = round(tail.beyond.value * 20_000)
    expected = stats.binomtest(count, 20_000).proportion_ci(LEVEL, method="exact")
    assert (tail.beyond.low, tail.beyond.high) == pytest.approx(tuple(expected))


def test_the_core_is_the_fit_of_a_gaussian_cut_off_at_two_widths():
    """Against a numerical maximum of the likelihood in the last window."""
    values = with_tails(np.random.default_rng(2), 5000)
    core = Residuals.from_values(values).core()
    assert (core.low, core.high) == pytest.approx(
        [core.mean.value + sign * CORE * core.width.value for sign in (-1, 1)]
    )
    inside = values[(values > core.low) & (values < core.high)]
    assert core.inside == pytest.approx(len(inside), abs=3)

    def loss(at):
        mean, width = at
        norm = stats.norm(mean, width)
        kept = norm.cdf(core.high) - norm.cdf(core.low)
        return len(inside) * np.log(kept) - norm.logpdf(inside).sum()

    best = optimize.minimize(loss, (0.0, 0.2), method="Nelder-Mead", options={"xatol": 1e-6})
    assert [core.mean.value, core.width.value] == pytest.approx(best.x, abs=0.03 * error(core.mean))
    step = 1e-3
    curvature = [
        (loss(best.x + d) - 2 * loss(best.x) + loss(best.x - d)) / step**2 for d in step * np.eye(2)
    ]
    assert [error(core.mean), error(core.width)] == pytest.approx(1 / np.sqrt(curvature), rel=0.05)


def test_errors_are_those_of_repeated_experiments():
    rng = np.random.default_rng(3)
    made = [Residuals.from_values(rng.normal(0.3, 2.0, 400)).summary() for _ in range(300)]
    truth = {"median": 0.3, "mean": 0.3, "width": 2.0, "rms": 2.0}
    for name, value in truth.items():
        estimates = [getattr(one, name) for one in made]
        pulls = [(estimate.value - value) / error(estimate) for estimate in estimates]
        assert np.mean(pulls) == pytest.approx(0, abs=0.25), name
        assert np.std(pulls) == pytest.approx(1, abs=0.15), name
    widths = [one.core.width.value for one in made]
    assert np.mean(widths) == pytest.approx(2.0, rel=0.03)


@tried(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=60), st.floats(1e-3, 1e3))
def test_any_values_have_figures(values, bound):
    made = Residuals.from_values(np.array(values)).summary((bound,))
    assert made.entries == len(values)
    size = max(map(abs, values))
    assert abs(made.median.value) <= 1.002 * size + 1e-8
    assert made.width.low <= made.width.value <= made.width.high
    assert made.width.value <= 1.002 * size + 1e-8
    assert made.core is None or made.core.width.value > 0
    for share in (made.tails[0].below, made.tails[0].above, made.tails[0].beyond):
        assert 0 <= share.low <= share.value <= share.high <= 1


def test_values_without_a_distribution():
    constant = Residuals.from_values(np.full(50, 0.25)).summary()
    assert constant.core is None
    assert constant.median.value == pytest.approx(0.25, rel=0.0025)
    assert constant.width.value < 0.001
    far = Residuals.from_values(np.array([-1e30, 1e30])).summary((1.0,))
    assert far.tails[0].beyond.value == 1
    with pytest.raises(DataError, match="no residuals"):
        Residuals.from_values(np.empty(0))
    with pytest.raises(DataError, match="not finite"):
        Residuals.from_values(np.array([0.0, np.nan]))


def test_before_and_after_stand_side_by_side(tracks):
    events = tracks.sample(5000)
    report = tracks.collect(events).report()
    before, after = report.figures["outputs"]["momentum"]["residual"]["estimators"]
    assert (before["title"], after["title"]) == ("Track fit", "net_tracks")
    assert before["entries"] == after["entries"] == np.count_nonzero(events.batch.judged)
    truth = np.asarray(events.events["truth_momentum"])
    residual = (events.outputs["momentum"] - truth)[events.batch.judged]
    expected = Residuals.from_values(residual).summary((0.7,))
    assert after["core"]["width"]["value"] == expected.core.width.value
    assert after["tails"][0]["beyond"]["value"] == expected.tails[0].beyond.value
    assert after["width"]["value"] < before["width"]["value"]
    pull = report.figures["outputs"]["momentum"]["pull"]
    assert pull["core"]["width"]["value"] == pytest.approx(1, abs=0.05)
    assert "track_fit" not in report.figures["references"]
    hist = report.hists["residual_momentum"]
    counts, _ = np.histogram(residual, hist.axes[0].edges)
    assert np.abs(hist.values() - counts).sum() < 0.02 * len(residual)


def test_the_page_shows_every_figure(tracks):
    report = tracks.collect(tracks.sample(2000)).report()
    page = to_markdown(Study.of(report))
    _, after = report.figures["outputs"]["momentum"]["residual"]["estimators"]
    width = after["core"]["width"]
    row = next(line for line in page.splitlines() if line.startswith("| core width"))
    value, spread = row.split("|")[3].split(" ± ")
    assert float(value) == pytest.approx(width["value"], abs=error_of(width) / 2)
    assert float(spread) == pytest.approx(error_of(width), rel=0.5)
    assert "| beyond ±0.7 MeV/c |" in page
    assert "| pull |" in page
    assert "| eIQR75 |" in page
    assert "Improvement of eIQR75 on Track fit: 2" in page
    assert "Fit of a double crystal ball: mean" in page


def error_of(estimate):
    return estimate["high"] - estimate["value"]


def test_parts_add(tracks):
    events = tracks.sample(900)
    parts = [events.chunk(a, b) for a, b in pairwise([0, 100, 101, 420, 900])]
    whole = tracks.collect(events).report().to_dict()
    assert tracks.collect(*parts).report().to_dict() == whole
    first, *others = (tracks.collect(part) for part in parts)
    assert sum(others, first).report().to_dict() == whole


def test_true_values_that_are_missing_count_apart(tracks):
    events = tracks.sample(300)
    truth = ak.Array([None, np.nan, np.inf, *events.events["truth_momentum"][3:]])
    record = ak.with_field(events.events, truth, "truth_momentum")
    report = tracks.collect(type(events)(record, events.batch, events.outputs)).report()
    _, after = report.figures["outputs"]["momentum"]["residual"]["estimators"]
    judged = np.count_nonzero(events.batch.judged)
    assert (after["missing"], after["entries"]) == (3, judged - 3)


def test_what_a_file_lacks_is_said(tracks):
    events = tracks.sample(300)
    bare = type(events)(events.events[["track_fit"]], events.batch, events.outputs)
    report = tracks.collect(bare).report()
    assert report.not_drawn["momentum_residual"] == "the file has no true value (truth_momentum)"
    assert "residual" not in report.figures["outputs"]["momentum"]
    alone = type(events)(events.events[["truth_momentum"]], events.batch, events.outputs)
    report = tracks.collect(alone).report()
    assert len(report.figures["outputs"]["momentum"]["residual"]["estimators"]) == 1
    near = ak.with_field(events.events, 105 + 0 * events.events["track_fit"], "truth_momentum")
    report = tracks.collect(type(events)(near, events.batch, events.outputs)).report()
    assert "no two bins" in report.not_drawn["momentum_resolution"]


def test_uncertainties_are_positive(tracks):
    events = tracks.sample(300)
    bad = np.flatnonzero(events.batch.judged)[:3]
    error = events.outputs["error"].copy()
    error[bad] = 0, -1, -0.1
    outputs = events.outputs | {"error": error}
    report = tracks.collect(type(events)(events.events, events.batch, outputs)).report()
    (check,) = [check for check in report.checks if check.name == "error_valid"]
    assert not check.passed
    assert check.message == "3 values of error are not a positive number"
    assert report.figures["outputs"]["momentum"]["pull"]["missing"] == 3


def test_energies_have_relative_residuals_and_tails_by_their_own_core(tracks):
    events = tracks.sample(2000)
    report = tracks.collect(events, role="energy", tails=()).report()
    made = report.figures["outputs"]["momentum"]["residual"]
    truth = np.asarray(events.events["truth_momentum"])[events.batch.judged]
    relative = events.outputs["momentum"][events.batch.judged] / truth - 1
    before, after = made["estimators"]
    assert made["relative"]
    assert after["rms"]["value"] == pytest.approx(relative.std(), rel=1e-3)
    bounds = [tail["bound"] for tail in after["tails"]]
    assert bounds == [far * before["core"]["width"]["value"] for far in (3, 5)]


def test_bins_of_the_true_value_are_evenly_filled(tracks):
    events = tracks.sample(6000)
    rows = (
        tracks.collect(events).report().figures["outputs"]["momentum"]["residual"]["against_truth"]
    )
    truth = np.asarray(events.events["truth_momentum"])
    residual = events.outputs["momentum"] - truth
    assert 5 < len(rows) <= 12
    total = 0
    for row in rows:
        inside = (truth >= row["low"]) & (truth < row["high"]) & events.batch.judged
        made = row["estimators"]["residual_momentum"]
        low, middle, high = np.quantile(residual[inside], [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
        assert made["entries"] == np.count_nonzero(inside)
        assert made["width"]["value"] == pytest.approx((high - low) / 2, rel=0.02)
        assert made["median"]["value"] == pytest.approx(middle, abs=0.005)
        total += made["entries"]
    assert total == np.count_nonzero(events.batch.judged)
    assert min(row["estimators"]["residual_momentum"]["entries"] for row in rows) >= 100


def test_objects_have_residuals(tracks):
    events = ak.Array(
        {
            "truth_momentum": [[100.0, 101.0], [], [102.0]],
            "track_fit": [[100.5, 101.0], [], [101.0]],
        }
    )
    batch = Batch({"x": np.ones((2, 1), np.float32)}, np.array([True, False, True]), [2, 0, 1])
    outputs = {
        "momentum": np.array([100.25, np.nan, 102.0], np.float32),
        "error": np.array([0.1, np.nan, 0.1], np.float32),
    }
    report = tracks.collect(tracks.Sample(events, batch, outputs), per="Track").report()
    before, after = report.figures["outputs"]["momentum"]["residual"]["estimators"]
    assert (before["entries"], after["entries"]) == (2, 2)
    assert after["mean"]["value"] == pytest.approx(0.125, rel=0.01)
    assert before["mean"]["value"] == pytest.approx(-0.25, rel=0.01)


@compare
@pytest.mark.parametrize(
    "family",
    ["residual", "residual_tails", "resolution", "eiqr", "response", "truth_2d", "peak", "pull"],
)
def test_plots(tracks, family):
    report = tracks.collect(tracks.sample(20_000)).report()
    assert Counter(plot.family for plot in report.plots)[family] == 1
    with drawing(Style()):
        return FAMILIES[family](alone(report), "momentum", Style())


def test_few_entries_are_drawn(tracks):
    """One entry, and values that are all the same, among them."""
    for sample in (tracks.sample(1, unjudged=0), tracks.sample(30, exact=True)):
        report = tracks.collect(sample).report()
        with drawing(Style()):
            for plot in report.plots:
                assert FAMILIES[plot.family](alone(report), plot.subject, Style())
