"""The studies of ATLAS, tiny: what they record is what energies and truth give."""

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

from rootml.errors import InputError, RegistryError, TrainingError

ROOT = Path(__file__).resolve().parents[2]
NETWORK = "energy_atlas_top_track"
TITLE = "top: track"
SIZES = ("--events", "160", "--test-events", "600", "--epochs", "1", "--batch-size", "32")
SIZES += ("--set", "channels=2", "--precision", "32")


@pytest.fixture(scope="module", autouse=True)
def studies_on_the_path() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "examples" / "atlas"))
        yield


@pytest.fixture(scope="module")
def start() -> Callable[..., dict[str, Any]]:
    """``start("c_z_peak", folder, "--model", card)`` runs a study, gives its record."""

    def run(name: str, folder: Path, *words: str) -> dict[str, Any]:
        study, options = (importlib.import_module(m) for m in (name, "energies.options"))
        words = (*words, "-o", str(folder))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [f"{name}.py", *words])
            patch.setattr("energies.peak.REPLICAS", 2)
            options.command(study.main).main(list(words), standalone_mode=False)
        record: dict[str, Any] = json.loads((folder / name / "result.json").read_text())
        return record

    return run


@pytest.fixture(scope="module")
def made(
    start: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The output folder and the record of study (a)."""
    folder = tmp_path_factory.mktemp("atlas")
    return folder, start("a_combinations", folder, *SIZES, "-m", NETWORK)


@pytest.fixture(scope="module")
def card(made: tuple[Path, dict[str, Any]]) -> Path:
    """Of the network that study (a) trained."""
    return made[0] / "models" / f"{NETWORK}_mc" / f"{NETWORK}_mc.card.yaml"


def electrons(file: Path) -> dict[str, np.ndarray]:
    """Columns of a simulated file, energies in GeV."""
    import uproot

    names = {"truth": "p_truth_E", "energy": "p_e", "eta": "p_eta", "phi": "p_phi"}
    with uproot.open(file) as opened:
        tree = opened["electrons"].arrays(list(names.values()), library="np")
    found = {key: tree[name].astype(float) for key, name in names.items()}
    return {**found, "truth": found["truth"] / 1e3, "energy": found["energy"] / 1e3}


def eiqr75(energy: np.ndarray, truth: np.ndarray) -> float:
    low, high = np.quantile(energy / truth, [0.25, 0.75])
    return float((high - low) / 1.349)


def test_records_what_energies_and_truth_give(made: tuple[Path, dict[str, Any]]) -> None:
    folder, record = made
    numbers = record["numbers"]
    found = electrons(folder / "samples" / "mc_test.root")
    (kept,) = (folder / "energies").glob("*_mc_test_*.npy")
    network = np.load(kept)
    good = np.isfinite(network) & (np.abs(found["energy"] / found["truth"] - 1) < 0.6)
    assert (numbers["electrons"], numbers["left_out"]) == (good.sum(), np.sum(~good))
    before, after = (eiqr75(e[good], found["truth"][good]) for e in (found["energy"], network))
    rows = numbers["estimates"]
    assert rows["baseline"]["eiqr75"]["value"] == pytest.approx(before, rel=0.03)
    assert rows[TITLE]["eiqr75"]["value"] == pytest.approx(after, rel=0.03)
    assert rows[TITLE]["reiqr75"]["value"] == pytest.approx(
        1 - rows[TITLE]["eiqr75"]["value"] / rows["baseline"]["eiqr75"]["value"], abs=1e-4
    )
    assert rows["baseline"]["reiqr75"] == {"value": 0, "error": 0}
    assert 0 < rows[TITLE]["eiqr75"]["error"] < 0.3 * after
    assert numbers["best"] == TITLE
    assert record["networks"][f"{NETWORK}_mc"]["events"]["train"] <= 160


def test_never_trains_twice(
    made: tuple[Path, dict[str, Any]], card: Path, start: Callable[..., dict[str, Any]]
) -> None:
    before = card.stat().st_mtime_ns
    again = start("a_combinations", made[0], *SIZES, "-m", NETWORK)
    assert card.stat().st_mtime_ns == before
    assert again["numbers"] == made[1]["numbers"]
    with pytest.raises(TrainingError, match="epochs: 1, now 2"):
        start("a_combinations", made[0], *SIZES, "--epochs", "2", "-m", NETWORK)


def test_held_out_electrons_in_bins(
    made: tuple[Path, dict[str, Any]],
    card: Path,
    start: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.import_module("b_held_out"), "LEAST", 40)
    record = start("b_held_out", made[0], *SIZES, "--model", str(card))
    assert set(record["numbers"]) == {"mc_test", "electrons_test"}
    for one in record["numbers"].values():
        for bins in one["bins"].values():
            assert 0 < sum(b["electrons"] for b in bins) <= one["electrons"]
            assert all(
                b["estimates"]["baseline"]["ratio"] == {"value": 1, "error": 0} for b in bins
            )
    assert all(
        (made[0] / record["name"] / f"{name}.{suffix}").stat().st_size > 1000
        for name in record["figures"]
        for suffix in ("png", "pdf")
    )


def test_masses_of_the_same_events_before_and_after(
    made: tuple[Path, dict[str, Any]], card: Path, start: Callable[..., dict[str, Any]]
) -> None:
    folder = made[0]
    mine = ("--files", f"mc_test={folder / 'samples' / 'mc_test.root'}")
    record = start("c_z_peak", folder, *SIZES, *mine, "--model", str(card))
    assert set(record["numbers"]) == {"mc_test"}
    assert record["numbers"]["mc_test"]["events"] == 300
    found = electrons(folder / "samples" / "mc_test.root")
    masses = importlib.import_module("energies.peak").Masses.of_pairs
    sample = importlib.import_module("energies.samples").Sample(
        "mc_test", (folder / "samples" / "mc_test.root",), 600
    )
    one = masses(sample, sample.electrons(), {"truth": found["truth"]}).of["truth"]
    momenta = found["truth"][:, None] * np.stack(
        [
            np.cos(found["phi"]) / np.cosh(found["eta"]),
            np.sin(found["phi"]) / np.cosh(found["eta"]),
            np.tanh(found["eta"]),
        ],
        axis=1,
    )
    energy, momentum = found["truth"].reshape(-1, 2).sum(1), momenta.reshape(-1, 2, 3).sum(1)
    assert one == pytest.approx(np.sqrt(energy**2 - (momentum**2).sum(1)), rel=1e-5)


def test_data_and_simulation_with_one_network_for_all(
    made: tuple[Path, dict[str, Any]],
    card: Path,
    start: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same network thrice: what both gain is what each gains, less than the sum of them."""
    study = importlib.import_module("d_data_and_simulation")

    def trained(at: Any) -> dict[str, Any]:
        return dict.fromkeys((study.MC, study.DATA, study.BOTH), at.model())

    monkeypatch.setattr(study, "train", trained)
    record = start("d_data_and_simulation", made[0], *SIZES, "--model", str(card))
    for one in record["numbers"].values():
        gains = {row["improvement"]["value"] for name, row in one["fits"].items() if name[0] == "t"}
        assert len(gains) == 1
        assert one["truth"]["electrons"] > 500
    assert one["excess"]["value"] == pytest.approx(-gains.pop(), rel=1e-2)
    assert one["beyond"] == {"value": 0, "error": 0}


def test_speed_of_every_engine(
    made: tuple[Path, dict[str, Any]],
    card: Path,
    start: Callable[..., dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.import_module("e_speed"), "ROUNDS", 2)
    numbers = start("e_speed", made[0], *SIZES, "--model", str(card))["numbers"]
    assert numbers["electrons"] > 500
    assert numbers["engines"]["onnxruntime, 1 thread"]["ratio"]["value"] == 1
    assert all(one["difference"] < 0.01 for one in numbers["engines"].values())


def test_page_says_what_was_recorded(made: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    folder, _ = made
    report = importlib.import_module("report")
    report.main.main(["--record", str(folder), "--docs", str(tmp_path)], standalone_mode=False)
    page = (tmp_path / "atlas.md").read_text()
    assert f"| {TITLE} | " in page
    images = {(tmp_path / path) for path in re.findall(r"!\[[^]]+\]\((\S+)\)", page)}
    assert images == set((tmp_path / "atlas").glob("*.png"))
    assert max(image.stat().st_size for image in images) < 60_000


def test_page_in_the_docs_is_that_of_the_records() -> None:
    page = importlib.import_module("energies.page").page
    docs = ROOT / "docs" / "studies"
    records = [
        json.loads(p.read_text()) for p in sorted((docs / "atlas" / "results").glob("*.json"))
    ]
    assert (docs / "atlas.md").read_text() == page(records)
    named = {docs / path for path in re.findall(r"\((atlas/\w+\.png)\)", page(records))}
    assert named
    assert all(image.exists() for image in named)


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("-m", "energy_atlas_top_trak"), RegistryError, "did you mean 'energy_atlas_top_track'"),
        (("--files", "mc_tset=x.root"), InputError, "did you mean 'mc_test'"),
        (("--files", "mc_test=x.root"), InputError, "no such file"),
        (("--files", f"mc_test={__file__}"), InputError, "needs mc_train=FILE too"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_simulated(
    words: tuple[str, ...],
    error: type[Exception],
    said: str,
    start: Callable[..., dict[str, Any]],
    tmp_path: Path,
) -> None:
    with pytest.raises(error, match=said):
        start("a_combinations", tmp_path / "made", *SIZES, *words)
    assert not (tmp_path / "made").exists()


def test_errors_of_ranges_are_those_of_repeated_experiments() -> None:
    """Pairs of electrons that share half of their error: the bootstrap of events knows it."""
    resampling = importlib.import_module("energies.resampling")
    rng = np.random.default_rng(5)
    pair = np.repeat(np.arange(1000), 2)

    def experiment() -> tuple[np.ndarray, np.ndarray]:
        before = rng.normal(0, 0.02, 2000) + np.repeat(rng.normal(0, 0.02, 1000), 2)
        return before, 0.8 * before + rng.normal(0, 0.005, 2000)

    drawn = resampling.weights(pair, 100)
    found = []
    for _ in range(150):
        ranges = [resampling.Ranges.of(one, drawn) for one in experiment()]
        gain = 1 - ranges[1].eiqr75 / ranges[0].eiqr75
        found.append((gain[0], gain[1:].std(), ranges[0].eiqr75[0], ranges[0].eiqr75[1:].std()))
    gain, gain_error, width, width_error = np.array(found).T
    assert gain_error.mean() == pytest.approx(gain.std(), rel=0.25)
    assert width_error.mean() == pytest.approx(width.std(), rel=0.25)
    apart = np.sqrt(2) * (1 - gain.mean()) * width_error.mean() / width.mean()
    assert gain_error.mean() < 0.6 * apart  # what both have in common cancels
