"""The simulation of SuperNEMO beside others' numbers, as a page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

SUPERNEMO = Path(__file__).resolve().parents[2] / "examples" / "supernemo"


def test_the_page_has_all_its_figures_and_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from rootml.registry import get_adapter

    other = tmp_path / "other.root"
    get_adapter("supernemo").write(other, 50, np.random.default_rng(1), layout="tkevent_flat")
    monkeypatch.syspath_prepend(str(SUPERNEMO))
    from physics import main

    asked = ["-o", str(tmp_path / "page"), "--events", "800", "--falaise", str(other)]
    done = CliRunner().invoke(main, asked)
    assert done.exception is None, done.output
    page = (tmp_path / "page" / "README.md").read_text()
    figures = {path.name for path in (tmp_path / "page").glob("*.png")}
    assert set(re.findall(r"\]\(\./(\w+\.png)\)", page)) == figures
    assert len(figures) == 7
    rows = {
        cells[1].strip(): cells[2].strip()
        for cells in (line.split("|") for line in page.splitlines() if line.startswith("| "))
    }
    assert len(rows) == 16
    assert float(rows["resolution of heights in the middle of a wire, mm"].split()[0]) == (
        pytest.approx(10, rel=0.1)
    )
    assert rows["radius of electrons of 1 MeV/c across 2.5 mT, mm"] == "1334.3"
