"""The example of an own ntuple gives scikit-learn's own numbers, and plots."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("skl2onnx")


def test_from_an_ntuple_to_plots(
    run: Callable, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run("own_ntuple.py", tmp_path / "own")
    said = capfd.readouterr().out
    assert "line 9: features: !TODO" in said
    difference = re.search(r"largest difference to scikit-learn: (\S+)", said)
    assert difference
    assert float(difference[1]) < 1e-6
    plots = {path.name for path in (tmp_path / "own" / "tagged_validation").iterdir()}
    assert {"score_roc.png", "score_distribution.png", "report.md"} <= plots
