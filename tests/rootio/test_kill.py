"""SIGKILL at random moments of ``rootml-tag``: the old data always reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill.py"
ROUNDS = 10


def test_killed_at_random_moments() -> None:
    """A few rounds of the script, which fails if anything is lost; copying and in place."""
    command = [sys.executable, str(SCRIPT), "--rounds", str(ROUNDS), "--events", "300"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [way["way"] for way in found] == ["copying", "in place"]
    assert all(sum(way["killed"].values()) == ROUNDS for way in found)
    assert any("while" in stage for way in found for stage in way["killed"])
