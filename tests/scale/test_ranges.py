"""Files divided into ranges of entries: written as by one process, whatever is asked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from itertools import pairwise
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.rootio import compare_files
from rootml.scale import Progress
from rootml.scale.division import AHEAD, divide

ENTRIES = 400
OBJECTS = {
    "trees": ["*"],
    "per": "jet",
    "select": "jet_e > 0.1",
    "tensors": {"t": ["jet_e", "energy"]},
}


@pytest.fixture
def jets() -> dict[str, Any]:
    rng = np.random.default_rng(8)
    counts = rng.integers(0, 4, ENTRIES)
    energies = ak.unflatten(rng.exponential(1.0, counts.sum()).astype("f4"), counts)
    return {
        "jet_e": energies,
        "energy": rng.exponential(1.0, ENTRIES).astype("f4"),
        "cell_e": rng.exponential(1.0, (ENTRIES, 6)).astype("f4"),
        "truth_label": np.arange(ENTRIES, dtype="i4") % 2,
    }


@pytest.fixture
def tree(jets: dict[str, Any], tmp_path: Path) -> Path:
    """Events with jets and cells, in several baskets."""
    kinds = {"jet_e": "var * float32", "energy": "f4", "cell_e": ("f4", (6,)), "truth_label": "i4"}
    with uproot.recreate(tmp_path / "tree.root") as file:
        made = file.mktree("hits", kinds)
        for start in range(0, ENTRIES, 130):
            made.extend({name: values[start : start + 130] for name, values in jets.items()})
    return tmp_path / "tree.root"


@pytest.fixture
def ntuple(jets: dict[str, Any], tmp_path: Path) -> Path:
    """The same as RNTuple."""
    with uproot.recreate(tmp_path / "ntuple.root") as file:
        file.mkrntuple("hits", jets)
    return tmp_path / "ntuple.root"


@pytest.fixture
def per_jet(write_network: Callable, write_card: Callable, own_places: Path, card: Path) -> Path:
    """A network of jets, with an adapter of its own."""
    path = card.parent / "jets.onnx"
    write_network(path, cells="t", shape=("n", 2))
    return write_card(path, adapter=OBJECTS, view="declared")


@pytest.fixture
def far(toylab: Path, own_places: Path, write_model: Callable[..., Path], jets: dict) -> Path:
    """The toy network with a training domain and a cut."""
    from rootml.plugins import get_adapter
    from rootml.training.domain import describe

    view = get_adapter("toylab").views["cells"]
    domain = describe(view, {"cells": jets["cell_e"][:200]}, np.arange(200))
    point = {"name": "pass90", "output": "score", "threshold": 0.6}
    axes = [axis.model_dump(mode="json") for axis in domain]
    return write_model(domain=axes, working_points=[point])


def records(path: Path) -> list[dict[str, Any]]:
    """What the file says of its making, but when."""
    with uproot.open(path) as file:
        made = json.loads(str(file["rootml_provenance"]))["taggings"]
    return [{key: value for key, value in entry.items() if key != "time"} for entry in made]


def check_same(alone: Path, divided: Path) -> None:
    """All branches are equal, byte for byte, and so is all else but the time in the record."""
    found = compare_files(alone, divided)
    others = [entry.path for entry in (*found.lost, *found.changed, *found.added)]
    assert [path for path in others if "rootml_provenance" not in path] == []
    assert records(alone) == records(divided)


@pytest.mark.parametrize(
    ("source", "models", "options"),
    [
        ("tree", ["card"], {}),
        ("tree", ["card"], {"vary": {"scale": (0.9, 1.1), "smear": (0.1,)}, "vary_seed": 3}),
        ("tree", ["far"], {"ood": True, "working_points": "all"}),
        ("tree", ["per_jet", "card"], {"prefix": "a_"}),
        ("tree", ["per_jet"], {"output": "friend"}),
        ("tree", ["card"], {"entry_range": (37, 311), "output": "friend"}),
        ("ntuple", ["card", "per_jet"], {}),
        ("ntuple", ["card"], {"output": "friend", "compression": "none"}),
    ],
    ids=["flat", "varied", "ood", "objects", "friend", "part", "ntuple", "ntuple-friend"],
)
def test_outputs_are_those_of_one_process(
    source: str,
    models: list[str],
    options: Mapping[str, Any],
    cluster: str,
    small_chunks: None,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    path = request.getfixturevalue(source)
    cards = [request.getfixturevalue(model) for model in models]
    common = {"plots": False, **options}
    rootml.tag_files(path, tmp_path / "alone", cards, **common)
    done = rootml.tag_files(
        path, tmp_path / "divided", cards, scheduler=cluster, entries_per_job=70, **common
    )
    assert [outcome.error for outcome in done.outcomes] == [""]
    check_same(tmp_path / "alone" / path.name, tmp_path / "divided" / path.name)
    (result,) = [outcome.result for outcome in done.outcomes]
    assert result.judged == {name: n for name, n in result.judged.items() if n > 0}


def test_processes_divide_few_files_by_themselves(
    card: Path, runs: list[Path], small_chunks: None, tmp_path: Path
) -> None:
    rootml.tag_files(runs, tmp_path / "alone", card, plots=False)
    seen: list[Progress] = []
    done = rootml.tag_files(
        runs,
        tmp_path / "divided",
        card,
        plots=False,
        workers=2,
        verify=True,
        progress=seen.append,
    )
    for run in runs:
        check_same(tmp_path / "alone" / run.name, tmp_path / "divided" / run.name)
    assert all(outcome.result.verified.keeps_all for outcome in done.outcomes)
    assert seen[-1] == Progress(files=3, of=3, events=600, expected=600)
    assert len(seen) > 3 + 3
    assert all(0 <= at.events <= at.expected for at in seen)


def test_an_error_is_that_of_one_process(
    card: Path, runs: list[Path], cluster: str, small_chunks: None, tmp_path: Path
) -> None:
    with uproot.recreate(runs[1]) as file:
        cells = np.ones((200, 6), "f4")
        cells[150, 2] = np.inf
        file.mktree("hits", {"cell_e": ("f4", (6,))}).extend({"cell_e": cells})
    common = {"plots": False}
    alone = rootml.tag_files(runs, tmp_path / "alone", card, **common)
    done = rootml.tag_files(
        runs, tmp_path / "out", card, scheduler=cluster, entries_per_job=50, **common
    )
    assert "entry 150: the tensor 'cells' holds NaN or infinity" in done.failed[0].error
    assert [one.error for one in done.failed] == [one.error for one in alone.failed]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["run1.root", "run3.root"]


@pytest.mark.parametrize("field", ["model", "input", "engine"])
def test_a_worker_that_sees_something_else_is_found_out(
    field: str,
    card: Path,
    runs: list[Path],
    cluster: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may have another version of the network, another disk, another processor."""
    from rootml.scale import division

    def other(*args: Any) -> str:
        made = json.loads(record(*args))
        made["taggings"][0][field] |= {"sha256": "0", "fingerprint": "0", "name": "x"}
        return json.dumps(made)

    record = division.record
    monkeypatch.setattr(division, "record", other)
    done = rootml.tag_files(runs[0], tmp_path / "out", card, plots=False, scheduler=cluster)
    assert f"a worker has another {field}, and" in done.failed[0].error
    assert not (tmp_path / "out").exists()


def test_how_files_are_divided() -> None:
    edges = [3, 10, 20, 30, 45, 46, 47, 100]
    assert list(divide(edges, 20)) == [(3, 10, 20), (20, 30), (30, 45, 46, 47), (47, 100)]
    assert list(divide(edges, 1)) == list(pairwise(edges))
    assert list(divide(edges, 97)) == [tuple(edges)]


def test_what_waits_does_not_grow_with_the_file(
    card: Path, runs: list[Path], small_chunks: None, tmp_path: Path, monkeypatch: Any
) -> None:
    """It follows the workers, of whom some may come later."""
    from rootml.scale import workforce

    counted = Counter()

    class Counting:
        @property
        def workers(self) -> int:
            return 1 if counted["begun"] < 5 else 3

        def submit(self, errand: Any, report: Any = None) -> Future:
            counted["begun"] += 1
            counted["most"] = max(counted["most"], counted["begun"] - counted["taken"])
            future: Future = Future()
            future.set_result(errand(None))
            answer = future.result

            def taken() -> Any:
                counted["taken"] += 1
                return answer()

            future.result = taken
            return future

        def __enter__(self) -> Counting:
            return self

        def __exit__(self, *error: object) -> None: ...

    monkeypatch.setattr(workforce.Workforce, "_pool", lambda self: Counting())
    done = rootml.tag_files(runs[2], tmp_path / "out", card, plots=False, workers=1)
    assert not done.failed
    assert counted["taken"] == counted["begun"] > 3 * AHEAD
    assert AHEAD < counted["most"] <= 3 * AHEAD
