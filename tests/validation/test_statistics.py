"""Numbers of classification with weights, from histograms, and in bins of a variable."""

from __future__ import annotations

import math
from dataclasses import replace

import boost_histogram as bh
import numpy as np
import pytest
import uproot
from hist import Hist
from scipy.special import expit
from sklearn import metrics

from rootml.errors import DataError
from rootml.validation.comparing.comparison import compared, overtraining, ratio, with_overtraining
from rootml.validation.report import Report
from rootml.validation.statistics.binomial import (
    LEVEL,
    Estimate,
    clopper_pearson,
    effective_counts,
    efficiency_interval,
    rejection,
    unphysical,
)
from rootml.validation.statistics.calibration import Reliability
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.dependence import (
    MIN_SIGNAL,
    against,
    at_flat_cut,
    at_flat_efficiency,
)
from rootml.validation.statistics.precision import precision_recall
from rootml.validation.study import Study

WEIGHTS = {
    "exponential": lambda rng, size: rng.exponential(1, size),
    "lognormal": lambda rng, size: rng.lognormal(0, 1, size),
    "a tenth negative": lambda rng, size: np.where(rng.random(size) < 0.1, -1.0, 1.0),
}


def weighted(weights, which):
    """Sums over the last axis of those weights that ``which`` selects."""
    kept = weights * which
    return Counts(kept.sum(axis=-1), (kept**2).sum(axis=-1))


def two_classes(rng, signal=300, background=900):
    """Scores, labels and weights of two Gaussians one width apart."""
    scores = expit(np.concatenate((rng.normal(1, 1, signal), rng.normal(0, 1, background))))
    labels = np.arange(signal + background) < signal
    return scores, labels, rng.exponential(1, signal + background)


def separated(scores, labels, weights=None):
    parts = labels, ~labels
    their = [None if weights is None else weights[part] for part in parts]
    return Separation.from_scores(scores[labels], scores[~labels], *their)


# -- intervals -------------------------------------------------------------------------------


def test_weights_of_one_are_counts():
    passed, total = np.array([0, 3, 7, 7]), np.array([7, 7, 7, 9])
    ones = Counts(passed.astype(float), 1.0 * passed), Counts(total.astype(float), 1.0 * total)
    for made, counted in zip(
        efficiency_interval(*ones), efficiency_interval(passed, total), strict=True
    ):
        assert np.allclose(made, counted, rtol=1e-12)


def test_equal_weights_do_not_matter():
    passed, total = Counts.of(np.array([3, 0])), Counts.of(np.array([7, 12]))
    scaled = [Counts(0.02 * part.values, 0.02**2 * part.squares) for part in (passed, total)]
    assert np.allclose(efficiency_interval(*scaled), efficiency_interval(passed, total))
    assert np.allclose(rejection(*scaled), rejection(passed, total))


def test_effective_counts_have_the_variance_of_the_weights():
    rng = np.random.default_rng(4)
    weights, passes = rng.exponential(1, 400), rng.random(400) < 0.3
    passed, total = weighted(weights, passes), weighted(weights, True)
    k, n = effective_counts(passed, total)
    e = k / n
    assert e == pytest.approx(weights[passes].sum() / weights.sum())
    spread = np.sum((weights * (passes - e)) ** 2) / weights.sum() ** 2
    assert e * (1 - e) / n == pytest.approx(spread)


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("efficiency", [0.1, 0.5, 0.98])
def test_weighted_intervals_cover_the_truth(kind, efficiency):
    """2000 toys of 200 events: 4 standard deviations of the toys are 4.2 %."""
    rng = np.random.default_rng(7)
    weights = WEIGHTS[kind](rng, (2000, 200))
    passes = rng.random(weights.shape) < efficiency
    _, low, high = efficiency_interval(weighted(weights, passes), weighted(weights, True))
    covered = np.mean((low <= efficiency) & (efficiency <= high))
    assert LEVEL - 0.042 < covered < 0.95


def test_nothing_known_is_the_whole_interval_and_no_warning():
    for nothing in (np.array([0]), Counts(np.array([0.0]), np.array([0.0]))):
        value, low, high = efficiency_interval(nothing, nothing)
        assert np.isnan(value).all()
        assert (low[0], high[0]) == (0, 1)
        assert np.isnan(rejection(nothing, nothing).value).all()


def test_negative_weights_are_clipped_and_told():
    passed = Counts(np.array([-1.0, 5.0, 2.0, 1.0]), np.array([3.0, 9.0, 2.0, 1.0]))
    total = Counts(np.array([10.0, 4.0, 4.0, -2.0]), np.array([14.0, 12.0, 4.0, 6.0]))
    value, low, high = efficiency_interval(passed, total)
    assert np.allclose(value[:3], (0, 1, 0.5))
    assert np.isnan(value[3])
    assert np.isfinite([low, high]).all()
    assert ((low >= 0) & (high <= 1) & (low < high)).all()
    assert unphysical(passed, total).tolist() == [True, True, False, True]
    assert np.isposinf(rejection(passed, total).value[0])


def test_no_heavy_event_passing_is_no_certainty():
    """One event in a thousand carries all the weight: an interval of it, not of a thousand."""
    total = Counts(np.array(1000.0 + 1000), np.array(1000.0 + 1000**2))
    _, _, high = efficiency_interval(Counts(np.array(0.0), np.array(0.0)), total)
    assert high > clopper_pearson(0, 1001)[1] * 20


# -- histograms ------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["hist", "boost_histogram", "int"])
def test_histograms_of_any_library_give_the_same_cuts(library):
    rng = np.random.default_rng(3)
    scores, labels, weights = two_classes(rng)
    scores[:5] = 1.5  # overflow
    weights = None if library == "int" else weights
    hists = []
    for of in (labels, ~labels):
        match library:
            case "hist":
                made = Hist.new.Reg(50, 0, 1).Weight()
            case "int":
                made = Hist.new.Reg(50, 0, 1).Int64()
            case _:
                made = bh.Histogram(bh.axis.Regular(50, 0, 1), storage=bh.storage.Weight())
        hists.append(made.fill(scores[of], weight=None if weights is None else weights[of]))
    binned, exact = Separation.from_histograms(*hists), separated(scores, labels, weights)
    cut = binned.at_efficiency(0.7)
    assert np.nextafter(cut.threshold, 1) in hists[0].axes[0].edges  # which belongs above
    passed = scores > cut.threshold
    weights = np.ones(len(scores)) if weights is None else weights
    assert cut.signal_passed == pytest.approx(weights[passed & labels].sum())
    assert cut.background_passed == pytest.approx(weights[passed & ~labels].sum())
    assert cut.signal == pytest.approx(weights[labels].sum())
    assert abs(binned.auc().value - exact.auc().value) <= binned.auc().binning < 0.02


def test_histograms_of_a_root_file_are_histograms(tmp_path):
    rng = np.random.default_rng(3)
    hists = {
        name: Hist.new.Reg(40, 0, 1).Weight().fill(values, weight=rng.exponential(1, 500))
        for name, values in (("s", 1.1 * rng.beta(4, 2, 500)), ("b", rng.beta(2, 4, 500)))
    }
    with uproot.recreate(tmp_path / "h.root") as file:
        for name, hist in hists.items():
            file[name] = hist
    with uproot.open(tmp_path / "h.root") as file:
        read = Separation.from_histograms(file["s"], file["b"])
    made = Separation.from_histograms(hists["s"], hists["b"])
    assert made.signal.values[-1] > 0  # overflow
    assert read.auc() == made.auc()
    assert read.at_efficiency(0.9) == made.at_efficiency(0.9)


def test_histograms_that_do_not_fit_are_refused():
    hists = [
        Hist.new.Reg(4, 0, 1).Int64().fill([0.3]),
        Hist.new.Reg(5, 0, 1).Int64().fill([0.3]),
        Hist.new.Reg(4, 0, 1).Double().fill([0.3], weight=2.0),
        Hist.new.Reg(4, 0, 1).Reg(4, 0, 1).Int64().fill([0.3], [0.3]),
    ]
    for other, reason in zip(
        hists[1:], ("different bins", "without their squares", "one axis"), strict=True
    ):
        with pytest.raises(DataError, match=reason):
            Separation.from_histograms(hists[0], other)


# -- curves ----------------------------------------------------------------------------------


def test_weighted_figures_are_those_of_scikit_learn():
    scores, labels, weights = two_classes(np.random.default_rng(1))
    made = separated(scores, labels, weights)
    area = metrics.roc_auc_score(labels, scores, sample_weight=weights)
    assert made.auc().value == pytest.approx(area)
    average = metrics.average_precision_score(labels, scores, sample_weight=weights)
    assert precision_recall(made).average.value == pytest.approx(average)


def test_unweighted_average_precision_is_that_of_scikit_learn_with_ties():
    rng = np.random.default_rng(2)
    scores, labels, _ = two_classes(rng)
    scores = scores.round(1)
    expected = metrics.average_precision_score(labels, scores)
    assert precision_recall(separated(scores, labels)).average.value == pytest.approx(expected)


def test_the_error_of_a_weighted_area_is_that_of_its_placements():
    """Written out event by event, with weights that depend on the score."""
    rng = np.random.default_rng(11)
    signal, background = rng.normal(1, 1, 80), rng.normal(0, 1, 120)
    w, v = np.exp(signal), np.exp(-background)
    kernel = signal[:, None] > background
    above, below = kernel @ v / v.sum(), w @ kernel / w.sum()
    area = above @ w / w.sum()
    variance = 0.0
    for weights, placed in ((w, above), (v, below)):
        n = weights.sum() ** 2 / (weights**2).sum()
        spread = weights**2 @ (placed - area) ** 2 / weights.sum() ** 2
        variance += spread * n / (n - 1)
    made = Separation.from_scores(signal, background, w, v).auc()
    assert made.value == pytest.approx(area)
    assert made.error == pytest.approx(math.sqrt(variance))


def test_errors_of_weighted_areas_are_the_spread_of_toys():
    """150 toys: the spread of pulls is known to 6 %."""
    rng = np.random.default_rng(5)
    made = [separated(*two_classes(rng, 200, 600)) for _ in range(150)]
    areas = np.array([(one.auc().value, one.auc().error) for one in made])
    curves = [precision_recall(one) for one in made]
    precisions = np.array([(one.average.value, one.error) for one in curves])
    for value, error in (areas.T, precisions.T):
        assert 0.8 < np.std((value - value.mean()) / error) < 1.25
    covered = np.mean([one.auc().low < 0.760 < one.auc().high for one in made])
    assert covered == pytest.approx(LEVEL, abs=0.13)


def test_precision_follows_the_composition():
    scores, labels, _ = two_classes(np.random.default_rng(6))
    made = precision_recall(separated(scores, labels), signal_share=0.01)
    chosen = int(np.argmin(np.abs(made.recall.value - 0.5)))
    rate = np.mean(scores[~labels] > made.threshold[chosen])
    kept = made.recall.value[chosen]
    assert made.signal_share == pytest.approx(0.01)
    expected = 0.01 * kept / (0.01 * kept + 0.99 * rate)
    assert made.precision.value[chosen] == pytest.approx(expected)
    even = precision_recall(separated(scores, labels), signal_share=0.5)
    plain = precision_recall(separated(scores, labels, np.where(labels, 1.0, 1 / 3)))
    assert even.error == pytest.approx(plain.error)
    assert np.allclose(even.precision.low, plain.precision.low)
    with pytest.raises(DataError, match="share of signal"):
        precision_recall(separated(scores, labels), signal_share=1.5)


def test_negative_weights_still_give_the_cut_that_was_asked_for():
    rng = np.random.default_rng(9)
    scores, labels, _ = two_classes(rng)
    weights = np.where(rng.random(len(scores)) < 0.3, -1.0, 1.0)
    made = separated(scores, labels, weights)
    cut = made.at_efficiency(0.9)
    assert 0.9 <= cut.efficiency.value <= 1
    above = scores > cut.threshold
    assert weights[above & labels].sum() == pytest.approx(cut.signal_passed)
    curve = made.roc()
    parts = (curve.efficiency, curve.efficiency_low, curve.efficiency_high)
    assert all(((part >= 0) & (part <= 1)).all() for part in parts)
    assert 0 <= made.auc().low <= made.auc().value <= made.auc().high <= 1
    assert 0 <= precision_recall(made).average.value <= 1


def test_efficiencies_that_rise_again_count():
    """Cuts at 1 and 3 keep 2 of 3, the one between keeps 1: the tightest is at 3."""
    signal, weights = np.array([0.0, 1, 2, 3]), np.array([1.0, 1, -1, 2])
    made = Separation.from_scores(signal, np.zeros(1), weights, np.ones(1))
    assert made.signal_passed.values.tolist() == [3, 2, 1, 2]
    assert 2 < made.at_efficiency(0.6).threshold < 3
    other = Separation.from_scores(np.full(1, 3.0), signal, np.ones(1), np.array([2.0, -1, 1, 1]))
    assert other.background_passed.values.tolist() == [3, 1, 2, 1]
    assert 0 < other.at_rejection(3).threshold < 1


def test_weights_that_cancel_are_named():
    with pytest.raises(DataError, match="weights of the signal add up to -1"):
        Separation.from_scores(np.ones(3), np.zeros(2), np.array([1.0, -1, -1]), np.ones(2))
    with pytest.raises(DataError, match="one finite weight"):
        Separation.from_scores(np.ones(1), np.zeros(2), np.array([np.nan]))


# -- calibration -----------------------------------------------------------------------------


@pytest.mark.parametrize("equal", ["width", "count"])
def test_probabilities_that_hold_are_found_so(equal):
    """P-values of 200 perfectly calibrated samples are flat, and ece is its floor."""
    rng = np.random.default_rng(8)
    made = []
    for _ in range(200):
        scores = expit(rng.normal(0, 2, 1000))
        labels = rng.random(1000) < scores
        made.append(Reliability.from_scores(scores, labels, rng.exponential(1, 1000), equal=equal))
    p_values = np.array([one.p_value for one in made])
    assert np.mean(p_values < 0.5) == pytest.approx(0.5, abs=0.14)
    assert np.mean([one.ece / one.floor for one in made]) == pytest.approx(1, abs=0.06)


def test_overconfidence_is_measured():
    rng = np.random.default_rng(8)
    scores = rng.random(50_000)
    labels = rng.random(50_000) < 0.5 + (scores - 0.5) / 2
    made = Reliability.from_scores(scores, labels)
    assert made.ece == pytest.approx(0.125, abs=0.01)  # mean of |score - 1/2| / 2
    assert made.p_value < 1e-6
    assert made.weight.sum() == pytest.approx(1)


def test_fine_bins_stand_for_the_scores():
    rng = np.random.default_rng(12)
    scores = expit(rng.normal(0, 2, 5000))
    labels = rng.random(5000) < scores**1.3
    index = np.floor(scores * 10_000).astype(int)
    parts = (Counts.filled(index[of], 10_000) for of in (labels, ~labels))
    binned = Reliability.from_bins((np.arange(10_000) + 0.5) / 10_000, *parts)
    exact = Reliability.from_scores(scores, labels)
    assert np.allclose(binned.score, exact.score, atol=1e-4)
    assert np.array_equal(binned.observed.value, exact.observed.value)
    assert binned.ece == pytest.approx(exact.ece, abs=1e-4)


def test_equal_counts_hold_equal_weights():
    rng = np.random.default_rng(13)
    scores, weights = rng.random(4000) ** 3, rng.exponential(1, 4000)
    made = Reliability.from_scores(scores, scores > 0.1, weights, bins=8, equal="count")
    assert np.allclose(made.weight, 1 / 8, atol=0.002)
    assert (made.high[:-1] <= made.low[1:]).all()


def test_bins_of_negative_weight_are_left_out_and_told():
    scores = np.array([0.05, 0.05, 0.55, 0.55])
    made = Reliability.from_scores(scores, scores > 0.1, np.array([1.0, -2.0, 2.0, 1.0]))
    assert (len(made.score), made.left_out) == (1, 1)


def test_certain_and_wrong_is_infinitely_unlikely():
    scores = np.array([1.0, 1.0])
    assert Reliability.from_scores(scores, np.array([True, True])).chi2 == 0
    made = Reliability.from_scores(scores, np.array([True, False]))
    assert math.isinf(made.chi2)
    assert made.p_value == 0


@pytest.mark.parametrize("bad", [1.2, -0.1, np.nan])
def test_what_is_no_probability_has_no_calibration(bad):
    with pytest.raises(DataError, match="within"):
        Reliability.from_scores(np.array([bad]), np.array([True]))


# -- against a variable ----------------------------------------------------------------------


def dependent(rng, weights=True):
    """Energies, scores, labels and weights; the separation grows with the energy."""
    labels = np.arange(6000) < 3000
    energy = 10 ** rng.uniform(0, 2, 6000)
    scores = expit(rng.normal(0, 1, 6000) + np.log10(energy) * np.where(labels, 2, -1))
    return energy, scores, labels, rng.exponential(1, 6000) if weights else None


EDGES = np.array([1.0, 3.0, 10.0, 30.0, 100.0])


@pytest.mark.parametrize("weights", [True, False])
def test_a_flat_cut_keeps_what_lies_above_it(weights):
    energy, scores, labels, w = dependent(np.random.default_rng(1), weights)
    made = against(energy, scores, labels, EDGES, threshold=0.6, weights=w)
    w = np.ones(6000) if w is None else w
    for one in made:
        inside = (energy >= one.low) & (energy < one.high)
        kept = w[inside & labels & (scores > 0.6)].sum()
        assert one.cut.efficiency.value == pytest.approx(kept / w[inside & labels].sum())
        assert one.background == pytest.approx(w[inside & ~labels].sum())
    assert made[-1].cut.efficiency.value > made[0].cut.efficiency.value + 0.2


@pytest.mark.parametrize("weights", [True, False])
def test_flat_efficiency_is_flat(weights):
    energy, scores, labels, w = dependent(np.random.default_rng(1), weights)
    made = against(energy, scores, labels, EDGES, efficiency=0.9, weights=w)
    assert [one.cut.efficiency.value for one in made] == pytest.approx([0.9] * 4, abs=0.01)
    assert made[-1].cut.threshold > made[0].cut.threshold + 0.1


def test_histograms_and_arrays_agree():
    energy, scores, labels, w = dependent(np.random.default_rng(1))
    hists = [
        Hist.new.Var(EDGES).Reg(1000, 0, 1).Weight().fill(energy[of], scores[of], weight=w[of])
        for of in (labels, ~labels)
    ]
    thresholds = np.nextafter(np.linspace(0, 1, 1001)[:-1], -1)
    binned = at_flat_efficiency(EDGES, thresholds, *hists, 0.9)
    exact = against(energy, scores, labels, EDGES, efficiency=0.9, weights=w)
    for one, other in zip(binned, exact, strict=True):
        assert one.cut.threshold == pytest.approx(other.cut.threshold, abs=0.002)
        assert one.signal == pytest.approx(other.signal)
    passed = [hist[:, 600:1000:sum] for hist in hists]
    pairs = [(part, hist[:, sum]) for part, hist in zip(passed, hists, strict=True)]
    flat = at_flat_cut(EDGES, 0.6, *pairs)
    other = against(energy, scores, labels, EDGES, threshold=0.6, weights=w)
    assert [one.cut.efficiency.value for one in flat] == pytest.approx(
        [one.cut.efficiency.value for one in other]
    )


def test_bins_without_enough_say_so():
    n = MIN_SIGNAL
    variable = np.concatenate(
        (np.zeros(n), np.ones(n - 1), np.full(n, 2.0), [0.0, 1.0, 9.0, np.nan])
    )
    labels = np.arange(len(variable)) < 3 * n - 1
    scores = np.linspace(0, 1, len(variable))
    made = against(variable, scores, labels, np.arange(4), efficiency=0.5)
    assert [one.cut is None for one in made] == [False, True, True]
    assert [one.background for one in made] == [1, 1, 0]
    empty = against(variable, scores, labels, np.array([3.0, 4.0]), threshold=0.5)[0].cut
    assert math.isnan(empty.efficiency.value)
    assert (empty.efficiency.low, empty.efficiency.high) == (0, 1)


def test_what_to_hold_must_be_said():
    one = np.ones(1)
    with pytest.raises(ValueError, match="either"):
        against(one, one, one, np.array([0, 1]))
    with pytest.raises(DataError, match="rise"):
        against(one, one, one, np.array([1, 0]), threshold=0.5)


# -- two reports -----------------------------------------------------------------------------


def report_of(rng, shift, events=2000, sha="0", role="sample"):
    """What of a report is compared: figures and histograms of one score."""
    signal, background = rng.normal(1 + shift, 1, events), rng.normal(0, 1, events)
    separation = Separation.from_scores(signal, background)
    points = [
        {"target": target, "rejection": vars(separation.at_efficiency(target).rejection)}
        for target in (0.5, 0.9)
    ]
    figures = {"auc": vars(separation.auc()), "working_points": points}
    hists = {
        f"score_{name}": Hist.new.Reg(200, -5, 6).Int64().fill(values)
        for name, values in (("electron", signal), ("proton", background), ("unlabelled", signal))
    }
    return Report(
        {"name": "net", "version": "1", "sha256": sha},
        {"classes": ["proton", "electron"], "role": role, "sample_title": role},
        (),
        {"outputs": {"score": {"branch": "net_score", **figures}}},
        hists,
    )


def test_overtraining_is_found_where_there_is_some():
    rng = np.random.default_rng(3)
    train, same, better = (report_of(rng, shift) for shift in (0, 0, 0.5))
    none = overtraining(train, same)["score"]
    assert none.auc.p_value > 0.05
    assert min(found.ks_p_value for found in none.shapes.values()) > 0.05
    assert none.shapes.keys() == {"electron", "proton"}
    some = overtraining(better, train)["score"]
    assert some.auc.value > 0
    assert some.auc.p_value < 1e-4
    assert some.shapes["electron"].ks_p_value < 1e-4 < some.shapes["proton"].ks_p_value
    with pytest.raises(DataError, match="different networks"):
        overtraining(train, report_of(rng, 0, sha="1"))


def test_a_study_warns_of_overtraining():
    rng = np.random.default_rng(3)
    train, test = report_of(rng, 0.5, role="train"), report_of(rng, 0)
    other = report_of(rng, 0, sha="1")
    made = with_overtraining(Study("", (), (train, test, other)))
    found = [report.figures["outputs"]["score"].get("overtraining") for report in made.reports]
    assert [part is None for part in found] == [True, False, True]
    assert found[1]["auc"]["value"] > 0
    assert found[1]["shapes"]["electron"]["ks"] > 0.1
    (note,) = made.notes
    assert (note.level, note.about) == ("warning", "sample")
    assert "net_score: the AUC of the training is larger" in note.text
    fair = with_overtraining(Study("", (), (report_of(rng, 0, role="train"), test)))
    assert not fair.notes
    figures = {"outputs": {"score": {"branch": "net_score"}}}
    blind = replace(train, figures=figures, not_drawn={"score_roc": "no truth"})
    (note,) = with_overtraining(Study("", (), (blind, test))).notes
    assert note.text == "net_score: no overtraining can be seen without an AUC: no truth"


def test_reports_are_compared_with_the_first():
    rng = np.random.default_rng(4)
    reports = [report_of(rng, shift) for shift in (0, 0.5)]
    first, second = compared(reports, ["old", "new"], "score")
    assert first.auc_difference.value == 0
    assert first.rejection_ratio[0.9].value == 1
    assert second.auc_difference.low > 0
    ratio = second.rejection_ratio[0.5]
    assert 1 < ratio.low < ratio.value < ratio.high
    assert ratio.value == pytest.approx(second.rejection[0.5].value / first.rejection[0.5].value)


def test_the_ratio_of_two_rejections_covers_the_truth():
    """True ratio 2; 400 toys: 4 standard deviations are 9 %."""
    rng = np.random.default_rng(5)
    passed = rng.binomial(2000, [[0.02], [0.04]], (2, 400))
    found = [
        ratio(rejection(one, 2000).one(), rejection(other, 2000).one()) for one, other in passed.T
    ]
    assert np.mean([one.low < 2 < one.high for one in found]) == pytest.approx(0.71, abs=0.09)
    same = ratio(Estimate(10, 8, 12.5), Estimate(10, 8, 12.5))
    assert (same.low, same.high) == pytest.approx((1.25 ** -(2**0.5), 1.25 ** (2**0.5)))


def test_ratios_of_limits_are_limits():
    limit, value = rejection(0, 100).one(), rejection(5, 100).one()
    assert math.isinf(ratio(limit, value).value)
    assert ratio(limit, value).low == pytest.approx(limit.low / value.high)
    assert math.isnan(ratio(value, limit).value)
