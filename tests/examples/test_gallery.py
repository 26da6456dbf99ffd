"""The page of plots shows every kind, with images that are there and small."""

from __future__ import annotations

import re
from pathlib import Path

from rootml.validation.plots import FAMILIES

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "reference" / "plots.md"
IMAGE = re.compile(r'!\[[^]]+\]\((\S+) "\S+"\)')


def test_every_family_is_shown() -> None:
    headings = re.findall(r"^### .*\(`(\w+)`\)$", PAGE.read_text(), re.MULTILINE)
    assert set(headings) == set(FAMILIES)


def test_images_are_there_small_and_all_used() -> None:
    images = [(PAGE.parent / path).resolve() for path in IMAGE.findall(PAGE.read_text())]
    assert len(set(images)) == len(images)
    assert set(images) == set((DOCS / "images" / "validation").glob("*.png"))
    assert max(path.stat().st_size for path in images) < 120_000
    assert sum(path.stat().st_size for path in images) < 3_000_000
