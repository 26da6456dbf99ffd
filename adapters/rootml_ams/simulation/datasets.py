"""What can be asked of the simulation, and the data sets that are names for it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, Final, Literal, get_args

from rootml.errors import DataError, nearest
from rootml_ams.simulation.detector import NOMINAL
from rootml_ams.simulation.flight import flight_response
from rootml_ams.simulation.particles import Request, Selection

Labels = Literal["truth", "trd"]
Detector = Literal["simulated", "flight"]

MINIMUM_GEV, MAXIMUM_GEV, NARROWEST = 5.0, 10_000.0, 1.01
LARGEST_INDEX = 10
LARGEST_MISMATCH = 3
SHALLOWEST_X0 = 0.01
LARGEST_NEUTRAL_SHARE = 0.99
PUBLISHED: Final = "published"
OPTIONS = {
    "dataset": "generated, reconstructed (the default), tracker or flight: other defaults of what "
    "follows",
    "energy": "range in GeV, for example 200:2000",
    "selection": "energy that the range is one of: reconstructed or generated",
    "electron_fraction": "share of electrons and positrons, 0 to 1, or 'published': that of the "
    "data set; the others are protons",
    "index": "of the falling spectra dN/dE = E^-index of both",
    "interact_within": "depth in X0 within which protons first interact: more of those that look "
    "like electrons, to train on alone; spectrum and rejection of such events mean nothing",
    "neutral_share": "least share of its hard pions' energy that neutral ones have in the first "
    "interaction of a proton: the same purpose",
    "good_tracks": "true: only tracks that meet the shower's axis on the front face",
    "detector": "simulated or flight, which differs in calibration, dead cells and more",
    "mismatch": "by how much flight differs: 1 as usual, 0 not at all",
    "labels": "truth, or trd: what the transition radiation detector says, the truth is mc_label",
}
DATASETS: Mapping[str, Mapping[str, Any]] = {
    "generated": {"energy": (200.0, 600.0), "selection": "generated"},
    "reconstructed": {},
    "tracker": {"good_tracks": True},
    "flight": {
        "energy": (50.0, 70.0),
        "electron_fraction": PUBLISHED,
        "good_tracks": True,
        "detector": "flight",
        "labels": "trd",
    },
}
PUBLISHED_FRACTIONS = {
    "generated": 4.60 / (4.60 + 0.16),
    "reconstructed": (7.03 + 2.69) / (7.03 + 2.69 + 3.90 + 1.19),
    "tracker": (7.51 + 2.89) / (7.51 + 2.89 + 3.98 + 1.21),
    "flight": 0.03 / (0.03 + 1.19),
}
"""Electrons over all, in millions of events, of R. K. Hashmani's data sets of these names."""


@dataclass(frozen=True)
class Settings:
    """Options of a simulation, with the defaults of the data set ``reconstructed``."""

    dataset: str = "reconstructed"
    energy: tuple[float, float] | str = (200.0, 2000.0)
    selection: Selection = "reconstructed"
    electron_fraction: float | str = 0.5
    index: float = 1.5
    interact_within: float = math.inf
    neutral_share: float = 0.0
    good_tracks: bool = False
    detector: Detector = "simulated"
    mismatch: float = 1.0
    labels: Labels = "truth"

    def __post_init__(self) -> None:
        low, high = self.range
        if not MINIMUM_GEV <= low < NARROWEST * low <= high <= MAXIMUM_GEV:
            raise DataError(
                f"energy range {low:g}:{high:g} GeV: expected low < high, by 1 % or more,"
                f" between {MINIMUM_GEV:g} and {MAXIMUM_GEV:g}"
            )
        if self.electron_fraction != PUBLISHED:
            _number("electron_fraction", self.electron_fraction, 0, 1, f" or {PUBLISHED!r}")
        _number("index", self.index, -LARGEST_INDEX, LARGEST_INDEX)
        _number("mismatch", self.mismatch, 0, LARGEST_MISMATCH)
        _number("interact_within", self.interact_within, SHALLOWEST_X0, math.inf)
        _number("neutral_share", self.neutral_share, 0, LARGEST_NEUTRAL_SHARE)
        for name, known in (
            ("selection", get_args(Selection)),
            ("detector", get_args(Detector)),
            ("labels", get_args(Labels)),
            ("good_tracks", (True, False)),
        ):
            value = getattr(self, name)
            if value not in known:
                expected = ", ".join(map(str, known))
                raise DataError(f"{name} is {value!r}: expected one of {expected}")

    @property
    def range(self) -> tuple[float, float]:
        """Both ends of a pair of numbers or of a text like ``200:2000``, in GeV."""
        ends: Any = self.energy.split(":") if isinstance(self.energy, str) else self.energy
        try:
            low, high = map(float, ends)
        except (TypeError, ValueError) as error:
            raise DataError(f"energy range {self.energy!r}: expected two numbers in GeV") from error
        return low, high

    @property
    def fraction(self) -> float:
        """Mean share of electrons and positrons."""
        if self.electron_fraction == PUBLISHED:
            return PUBLISHED_FRACTIONS[self.dataset]
        return float(self.electron_fraction)

    @property
    def request(self) -> Request:
        """What is drawn."""
        response = flight_response(self.mismatch) if self.detector == "flight" else NOMINAL
        return Request(
            self.range,
            self.index,
            self.selection,
            response,
            self.good_tracks,
            self.interact_within,
            self.neutral_share,
        )


def settings(options: Mapping[str, Any]) -> Settings:
    """Options over the defaults of their data set; DataError where one makes no sense."""
    known = [item.name for item in fields(Settings)]
    for name in options:
        if name not in known:
            raise DataError(f"the simulation has no option {name!r}{nearest(name, known)}")
    dataset = options.get("dataset", Settings.dataset)
    if dataset not in DATASETS:
        near = nearest(str(dataset), DATASETS)
        raise DataError(f"dataset is {dataset!r}: expected one of {', '.join(DATASETS)}{near}")
    return Settings(**{**DATASETS[dataset], **options})


def _number(name: str, value: object, least: float, most: float, other: str = "") -> None:
    if not (isinstance(value, Real) and least <= float(value) <= most):
        raise DataError(f"{name} is {value!r}: expected a number from {least:g} to {most:g}{other}")
