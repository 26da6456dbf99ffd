"""The distance of events to the training domain of a card."""

from __future__ import annotations

import math

import numpy as np
import pytest
import uproot

import rootml
from rootml.adapter import Summary, View
from rootml.card import ModelCard
from rootml.domain import Distance
from rootml.errors import RegistryError
from rootml.spec import TensorSpec
from rootml.training.domain import describe

WIDTH = 4


def view_of(*, log=False, allow_nan=False):
    """Each of the columns is a summary."""
    return View(
        name="rows",
        columns=("x",),
        tensors=(TensorSpec("x", (WIDTH,), allow_nan=allow_nan),),
        build=lambda events: None,
        summaries=tuple(
            Summary(f"x{i}", lambda tensors, i=i: tensors["x"][:, i], log=log) for i in range(WIDTH)
        ),
    )


def distance_of(training, view):
    card = ModelCard.model_validate(
        {
            "name": "net",
            "version": "1.0",
            "adapter": "toylab",
            "view": "rows",
            "network": {"file": "net.onnx", "sha256": 64 * "0"},
            "outputs": [{"name": "score"}],
            "training": {"data": "x"},
            "domain": describe(view, {"x": training}, np.arange(len(training))),
        }
    )
    return Distance(card, view)


@pytest.mark.parametrize("kind", ["independent", "equal", "integers", "edges", "log"])
def test_no_more_are_far_than_it_says(kind):
    """At most one in 10^d is as far as d, however summaries are distributed and correlated."""
    rng = np.random.default_rng(1)

    def draw(n):
        if kind == "independent":
            return rng.standard_normal((n, WIDTH))
        if kind == "equal":
            return np.repeat(rng.standard_normal((n, 1)), WIDTH, axis=1)
        if kind == "integers":
            return rng.poisson(1.5, (n, WIDTH)).astype(float)
        if kind == "edges":
            return rng.choice([0, 1 / 3, 2 / 3, 1], (n, WIDTH), p=[0.6, 0.1, 0.1, 0.2])
        return np.exp(3 * rng.random((n, WIDTH)))

    distance = distance_of(draw(100_000), view_of(log=kind == "log"))
    far = distance({"x": draw(100_000)})
    assert (far >= 0).all()
    for d in (0.5, 1, 2, 3):
        expected = 10**-d
        allowed = expected + 4 * math.sqrt(expected / 100_000)
        assert np.mean(far >= d) <= allowed, d
    if kind == "independent":
        assert np.mean(far >= 2) > 0.3e-2


@pytest.mark.parametrize("log", [False, True])
def test_farther_is_farther(log):
    rng = np.random.default_rng(2)
    training = 200 + 800 * rng.random((50_000, WIDTH))
    distance = distance_of(training, view_of(log=log))
    rows = np.full((6, WIDTH), 500.0)
    rows[:, 2] = [500, 990, 1010, 1100, 2000, 1e5]
    found = distance({"x": rows})
    assert found[0] == 0
    assert (np.diff(found[1:]) > 0).all()
    assert found[2] > 2
    assert np.isfinite(found).all()
    rows[:, 2] = [500, 201, 190, 150, 10, -1]
    assert (np.diff(distance({"x": rows})[1:]) > 0).all()


def test_what_is_not_known_is_not_far():
    training = np.random.default_rng(3).standard_normal((5000, WIDTH))
    distance = distance_of(training, view_of(allow_nan=True))
    rows = np.zeros((2, WIDTH))
    rows[:, 1] = np.nan
    rows[1, 0] = 30
    near, far = distance({"x": rows})
    assert near == 0
    assert far > 10


@pytest.fixture
def with_domain(toylab, own_places, write_model, deposits):
    from toylab import ADAPTER

    view = ADAPTER.views["cells"]
    cells = deposits[deposits.sum(axis=1) > 0]
    domain = describe(view, {"cells": cells}, np.arange(len(cells)))
    return write_model(
        own_places / "rootml" / "models",
        domain=[axis.model_dump(mode="json") for axis in domain],
    )


def test_a_branch_of_distances(with_domain, hits, deposits, tmp_path):
    out = tmp_path / "out.root"
    rootml.tag_file(hits, out, "toy", ood=True, vary={"scale": (0.9,)}, plots=False)
    with uproot.open(out) as file:
        assert file["hits"].keys()[3:] == ["toy_score", "toy_ood", "toy_score_scale_0p9"]
        assert "one training event in 10^d" in file["hits/toy_ood"].title
        found = file["hits/toy_ood"].array(library="np")
    assert found.dtype == np.float32
    empty = deposits.sum(axis=1) == 0
    assert np.isnan(found[empty]).all()
    total = deposits.sum(axis=1)
    assert found[np.argmax(total)] > 2
    assert found[~empty][np.argmin(abs(total[~empty] - np.median(total)))] == 0


def test_a_card_without_a_domain(toy, hits, tmp_path):
    with pytest.raises(RegistryError, match=r"'toy': .* no training .*`rootml models domain toy "):
        rootml.tag_file(hits, tmp_path / "out.root", "toy", ood=True, plots=False)
    assert not (tmp_path / "out.root").exists()


def test_an_axis_of_one_value():
    """A summary that had one value alone in the training is far wherever it differs."""
    training = np.zeros((1000, WIDTH))
    distance = distance_of(training, view_of())
    rows = np.zeros((2, WIDTH))
    rows[1, 3] = 0.5
    near, far = distance({"x": rows})
    assert near == 0
    assert far > 2


@pytest.mark.parametrize(("factor", "drifts"), [(1.0, False), (1.5, True)])
def test_the_account_warns_of_a_file_that_drifted(
    with_domain, deposits, tmp_path, command, factor, drifts
):
    path = tmp_path / "other.root"
    with uproot.recreate(path) as file:
        file.mktree("hits", {"cell_e": ("f4", (6,))}).extend({"cell_e": factor * deposits})
    done = command("tag", path, tmp_path / "out.root")
    assert done.code == 0, done.err
    assert ("warning: the input total drifts from the training: Kolm" in done.out) == drifts
