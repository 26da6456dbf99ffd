"""The talk that the studies repeat: its numbers, from talk.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

TALK: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("talk.yaml").read_text(encoding="utf-8")
)


def combination(title: str) -> tuple[float, float]:
    """reIQR75 and reIQR95 of a combination of FiLM and top in the talk's table."""
    reiqr75, reiqr95 = TALK["combinations"][title]
    return reiqr75, reiqr95
