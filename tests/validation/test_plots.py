"""The plots against images that were looked at.

After a change that is meant, draw them anew and look at each before it is committed:
``pytest tests/validation/test_plots.py --mpl-generate-path=tests/validation/baseline``
"""

from __future__ import annotations

import numpy as np
import pytest

from rootml.card import Output
from rootml.validation.comparing.series import Series, alone
from rootml.validation.plots import FAMILIES
from rootml.validation.plots.canvas import drawing, settings
from rootml.validation.plots.distribution import draw_distribution
from rootml.validation.style import Style, look

compare = pytest.mark.mpl_image_compare(
    baseline_dir="baseline",
    style=[settings(Style())],
    savefig_kwargs={"dpi": 60, "metadata": {"Software": None}},
    tolerance=8,
    deterministic=True,
)


@pytest.fixture
def events(sample):
    return sample(6000, np.random.default_rng(1))


def drawn(report, name):
    style = Style()
    plot = next(plot for plot in report.plots if plot.name == name)
    with drawing(style):
        return FAMILIES[plot.family](alone(report), plot.subject, style)


@compare
@pytest.mark.parametrize(
    "name",
    [
        "score_distribution",
        "score_roc",
        "score_rejection",
        "score_rejection_vs_energy",
        "image_image",
        "domain",
    ],
)
def test_with_truth(collect, events, name):
    return drawn(collect(events).report(), name)


@compare
def test_image_of_narrow_range(collect, events):
    """Tick labels of a colour bar are short, and its own label stays on the figure."""
    image = 0.2 + 0.5 * np.clip(events.batch.tensors["image"] / 20_000, 0, 1)
    batch = type(events.batch)({"image": image}, events.batch.judged)
    report = collect(type(events)(events.events, batch, events.outputs)).report()
    return drawn(report, "image_image")


@compare
@pytest.mark.parametrize("name", ["score_rejection", "score_rejection_vs_energy"])
def test_lower_limits(collect, sample, name):
    events = sample(2000, np.random.default_rng(2), separation=11)
    return drawn(collect(events).report(), name)


@compare
def test_without_truth(collect, events):
    bare = type(events)(events.events[["energy"]], events.batch, events.outputs)
    return drawn(collect(bare).report(), "score_distribution")


@compare
def test_two_samples(collect, sample, events):
    other = sample(20_000, np.random.default_rng(3), separation=4.5)
    series = [
        Series("simulation", collect(other).report(), look(0)),
        Series("data", collect(events).report(), look(1)),
    ]
    with drawing(Style()):
        return draw_distribution(series, "score", Style())


@compare
def test_values(collect, make_card, events):
    card = make_card(outputs=(Output(name="z", unit="cm"),), working_points=())
    z = {"z": np.random.default_rng(1).normal(10, 30, len(events.events))}
    report = collect(type(events)(events.events, events.batch, z), card=card).report()
    return drawn(report, "z_distribution")
