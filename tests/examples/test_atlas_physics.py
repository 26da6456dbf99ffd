"""The simulation of ATLAS beside the literature, as a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ATLAS = Path(__file__).resolve().parents[2] / "examples" / "atlas"


def test_the_page_has_all_its_figures_and_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    pytest.importorskip("pythia8mc")

    monkeypatch.syspath_prepend(str(ATLAS))
    from physics import main

    done = CliRunner().invoke(main, ["-o", str(tmp_path), "--electrons", "200", "--seed", "3"])
    assert done.exception is None, done.output
    page = (tmp_path / "README.md").read_text()
    assert set(re.findall(r"\]\(\./(\w+\.png)\)", page)) == {p.name for p in tmp_path.glob("*.png")}
    rows = [line.split("|")[1:-1] for line in page.splitlines() if line.startswith("| ")][1:]
    rows.remove(next(row for row in rows if row[1].strip() == "formulas"))
    assert len(rows) == 14 + 5
    assert all("±" in row[1] for row in rows)
    assert all("±" in row[2] for row in rows[14:])
