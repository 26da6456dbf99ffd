"""Dead cells and decays of SuperNEMO: what the pages' numbers are made of."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest

from rootml_supernemo.simulation import simulate

SUPERNEMO = Path(__file__).resolve().parents[2] / "examples" / "supernemo"


@pytest.fixture(autouse=True)
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SUPERNEMO))


def test_cells_between_hits_are_those_with_opposite_neighbours() -> None:
    from silent.cells import between

    hit = np.zeros((1, 2, 9, 113), bool)
    hit[0, 0, [2, 4], 50] = True  # a gap in a row
    hit[0, 1, 3, [7, 9]] = True  # in a layer
    hit[0, 1, [0, 2], [20, 22]] = True  # on a diagonal
    hit[0, 0, [6, 7], [80, 82]] = True  # a knight's move is none
    assert np.argwhere(between(hit)).tolist() == [[0, 0, 3, 50], [0, 1, 1, 21], [0, 1, 3, 8]]


def test_added_hits_have_the_heights_around_them() -> None:
    from silent.cells import Cells, with_hits

    events = simulate(40, np.random.default_rng(2), tracks=1, conditions="detector", noise=0.0)
    cells = Cells.of(events)
    assert cells.lost.sum() == ak.sum(ak.num(events.truth_lost_side)) > 20
    more = with_hits(events, cells.lost)
    counts = ak.num(events.grid_side)
    assert ak.all(ak.num(more.wirez) == counts + ak.num(events.truth_lost_side))
    added = more.wirez[ak.local_index(more.wirez) >= counts]
    middle, spread = ak.nanmean(events.wirez, axis=1), ak.nanstd(events.wirez, axis=1)
    near = abs(added - middle) < 3 * spread + 50
    assert ak.mean(near[~np.isnan(added)]) > 0.95


def test_the_page_on_dead_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who knows the truth finds all and nothing else; the rule does not."""
    from silent import measure, report

    def told(events: ak.Array, network: object) -> np.ndarray:
        cells = measure.Cells.of(events)
        return 0.9 * (cells.hit | cells.lost)

    monkeypatch.setattr(measure, "crossed", told)
    monkeypatch.setattr(measure, "count", lambda events, _: np.arange(len(events)) % 4 > 0)
    found = [measure.measure(dead, 60, None, None, np.random.default_rng(1)) for dead in (0.1, 0.2)]
    efficiency, purity = found[0].curve[0.5]
    assert (efficiency.value, purity.value) == (1, 1)
    assert found[1].rule[0].value < 0.6
    about = {"events": 60, "parameters": 1, "train": 1}
    page = report.page(found, about, tmp_path / "figures", tmp_path)
    assert "| 20 | " in page
    assert "75.0 ± " in page
    assert "](figures/cells.png)" in page
    report.figure(found)


def test_energies_where_tracks_end_are_without_noise() -> None:
    from told.measure import where_tracks_end

    asked = {"events": "0nubb", "calo_noise": 0.0}
    quiet = simulate(200, np.random.default_rng(3), **asked)
    total = ak.to_numpy(ak.sum(quiet.calo_energy, axis=1))
    seen = where_tracks_end(quiet)
    assert np.mean(np.isclose(seen, total)) > 0.95  # some tracks have no hits
    loud = simulate(200, np.random.default_rng(3), events="0nubb", calo_noise=5.0)
    assert np.median(where_tracks_end(loud)) == pytest.approx(np.median(seen), abs=0.05)


def test_the_page_on_decays(tmp_path: Path) -> None:
    from told import report
    from told.measure import ENERGY, NETWORK, TRACKS, Sample

    rng = np.random.default_rng(4)
    signal = np.arange(2000) % 2 == 0
    energy = np.where(signal, 2.9, 2.5) + 0.1 * rng.standard_normal(2000)
    said = {ENERGY: rng.random(2000), TRACKS: energy, NETWORK: energy + 0.0}
    modules = rng.integers(2, 4, 2000)
    found = Sample(signal, said, energy, modules, rng.random(2000) < 0.7)
    about = {"parameters": 1, "train": 1, "least": 2.0, "share": 1.5}
    page = report.page(found, about, tmp_path / "figures", tmp_path)
    assert "1 (1 to 1) at 90 % of the signal" in page
    assert "| three modules or more | " in page
    report.figure(found)
