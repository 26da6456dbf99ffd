"""How often events and files are called unlike the training, and how soon those that are.

    python benchmarks/domain.py -n 100000

Simulates AMS events, takes the domain of some as ``rootml train`` does, and prints the tables of
docs/how-to/domain.md: distances of events like the training, of energies above it, of a detector
that differs, and how many files of events like the training are warned of.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from operator import itemgetter

import numpy as np
from hist import Hist

from rootml.adapter import View
from rootml.card import DomainAxis
from rootml.domain import Distance
from rootml.registry import get_adapter, load
from rootml.spec import Array
from rootml.testing.samples import decode, decoder_of
from rootml.training.domain import describe
from rootml.validation.figures.domain import compare_with_training
from rootml.validation.statistics.agreement import USUAL_LIMITS, Agreement

MODEL = "mlp_ams"
CHUNK = 4000
ENERGIES = (200, 600, 900, 1000, 1100, 1300, 1600, 2000)
Values = Mapping[str, Array]
"""The summaries of a view, and ``energy``, by event."""


def sample(view: View, n: int, rng: np.random.Generator, **options: object) -> Values:
    """Of ``n`` simulated events, what is judged."""
    adapter, parts = get_adapter("ams"), []
    for count in [CHUNK] * (n // CHUNK) + [n % CHUNK] * (n % CHUNK > 0):
        events = adapter.simulate(count, rng, **options)
        columns = decode(decoder_of(adapter, events), events, *view.columns, "energy")
        batch = view.build(columns)
        part = {summary.name: summary.compute(batch.tensors) for summary in view.summaries}
        energy = np.asarray(columns["energy"])
        judged = slice(None) if batch.judged is None else batch.judged
        parts.append(part | {"energy": energy[judged]})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def share(far: Array) -> str:
    """In percent, with its binomial error; counts where none is, or all are."""
    n, p = len(far), np.mean(far)
    if p in (0, 1):
        return f"{far.sum():,} of {n:,}"
    return f"({100 * p:.3g} +- {100 * math.sqrt(p * (1 - p) / n):.1g}) %"


def row(label: str, distances: Array) -> None:
    shares = "  ".join(f"{share(distances >= d):>22}" for d in (1, 2, 3))
    print(f"{label:24}{shares}  median {np.median(distances):.2g}")


def compared(axes: tuple[DomainAxis, ...], values: Values, size: int) -> Iterator[Agreement]:
    """Each summary of each file of ``size`` events, with the training."""
    for start in range(0, len(values["energy"]) - size + 1, size):
        for axis in axes:
            hist = Hist.new.Var(axis.edges).Weight()
            hist.fill(values[axis.name][start : start + size])
            yield compare_with_training(hist, axis, axis.events)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-n", type=int, default=100_000, help="events of the training")
    parser.add_argument("--seed", type=int, default=9002)
    asked = parser.parse_args()
    model, rng = load(MODEL), np.random.default_rng(asked.seed)
    view = replace(
        model.view,
        summaries=tuple(replace(s, compute=itemgetter(s.name)) for s in model.view.summaries),
    )
    training = sample(model.view, asked.n, rng)
    others = sample(model.view, 6 * asked.n // 10, rng)

    def distance(rows: Array) -> tuple[tuple[DomainAxis, ...], Distance]:
        axes = describe(view, training, np.flatnonzero(rows))
        return axes, Distance(model.card.model_copy(update={"domain": axes}), view)

    axes, far = distance(training["energy"] > 0)
    row("like the training", far(others))
    samples = {
        "simulated detector": {"good_tracks": True},
        "detector in flight": {"good_tracks": True, "detector": "flight"},
        "data set flight": {"dataset": "flight"},
    }
    for label, options in samples.items():
        values = sample(model.view, 5000, rng, **options)
        row(label, far(values))
        found = zip(axes, compared(axes, values, 5000), strict=True)
        print("  Kolmogorov:", ", ".join(f"{axis.name} {one.ks:.3f}" for axis, one in found))
    for size in (500, 5000):
        drifts = [USUAL_LIMITS.drifted(one) for one in compared(axes, others, size)]
        print(f"files of {size}: {sum(drifts)} of {len(drifts)} comparisons are warned of")

    below = training["energy"] < 1000
    _, far = distance(below)
    print(f"domain of {below.sum():,} below 1 TeV")
    for low, high in itertools.pairwise(ENERGIES):
        inside = (others["energy"] >= low) & (others["energy"] < high)
        row(f"  {low} to {high} GeV", far({name: part[inside] for name, part in others.items()}))


if __name__ == "__main__":
    main()
