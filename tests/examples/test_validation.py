"""The example studies, small: what their reports say is what the tagged branches hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

pytest.importorskip("torch")
pytest.importorskip("lightning")


def read(folder: Path) -> tuple[dict[str, Any], dict[tuple[str, str], dict[str, Any]]]:
    """The study, and its reports by model and sample."""
    study = json.loads((folder / "report.json").read_text())
    return study, {(r["model"]["name"], r["sample"]["name"]): r for r in study["reports"]}


def branch(path: Path, name: str) -> np.ndarray:
    with uproot.open(path) as file:
        return file[file.keys(recursive=False)[0]][name].array(library="np")


def auc(signal: np.ndarray, background: np.ndarray) -> float:
    """Share of pairs in which the signal's score is higher; ties count as half."""
    pairs = signal[:, None], background
    return float(np.greater(*pairs).mean() + np.equal(*pairs).mean() / 2)


def test_ams_compares_networks_and_data(study: Callable[..., Path]) -> None:
    folder = study("ams", EVENTS=40)
    compared, found = read(folder / "networks")
    assert "score_roc_models" in {plot["name"] for plot in compared["plots"]}
    for name in ("cnn_ams", "cvt_ams"):
        report = found[name, "Electrons_and_protons"]
        assert report["figures"]["events"]["judged"] == 80
        score = [
            branch(folder / f"tagged/{kind}.root", f"{name}_score")
            for kind in ("electrons", "protons")
        ]
        made = report["figures"]["outputs"]["score"]["auc"]
        assert made["value"] == pytest.approx(auc(*score), abs=1e-3)

    stacked, found = read(folder / "flight")
    assert {plot["family"] for plot in stacked["plots"]} >= {"stack"}
    weights = 200 / branch(folder / "protons.root", "en3d")
    events = found["cnn_ams", "Protons"]["figures"]["events"]
    assert events["weight"] == pytest.approx(weights.sum())
    assert events["effective"] == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert found["cnn_ams", "Flight"]["figures"]["events"]["judged"] == 40
    variation = found["cnn_ams", "Protons_harder"]["figures"]["events"]
    assert variation["weight"] == pytest.approx((weights**0.8).sum())


def test_atlas_corrects_the_energy_of_electrons(study: Callable[..., Path]) -> None:
    folder = study("atlas", EVENTS=1200)
    _, found = read(folder / "energy")
    tagged = folder / "tagged/test.root"
    true = branch(tagged, "p_truth_E") / 1e3
    estimates = {"residual_energy": branch(tagged, "electron_energy_energy")}
    estimates["residual_energy_calibrated"] = branch(tagged, "p_e") / 1e3
    report = found["electron_energy", "Test"]
    widths = {}
    for one in report["figures"]["outputs"]["energy"]["residual"]["estimators"]:
        low, high = np.quantile(estimates[one["name"]] / true - 1, [0.25, 0.75])
        assert one["eiqr75"]["value"] == pytest.approx((high - low) / 1.349, rel=0.01)
        widths[one["name"]] = one["eiqr75"]["value"]
    assert widths["residual_energy"] < widths["residual_energy_calibrated"]
    plots = {plot["name"] for plot in report["plots"]}
    assert {"energy_resolution_vs_eta", "energy_peak", "energy_pull"} <= plots

    stacked, found = read(folder / "data")
    assert "energy_residual" in found["electron_energy", "Data"]["not_drawn"]
    assert "energy_stack" in {plot["name"] for plot in stacked["plots"]}


@pytest.mark.filterwarnings("ignore")  # of torch's exporter, on itself
def test_supernemo_counts_tracks(study: Callable[..., Path]) -> None:
    folder = study("supernemo", EVENTS=1000, EPOCHS=4)
    _, found = read(folder / "counting")
    report = found["count_tracks", "Test"]
    made = branch(folder / "tagged.root", "count_tracks_ntracks")
    true = branch(folder / "tagged.root", "n_tracks")
    assert (made == true).mean() > 0.7  # a quarter by chance
    judged = [one["judged"] for one in report["figures"]["events"]["classes"].values()]
    assert judged[:4] == np.bincount(true, minlength=4).tolist()
