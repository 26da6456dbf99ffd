"""A contest: ways to do one job, which take turns."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from measuring import Run, Way, turn

SCRIPTS = Path(__file__).parent / "scripts"
PYTHON = sys.executable
TAG = str(Path(sys.executable).with_name("rootml-tag"))
ROOTML = str(Path(sys.executable).with_name("rootml"))
BENCH = str(Path(sys.prefix) / "bench" / "bin" / "python")
"""Python of the environment with what is compared alone; it sees this one's packages too."""

Round = dict[str, Run]
"""A turn of each way, by label."""


@dataclass(frozen=True)
class Contest:
    """``base`` is the label of the way that the others are compared with.

    ``inputs`` are files, or the last of several, and the commands that make them; ``check`` is a
    command that, followed by a result and the name of its column, fails where that does not hold
    the network's scores.
    """

    name: str
    title: str
    base: str
    ways: list[Way]
    inputs: dict[Path, list[str]] = field(default_factory=dict)
    check: list[str] | None = None

    def make_inputs(self) -> None:
        """Make those inputs that are not there."""
        for path, command in self.inputs.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                subprocess.run(command, check=True)

    def first_turn(self) -> None:
        """Run each way once without counting, and check its result.

        The turn compiles modules and brings files to the page cache.
        """
        for way in self.ways:
            turn(way)
            if self.check and way.column:
                subprocess.run([*self.check, str(way.result), way.column], check=True)

    def round(self) -> Round:
        """One turn of each way, in order."""
        return {way.label: turn(way) for way in self.ways}
