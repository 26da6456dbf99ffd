"""Permutation importance of networks whose use of their inputs is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

from rootml.card import ModelCard, Network, Output, Training
from rootml.errors import DataError
from rootml.spec import TensorSpec
from rootml.validation import Report
from rootml.validation.comparing.series import alone
from rootml.validation.events.judged import Judged, JudgedSample
from rootml.validation.importance.parts import parts
from rootml.validation.importance.permutation import permutation_importance, with_importance
from rootml.validation.plots import FAMILIES
from rootml.validation.plots.canvas import drawing, settings
from rootml.validation.style import Style

TABLE = TensorSpec("x", (3,), columns=("strong", "weak", "unused"), unit="GeV")


class Net:
    """What importance needs of a model: a card, a view, and numbers for tensors."""

    def __init__(self, function, *specs, **outputs):
        self.card = ModelCard(
            name="net",
            version="1.0",
            adapter="toy",
            network=Network(file="net.onnx", sha256="0" * 64),
            outputs=tuple(Output(name=name, **rest) for name, rest in outputs.items()),
            training=Training(data="toy"),
        )
        self.view = SimpleNamespace(tensors=specs)
        self.function = function
        self.calls = 0

    def __call__(self, tensors):
        self.calls += 1
        return self.function(tensors)


def two_classes(n=4000, seed=1):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, n)
    x = rng.normal(0, 1, (n, 3)) + label[:, None] * np.array([2.0, 1.0, 1.0])
    return {"x": x}, label


def score(tensors):
    return {"score": expit(tensors["x"] @ np.array([2.0, 1.0, 0.0]))}


def test_drop_of_the_auc_is_what_follows_from_gaussians():
    tensors, label = two_classes(20_000)
    before = tensors["x"].copy()
    net = Net(score, TABLE, score={"role": "score"})
    made, reasons = permutation_importance(net, Judged(tensors, label, 2))
    assert reasons == {}
    assert [one.name for one in made["score"].inputs] == ["strong", "weak", "unused"]
    strong, weak, unused = made["score"].inputs
    assert made["score"].before == pytest.approx(norm.cdf(5 / np.sqrt(10)), abs=0.005)
    # permuted, the strong input has the spread of both classes: 1 + (2/2)^2, but no separation
    assert strong.loss == pytest.approx(
        norm.cdf(5 / np.sqrt(10)) - norm.cdf(1 / np.sqrt(2 * (4 * 2 + 1))), abs=0.01
    )
    assert 0 < strong.spread < 0.01
    assert 0.02 < weak.loss < strong.loss
    assert (unused.loss, unused.spread) == (0, 0)
    assert net.calls == 1 + 3 * 5
    assert np.array_equal(tensors["x"], before)


def test_the_same_seed_gives_the_same_and_progress_ends_at_the_total():
    tensors, label = two_classes(500)
    said = []
    runs = [
        permutation_importance(
            Net(score, TABLE, score={"role": "score"}),
            Judged(tensors, label, 2),
            repeats=2,
            seed=seed,
            progress=lambda done, total: said.append((done, total)),
        )
        for seed in (1, 1, 2)
    ]
    assert runs[0] == runs[1] != runs[2]
    assert said[:6] == [(i, 6) for i in range(1, 7)]


def test_growth_of_the_width_and_drop_of_the_accuracy():
    rng = np.random.default_rng(2)
    x = rng.normal(0, 1, (8000, 3))
    truth = x @ np.array([3.0, 1.0, 0.0])
    number = np.round(x[:, 0])

    def say(tensors):
        x = tensors["x"]
        momentum = x @ np.array([3.0, 1.0, 0.0]) + norm.ppf(np.linspace(0.001, 0.999, 8000))
        return {"momentum": momentum, "hits": np.round(x[:, 0]).astype(int)}

    outputs = {"momentum": {"unit": "GeV"}, "hits": {"role": "multiplicity", "dtype": "int32"}}
    net = Net(say, TABLE, **outputs)
    made, _ = permutation_importance(
        net, Judged({"x": x}, np.zeros(8000, int), 2, {"momentum": truth, "hits": number})
    )
    momentum = made["momentum"]
    assert momentum.metric == "growth of the width of the residuals [GeV]"
    assert momentum.inputs[0].loss == pytest.approx(np.sqrt(19) - 1, rel=0.03)
    assert momentum.inputs[1].loss == pytest.approx(np.sqrt(3) - 1, rel=0.05)
    assert made["hits"].before == 1.0
    chance = np.sum(np.diff(norm.cdf(np.arange(-6.5, 7))) ** 2)
    assert made["hits"].inputs[0].loss == pytest.approx(1 - chance, abs=0.02)
    assert made["hits"].inputs[1].loss == 0


def test_probabilities_are_of_the_truth_that_they_estimate():
    """Not of the label, which here is another; events beyond their classes are left out."""
    x = np.random.default_rng(6).normal(0, 1, (2000, 3))
    truth = np.digitize(x[:, 1], [-0.5, 0.5, 1.5]).astype(np.float64)

    def say(tensors):
        return {"shares": np.eye(4)[np.digitize(tensors["x"][:, 1], [-0.5, 0.5, 1.5])][:, :3]}

    net = Net(say, TABLE, shares={"role": "probabilities", "shape": (3,), "estimates": "tracks"})
    label = (x[:, 0] > 0).astype(int)
    made, _ = permutation_importance(net, Judged({"x": x}, label, 2, {"shares": truth}))
    assert made["shares"].before == 1.0
    assert made["shares"].inputs[0].name == "weak"


def test_weights_count():
    tensors, label = two_classes(3000)
    weak_matters = np.where(tensors["x"][:, 1] > 1, 1.0, 1e-6)
    net = Net(score, TABLE, score={"role": "score"})
    plain, _ = permutation_importance(net, Judged(tensors, label, 2))
    weighted, _ = permutation_importance(net, Judged(tensors, label, 2, weight=weak_matters))
    assert weighted["score"].before != pytest.approx(plain["score"].before, abs=0.01)
    _, reasons = permutation_importance(net, Judged(tensors, label, 2, weight=-weak_matters))
    assert "negative" in reasons["score"]


def test_elements_of_sequences_keep_their_number():
    rng = np.random.default_rng(3)
    mask = rng.random((200, 4)) < 0.6
    jets = np.where(mask[..., None], rng.normal(5, 1, (200, 4, 2)), -9.0)
    specs = (
        TensorSpec("jets", (4, 2), columns=("pt", "eta")),
        TensorSpec("jet_mask", (4,), "bool"),
        TensorSpec("met", ()),
    )
    tensors = {"jets": jets, "jet_mask": mask, "met": np.arange(200.0)}
    pt, eta, met = parts(specs)
    assert [part.name for part in (pt, eta, met)] == ["jets pt", "jets eta", "met met"]
    made = pt.permuted(tensors, rng)["jets"]
    assert np.array_equal(made[..., 1], jets[..., 1])
    assert np.all(made[~mask] == -9)
    assert np.all(made[mask] > -9)
    assert np.array_equal(np.sort(made[..., 0], axis=0), np.sort(jets[..., 0], axis=0))
    assert np.mean(made[..., 0][mask] == jets[..., 0][mask]) < 0.1
    assert sorted(met.permuted(tensors, rng)["met"]) == sorted(tensors["met"])


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        (TensorSpec("image", (1, 3, 8), axes=("layer", "cell")), ["layer 0", "layer 1", "layer 2"]),
        (TensorSpec("image", (2, 3, 8)), ["channel 0", "channel 1"]),
        (TensorSpec("image", (2, 8), axes=("layer", "cell")), ["layer 0", "layer 1"]),
        (TensorSpec("image", (500, 500)), ["image"]),
        (TensorSpec("x", (2,)), ["x[0]", "x[1]"]),
        (TensorSpec("points", ("n", 3)), ["points"]),
    ],
)
def test_parts_of_inputs(spec, names):
    assert [part.name for part in parts((spec,))] == names


def test_a_layer_is_exchanged_as_a_whole():
    rng = np.random.default_rng(4)
    image = np.arange(50.0)[:, None, None, None] + np.zeros((50, 1, 3, 8))
    made = parts((TensorSpec("image", (1, 3, 8)),))[1].permuted({"image": image}, rng)["image"]
    assert np.array_equal(made[:, 0, [0, 2]], image[:, 0, [0, 2]])
    assert np.all(made[:, 0, 1] == made[:, 0, 1, :1])
    assert np.any(made[:, 0, 1] != image[:, 0, 1])


def test_what_cannot_be_told_is_said():
    tensors, label = two_classes(500)
    outputs = {"score": {"role": "score"}, "mass": {}, "fit": {"shape": (3,)}}
    net = Net(score, TABLE, **outputs)
    made, reasons = permutation_importance(net, Judged(tensors, 0 * label, 2))
    assert made == {}
    assert net.calls == 0
    assert reasons == {
        "score": "0 judged events with the truth it needs, fewer than 50",
        "mass": "the sample has no true value of mass",
        "fit": "fit has several numbers per event",
    }


def test_figures_and_plots_of_a_report():
    tensors, label = two_classes(500)
    net = Net(score, TABLE, score={"role": "score"}, mass={})
    report = Report({"name": "net"}, {}, (), {"events": {}}, {})
    made = with_importance(report, *permutation_importance(net, Judged(tensors, label, 2)))
    assert made.figures["importance"]["score"]["inputs"][0]["name"] == "strong"
    assert [plot.name for plot in made.plots] == ["score_importance"]
    assert list(made.not_drawn) == ["mass_importance"]


def test_a_sample_of_what_streams_by(collect, sample):
    whole = sample(3000, np.random.default_rng(9))
    drawn = []
    for step in (3000, 250):
        collector = collect()
        kept = JudgedSample(collector.setting, 500)
        for start in range(0, 3000, step):
            part = whole.chunk(start, start + step)
            kept.fill(collector.fill(part.events, part.batch, part.outputs))
        drawn.append(kept.judged())
    a, b = drawn
    assert np.array_equal(a.tensors["image"], b.tensors["image"])
    assert np.array_equal(a.label, b.label)
    assert a.tensors["image"].shape == (500, 1, 6, 8)
    assert len(np.unique(a.tensors["image"], axis=0)) == 500
    assert 0.4 < a.label.mean() < 0.6
    assert a.weight is None
    with pytest.raises(DataError, match="no event was judged"):
        JudgedSample(collect().setting, 5).judged()


@pytest.mark.mpl_image_compare(
    baseline_dir="baseline",
    style=[settings(Style())],
    savefig_kwargs={"dpi": 60, "metadata": {"Software": None}},
    tolerance=8,
    deterministic=True,
)
def test_importance_plot():
    tensors, label = two_classes(500)
    net = Net(score, TABLE, score={"role": "score"})
    sample = {"title": "Toy calorimeter", "status": "Simulation"}
    report = Report({"name": "net", "version": "1.0"}, sample, (), {}, {})
    made = with_importance(report, *permutation_importance(net, Judged(tensors, label, 2)))
    with drawing(Style()):
        return FAMILIES["importance"](alone(made), "score", Style())
