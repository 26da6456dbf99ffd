"""The studies of AMS, tiny: what they record is what scores and truth give."""

from __future__ import annotations

import importlib
import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from rootml.errors import InputError, RootmlError, TrainingError

ROOT = Path(__file__).resolve().parents[2]
SIZES = ("--scale", "2.2e-5", "--test-events", "400", "--epochs", "1", "-m", "mlp")


@pytest.fixture(scope="module", autouse=True)
def studies_on_the_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "examples" / "ams"))
        yield


@pytest.fixture(scope="module")
def start() -> Callable[..., dict[str, Any]]:
    """``start("b_below_and_above_1_tev", folder, "-m", "mlp")`` runs a study, gives its record."""

    def run(name: str, folder: Path, *words: str) -> dict[str, Any]:
        study, options = (importlib.import_module(m) for m in (name, "common.options"))
        words = (*words, "-o", str(folder))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [f"{name}.py", *words])
            command = options.command(study.main, study.NETWORKS, scale=1.0)
            command.main(list(words), standalone_mode=False)
        record: dict[str, Any] = json.loads((folder / name / "result.json").read_text())
        return record

    return run


@pytest.fixture(scope="module")
def made(
    start: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The output folder and the record of study (b)."""
    folder = tmp_path_factory.mktemp("ams")
    return folder, start("b_below_and_above_1_tev", folder, *SIZES)


def rejection(scores: np.ndarray, electron: np.ndarray) -> tuple[float, int]:
    """At the highest cut that keeps nine of ten electrons."""
    cut = np.sort(scores[electron])[math.floor(0.1 * electron.sum())]
    passed = int(np.sum(scores[~electron] >= cut))
    return np.sum(~electron) / passed, passed


def test_records_what_scores_and_truth_give(made: tuple[Path, dict[str, Any]]) -> None:
    uproot = pytest.importorskip("uproot")
    folder, record = made
    with uproot.open(folder / "data" / "reconstructed_test.root") as file:
        tree = file["t1"].arrays(["en3d", "truth_label", "ecal3dbdt"], library="np")
    (kept,) = (folder / "models" / "mlp_ams_reconstructed").glob("scores_test_*.npy")
    scores = {"mlp": np.load(kept), "bdt": tree["ecal3dbdt"]}
    low = tree["en3d"] < 1000
    for key, region in {"below": low, "above": ~low}.items():
        comparison = record["comparisons"][key]
        electron = tree["truth_label"][region] == 1
        assert (comparison["electrons"], comparison["protons"]) == (
            electron.sum(),
            (~electron).sum(),
        )
        rows = {row["name"]: row for row in comparison["classifiers"]}
        value, passed = rejection(scores["mlp"][region], electron)
        assert rows["mlp"]["rejection"]["value"] == pytest.approx(value, rel=1e-5)
        assert rows["mlp"]["protons_passed"] == passed
        assert set(rows) == {"mlp", "bdt", "likelihood"}
    assert all(
        (folder / record["name"] / f"{name}.{suffix}").stat().st_size > 1000
        for name in record["figures"]
        for suffix in ("png", "pdf")
    )


def test_trains_below_1_tev_and_never_twice(
    made: tuple[Path, dict[str, Any]], start: Callable[..., dict[str, Any]]
) -> None:
    folder, record = made
    model = folder / "models" / "mlp_ams_reconstructed" / "mlp_ams_reconstructed.card.yaml"
    before = model.stat().st_mtime_ns
    (trained,) = record["trainings"].values()
    assert "--split energy:1000:50/0/50:0/50/50" in trained["command"]
    found = start("c_rejection_against_energy", folder, *SIZES)
    assert model.stat().st_mtime_ns == before
    bins = found["numbers"]["bins"]
    assert sum(one["protons"] for one in bins["mlp"]) == found["comparisons"]["all"]["protons"]
    with pytest.raises(TrainingError, match="epochs: 1, now 2"):
        start("c_rejection_against_energy", folder, *SIZES[:4], "--epochs", "2", "-m", "mlp")


def test_own_files_need_others_to_test_on(
    made: tuple[Path, dict[str, Any]], start: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    train, test = (made[0] / "data" / f"reconstructed_{part}.root" for part in ("train", "test"))
    with pytest.raises(InputError, match="--test-files"):
        start("b_below_and_above_1_tev", tmp_path, *SIZES, "--files", str(train))
    with pytest.raises(InputError, match="need"):
        start("b_below_and_above_1_tev", tmp_path, "--data", str(test.parent), "--scale", "1")


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("cnn_amz", "no recipe is called 'cnn_amz'; did you mean 'cnn_ams'"),
        ("bdt", "no recipe is called 'bdt'; did you mean 'bdt_ams'"),
        ("trkqual_mu2e", "for the adapter 'mu2e', not for ams"),
        ("xgboost", "several views"),
    ],
)
def test_wrong_networks_are_refused_before_anything_is_simulated(
    network: str, said: str, start: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    with pytest.raises(RootmlError, match=said):
        start("d_one_channel_against_two", tmp_path / "made", *SIZES[:4], "-m", network)
    assert not (tmp_path / "made").exists()


def test_page_says_what_was_recorded(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, record = made
    report = importlib.import_module("report")
    report.main.main(["--record", str(folder), "--docs", str(tmp_path)], standalone_mode=False)
    page = (tmp_path / "ams.md").read_text()
    for row in record["comparisons"]["below"]["classifiers"]:
        assert f"| {row['title']} |" in page
    images = {(tmp_path / path) for path in re.findall(r"!\[[^]]+\]\((\S+)\)", page)}
    assert images == set((tmp_path / "ams").glob("*.png"))
    assert max(image.stat().st_size for image in images) < 60_000


def test_page_in_the_docs_is_that_of_the_records() -> None:
    page = importlib.import_module("common.page").page
    docs = ROOT / "docs" / "studies"
    records = [json.loads(p.read_text()) for p in sorted((docs / "ams" / "results").glob("*.json"))]
    assert (docs / "ams.md").read_text() == page(records)
    named = {docs / path for path in re.findall(r"\((ams/\w+\.png)\)", page(records))}
    assert all(image.exists() for image in named)


@pytest.mark.parametrize(
    ("talk", "value", "p_value", "told"),
    [
        (5, 3.0, 1e-4, "the same order"),
        (5, 0.5, 1e-4, "**the order differs**, significantly"),
        (5, 0.5, 0.3, "the other order, not significant"),
        (None, 1.2, 0.3, "the same order, not significant"),
        (1, 1.2, 0.3, "equal within the errors, as there"),
        (1, 2.0, 1e-4, "here they differ significantly"),
    ],
)
def test_verdicts(talk: float | None, value: float, p_value: float, told: str) -> None:
    verdict = importlib.import_module("common.words").verdict
    here = {"value": value, "low": value / 2, "high": 2 * value}
    assert verdict({"talk": talk, "here": here, "p_value": p_value}) == told


def test_power_law_is_found_again() -> None:
    learning = importlib.import_module("common.learning")
    rng = np.random.default_rng(4)
    events = 1000 * 2 ** np.arange(8)
    passed = rng.poisson(1e6 / (50 * (events / 1000) ** 0.5))
    law = learning.fit_power_law(
        [learning.Point(n, k, 1e6, None) for n, k in zip(events, passed, strict=True)]
    )
    error = math.sqrt(law.covariance[1, 1])
    assert law.exponent == pytest.approx(0.5, abs=3 * error)
    assert error < 0.02
    at = law.at(256_000)
    assert at.low < 800 < at.high
    assert law.needed(800) == pytest.approx(256_000, rel=0.1)
