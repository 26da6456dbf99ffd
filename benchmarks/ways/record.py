"""The record of a run, to which later runs on the same machine add their rounds."""

from __future__ import annotations

import json
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contest import Contest, Round
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

    def rounds(self, contest: Contest, missing: dict[str, str]) -> list[Round]:
        """The rounds of a contest so far, to be added to."""
        kept = self.contests.setdefault(
            contest.name, {"title": contest.title, "base": contest.base, "rounds": []}
        )
        if kept["title"] != contest.title:
            sys.exit(f"recorded was another job: {kept['title']}, not {contest.title}")
        kept["missing"] = missing
        rounds: list[Round] = kept["rounds"]
        return rounds

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.__dict__, indent=1) + "\n")


def turns(rounds: list[Round], way: str) -> list[Run]:
    return [round_[way] for round_ in rounds if way in round_]


def median(rounds: list[Round], way: str) -> Run:
    """The median turn of a way, column by column."""
    seconds, cpu, memory = map(statistics.median, zip(*turns(rounds, way), strict=True))
    return seconds, cpu, memory


def ratios(rounds: list[Round], way: str, base: str) -> tuple[float, float]:
    """Seconds, and those of the processor, over the base's: medians of the rounds' ratios.

    A machine that becomes slower for a while does so for both ways of a round.
    """
    pairs = [(round_[way], round_[base]) for round_ in rounds if way in round_ and base in round_]
    seconds, cpu = (statistics.median(w[i] / b[i] for w, b in pairs) for i in (0, 1))
    return seconds, cpu
