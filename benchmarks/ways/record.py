"""The record of a run, to which later runs on the same machine add their rounds."""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contest import Contest
from measuring import Run


@dataclass
class Record:
    """All that was measured, by contest and way, with the machine."""

    machine: dict[str, Any]
    date: str
    contests: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Record:
        return cls(**json.loads(path.read_text()))

    @classmethod
    def opened(cls, path: Path | None, machine: dict[str, Any], date: str) -> Record:
        """The record in ``path`` if there is one, which must be of this machine."""
        if path is None or not path.exists():
            return cls(machine, date)
        record = cls.read(path)
        if record.machine != machine:
            sys.exit(f"{path} is of another machine or other versions: move it away to begin anew")
        return record

    def runs(self, contest: Contest, missing: dict[str, str]) -> dict[str, list[Run]]:
        """The turns of a contest so far, to be added to."""
        kept = self.contests.setdefault(
            contest.name, {"title": contest.title, "base": contest.base, "runs": {}}
        )
        if kept["title"] != contest.title:
            sys.exit(f"recorded was another job: {kept['title']}, not {contest.title}")
        kept["missing"] = missing
        runs: dict[str, list[Run]] = kept["runs"]
        return runs

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.__dict__, indent=1) + "\n")


def medians(runs: dict[str, list[Run]]) -> dict[str, Run]:
    """The median turn of each way that had one, column by column."""
    found = {}
    for way, turns in runs.items():
        if turns:
            seconds, cpu, memory = (statistics.median(c) for c in zip(*turns, strict=True))
            found[way] = (seconds, cpu, memory)
    return found
