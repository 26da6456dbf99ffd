"""Probabilities of classes and sets of them in reports: scores, coverage, truth beyond them."""

from __future__ import annotations

from itertools import pairwise

import awkward as ak
import numpy as np
import pytest

from rootml.adapter import Adapter, View
from rootml.card import ModelCard, Network, Output, Training
from rootml.coverage import Coverage
from rootml.spec import Batch, TensorSpec
from rootml.validation import Collector
from rootml.validation.comparing.series import alone
from rootml.validation.counting.units import Variable
from rootml.validation.gates.conditions import check_gates
from rootml.validation.page import write_page
from rootml.validation.plots import FAMILIES
from rootml.validation.plots.canvas import drawing, settings
from rootml.validation.statistics.conformal import p_value, sets, threshold
from rootml.validation.study import Study
from rootml.validation.style import DEFAULT
from rootml.validation.text import to_markdown

K = 4
TRUTH = "truth_tracks"
COUNT = Output(name="tracks", role="multiplicity", dtype="int32", estimates=TRUTH)
SHARES = Output(name="shares", role="probabilities", shape=(K,), estimates=TRUTH)


def set_output(by_class=True, events=(), thresholds=(), level=0.9):
    coverage = Coverage(level=level, by_class=by_class, events=events, thresholds=thresholds)
    kind = {"role": "set", "dtype": "bool", "shape": (K,), "estimates": TRUTH}
    return Output(name="set", coverage=coverage, **kind)


class Tracks:
    """Events of 0 to 4 tracks; of 4, and of some without truth, a network of K classes knows not.

    Probabilities are right for 0 to 3 tracks, and so are the sets, with thresholds that were fixed
    on as many other events, which see to a coverage of 90 % of each class.
    """

    def __init__(self, n=6000, seed=1):
        rng = np.random.default_rng(seed)
        made, true = self._draw(n, rng)
        self.truth = np.where(rng.random(n) < 0.1, 4, true).astype(np.float64)
        self.truth[rng.random(n) < 0.05] = np.nan
        self.shares, self.hits = made, rng.uniform(0, 50, n)
        others, other_true = self._draw(n, rng)
        own = others[np.arange(n), other_true]
        groups = [own[other_true == k] for k in range(K)]
        self.thresholds = tuple(threshold(group, 0.9) for group in groups)
        self.events = tuple(map(len, groups))
        self.sets = sets(made, np.array(self.thresholds))
        self.weights = None

    def _draw(self, n, rng):
        logits = rng.normal(0, 1.7, (n, K))
        made = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        true = (made.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
        return made, np.minimum(true, K - 1)

    @property
    def output(self):
        return set_output(events=self.events, thresholds=self.thresholds)

    def report(self, *outputs, parts=(), truth=True):
        values = {"tracks": self.shares.argmax(axis=1), "shares": self.shares, "set": self.sets}
        view = View("x", ("x",), (TensorSpec("x", (1,)),), lambda events: None)
        adapter = Adapter("toy", "Toy tracker", (), {"x": view}, "none")
        card = ModelCard(
            name="net",
            version="1.0",
            adapter="toy",
            view="x",
            network=Network(file="net.onnx", sha256="0" * 64),
            outputs=outputs,
            training=Training(data="toy"),
        )
        total = None
        for a, b in pairwise([0, *parts, len(self.truth)]):
            collector = Collector(
                card,
                adapter,
                branches={output.name: f"net_{output.name}" for output in outputs},
                variables=[Variable("hits", "hits", "", (0.0, 20.0, 50.0))],
                weighted=self.weights is not None,
            )
            collector.fill(
                ak.Array({TRUTH: self.truth[a:b]} if truth else {"x": self.hits[a:b]}),
                Batch({}, np.ones(b - a, np.bool_)),
                {output.name: values[output.name][a:b] for output in outputs},
                weights=None if self.weights is None else self.weights[a:b],
                variables={"hits": self.hits[a:b]},
            )
            total = collector if total is None else total + collector
        return total.report()


@pytest.fixture(scope="module")
def tracks():
    return Tracks()


def figures(report, output):
    return report.figures["outputs"][output]


def known(tracks):
    """The events that have a true class, and the class."""
    rows = np.flatnonzero(tracks.truth < K)
    return rows, tracks.truth[rows].astype(int)


def test_probabilities_have_scores(tracks):
    made = figures(tracks.report(SHARES), "shares")
    rows, truth = known(tracks)
    own = tracks.shares[rows, truth]
    brier = ((tracks.shares[rows] - np.eye(K)[truth]) ** 2).sum(axis=1)
    for name, values in (("nll", -np.log(own)), ("brier", brier)):
        assert made[name]["value"] == pytest.approx(values.mean())
        error = values.std() / np.sqrt(len(values))
        assert made[name]["high"] - made[name]["value"] == pytest.approx(error)
    reliability = made["reliability"]
    assert reliability["ece"] < reliability["floor"] + 3 * reliability["ece_error"]
    assert 0 < reliability["ece_bias"] < reliability["ece"]


def test_probabilities_that_are_too_sure_have_a_calibration_error(tracks):
    sure = Tracks()
    sure.shares = sure.shares**3 / (sure.shares**3).sum(axis=1, keepdims=True)
    right, wrong = (figures(one.report(SHARES), "shares") for one in (tracks, sure))
    assert wrong["nll"]["low"] > right["nll"]["high"]
    made = wrong["reliability"]
    assert made["ece"] - made["ece_bias"] > 0.05 > 5 * made["ece_error"]


def test_sets_have_coverage_and_size(tracks):
    report = tracks.report(tracks.output)
    made = figures(report, "set")["sets"]
    rows, truth = known(tracks)
    inside = tracks.sets[rows, truth]
    size = tracks.sets.sum(axis=1)
    assert made["coverage"]["value"] == pytest.approx(inside.mean())
    assert made["size"]["value"] == pytest.approx(size[rows].mean())
    for k, row in enumerate(made["classes"][:K]):
        assert row["class"] == str(k)
        assert row["entries"] == np.sum(truth == k)
        assert row["coverage"]["value"] == pytest.approx(inside[truth == k].mean())
        assert row["size"]["value"] == pytest.approx(size[rows][truth == k].mean())
    of_size = inside[size[rows] == 2]
    row = made["sizes"][1]
    assert (row["size"], row["entries"]) == (2, len(of_size))
    assert row["coverage"]["value"] == pytest.approx(of_size.mean())
    bins = figures(report, "set")["against"]["hits"]["coverage"]
    low = tracks.hits[rows] < 20
    assert [row["entries"] for row in bins] == [low.sum(), (~low).sum()]
    assert bins[0]["coverage"]["value"] == pytest.approx(inside[low].mean())
    assert all(check.passed for check in report.checks)


def test_sets_that_cover_too_little_fail(tracks):
    """Each class for itself, or all together, as the card says."""
    narrow = Tracks()
    narrow.sets = sets(narrow.shares, np.array([0.9, *narrow.thresholds[1:]]))
    failed = [check for check in narrow.report(tracks.output).checks if not check.passed]
    assert [check.name for check in failed] == ["set_covers_of_0"]
    assert failed[0].message.startswith("class 0: ")
    assert "of net_set hold the true class, at least 90 % should (p = " in failed[0].message
    whole = set_output(by_class=False)
    assert [c.name for c in narrow.report(whole).checks if not c.passed] == ["set_covers"]
    narrow.sets[:5] = False
    messages = [check.message for check in narrow.report(whole).checks if not check.passed]
    assert "5 values of set are not sets of one class or more" in messages


def test_truth_beyond_the_classes_has_a_row_of_its_own(tracks):
    """More tracks than the network knows are in no accuracy; what is not known is nowhere."""
    report = tracks.report(COUNT, SHARES, tracks.output)
    said = tracks.shares.argmax(axis=1)
    rows, truth = known(tracks)
    for name in ("tracks", "shares"):
        made = figures(report, name)["confusion"]
        assert made["classes"] == ["0", "1", "2", "3"]
        assert made["accuracy"]["value"] == np.mean(said[rows] == truth)
        assert made["apart"] == np.sum(tracks.truth == 4)
        assert made["beyond"]["title"] == ">3"
        of_four = np.bincount(said[tracks.truth == 4], minlength=K)
        assert list(made["beyond"]["counts"]) == [*of_four, 0]
        assert made["beyond"]["by_truth"][0] == pytest.approx(of_four[0] / of_four.sum())
    last = figures(report, "set")["sets"]["classes"][-1]
    assert (last["class"], last["coverage"]) == (">3", None)
    assert last["entries"] == made["apart"]
    text = to_markdown(Study.of(report))
    assert f"| >3 | {of_four[0]} | " in text
    assert "### Sets of net_set" in text
    assert "Probabilities: negative log likelihood 0." in text


def test_weights_count(tracks):
    """Shares are those of sums of weights; accuracies without them stand beside."""
    heavy = Tracks()
    heavy.weights = np.random.default_rng(2).choice([0.5, 4.0], len(heavy.truth))
    report = heavy.report(COUNT, SHARES, heavy.output)
    rows, truth = known(heavy)
    weight, right = heavy.weights[rows], heavy.shares[rows].argmax(axis=1) == truth
    made = figures(report, "tracks")["confusion"]
    assert made["accuracy"]["value"] == pytest.approx(np.average(right, weights=weight))
    assert made["unweighted"]["accuracy"]["value"] == pytest.approx(right.mean())
    assert made["unweighted"]["efficiency"][2]["value"] == right[truth == 2].mean()
    nll = -np.log(heavy.shares[rows, truth])
    found = figures(report, "shares")["nll"]
    assert found["value"] == pytest.approx(np.average(nll, weights=weight))
    plain = figures(tracks.report(SHARES), "shares")["nll"]
    assert found["high"] - found["low"] > 1.1 * (plain["high"] - plain["low"])
    made = figures(report, "set")["sets"]
    inside = heavy.sets[rows, truth]
    assert made["coverage"]["value"] == pytest.approx(np.average(inside, weights=weight))
    size = heavy.sets[rows].sum(axis=1)
    assert made["size"]["value"] == pytest.approx(np.average(size, weights=weight))
    assert "Without weights: accuracy" in to_markdown(Study.of(report))


def test_parts_add(tracks):
    whole = tracks.report(COUNT, SHARES, tracks.output)
    parts = tracks.report(COUNT, SHARES, tracks.output, parts=(1, 500))
    assert figures(parts, "set") == figures(whole, "set")
    np.testing.assert_allclose(
        figures(parts, "shares")["nll"]["value"], figures(whole, "shares")["nll"]["value"]
    )


def test_without_truth_reasons_are_given(tracks):
    report = tracks.report(SHARES, tracks.output, truth=False)
    for name in ("shares_nll", "shares_brier", "set_coverage"):
        assert report.not_drawn[name] == "the file has no true value (truth_tracks)"


def test_gates_know_scores_and_sets(tracks):
    study = Study.of(tracks.report(SHARES, tracks.output))
    for text, failed in (
        ("nll > 2", False),
        ("brier > 0.01", True),
        ("coverage < 0.88", False),
        ("coverage[hits=0:20] < 0.99", True),
        ("set_size > 1", True),
    ):
        (gate,) = check_gates(study, [text])
        assert gate.failed == failed, gate.message


def test_p_values_are_those_of_repeated_calibrations():
    """Uniform: thresholds and events drawn anew each time."""
    rng = np.random.default_rng(4)
    found = []
    for _ in range(2000):
        fixed = threshold(rng.random(60), 0.9)
        found.append(p_value(0.9, 60, int(np.sum(rng.random(50) >= fixed)), 50))
    shares = [np.mean(np.array(found) <= p) for p in (0.05, 0.3, 0.7)]
    assert shares[0] <= 0.06
    assert shares[1] == pytest.approx(0.3, abs=0.06)
    assert shares[2] == pytest.approx(0.7, abs=0.06)
    assert p_value(0.9, 5, 0, 50) == 1.0  # too few: all classes are in the sets
    assert p_value(0.9, None, 40, 50) == pytest.approx(0.0245, abs=1e-3)


def test_the_page_shows_them(tracks, tmp_path):
    report = tracks.report(COUNT, SHARES, tracks.output)
    write_page(Study.of(report), {}, tmp_path / "index.html")
    text = (tmp_path / "index.html").read_text()
    for part in ("set: coverage", "shares: negative log likelihood", "&gt;3", "mean size"):
        assert part in text


@pytest.mark.mpl_image_compare(
    baseline_dir="baseline",
    style=[settings(DEFAULT)],
    savefig_kwargs={"dpi": 60, "metadata": {"Software": None}},
    tolerance=8,
    deterministic=True,
)
@pytest.mark.parametrize(
    ("output", "family"),
    [
        ("set", "coverage"),
        ("set", "coverage_against"),
        ("tracks", "confusion"),
    ],
    ids=lambda value: f"sets_{value}",
)
def test_plots(tracks, output, family):
    report = tracks.report(COUNT, SHARES, tracks.output)
    (plot,) = [p for p in report.plots if p.family == family and p.name.startswith(output)]
    with drawing(DEFAULT):
        return FAMILIES[family](alone(report), plot.subject, DEFAULT)
