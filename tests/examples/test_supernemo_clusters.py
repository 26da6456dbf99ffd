"""Hits joined to tracks by agglomerative clustering and by a network, as a page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SUPERNEMO = Path(__file__).resolve().parents[2] / "examples" / "supernemo"


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(str(SUPERNEMO))


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


def test_the_page_has_all_ways(example: None, tmp_path: Path) -> None:
    """The shipped network is better than what has no network, most of all with noise."""
    from click.testing import CliRunner
    from clusters import main

    done = CliRunner().invoke(main, ["-o", str(tmp_path), "--events", "200"])
    assert done.exception is None, done.output
    page = (tmp_path / "README.md").read_text()
    assert (tmp_path / "ways.png").stat().st_size > 5000
    for conditions in ("clean", "detector"):
        rows = [line.split("|") for line in page.splitlines() if line.startswith(f"| {conditions}")]
        *others, ours = (float(row[3].split()[0]) for row in rows)
        assert len(others) == 3
        assert min(others) > 20
        assert ours > max(others)


def test_a_network_that_parts_no_hits_is_refused(example: None, tmp_path: Path) -> None:
    from click.testing import CliRunner
    from clusters import main

    done = CliRunner().invoke(main, ["-o", str(tmp_path), "--model", "cnn_ams"])
    assert "does not part hits into tracks" in str(done.exception)
