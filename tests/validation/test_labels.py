"""Labels, multiplicities and probabilities of several classes in reports."""

from __future__ import annotations

from itertools import pairwise

import awkward as ak
import numpy as np
import pytest
import yaml

from rootml.adapter import Adapter, Truth, View
from rootml.card import ModelCard, Network, Output, Training
from rootml.errors import CardError
from rootml.spec import Batch, TensorSpec
from rootml.validation import Collector
from rootml.validation.comparing.series import alone
from rootml.validation.counting.units import Variable
from rootml.validation.plots import FAMILIES
from rootml.validation.plots.canvas import drawing, settings
from rootml.validation.study import Study
from rootml.validation.style import DEFAULT
from rootml.validation.text import to_markdown

CLASSES = ("gamma", "electron", "muon")
EDGES = (0.0, 1.0, 2.0, 5.0)

TRACKS = Output(name="tracks", role="multiplicity", dtype="int32", estimates="truth_tracks")
PROBABILITIES = Output(name="kind", role="probabilities", shape=(3,))
LABEL = Output(name="said", role="label", dtype="int32")

compare = pytest.mark.mpl_image_compare(
    baseline_dir="baseline",
    style=[settings(DEFAULT)],
    savefig_kwargs={"dpi": 60, "metadata": {"Software": None}},
    tolerance=8,
    deterministic=True,
)


def make_card(*outputs):
    return ModelCard(
        name="net_counting",
        version="1.0",
        adapter="toy",
        view="x",
        network=Network(file="net.onnx", sha256="0" * 64),
        outputs=outputs,
        training=Training(data="toy"),
    )


class Sample:
    """Events with tracks to count and three kinds of particles, a variable, and what is said."""

    def __init__(self, n, *, seed=1, unjudged=0.02):
        rng = np.random.default_rng(seed)
        self.tracks = rng.integers(0, 4, n)
        self.kind = rng.integers(0, 3, n)
        self.distance = rng.uniform(0, 5, n)
        wrong = rng.random(n) < 0.02 + 0.03 * self.distance
        self.said_tracks = np.where(wrong, self.tracks + rng.choice([-1, 1], n), self.tracks)
        logits = rng.normal(0, 1, (n, 3)) + 2.5 * np.eye(3)[self.kind]
        self.probabilities = (np.exp(logits).T / np.exp(logits).sum(axis=1)).T.astype(np.float32)
        self.judged = rng.random(n) >= unjudged
        self.entry = np.arange(n, dtype=np.float64)

    def events(self, columns=("truth_tracks", "truth_kind")):
        record = {"truth_tracks": self.tracks, "truth_kind": self.kind}
        return ak.Array({name: record[name] for name in columns} | {"x": self.distance})

    def collector(self, *outputs, parts=(), weights=None, entries=True, **events):
        view = View("x", ("x",), (TensorSpec("x", (1,)),), lambda events: None)
        truth = Truth("truth_kind", CLASSES)
        adapter = Adapter("toy", "Toy tracker", (), {"x": view}, "net_counting", truth=truth)
        collector = Collector(
            make_card(*outputs),
            adapter,
            branches={output.name: f"net_{output.name}" for output in outputs},
            variables=(Variable("distance", "distance to the wall", "mm", EDGES),),
            weighted=weights is not None,
        )
        said = {
            "tracks": self.said_tracks,
            "kind": self.probabilities,
            "said": self.probabilities.argmax(axis=1),
        }
        record = self.events(**events)
        for a, b in pairwise([0, *parts, len(self.entry)]):
            judged = self.judged[a:b]
            batch = Batch({"x": np.zeros((judged.sum(), 1), np.float32)}, judged)
            variables = {"distance": self.distance[a:b]}
            variables |= {"entry": self.entry[a:b]} if entries else {}
            collector.fill(
                record[a:b],
                batch,
                {output.name: said[output.name][a:b] for output in outputs},
                weights=None if weights is None else weights[a:b],
                variables=variables,
            )
        return collector


def figures(report, output):
    return report.figures["outputs"][output]


def test_probabilities_are_drawn_once_a_class():
    """Of the true class alone: not each component of each class."""
    report = Sample(500).collector(PROBABILITIES).report()
    with drawing(DEFAULT):
        (ax,) = FAMILIES["values"](alone(report), "kind", DEFAULT).axes
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert [text.partition(" ")[0] for text in texts] == list(CLASSES)
    assert (ax.get_xlabel(), ax.get_yscale()) == ("net_kind of the true class", "log")


def test_multiplicities_are_counted():
    sample = Sample(3000)
    report = sample.collector(TRACKS).report()
    made = figures(report, "tracks")["confusion"]
    judged = sample.judged
    truth, said = sample.tracks[judged], sample.said_tracks[judged]
    assert made["classes"] == ["0", "1", "2", "3", "4"]
    for i in range(4):
        for j in range(5):
            assert made["counts"][i][j] == np.sum((truth == i) & (said == j))
    assert made["counts"][0][5] == np.sum((truth == 0) & (said == -1))
    assert made["accuracy"]["value"] == np.mean(truth == said)
    assert np.isnan(made["efficiency"][4]["value"])
    (check,) = [check for check in report.checks if check.name == "tracks_known"]
    assert not check.passed
    assert check.message == f"{np.sum(said == -1)} values of tracks are none of the classes"
    assert "residual" not in figures(report, "tracks")
    rows = figures(report, "tracks")["against"]["distance"]["accuracy"]
    for row, (low, high) in zip(rows, pairwise(EDGES), strict=True):
        inside = (sample.distance[judged] >= low) & (sample.distance[judged] < high)
        assert row["entries"] == inside.sum()
        assert row["accuracy"]["value"] == pytest.approx(np.mean((truth == said)[inside]))


def test_the_text_has_a_table_of_classes():
    page = to_markdown(Study.of(Sample(500).collector(TRACKS).report()))
    assert "### Classes of net_tracks" in page
    assert "| true, taken for | 0 | 1 | 2 | 3 | 4 | none | efficiency | purity |" in page
    (row,) = [line for line in page.splitlines() if line.startswith("| 4 |")]
    assert row.split("|")[-3].strip() == "-"


def test_probabilities_have_a_confusion_and_a_reliability():
    sample = Sample(4000)
    made = figures(sample.collector(PROBABILITIES).report(), "kind")
    judged = sample.judged
    said = sample.probabilities[judged].argmax(axis=1)
    right = said == sample.kind[judged]
    assert made["confusion"]["classes"] == list(CLASSES)
    assert made["confusion"]["accuracy"]["value"] == right.mean()
    confidence = sample.probabilities[judged].max(axis=1)
    edges = np.linspace(0, 1, 11)
    bins = np.digitize(confidence, edges) - 1
    ece = sum(
        abs(right[bins == i].mean() - confidence[bins == i].mean()) * np.mean(bins == i)
        for i in np.unique(bins)
    )
    assert made["reliability"]["ece"] == pytest.approx(ece, abs=0.003)


def test_labels_count_through_the_classes_of_the_truth():
    sample = Sample(1000)
    a, b = sample.collector(LABEL).report(), sample.collector(PROBABILITIES).report()
    label, kind = figures(a, "said")["confusion"], figures(b, "kind")["confusion"]
    assert np.array_equal(label["counts"], kind["counts"])
    assert "reliability" not in figures(a, "said")


def test_the_worst_mistakes_are_listed():
    sample = Sample(3000)
    judged = np.flatnonzero(sample.judged)
    said = sample.probabilities[judged].argmax(axis=1)
    confidence = sample.probabilities[judged].max(axis=1)
    wrong = said != sample.kind[judged]
    worst = judged[wrong][np.argsort(confidence[wrong])[::-1]][:20]
    rows = figures(sample.collector(PROBABILITIES).report(), "kind")["mistakes"]
    assert [row["entry"] for row in rows] == worst.tolist()
    assert rows[0]["true"] == CLASSES[sample.kind[worst[0]]]
    assert rows[0]["probability"] == pytest.approx(confidence[wrong].max())
    report = sample.collector(PROBABILITIES, entries=False).report()
    assert report.not_drawn["kind_mistakes"].startswith("entries are not known")


def test_parts_add():
    sample = Sample(900)
    whole = sample.collector(TRACKS, PROBABILITIES).report()
    parts = sample.collector(TRACKS, PROBABILITIES, parts=(1, 300, 301)).report()
    one, other = parts.to_dict(), whole.to_dict()
    for name in ("nll", "brier"):  # sums of what is no count
        found = [made["figures"]["outputs"]["kind"].pop(name) for made in (one, other)]
        assert found[0] == pytest.approx(found[1])
    assert one == other


def test_weights():
    sample = Sample(2000)
    weights = np.random.default_rng(2).choice([0.1, 3.0], 2000)
    heavy = figures(sample.collector(TRACKS, weights=weights).report(), "tracks")["confusion"]
    light = figures(sample.collector(TRACKS).report(), "tracks")["confusion"]
    right = (sample.tracks == sample.said_tracks)[sample.judged]
    kept = weights[sample.judged]
    assert heavy["accuracy"]["value"] == pytest.approx((kept * right).sum() / kept.sum())
    widths = [made["accuracy"]["high"] - made["accuracy"]["low"] for made in (heavy, light)]
    assert widths[0] > 1.2 * widths[1]


@pytest.mark.parametrize(
    ("output", "columns", "reason"),
    [
        (TRACKS, ("truth_kind",), "the file has no true value (truth_tracks)"),
        (PROBABILITIES, (), "the file has no truth label (truth_kind)"),
        (
            Output(name="tracks", role="multiplicity", dtype="int32"),
            ("truth_kind",),
            "the card names no column that the output estimates",
        ),
        (
            Output(name="said", role="label", dtype="int32", classes=("a", "b")),
            ("truth_kind",),
            "the truth has 3 classes, the output 2",
        ),
    ],
)
def test_what_is_missing_is_said(output, columns, reason):
    report = Sample(50).collector(output, columns=columns).report()
    assert report.not_drawn[f"{output.name}_confusion"] == reason


def test_bad_values_are_said():
    sample = Sample(60)
    report = sample.collector(TRACKS, weights=np.full(60, -1.0)).report()
    reason = f"the weights of the events add up to -{sample.judged.sum()}"
    assert report.not_drawn["tracks_confusion"] == reason
    sample.probabilities[:] = np.nan
    report = sample.collector(PROBABILITIES).report()
    assert figures(report, "kind")["confusion"]["accuracy"]["value"] == 0
    failed = [check.message for check in report.checks if not check.passed]
    assert f"{sample.judged.sum()} values of kind are none of the classes" in failed


def test_true_values_beyond_the_classes_are_counted_apart():
    sample = Sample(200, unjudged=0)
    sample.tracks[:7] = 50
    made = figures(sample.collector(TRACKS).report(), "tracks")["confusion"]
    assert made["apart"] == 7
    assert np.sum(made["counts"]) == 193


def test_twenty_classes_of_a_declared_label():
    names = tuple(f"class {i}" for i in range(20))
    output = Output(
        name="said", role="label", dtype="int32", classes=names, estimates="truth_tracks"
    )
    report = Sample(500).collector(output).report()
    assert figures(report, "said")["confusion"]["classes"] == list(names)
    with drawing(DEFAULT):
        for plot in report.plots:
            assert FAMILIES[plot.family](alone(report), plot.subject, DEFAULT)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"role": "value"}, "classes are those of a label"),
        ({"role": "label", "classes": ("a", "a")}, "two or more, and all different"),
        ({"role": "probabilities", "shape": (3,)}, "2 classes, but the shape"),
        ({"role": "score"}, "is of two, background and signal"),
    ],
)
def test_classes_on_a_card_fit_their_output(changes, message):
    card = make_card(LABEL).model_dump(mode="json")
    card["outputs"] = [{"name": "o", "role": "label", "classes": ["a", "b"]} | changes]
    with pytest.raises(CardError, match=message):
        ModelCard.from_yaml(yaml.safe_dump(card))


@compare
@pytest.mark.parametrize(
    ("output", "family"),
    [
        (TRACKS, "confusion"),
        (PROBABILITIES, "confusion_by_prediction"),
        (PROBABILITIES, "classes"),
        (TRACKS, "accuracy_against"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_plots(output, family):
    report = Sample(4000).collector(output).report()
    (plot,) = [plot for plot in report.plots if plot.family == family]
    with drawing(DEFAULT):
        return FAMILIES[family](alone(report), plot.subject, DEFAULT)
