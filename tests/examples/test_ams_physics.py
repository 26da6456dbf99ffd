"""The simulation of the AMS calorimeter beside the literature, as a page and by its numbers."""

from __future__ import annotations

import json
import math
import re
from itertools import pairwise
from pathlib import Path

import pytest

AMS = Path(__file__).resolve().parents[2] / "examples" / "ams"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with what the command wrote."""
    from click.testing import CliRunner

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(AMS))
        from physics import main

        folder = tmp_path_factory.mktemp("physics")
        done = CliRunner().invoke(
            main, ["-o", str(folder), "--electrons", "60", "--protons", "600", "--seed", "3"]
        )
        assert done.exception is None, done.output
    return folder


@pytest.fixture(scope="module")
def showers(made: Path) -> list[dict]:
    return json.loads((made / "result.json").read_text())["showers"]


def test_the_page_has_all_its_figures_and_numbers(made: Path) -> None:
    page = (made / "README.md").read_text()
    figures = re.findall(r"\]\(\./?(\w+\.png)\)|\]\((\w+\.png)\)", page)
    assert {name for pair in figures for name in pair if name} == {
        path.name for path in made.glob("*.png")
    }
    assert len(list(made.glob("*.png"))) == 9
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 12
    assert all(len(row) == 4 and all(cell.strip() for cell in row) for row in rows)
    assert "points from the experiment's 75%" in page


def test_shower_maxima_follow_the_logarithm_of_the_energy(showers: list[dict]) -> None:
    """PDG: ln(E / Ec) - 0.5, and b of about 0.5 behind the maximum."""
    for one in showers:
        expected = math.log(1000 * one["energy"] / 8.3) - 0.5
        assert one["maximum"]["value"] == pytest.approx(expected, abs=0.9)
        assert one["fall"]["value"] == pytest.approx(0.5, abs=0.12)


def test_less_is_contained_of_more(showers: list[dict]) -> None:
    contained = [one["contained"]["value"] for one in showers]
    assert all(after < before + 0.01 for before, after in pairwise(contained))
    assert contained[6] == pytest.approx(0.75, abs=0.05)  # 1 TeV


def test_energy_and_direction_are_measured_better_at_higher_energy(showers: list[dict]) -> None:
    first, last = showers[0], showers[-1]
    assert first["resolution"]["value"] > 1.3 * last["resolution"]["value"]
    assert 3 > first["angle"]["value"] > 2 * last["angle"]["value"]
    assert all(abs(one["bias"]["value"]) < 0.03 for one in showers)


def test_most_deposits_lie_within_a_moliere_radius(showers: list[dict]) -> None:
    """In projection more than the 90 % that lie within it in space (2.5 cm: the sixth step)."""
    assert all(0.9 < one["within"][5][0] < 1 for one in showers)
