"""A small experiment with synthetic scores: two classes, a 6 x 8 image, an energy in GeV."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import awkward as ak
import numpy as np
import pytest
from scipy.special import expit

from rootml.adapter import Adapter, Reference, Summary, Truth, View
from rootml.card import DomainAxis, ModelCard, Network, Output, Training, WorkingPoint
from rootml.spec import Array, Batch, TensorSpec
from rootml.validation import Collector

SHAPE = (1, 6, 8)
ENERGY_EDGES = np.linspace(200.0, 2000.0, 19)


@dataclass(frozen=True)
class Sample:
    """What a tagger hands to a collector."""

    events: ak.Array
    batch: Batch
    outputs: dict[str, Array]

    def chunk(self, start: int, stop: int) -> Sample:
        judged = self.batch.judged
        rows = slice(int(judged[:start].sum()), int(judged[:stop].sum()))
        batch = Batch({k: v[rows] for k, v in self.batch.tensors.items()}, judged[start:stop])
        return Sample(
            self.events[start:stop], batch, {k: v[start:stop] for k, v in self.outputs.items()}
        )


def _total(tensors):
    return tensors["image"].sum(axis=(1, 2, 3)) / 1000


def _hit_cells(tensors):
    return (tensors["image"] > 0).sum(axis=(1, 2, 3))


SUMMARIES = (
    Summary("total_energy", _total, unit="GeV", log=True),
    Summary("hit_cells", _hit_cells, doc="cells with a deposit"),
)


@pytest.fixture(scope="session")
def adapter() -> Adapter:
    tensor = TensorSpec("image", SHAPE, unit="MeV", axes=("layer", "cell"), doc="Deposited energy")
    view = View("image", ("image",), (tensor,), lambda events: None, SUMMARIES)
    return Adapter(
        "toy",
        "Toy calorimeter",
        layouts=(),
        views={"image": view},
        default_model="net_toy",
        truth=Truth("truth_label", ("proton", "electron"), "truth_energy"),
        energy="energy",
        references=(
            Reference("bdt", "Reference BDT"),
            Reference("likelihood", "Reference likelihood", higher_is_signal=False),
        ),
    )


@pytest.fixture(scope="session")
def make_card() -> Callable[..., ModelCard]:
    def make(**changes) -> ModelCard:
        parts = {
            "name": "net_toy",
            "version": "1.0",
            "adapter": "toy",
            "view": "image",
            "network": Network(file="net_toy.onnx", sha256="0" * 64),
            "outputs": (Output(name="score", role="score"),),
            "working_points": (
                WorkingPoint(
                    name="loose",
                    output="score",
                    threshold=0.5,
                    efficiency=0.9,
                    efficiency_error=(0.89, 0.91),
                ),
            ),
            "training": Training(data="toy", events={"train": 20_000}),
            "domain": _domain(),
        }
        return ModelCard(**(parts | changes))

    return make


def _domain() -> tuple[DomainAxis, ...]:
    images = make_sample(20_000, np.random.default_rng(7)).batch.tensors
    made = []
    for summary in SUMMARIES:
        values = summary.compute(images)
        edges = np.linspace(values.min(), values.max() * 1.0001, 25)
        if summary.log:
            edges = np.geomspace(edges[0], edges[-1], 25)
        counts, _ = np.histogram(values, edges)
        low, high = np.quantile(values, [0.001, 0.999])
        made.append(
            DomainAxis(
                name=summary.name,
                unit=summary.unit,
                log=summary.log,
                low=low,
                high=high,
                edges=tuple(edges),
                fractions=tuple(counts / counts.sum()),
            )
        )
    return tuple(made)


def make_sample(
    n: int, rng: np.random.Generator, *, separation: float = 5.0, unjudged: float = 0.02
) -> Sample:
    """``n`` events, half of them signal; the references separate less well than the score."""
    label = rng.integers(0, 2, n)
    energy = np.exp(rng.uniform(np.log(200), np.log(2000), n))
    sign = 2.0 * label - 1
    score = expit(sign * separation / 2 + 1.5 * rng.standard_normal(n)).astype(np.float32)
    bdt = np.tanh(0.5 * sign + 0.4 * rng.standard_normal(n)).astype(np.float32)
    likelihood = np.abs(4 - 2 * sign + 1.5 * rng.standard_normal(n)).astype(np.float32)
    layer, cell = np.arange(SHAPE[1])[:, None], np.arange(SHAPE[2])[None, :]
    width = np.where(label == 1, 0.8, 1.8)[:, None, None]
    profile = np.exp(-((layer - 2.5) ** 2) / 6 - ((cell - 3.5) / width) ** 2 / 2)
    noise = rng.exponential(1.0, (n, *SHAPE[1:]))
    image = (profile * noise * energy[:, None, None] * 40).astype(np.float32)[:, None]
    image[image < 5] = 0
    judged = rng.random(n) >= unjudged
    score[~judged] = np.nan
    events = ak.zip(
        {"truth_label": label, "energy": energy, "bdt": bdt, "likelihood": likelihood},
        depth_limit=1,
    )
    return Sample(events, Batch({"image": image[judged]}, judged), {"score": score})


@pytest.fixture(scope="session")
def sample() -> Callable[..., Sample]:
    return make_sample


@pytest.fixture(scope="session")
def collect(adapter, make_card) -> Callable[..., Collector]:
    """A collector filled with the given samples."""

    def collect(*samples: Sample, card: ModelCard | None = None) -> Collector:
        card = card or make_card()
        collector = Collector(
            card, adapter, branches={o.name: f"net_{o.name}" for o in card.outputs}
        )
        for part in samples:
            collector.fill(part.events, part.batch, part.outputs)
        return collector

    return collect


class Tracks:
    """Momenta in MeV/c of tracks, by a fit with bias and tails and by a network."""

    Sample = Sample

    def __init__(self):
        view = View("track", ("x",), (TensorSpec("x", (1,)),), lambda events: None)
        fit = Reference("track_fit", "Track fit", estimates="truth_momentum")
        self.adapter = Adapter(
            "tracks",
            "Toy tracker",
            layouts=(),
            views={"track": view},
            default_model="net_tracks",
            references=(fit,),
        )

    def collect(self, *samples: Sample, per: str | None = None, **changes) -> Collector:
        """A collector filled with samples; ``changes`` are of the output."""
        momentum = Output(
            **{"name": "momentum", "per": per, "unit": "MeV/c", "estimates": "truth_momentum"}
            | {"tails": (0.7,)}
            | changes
        )
        error = Output(name="error", per=per, role="uncertainty", error_of="momentum")
        card = ModelCard(
            name="net_tracks",
            version="1.0",
            adapter="tracks",
            view="track",
            network=Network(file="net_tracks.onnx", sha256="0" * 64),
            outputs=(momentum, error),
            training=Training(data="toy"),
        )
        branches = {output.name: f"net_{output.name}" for output in card.outputs}
        collector = Collector(card, self.adapter, branches=branches)
        for sample in samples:
            collector.fill(sample.events, sample.batch, sample.outputs)
        return collector

    def sample(self, n: int, *, unjudged: float = 0.02, exact: bool = False) -> Sample:
        """Resolutions grow with the momentum; ``exact``: everything is as the truth."""
        rng = np.random.default_rng(1)
        truth = rng.uniform(90, 110, n)
        width = 0.15 * (truth / 100) ** 3
        tail = np.where(rng.random(n) < 0.1, 3 * width * rng.standard_t(1.5, n), 0)
        core = rng.normal(0, width)
        fit, network = truth - 0.3 * width + core + tail, truth + 0.8 * core + 0.3 * tail
        if exact:
            fit = network = truth
        judged = rng.random(n) >= unjudged
        outputs = {
            "momentum": np.where(judged, network, np.nan),
            "error": np.where(judged, 0.8 * width, np.nan).astype(np.float32),
        }
        events = ak.zip({"truth_momentum": truth, "track_fit": fit}, depth_limit=1)
        rows = int(judged.sum())
        return Sample(events, Batch({"x": np.zeros((rows, 1), np.float32)}, judged), outputs)


@pytest.fixture(scope="session")
def tracks() -> Tracks:
    return Tracks()
