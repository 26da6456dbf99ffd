"""The talk that the studies repeat: its numbers, from talk.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

TALK: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("talk.yaml").read_text(encoding="utf-8")
)
