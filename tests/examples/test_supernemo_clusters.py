"""Hits joined to tracks by agglomerative clustering, as a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SUPERNEMO = Path(__file__).resolve().parents[2] / "examples" / "supernemo"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(str(SUPERNEMO))


def test_what_clusters_are_worth(example: None) -> None:
    """By hand: two tracks of which one is torn in two and shares a cluster with the other."""
    from joined.measure import measure
    from joined.methods import Hits

    track = [np.array([0, 0, 0, 1, 1, 1, -1]), np.array([0, 0])]
    hits = Hits([np.zeros((7, 3)), np.zeros((2, 3))], track)
    found = measure(hits, [np.array([1, 1, 2, 2, 2, 2, 3]), np.array([5, 5])])
    assert (found.right[0].value, found.right[1].value, found.right[2].value) == (0.5, 1.0, 0.0)
    assert found.purity.value == pytest.approx((5 / 6 + 1) / 2)
    assert found.efficiency.value == pytest.approx((5 / 6 + 1) / 2)
    assert found.rand.value == pytest.approx((12 / 37 + 1) / 2)


def test_methods_join_what_is_near(example: None) -> None:
    """Two lines of hits 44 mm apart, 300 mm from each other, are two clusters in every way."""
    from joined.methods import METHODS, Hits, choose

    line = np.stack([np.arange(9) * 44.0, np.zeros(9), np.zeros(9)], axis=1)
    both = Hits(
        [np.concatenate([line, line + np.array([0, 300, 0])])] * 3, [np.repeat([0, 1], 9)] * 3
    )
    for name in ("single", "kernel"):
        clusters = choose(METHODS[name], both).clusters(both)
        assert all(len(set(one[:9])) == len(set(one[9:])) == 1 for one in clusters), name
        assert all(one[0] != one[9] for one in clusters), name


def test_the_page_has_all_methods(example: None, tmp_path: Path) -> None:
    from click.testing import CliRunner
    from clusters import main

    done = CliRunner().invoke(main, ["-o", str(tmp_path), "--events", "50"])
    assert done.exception is None, done.output
    page = (tmp_path / "README.md").read_text()
    assert (tmp_path / "accuracy.png").stat().st_size > 5000
    rows = [line.split("|") for line in page.splitlines() if line.startswith(("| clean", "| det"))]
    assert len(rows) == 6
    assert all(float(row[5].split()[0]) > 20 for row in rows)
