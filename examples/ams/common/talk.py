"""The talk that the studies repeat: its numbers, from talk.yaml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

TALK: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("talk.yaml").read_text(encoding="utf-8")
)
EFFICIENCY: float = TALK["efficiency"]
"""Share of electrons that is kept where rejections are compared."""
TITLES: Mapping[str, str] = TALK["titles"]


@dataclass(frozen=True)
class Claim:
    """``better`` rejects so many times more protons than the others; None: more."""

    study: str
    sample: str
    where: str
    better: str
    factors: Mapping[str, float | None]


def claims(study: str, sample: str) -> Iterator[Claim]:
    """What the talk says of one sample of a study."""
    for claim in TALK["claims"]:
        if (claim["study"], claim["sample"]) == (study, sample):
            yield Claim(**claim)


def events(dataset: str) -> int:
    """Electrons and protons of a data set of the talk, of all energies."""
    size = TALK["datasets"][dataset]
    millions: float = sum(size["below"] + size["above"])
    return round(1e6 * millions)


def electron_share(dataset: str) -> float:
    """Share of electrons in a data set of the talk."""
    size = TALK["datasets"][dataset]
    electrons, protons = map(sum, zip(size["below"], size["above"], strict=True))
    return float(electrons / (electrons + protons))
