"""Weights of every kind, and samples that lack something: said, and the rest still reported."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.errors import DataError, InputError
from rootml.spec import Batch
from rootml.validation import Collector, Study, Variable, write_study


@pytest.fixture(scope="module")
def events(sample):
    return sample(3000, np.random.default_rng(1))


@pytest.fixture
def collect(adapter, make_card):
    def collect(events, weights=None, variables=None, asked=(), **card) -> Collector:
        collector = Collector(
            make_card(**card),
            adapter,
            branches={"score": "net_score"},
            variables=asked,
            weighted=weights is not None,
        )
        collector.fill(
            events.events, events.batch, events.outputs, weights=weights, variables=variables
        )
        return collector

    return collect


def checks(report):
    return {check.name: check for check in report.checks}


def label_of(events):
    return np.asarray(events.events["truth_label"])


def test_weights_of_one_change_nothing(collect, events):
    plain, weighted = collect(events).report(), collect(events, np.ones(3000)).report()
    made, before = (report.to_dict()["figures"]["outputs"] for report in (weighted, plain))
    assert made == before
    assert weighted.figures["events"]["effective"] == events.batch.rows
    for name, hist in plain.hists.items():
        assert np.allclose(weighted.hists[name].values(), hist.values(), rtol=1e-5), name


def test_weights_of_three_scale_counts_alone(collect, events):
    plain, weighted = (collect(events, weights).report() for weights in (None, np.full(3000, 3.0)))
    a, b = (one.figures["outputs"]["score"]["auc"] for one in (plain, weighted))
    assert b["value"] == pytest.approx(a["value"], rel=1e-12)
    assert b["error"] == pytest.approx(a["error"], rel=0.02)
    score = weighted.hists["score_electron"]
    assert np.array_equal(score.values(), 3 * plain.hists["score_electron"].values())
    assert np.array_equal(score.variances(), 9 * plain.hists["score_electron"].values())
    events_ = weighted.figures["events"]
    assert events_["classes"]["electron"]["effective"] == pytest.approx(
        plain.figures["events"]["classes"]["electron"]["judged"]
    )


def test_weighted_means_of_images_are_those_of_the_units(collect, events):
    weights = np.random.default_rng(2).uniform(0, 2, 3000)
    made = collect(events, weights).report().hists["image_image_electron"]
    judged = events.batch.judged
    signal = (label_of(events) == 1)[judged]
    images = events.batch.tensors["image"][signal][:, 0]
    expected = np.average(images, axis=0, weights=weights[judged][signal])
    assert np.allclose(made.values(), expected, rtol=1e-6)


def test_negative_weights_are_told(collect, events):
    weights = np.where(np.arange(3000) % 10, 1.0, -1.0)
    report = collect(events, weights).report()
    judged = events.batch.judged
    made = report.figures["events"]
    assert made["negative"] == {
        "units": np.count_nonzero(judged & (weights < 0)),
        "share": np.count_nonzero(judged & (weights < 0)) / judged.sum(),
    }
    assert made["weight"] == weights[judged].sum()
    assert made["effective"] == pytest.approx(weights[judged].sum() ** 2 / judged.sum())
    assert checks(report)["weights"].passed
    assert "292 are negative (9.95%)" in checks(report)["weights"].message


def test_weights_that_add_up_to_nothing_are_told(collect, events, tmp_path):
    weights = np.where(label_of(events) == 1, -1.0, 0.5)
    report = collect(events, weights).report()
    assert not checks(report)["weights"].passed
    assert "weights of the class electron add up to -" in report.not_drawn["score_roc"]
    assert {"score_distribution", "image_image"} <= {plot.name for plot in report.plots}
    assert {"domain_total_energy", "domain_hit_cells"} <= report.not_drawn.keys()
    written = write_study(Study.of(report), tmp_path, formats=("svg",), page=False)
    assert {plot.name for plot in report.plots} <= {path.stem for path in written}


def test_weights_that_cancel_are_told(collect, events):
    weights = np.zeros(3000)
    weights[events.batch.judged] = np.resize([1.001, -1.0], events.batch.rows)
    report = collect(events, weights).report()
    assert 0 < report.figures["events"]["effective"] < 1 < report.figures["events"]["weight"]
    assert not checks(report)["weights"].passed


def test_weights_of_zero_are_told(collect, events):
    report = collect(events, np.zeros(3000)).report()
    assert not checks(report)["weights"].passed
    assert report.not_drawn["score_roc"] == "the weights of all judged events are 0"
    assert not report.hists.keys() & {"score_electron", "image_image_electron"}


def test_weights_that_are_no_numbers_are_refused(collect, events):
    weights = np.ones(3000)
    at = np.flatnonzero(events.batch.judged)[[5, 7]]
    weights[at] = np.nan, np.inf
    with pytest.raises(DataError, match=f"2 of 3000 weights are not finite, .* unit {at[0]}"):
        collect(events, weights)
    weights = np.where(events.batch.judged, 1.0, np.nan)  # those of what is not judged do not count
    assert collect(events, weights).report().figures["events"]["weight"] == events.batch.rows


def test_weights_are_given_to_weighted_collectors_alone(collect, events, adapter, make_card):
    collector = collect(events)
    with pytest.raises(ValueError, match="belong to a weighted collector"):
        collector.fill(events.events, events.batch, events.outputs, weights=np.ones(3000))
    with pytest.raises(ValueError, match=r"weights of shape \(3,\) for 3000 units"):
        collect(events, np.ones(3))


def test_scores_that_are_all_missing_are_told(collect, events):
    nowhere = type(events)(events.events, events.batch, {"score": np.full(3000, np.nan)})
    report = collect(nowhere).report()
    assert not checks(report)["score_valid"].passed
    for name in ("score_distribution", "score_roc"):
        assert report.not_drawn[name] == "no value of score is valid"
    assert {"image_image", "domain"} <= {plot.name for plot in report.plots}


def test_labels_of_no_class_are_told(collect, events):
    strange = ak.with_field(events.events, np.full(3000, 7), "truth_label")
    report = collect(type(events)(strange, events.batch, events.outputs)).report()
    said = report.not_drawn["score_roc"]
    assert said == "the file has no truth label (truth_label) of a class: proton, electron"


def test_inputs_that_were_not_read_are_told(collect, events):
    blind = type(events)(events.events, Batch({}, events.batch.judged), events.outputs)
    report = collect(blind).report()
    assert report.not_drawn["image_image"] == "the network's inputs were not read"
    assert report.not_drawn["domain_total_energy"] == "the network's inputs were not read"
    assert "score_roc" in {plot.name for plot in report.plots}
    both = (collect(blind) + collect(events)).report()
    one = collect(events).report()
    assert both.hists["image_image_electron"] == one.hists["image_image_electron"]


def test_a_truth_without_a_class_of_it_is_still_simulation(tracks):
    events = tracks.sample(50)
    assert tracks.collect(events).report().sample["status"] == "Simulation"
    bare = type(events)(events.events[["track_fit"]], events.batch, events.outputs)
    assert tracks.collect(bare).report().sample["status"] == ""


def test_variables_go_before_columns_and_are_told_when_missing(collect, events):
    asked = (Variable("bdt", edges=(0.0, 1.0, 2.0)), Variable("depth"))
    report = collect(events, variables={"bdt": np.full(3000, 1.5)}, asked=asked).report()
    assert report.hists["variable_bdt_electron"].values().tolist() == [
        0,
        np.count_nonzero(events.batch.judged & (label_of(events) == 1)),
    ]
    assert list(report.figures["variables"]) == ["energy", "bdt", "depth"]
    assert "variable_bdt" in {plot.name for plot in report.plots}
    assert report.not_drawn["variable_depth"] == "the file has no depth (depth)"
    assert report.not_drawn["score_cut_vs_depth"] == "the file has no depth (depth)"
    nowhere = collect(events, variables={"bdt": np.full(3000, np.nan)}, asked=asked).report()
    assert nowhere.not_drawn["score_cut_vs_bdt"].startswith("no event of either class has a valid")
    with pytest.raises(ValueError, match=r"variable 'bdt' of shape \(3,\): 3000 units"):
        collect(events, variables={"bdt": np.zeros(3)}, asked=asked)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Variable("a b"), "letters, digits"),
        (lambda: Variable("a", edges=(1.0,)), "do not increase"),
        (lambda: Variable("a", edges=(1.0, 1.0)), "do not increase"),
        (lambda: Variable("a", edges=(1.0, np.nan)), "do not increase"),
        (lambda: Variable("a", edges=(1.0, np.inf)), "not finite"),
    ],
)
def test_variables_that_make_no_sense_are_refused(made, said):
    with pytest.raises(InputError, match=said):
        made()


def test_two_variables_of_a_name_are_refused(collect, events):
    with pytest.raises(InputError, match="two variables are called 'x'"):
        collect(events, asked=(Variable("x"), Variable("x", unit="m")))
