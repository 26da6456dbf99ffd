"""Distributions made up on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """``install(name, entry_points, code)``: a package on the path; gives its folder."""
    import sys

    installed: list[str] = []

    def make(name: str, entry_points: str, code: str = "") -> Path:
        site = tmp_path / f"site_{name}"
        info = site / f"{name}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry_points)
        package = site / name
        package.mkdir()
        (package / "__init__.py").write_text(code)
        monkeypatch.syspath_prepend(str(site))
        installed.append(name)
        return package

    yield make
    for name in installed:
        sys.modules.pop(name, None)
