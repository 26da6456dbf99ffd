"""Figures of a score in a report: at cuts, in bins of variables, with weights; and their plots."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from rootml.validation import Collector
from rootml.validation.comparing.series import Series, alone
from rootml.validation.counting.units import Variable
from rootml.validation.plots import FAMILIES
from rootml.validation.plots.canvas import drawing, settings
from rootml.validation.report import plain
from rootml.validation.study import Sample, Study
from rootml.validation.style import Style, look
from rootml.validation.text import to_markdown
from rootml.working_point import WorkingPoint

compare = pytest.mark.mpl_image_compare(
    baseline_dir="baseline",
    style=[settings(Style())],
    savefig_kwargs={"dpi": 60, "metadata": {"Software": None}},
    tolerance=8,
    deterministic=True,
)

ANGLE = Variable("angle", "polar angle", "deg", edges=(0.0, 30.0, 60.0, 90.0))

POINTS = tuple(
    WorkingPoint(name=name, output="score", threshold=threshold)
    for name, threshold in (("medium", 0.7), ("tight", 0.95), ("loose", 0.2))
)


FOLLOWING = WorkingPoint(
    name="flat", output="score", against="angle", at=(10.0, 80.0), thresholds=(0.5, 0.95)
)


@pytest.fixture(scope="module")
def events(sample):
    return sample(4000, np.random.default_rng(1), separation=3.0)


@pytest.fixture(scope="module")
def report(adapter, make_card, events):
    """The report of a sample, and what is in it: score, label, angle, weight, in judged events."""

    def made(events, points=POINTS, weighted=False, variables=(ANGLE,)):
        card = make_card(working_points=points)
        collector = Collector(
            card, adapter, branches={"score": "net_score"}, variables=variables, weighted=weighted
        )
        rng, n = np.random.default_rng(2), len(events.events)
        angle, weight = rng.uniform(-10, 90, n), np.where(rng.random(n) < 0.1, -0.5, 1.5)
        weights = weight if weighted else None
        given = {"weights": weights, "variables": {"angle": angle}}
        collector.fill(events.events, events.batch, events.outputs, **given)
        judged, label = events.batch.judged, np.asarray(events.events["truth_label"]) == 1
        weight = weight if weighted else np.ones(n)
        rows = events.outputs["score"][judged], label[judged], angle[judged], weight[judged]
        return collector.report(), rows

    usual = {weighted: made(events, weighted=weighted) for weighted in (False, True)}

    def report(weighted=False, **changes):
        if not changes:
            return usual[weighted]
        return made(**{"events": events, "weighted": weighted} | changes)

    return report


@pytest.mark.parametrize("weighted", [False, True])
def test_a_flat_cut_is_the_cards_exactly(report, weighted):
    """Thresholds between the bins that scores are counted in."""
    made, (score, label, angle, weight) = report(weighted=weighted)
    flat = made.figures["outputs"]["score"]["against"]["angle"]["flat_cut"]
    assert (flat["name"], flat["threshold"]) == ("medium", 0.7)
    above = score > np.float32(0.7)
    for row in flat["rows"]:
        inside = (angle >= row["low"]) & (angle < row["high"])
        for name, of in (("signal", label), ("background", ~label)):
            assert row[name] == pytest.approx(weight[inside & of].sum())
            passed = weight[inside & of & above].sum()
            assert row["cut"][f"{name}_passed"] == pytest.approx(passed)


def test_working_points_of_the_card_come_in_any_order(report):
    made, (score, label, _, _) = report()
    for row, point in zip(
        made.figures["outputs"]["score"]["card_working_points"], POINTS, strict=True
    ):
        passed = label & (score > np.float32(point.threshold))
        assert (row["name"], row["signal_passed"]) == (point.name, passed.sum())


def test_plots_against_a_variable_have_one_axis(report):
    """Also where the lowest bin has too few events for a cut of its own."""
    made, _ = report(variables=(replace(ANGLE, edges=(1.0, 1.3, 40.0, 90.0)),))
    rows = made.figures["outputs"]["score"]["against"]["angle"]["flat_efficiency"]["rows"]
    assert [row["cut"] is None for row in rows] == [True, False, False]
    axes = []
    with drawing(Style()):
        for family in ("rejection_against", "cut_against"):
            ax = FAMILIES[family](alone(made), "score:angle", Style()).axes[-1]
            axes.append((ax.get_xscale(), ax.get_xlim(), ax.get_xlabel()))
    assert axes[0] == axes[1] == ("log", (1.0, 90.0), "Polar angle [deg]")


def test_without_working_points_the_cut_is_at_a_fixed_efficiency(report):
    made, (score, label, angle, _) = report(points=())
    figures = made.figures["outputs"]["score"]
    point = next(row for row in figures["working_points"] if row["target"] == 0.9)
    flat = figures["against"]["angle"]["flat_cut"]
    assert flat["threshold"] == point["threshold"] == figures["confusion"]["cut"]["threshold"]
    (row, *_) = flat["rows"]
    inside = (angle >= 0) & (angle < 30) & label
    kept = inside & (score > np.float32(point["threshold"]))
    assert row["cut"]["signal_passed"] == kept.sum()


@pytest.mark.parametrize("weighted", [False, True])
def test_flat_efficiency_holds_in_each_bin_and_in_all(report, weighted):
    made, _ = report(weighted=weighted)
    against = made.figures["outputs"]["score"]["against"]
    for variable in ("energy", "angle"):
        flat = against[variable]["flat_efficiency"]
        kept = [row["cut"]["efficiency"]["value"] for row in flat["rows"] if row["cut"]]
        assert kept == pytest.approx([0.9] * len(kept), abs=0.02)
        point = next(row for row in flat["working_points"] if row["target"] == 0.9)
        passed = sum(row["cut"]["background_passed"] for row in flat["rows"] if row["cut"])
        assert point["background_passed"] == pytest.approx(passed)
    assert against["angle"]["unit"] == "deg"


def test_confusion_is_that_of_the_default_cut(report):
    made, (score, label, _, _) = report()
    above = score > np.float32(0.7)
    expected = [
        [np.count_nonzero(~label & ~above), np.count_nonzero(~label & above), 0],
        [np.count_nonzero(label & ~above), np.count_nonzero(label & above), 0],
    ]
    confusion = made.figures["outputs"]["score"]["confusion"]
    assert confusion["counts"].tolist() == expected
    assert confusion["classes"] == ["proton", "electron"]
    assert confusion["cut"] == {"name": "medium", "threshold": 0.7}


def test_reliability_and_precision_are_of_all_judged_events(report):
    made, (score, label, _, _) = report()
    figures = made.figures["outputs"]["score"]
    reliability = figures["reliability"]
    first = score < 0.1
    assert reliability["score"][0] == pytest.approx(score[first].mean(), abs=0.001)
    assert reliability["observed"]["value"][0] == pytest.approx(label[first].mean(), abs=0.01)
    assert figures["precision_recall"]["signal_share"] == pytest.approx(label.mean())


def test_scores_that_are_no_probabilities_pass_no_cut(report, events):
    scores = events.outputs["score"].copy()
    scores[:50] = 1.5
    made, (score, label, _, _) = report(events=replace(events, outputs={"score": scores}))
    (row, *_) = made.figures["outputs"]["score"]["card_working_points"]
    assert row["signal"] == np.count_nonzero(label & (score <= 1))
    assert row["signal_passed"] == np.count_nonzero(label & (score > 0.7) & (score <= 1))


def test_a_score_at_the_threshold_does_not_pass(report, events):
    """In float32, in which 0.2 is more than the card's 0.2, and 0.7 less than its 0.7."""
    scores = events.outputs["score"].copy()
    scores[:400], scores[400:800] = 0.2, 0.7
    made, (score, label, _, _) = report(events=replace(events, outputs={"score": scores}))
    for row in made.figures["outputs"]["score"]["card_working_points"]:
        passed = label & (score > np.float32(row["threshold"]))
        assert row["signal_passed"] == np.count_nonzero(passed), row["name"]


def test_a_variable_that_the_file_lacks_is_named(report):
    made, _ = report(variables=(ANGLE, Variable("pt", "momentum", "GeV", column="reco_pt")))
    for plot in ("score_rejection_vs_pt", "score_cut_vs_pt"):
        assert made.not_drawn[plot] == "the file has no pt (reco_pt)"
    assert made.figures["outputs"]["score"]["against"]["pt"].keys() == {"title", "unit", "log"}


def test_a_class_that_is_missing_is_named(report, events):
    few = np.flatnonzero((np.asarray(events.events["truth_label"]) == 0) | ~events.batch.judged)
    made, _ = report(weighted=True, events=_only(events, few))
    assert "no judged event of the class electron" in made.not_drawn["score_reliability"]
    assert "reliability" not in made.figures["outputs"]["score"]


def test_the_text_sets_reports_side_by_side(report, sample):
    other, _ = report(events=sample(1500, np.random.default_rng(8), separation=9.0))
    reports = [
        replace(one, sample={**one.sample, "name": name, "sample_title": name.title()})
        for name, one in (("first", report()[0]), ("second", other))
    ]
    samples = tuple(Sample(name, name.title()) for name in ("first", "second"))
    text = to_markdown(Study("two", samples, tuple(reports)))
    assert "## score side by side" in text
    first, second = (
        line.split(" | ") for line in text.splitlines() if "net_toy 1.0, " in line and "|" in line
    )
    assert first[2] == ""
    assert second[2].startswith("0.")
    assert "proton rejection, flat in angle" in text
    assert "expected calibration error" in text
    read = [replace(one, figures=json.loads(json.dumps(plain(one.figures)))) for one in reports]
    assert to_markdown(Study("two", samples, tuple(read))) == text


def _only(events, rows):
    keep = np.zeros(len(events.events), np.bool_)
    keep[rows] = True
    judged = events.batch.judged
    tensors = {name: part[keep[judged]] for name, part in events.batch.tensors.items()}
    return type(events)(
        events.events[keep],
        type(events.batch)(tensors, judged[keep]),
        {name: part[keep] for name, part in events.outputs.items()},
    )


@pytest.mark.parametrize("family", ["cut_against", "precision_recall", "reliability"])
def test_a_report_that_was_read_is_drawn_alike(report, family):
    made, _ = report(weighted=True)
    read = replace(made, figures=json.loads(json.dumps(plain(made.figures))))
    plot = next(plot for plot in made.plots if plot.family == family)
    pixels = []
    for one in (made, read):
        with drawing(Style()):
            canvas = FigureCanvasAgg(FAMILIES[family](alone(one), plot.subject, Style()))
            canvas.draw()
            pixels.append(np.asarray(canvas.buffer_rgba()))
    assert np.array_equal(*pixels)


def _drawn(series, report, name):
    plot = next(plot for plot in report.plots if plot.name == name)
    with drawing(Style()):
        return FAMILIES[plot.family](series, plot.subject, Style())


@compare
@pytest.mark.parametrize(
    "name",
    ["score_reliability", "score_precision_recall", "score_cut_vs_angle", "score_cut_vs_energy"],
)
def test_score_plots(report, name):
    made, _ = report(weighted=True)
    return _drawn(alone(made), made, name)


@pytest.mark.parametrize("weighted", [False, True])
def test_a_cut_that_follows_a_variable_is_counted_exactly(report, weighted):
    made, (score, label, angle, weight) = report(points=(*POINTS, FOLLOWING), weighted=weighted)
    above = score > (0.5 + 0.45 * (np.clip(angle, 10, 80) - 10) / 70).astype("f4")
    output = made.figures["outputs"]["score"]
    point = output["card_working_points"][-1]
    assert (point["name"], point["threshold"], point["against"]) == ("flat", None, "angle")
    kept = weight[label & above].sum() / weight[label].sum()
    assert point["efficiency"]["value"] == pytest.approx(kept)
    following = output["against"]["angle"]["following"]
    assert following["name"] == "flat"
    for row in following["rows"]:
        inside = (angle >= row["low"]) & (angle < row["high"])
        kept = weight[label & above & inside].sum() / weight[label & inside].sum()
        assert row["cut"]["efficiency"]["value"] == pytest.approx(kept)
    assert output["against"]["angle"]["flat_cut"]["name"] == "medium"
    assert "| flat | by angle |" in to_markdown(Study.of(made))


def test_a_cut_that_follows_what_a_file_lacks_is_left_out(report):
    lacking = FOLLOWING.model_copy(update={"against": "momentum"})
    made, _ = report(points=(*POINTS, lacking))
    point = made.figures["outputs"]["score"]["card_working_points"][-1]
    assert point == {"name": "flat", "threshold": None, "against": "momentum"}
    assert "following" not in made.figures["outputs"]["score"]["against"]["angle"]


@compare
def test_a_cut_that_follows_its_variable(report):
    made, _ = report(points=(*POINTS, FOLLOWING))
    return _drawn(alone(made), made, "score_cut_vs_angle")


@compare
@pytest.mark.parametrize(
    "name", ["score_reliability", "score_precision_recall", "score_rejection_vs_angle"]
)
def test_score_plots_of_two(report, sample, name):
    made, _ = report()
    other, _ = report(events=sample(1500, np.random.default_rng(8), separation=2.0))
    sample_of = [
        replace(one, sample={**one.sample, "name": str(i)}) for i, one in enumerate((made, other))
    ]
    series = [
        Series(title, one, look(i))
        for i, (title, one) in enumerate(
            zip(("simulation", "late simulation"), sample_of, strict=True)
        )
    ]
    return _drawn(series, made, name)
