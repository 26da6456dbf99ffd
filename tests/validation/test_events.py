"""Single events: which are picked, in bounded memory, and what is told of them."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace as Sample

import awkward as ak
import numpy as np
import pytest
from scipy import stats

from rootml.adapter import Adapter, Summary, Truth, View
from rootml.card import ModelCard, Network, Output, Training
from rootml.spec import Batch, TensorSpec
from rootml.validation import Collector
from rootml.validation.events.choosing import EventPicker
from rootml.validation.events.sampling import Best, noise


def pick(collector, *chunks, **keywords):
    """Events of samples, each given with the entry number of its first event."""
    picker = EventPicker(collector.setting, **keywords)
    for first, part in chunks:
        units = collector.fill(part.events, part.batch, part.outputs)
        picker.fill(units, first + np.arange(len(part.events)), {"file": "toy.root"})
    return picker.events()


def by_kind(events, kind):
    return [event for event in events if event.kind == kind]


def test_kinds_of_a_score(collect, sample):
    whole = sample(5000, np.random.default_rng(1), separation=2.0)
    events = pick(collect(), (100, whole))
    score, label = whole.outputs["score"], np.asarray(whole.events["truth_label"])
    worst = by_kind(events, "proton judged worst")
    best = np.argsort(np.where(label == 0, np.nan_to_num(score, nan=-1), -1))[::-1][:3]
    assert [event.facts["entry"] for event in worst] == list(100 + best)
    assert {event.facts["verdict"] for event in worst} == {"wrong"}
    lowest = np.nanmin(score[label == 1])
    assert by_kind(events, "electron judged worst")[0].facts["score"] == pytest.approx(lowest)
    for name in ("proton", "electron"):
        typical = by_kind(events, f"typical {name}")
        assert [event.facts["truth"] for event in typical] == [name] * 3
        assert {event.facts["verdict"] for event in typical} == {"right"}
    left = by_kind(events, "not judged")
    assert len(left) == 3
    assert all(np.isnan(score[event.facts["entry"] - 100]) for event in left)
    assert left[0].facts.keys() == {"file", "entry", "verdict"}
    assert len(by_kind(events, "random")) == 3


def test_what_is_told_of_an_event(collect, sample):
    whole = sample(200, np.random.default_rng(2))
    event = by_kind(pick(collect(), (0, whole)), "typical electron")[0]
    entry = event.facts["entry"]
    assert event.title == f"entry {entry}"
    assert list(event.facts) == [
        "file", "entry", "truth", "verdict", "score", "reconstructed energy [GeV]",
    ]  # fmt: skip
    assert event.facts["reconstructed energy [GeV]"] == whole.events["energy"][entry]
    row = int(whole.batch.judged[:entry].sum())
    assert np.array_equal(event.images["image"], whole.batch.tensors["image"][row])
    assert event.axes["image"] == ("layer", "cell", "MeV")


def test_chunks_do_not_matter(collect, sample):
    whole = sample(900, np.random.default_rng(3))
    parts = [(start, whole.chunk(start, start + 100)) for start in range(0, 900, 100)]
    events = [pick(collect(), *chunks) for chunks in ([(0, whole)], parts)]
    told = [[(event.kind, dict(event.facts)) for event in one] for one in events]
    assert told[0] == told[1]


def test_without_truth_the_extremes_are_shown(collect, sample):
    whole = sample(500, np.random.default_rng(4))
    whole = type(whole)(whole.events[["energy"]], whole.batch, whole.outputs)
    events = pick(collect(), (0, whole))
    top = by_kind(events, "highest score")[0].facts
    assert top["score"] == pytest.approx(np.nanmax(whole.outputs["score"]))
    assert (top["truth"], top["verdict"]) == ("unlabelled", "truth not known")


def test_an_event_is_shown_once(collect, sample):
    few = sample(4, np.random.default_rng(5), unjudged=0.0)
    events = pick(collect(), (0, few))
    assert sorted(event.facts["entry"] for event in events) == [0, 1, 2, 3]


def test_objects_residuals_and_tables():
    view = View(
        "track",
        (),
        (TensorSpec("x", (2,), columns=("hits", "chi2")),),
        lambda events: None,
        (Summary("chi2", lambda tensors: tensors["x"][:, 1], unit="mm"),),
    )
    adapter = Adapter("toy", "Toy", layouts=(), views={"track": view}, default_model="net")
    card = ModelCard(
        name="net",
        version="1.0",
        adapter="toy",
        view="track",
        network=Network(file="net.onnx", sha256="0" * 64),
        outputs=(Output(name="p", per="trk", unit="MeV/c", estimates="truth_p"),),
        training=Training(data="toy"),
    )
    collector = Collector(card, adapter, branches={"p": "trk_net_p"})
    truth = ak.Array([[100.0, 90.0], [], [80.0]])
    judged = np.array([True, False, True])
    batch = Batch({"x": np.array([[20, 1.5], [30, np.nan]])}, judged, np.array([2, 0, 1]))
    units = collector.fill(
        ak.zip({"truth_p": truth}, depth_limit=1), batch, {"p": np.array([101.0, np.nan, 75.0])}
    )
    picker = EventPicker(collector.setting)
    picker.fill(units, np.array([7, 7, 9]))
    worst, near, left = picker.events()
    assert worst.kind == "largest residual of p"
    assert worst.facts == {
        "entry": 9, "object": 0, "p [MeV/c]": 75.0, "true p [MeV/c]": 80.0,
        "input hits": 30.0, "input chi2 [mm]": None,
    }  # fmt: skip
    assert near.title == "entry 7, object 0"
    assert left.facts == {"entry": 7, "object": 1, "verdict": "not judged"}


def test_elements_of_a_list_are_points(adapter, make_card):
    specs = (
        TensorSpec("hits", (4, 3), columns=("x", "y", "charge")),
        TensorSpec("hit_mask", (4,), "bool"),
        TensorSpec("pairs", (4, 2), columns=("x", "y")),
    )
    view = View("image", (), specs, lambda events: None)
    mine = dataclasses.replace(adapter, views={"image": view})
    collector = Collector(make_card(domain=()), mine, branches={"score": "s"})
    hits, mask = (
        np.arange(24.0).reshape(2, 4, 3),
        np.array([[True] * 4, [True, True, False, False]]),
    )
    batch = Batch({"hits": hits, "hit_mask": mask, "pairs": hits[..., :2]})
    events = ak.Array({"truth_label": [0, 1]})
    outputs = {"score": np.array([0.2, 0.9])}
    part = Sample(events=events, batch=batch, outputs=outputs)
    first, second = pick(collector, (0, part))
    assert first.points["hits"].shape == (4, 3)
    assert np.array_equal(second.points["hits"], hits[1, :2])
    assert second.points["pairs"].shape == (4, 2)
    assert second.axes == {"hits": ("x", "y", "charge"), "pairs": ("x", "y", "")}
    assert second.images == {}


@pytest.mark.parametrize("role", ["probabilities", "label"])
def test_mistakes_of_several_classes(role):
    view = View("x", (), (TensorSpec("x", (1,)),), lambda events: None)
    names = ("e", "mu", "tau")
    truth = Truth("label", names)
    adapter = Adapter("toy", "Toy", (), {"x": view}, "net", truth=truth)
    shape = {"shape": (3,)} if role == "probabilities" else {"dtype": "int32", "classes": names}
    card = ModelCard(
        name="net",
        version="1.0",
        adapter="toy",
        view="x",
        network=Network(file="net.onnx", sha256="0" * 64),
        outputs=(Output(name="p", role=role, **shape),),
        training=Training(data="toy"),
    )
    collector = Collector(card, adapter, branches={"p": "net_p"})
    p = np.array([[0.2, 0.7, 0.1], [0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.0, 0.1, 0.9]])
    said = p if role == "probabilities" else p.argmax(axis=1)
    units = collector.fill(
        ak.Array({"label": [0, 0, 1, -1]}), Batch({"x": np.zeros((4, 1))}), {"p": said}
    )
    picker = EventPicker(collector.setting, per_kind=1)
    picker.fill(units, np.arange(4))
    wrong = by_kind(picker.events(), "e judged worst")[0]
    assert (wrong.facts["entry"], wrong.facts["truth"], wrong.facts["verdict"]) == (0, "e", "wrong")
    if role == "probabilities":
        assert wrong.facts["p mu"] == 0.7


def test_lots_are_fair():
    lots = noise(np.arange(100_000), 1)
    assert stats.kstest(lots, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(lots[:-1], lots[1:])[0, 1]) < 0.02
    assert abs(np.corrcoef(lots, noise(np.arange(100_000), 2))[0, 1]) < 0.02


def test_the_best_keep_no_more_than_they_may():
    made = []
    best = Best(2)
    for chunk in np.array([[1.0, np.nan, 3.0], [-np.inf, 2.0, 0.0], [3.0, 3.0, 0.5]]):
        best.offer(chunk, np.array([0.1, 0.2, 0.3]), lambda i: made.append(i) or (i, len(made)))
    assert [item[0] for item in best.items()] == [2, 1]
    assert len(made) == 5
