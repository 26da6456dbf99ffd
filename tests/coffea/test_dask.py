"""Columns of networks on dask's collections: built without values, computed by partition."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    dak = pytest.importorskip("dask_awkward")

import rootml
from rootml.errors import BranchError, LayoutError
from rootml.runtime.model import Model

pytestmark = pytest.mark.filterwarnings("ignore")  # of dask, on itself


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Runs of networks."""
    runs: list[object] = []
    original = Model.__call__

    def counted(self: Model, *args: object, **kwargs: object) -> dict:
        runs.append(args)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Model, "__call__", counted)
    return runs


def read(collection: object) -> set[str]:
    (branches,) = dak.necessary_columns(collection).values()
    return set(branches)


def test_only_the_branches_of_the_view_are_necessary(
    opened: Callable, eid: Path, kind: Path, runs: list
) -> None:
    objects = rootml.annotate(opened(mode="dask"), eid).Electron.eid_score
    assert read(objects) == {"nElectron", "Electron_pt", "Electron_eta"}
    whole = rootml.annotate(opened(mode="dask"), kind).kind_score
    assert read(whole) == {"nElectron", "nMuon", "MET_pt"}
    assert runs == []


@pytest.mark.parametrize("steps", [1, 4])
def test_scores_are_those_of_eager_events(
    steps: int, nano: Path, opened: Callable, eid: Path, kind: Path, runs: list
) -> None:
    eager = rootml.annotate(rootml.annotate(opened(mode="eager"), eid), kind)
    runs.clear()
    events = opened(mode="dask", steps_per_file=steps)
    events = rootml.annotate(rootml.annotate(events, eid), kind)
    assert runs == []
    found = events.Electron.eid_score.compute(scheduler="sync")
    assert ak.array_equal(found, eager.Electron.eid_score, equal_nan=True, check_parameters=False)
    np.testing.assert_array_equal(events.kind_score.compute(scheduler="sync"), eager.kind_score)
    assert len(runs) == 2 * 2 * steps


def test_variations_and_the_domain(opened: Callable, known: Path, runs: list) -> None:
    given = {"vary": {"pt_scale": (0.5, 1.1)}, "ood": True}
    before, events = (rootml.annotate(opened(mode=mode), known, **given)
                      for mode in ("eager", "dask"))  # fmt: skip
    runs.clear()
    names = [name for name in before.Electron.fields if name.startswith("eid_")]
    assert len(names) == 4
    columns = events.Electron[names]
    assert read(columns) == {"nElectron", "Electron_pt", "Electron_eta"}
    assert runs == []
    found = columns.compute(scheduler="sync")
    assert len(runs) == 3
    for name in names:
        same = ak.array_equal(found[name], before.Electron[name], equal_nan=True,
                              check_parameters=False)  # fmt: skip
        assert same, name


def test_they_are_nanoevents_still(opened: Callable, eid: Path) -> None:
    before = opened(mode="dask")
    events = rootml.annotate(before, eid)
    assert type(events._meta) is type(before._meta)
    assert type(events.Electron._meta) is type(before.Electron._meta)
    pairs = events[dak.num(events.Electron) >= 2].Electron
    mass = (pairs[:, 0] + pairs[:, 1]).mass.compute(scheduler="sync")
    assert ak.all(mass > 0)
    good = events.Electron[events.Electron.eid_score > 0.6]
    assert ak.all(good.pt.compute(scheduler="sync") > 5)


def test_in_a_function_of_partitions(
    opened: Callable, eid: Path, eid_scores: ak.Array, runs: list
) -> None:
    """As an analysis whose body is one function does; it is traced first, with types alone."""

    def mean(events: ak.Array) -> ak.Array:
        return ak.nanmean(rootml.annotate(events, eid).Electron["eid_score"], axis=1)

    means = dak.map_partitions(mean, opened(mode="dask"))
    assert read(means) == {"nElectron", "Electron_pt", "Electron_eta"}
    assert runs == []
    found = ak.to_numpy(ak.fill_none(means.compute(scheduler="sync"), -1))
    expected = ak.to_numpy(ak.fill_none(ak.nanmean(eid_scores, axis=1), -1))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_what_is_wrong_is_said_when_the_graph_is_built(
    opened: Callable, eid: Path, make_card: Callable
) -> None:
    events = opened(mode="dask")
    with pytest.raises(LayoutError, match="no branch 'Elektron_pt'; did you mean"):
        rootml.annotate(events, make_card("odd", {"tensors": {"features": ["Sum$(Elektron_pt)"]}}))
    with pytest.raises(BranchError, match=r"already have a field 'Electron\.eid_score'"):
        rootml.annotate(rootml.annotate(events, eid), eid)


def test_another_network_makes_another_graph(opened: Callable, make_card: Callable) -> None:
    """A cache of dask's never gives one network's scores for another's."""
    events = opened(mode="dask")
    adapter = {"tensors": {"features": ["MET_pt"]}}
    cards = [make_card("met", adapter, weight=weight) for weight in (0.1, 0.1, 0.2)]
    first, again, other = (rootml.annotate(events, card).met_score.name for card in cards)
    assert first == again != other
