"""Straight lines to the calorimeter, and what is right by them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

SUPERNEMO = Path(__file__).resolve().parents[2] / "examples" / "supernemo"


@pytest.fixture(autouse=True)
def example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SUPERNEMO))


def line(start: tuple[float, ...], step: tuple[float, ...], count: int = 9) -> np.ndarray:
    """Hits (count, 3) on a line."""
    return np.array(start, np.float64) + np.arange(count)[:, None] * np.array(step)


@pytest.mark.parametrize(
    ("start", "step", "wall"),
    [
        ((53, 0, 0), (44, 22, 11), (435, 191, 95.5)),
        ((-53, 0, 0), (-44, 22, 11), (-435, 191, 95.5)),
        ((53, 2000, 0), (10, 44, 0), (53 + 505.5 * 10 / 44, 2505.5, 0)),
        ((97, 0, 100), (20, 0, -150), (97 + 1650 / 150 * 20, 0, -1550)),
    ],
)
def test_lines_meet_the_next_wall(start, step, wall):
    from ends.rule import end

    hits = line(start, step)
    for order in (hits, hits[::-1]):
        np.testing.assert_allclose(end(order), wall, atol=1e-6)
    hits[2:5, 2] = np.nan
    np.testing.assert_allclose(end(hits), wall, atol=1e-6)


def test_only_the_last_hits_count():
    """Those behind a kink."""
    from ends.rule import LAST, end

    straight = line((250, 100, 0), (20, 10, 5), LAST)
    first = line((53, 100, 0), (40, 0, 0), 4)
    np.testing.assert_allclose(
        end(np.concatenate([first, straight])), (435, 192.5, 46.25), atol=1e-6
    )


def test_hits_without_a_height_end_at_a_wall_too():
    from ends.rule import end

    hits = line((53, 0, 0), (44, 22, 0))
    hits[:, 2] = np.nan
    found = end(hits)
    np.testing.assert_allclose(found[:2], (435, 191), atol=1e-6)
    assert np.isnan(found[2])


def test_hits_get_the_module_near_the_end_of_their_line():
    from ends.rule import Event, by_rule

    hits = np.concatenate([line((53, 0, 0), (44, 0, 0)), line((53, 600, 0), (44, 0, 0))])
    modules = np.array([[435.0, 650, 20], [435, 2000, 0], [435, -100, 0]])
    track = np.repeat([0, 1], 9)
    event = Event(hits, modules, track, np.repeat([2, 0], 9))
    (found,) = by_rule([event], [track], reach=150)
    assert found.tolist() == event.module.tolist()
    (found,) = by_rule([event], [track], reach=80)
    assert found.tolist() == [-1] * 9 + [0] * 9
    (found,) = by_rule([event], [np.full(18, -1)], reach=150)
    assert found.tolist() == [-1] * 18


def test_the_page_has_all_ways(tmp_path):
    from association import main
    from click.testing import CliRunner

    done = CliRunner().invoke(main, ["-o", str(tmp_path), "--events", "50"])
    assert done.exception is None, done.output
    page = (tmp_path / "README.md").read_text()
    assert (tmp_path / "accuracy.png").stat().st_size > 5000
    rows = [line.split("|") for line in page.splitlines() if line.startswith(("| clean", "| det"))]
    right = {(row[1].strip(), row[2].strip()): float(row[3].split()[0]) for row in rows}
    assert len(right) == 6
    assert right["clean", "straight line, true tracks"] > 80
    assert right["clean", "network"] > right["clean", "straight line"]
