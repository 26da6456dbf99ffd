"""The studies of counting tracks, tiny: what they record is what counts and truth give."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")
pytest.importorskip("sklearn")

from rootml.errors import InputError, RegistryError, TrainingError

pytestmark = pytest.mark.filterwarnings("ignore:output 'set'")  # of few validation events
ROOT = Path(__file__).resolve().parents[2]
FRONT, CELLS = "ntracks_supernemo_front", "ntracks_supernemo"
TITLES = {FRONT: "front", CELLS: "cells (rootml)"}
SIZES = ("--events", "200", "--epochs", "1", "--test-events", "120")


@pytest.fixture(scope="module", autouse=True)
def studies_on_the_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "examples" / "supernemo"))
        yield


@pytest.fixture(scope="module")
def start() -> Callable[..., dict[str, Any]]:
    """``start("a_counting", folder, "--model", card)`` runs a study, gives its record."""

    def run(name: str, folder: Path, *words: str) -> dict[str, Any]:
        words = (*words, *SIZES, "-o", str(folder))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [f"{name}.py", *words])
            patch.setattr("counted.trainings.NETWORKS", TITLES)
            patch.setattr("counted.rivals.TUNING", 60)
            study, options = (importlib.import_module(m) for m in (name, "counted.options"))
            patch.setattr(study, "ROUNDS", 1, raising=False)
            options.command(study.main).main(list(words), standalone_mode=False)
        record: dict[str, Any] = json.loads((folder / name / "result.json").read_text())
        return record

    return run


@pytest.fixture(scope="module")
def made(
    start: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The output folder and the record of study (b)."""
    folder = tmp_path_factory.mktemp("supernemo")
    return folder, start("b_talk_networks", folder)


@pytest.fixture(scope="module")
def card(made: tuple[Path, dict[str, Any]]) -> str:
    """Of the smallest network that study (b) trained."""
    return str(made[0] / "models" / FRONT / f"{FRONT}.card.yaml")


@pytest.fixture(scope="module")
def judged(card: str) -> Any:
    """What that network says of the events to test on."""
    events = importlib.import_module("counted.events")
    return events.counted(events.test_sample(120, 9041), events.opened(card))


def test_networks_are_told_of_and_compared_on_the_same_events(
    made: tuple[Path, dict[str, Any]], judged: Any
) -> None:
    numbers = made[1]["numbers"]
    shares = {title: row["all"]["value"] for title, row in numbers["accuracy"].items()}
    assert [*shares] == [*TITLES.values()]
    assert shares["front"] == pytest.approx(np.mean(judged.count == judged.truth))
    behind = numbers["behind"]["front"]
    assert behind["value"] == pytest.approx(shares["cells (rootml)"] - shares["front"])
    assert 0 < behind["error"] < 0.15
    assert made[1]["networks"]["front"]["events"]["train"] < 200


def test_never_trains_twice(
    made: tuple[Path, dict[str, Any]], card: str, start: Callable[..., dict[str, Any]]
) -> None:
    before = Path(card).stat().st_mtime_ns
    assert start("b_talk_networks", made[0])["numbers"] == made[1]["numbers"]
    assert Path(card).stat().st_mtime_ns == before
    options = importlib.import_module("counted.options").Options(
        CELLS, 9, 1, 200, 2, (), None, made[0]
    )
    trainings = importlib.import_module("counted.trainings")
    with pytest.raises(TrainingError, match=r"'epochs': 1}, not .*'epochs': 2}"):
        trainings.trained(options, FRONT, trainings.training_sample(options))


def test_unknown_recipes_are_refused(
    made: tuple[Path, dict[str, Any]], start: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(RegistryError, match="did you mean 'ntracks_supernemo_front'"):
        start("b_talk_networks", made[0], "-m", "ntracks_supernemo_frnt")


def test_the_confusion_matrix_is_that_of_counts_and_truth(
    made: tuple[Path, dict[str, Any]], card: str, judged: Any, start: Callable[..., dict[str, Any]]
) -> None:
    numbers = start("a_counting", made[0], "--model", card)["numbers"]
    expected = [[int(np.sum((judged.truth == t) & (judged.count == c))) for c in range(4)]
                for t in range(4)]  # fmt: skip
    assert numbers["confusion"] == expected
    assert numbers["accuracy"]["2"]["value"] == expected[2][2] / sum(expected[2])
    tracks = numbers["accuracy"]["tracks"]
    assert tracks["events"] == sum(map(sum, expected[1:]))
    assert tracks["low"] <= tracks["value"] <= tracks["high"]


def test_conditions_get_worse(
    made: tuple[Path, dict[str, Any]],
    card: str,
    start: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conditions = importlib.import_module("counted.conditions")
    noise = conditions.Scan("noise", "Noise", (0, 20), {})
    few = dict.fromkeys(conditions.SCANS, noise)
    for module in ("counted.conditions", "counted.draw", "c_robustness"):
        monkeypatch.setattr(importlib.import_module(module), "SCANS", few)
    numbers = start("c_robustness", made[0], "--model", card)["numbers"]
    clean, noisy = (row["agglomerative"] for row in numbers["scans"]["noise"])
    assert clean["value"] > 0.7 > 0.1 > noisy["value"]
    assert [*numbers["places"]] == [*conditions.PLACES]


def test_failures_are_those_that_are_counted_wrong(
    made: tuple[Path, dict[str, Any]], card: str, judged: Any, start: Callable[..., dict[str, Any]]
) -> None:
    record = start("e_failures", made[0], "--model", card)
    assert record["numbers"]["wrong"] == np.sum(judged.count != judged.truth)
    for row in record["numbers"]["traits"].values():
        both = [row[key]["events"] for key in ("of_wrong", "of_right")]
        assert sum(both) == record["numbers"]["several"] == np.sum(judged.truth > 1)


def test_probabilities_by_sample(
    made: tuple[Path, dict[str, Any]], card: str, judged: Any, start: Callable[..., dict[str, Any]]
) -> None:
    numbers = start("f_probabilities", made[0], "--model", card)["numbers"]
    clean = numbers["samples"]["clean"]
    own = judged.probabilities[np.arange(120), judged.truth]
    assert clean["nll"]["value"] == pytest.approx(-np.log(own).mean(), rel=1e-5)
    size = judged.sets.sum(axis=1).mean()
    assert clean["size"]["value"] == pytest.approx(size)
    certainty = importlib.import_module("counted.certainty")
    colder = certainty.cooled(judged, 0.5)
    np.testing.assert_allclose(
        certainty.cooled(colder, 2.0).probabilities, judged.probabilities, rtol=1e-5, atol=1e-7
    )
    assert colder.probabilities.max() > judged.probabilities.max()


def test_traits_of_tracks_by_hand() -> None:
    failures = importlib.import_module("counted.failures")
    across, along = np.eye(3)[:2]

    def having(own: np.ndarray, crossed: np.ndarray, *directions: np.ndarray) -> set[str]:
        event = failures.Event(own, crossed, np.stack(directions))
        return {name for name in failures.TRAITS if getattr(event, name)()}

    half, apart = np.repeat([0, 1], 4), np.repeat(np.eye(2, dtype=bool), 4, axis=1)
    assert having(half, apart, across, along) == set()
    one = apart.copy()
    one[1, 0] = True
    assert having(half, one, across, across) == {"meeting", "parallel"}
    both = np.ones((2, 4), bool)
    assert having(np.zeros(4, int), both, across, along) == {
        "short", "hidden", "meeting", "together"
    }  # fmt: skip


def test_traits_know_the_cells_that_a_track_crosses() -> None:
    events, failures = (importlib.import_module(f"counted.{n}") for n in ("events", "failures"))
    for event in events.test_sample(40, 3):
        made = failures.Event.of(event)
        assert made.crossed[made.own, np.arange(len(made.own))].all()


def test_speed_and_an_event(
    made: tuple[Path, dict[str, Any]], card: str, start: Callable[..., dict[str, Any]]
) -> None:
    speed = start("g_speed", made[0], "--model", card)["numbers"]
    assert speed["network"]["value"] > speed["file"]["value"] > 1
    event = start("d_events", made[0], "--model", card)["numbers"]
    assert event["count"] in range(4)
    assert 0.25 <= event["probability"] <= 1


def test_a_file_is_tagged_and_its_events_are_counted(
    made: tuple[Path, dict[str, Any]], card: str, start: Callable[..., dict[str, Any]]
) -> None:
    from rootml_supernemo import ADAPTER

    path = made[0] / "flat.root"
    ADAPTER.write(path, 30, np.random.default_rng(2), layout="tkevent_flat", tracks="0:3")
    numbers = start("h_real_format", made[0], "--model", card, "--file", str(path))["numbers"]
    assert numbers["events"] == sum(numbers["counts"].values()) == 30
    assert numbers["layout"] == "tkevent_flat"
    with pytest.raises(InputError, match="--file"):
        start("h_real_format", made[0], "--model", card)


def test_page_says_what_was_recorded(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    report = importlib.import_module("report")
    report.main.main(["--record", str(made[0]), "--docs", str(tmp_path)], standalone_mode=False)
    page = (tmp_path / "supernemo.md").read_text()
    assert "| front | " in page
    images = {(tmp_path / path) for path in re.findall(r"!\[[^]]+\]\((\S+)\)", page)}
    assert images == set((tmp_path / "supernemo").glob("*.png"))
    assert max(image.stat().st_size for image in images) < 60_000


def test_page_in_the_docs_is_that_of_the_records() -> None:
    page = importlib.import_module("counted.page").page
    docs = ROOT / "docs" / "studies"
    records = [
        json.loads(p.read_text()) for p in sorted((docs / "supernemo" / "results").glob("*.json"))
    ]
    assert (docs / "supernemo.md").read_text() == page(records)
    named = {docs / path for path in re.findall(r"\((supernemo/\w+\.png)\)", page(records))}
    assert named
    assert all(image.exists() for image in named)
