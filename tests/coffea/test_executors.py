"""A processor that holds a network gives the same in every executor, bit for bit."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import cloudpickle
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from coffea.nanoevents import NanoAODSchema
    from coffea.processor import (
        DaskExecutor,
        FuturesExecutor,
        IterativeExecutor,
        ProcessorABC,
        Runner,
        SimpleCheckpointer,
    )

import rootml
from rootml.runtime.model import Model

pytestmark = pytest.mark.filterwarnings("ignore")  # of executors, on themselves
cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Scores(ProcessorABC):
    """The bytes of all columns by first entry; which networks a process had open, on which threads.

    ``fails``: a folder; each chunk fails until it has left a mark there. ``how``: options of
    ``rootml.annotate``.
    """

    def __init__(self, model: Model, fails: Path | None = None, **how: Any):
        self.model = model
        self.fails = fails
        self.how = how

    def process(self, events: Any) -> dict[str, Any]:
        start = events.metadata["entrystart"]
        mark = self.fails and self.fails / str(start)
        if mark and not mark.exists():
            mark.touch()
            raise OSError("the first attempt")
        electrons = rootml.annotate(events, self.model, **self.how).Electron
        names = [name for name in electrons.fields if name.startswith("eid_")]
        engines = vars(rootml).setdefault("_engines", [])  # that none is made where another was
        if not any(engine is self.model.engine for engine in engines):
            engines.append(self.model.engine)
        return {
            "scores": {start: {n: ak.to_numpy(ak.flatten(electrons[n])).tobytes() for n in names}},
            "opened": {os.getpid(): {id(engine) for engine in engines}},
            "threads": {self.model.engine.threads},
        }

    def postprocess(self, accumulator: Any) -> Any:
        return accumulator


@pytest.fixture
def process(nano: Path) -> Callable[..., Any]:
    """``process(Scores(model), executor)``: what the processor gives, in chunks of 60 events."""

    def run(processor: ProcessorABC, executor: Any, **options: Any) -> Any:
        runner = Runner(executor, schema=NanoAODSchema, chunksize=60, savemetrics=False, **options)
        return runner({"toy": {"files": {str(nano): "Events"}}}, processor)

    return run


@pytest.fixture
def iterative() -> IterativeExecutor:
    return IterativeExecutor(status=False, retries=1)


@pytest.fixture
def dask_executor() -> Any:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield DaskExecutor(client=client, status=False)


@pytest.fixture
def scores(known: Path) -> Callable[..., Scores]:
    """``scores()``: the processor, which asks for all that there is."""

    def make(**how: Any) -> Scores:
        return Scores(rootml.load(known), vary={"pt_scale": (0.9, 1.1)}, ood=True, **how)

    return make


@pytest.fixture
def alone(process: Callable, iterative: IterativeExecutor, scores: Callable) -> dict[str, Any]:
    """What one process gives."""
    found = process(scores(), iterative)
    assert sorted(found["scores"]) == [0, 60, 120, 180, 240]
    assert all(len(columns) == 4 for columns in found["scores"].values())
    assert all(all(columns.values()) for columns in found["scores"].values())
    return found


@pytest.mark.parametrize("kind", ["futures", "dask"])
def test_processes_give_the_same(
    kind: str, process: Callable, alone: dict, scores: Callable, request: pytest.FixtureRequest
) -> None:
    if kind == "dask":
        executor = request.getfixturevalue("dask_executor")
    else:
        executor = FuturesExecutor(workers=2, status=False)
    found = process(scores(), executor)
    assert found["scores"] == alone["scores"]
    assert os.getpid() not in found["opened"]
    assert {len(engines) for engines in found["opened"].values()} == {1}
    assert found["threads"] == {1}


def test_an_attempt_that_failed_leaves_nothing(
    process: Callable, iterative: IterativeExecutor, alone: dict, scores: Callable, tmp_path: Path
) -> None:
    found = process(scores(fails=tmp_path), iterative)
    assert len(list(tmp_path.iterdir())) == 5
    assert found["scores"] == alone["scores"]


def test_checkpoints_of_a_network_are_its_own(
    process: Callable,
    iterative: IterativeExecutor,
    eid: Path,
    tmp_path: Path,
    make_card: Callable[..., Path],
) -> None:
    """coffea's own key is of the events alone: without that of the model it gives the first's."""
    adapter = {"per": "Electron", "tensors": {"features": ["Electron_pt", "Electron_eta"]}}
    models = [rootml.load(eid), rootml.load(make_card("eid", adapter))]
    assert models[0].key == rootml.load(eid).key != models[1].key

    def scores(folder: Callable[[Model], str]) -> list[dict]:
        return [
            process(Scores(m), iterative, checkpointer=SimpleCheckpointer(folder(m)))["scores"]
            for m in models
        ]

    first, second = scores(lambda model: f"{tmp_path}/{model.key}")
    assert first != second
    first, second = scores(lambda model: f"{tmp_path}/shared")
    assert first == second


def test_what_is_wrong_is_said_through_the_executor(
    process: Callable, iterative: IterativeExecutor, make_card: Callable[..., Path]
) -> None:
    card = make_card("odd", {"per": "Electron", "tensors": {"features": ["Electron_ptt"]}})
    with pytest.raises(Exception, match=r"LayoutError.*no branch 'Electron_ptt'; did you mean"):
        process(Scores(rootml.load(card)), iterative)
