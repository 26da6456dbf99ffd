"""What can be asked of the simulation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Integral, Real
from typing import Any, Literal, get_args

from rootml.errors import DataError, nearest
from rootml_supernemo.geometry import HALF_LENGTH_MM, LAYERS, VETO_Z_MM

Kind = Literal["straight", "kinked", "curved", "mixed"]
Vertex = Literal["each", "common"]
Directions = Literal["flat", "isotropic"]
Condition = Literal["clean", "detector"]
Events = Literal["tracks", "2nubb", "0nubb", "both"]
Range = tuple[float, float]

TEXTS = {
    "events": Events,
    "kind": Kind,
    "vertex": Vertex,
    "directions": Directions,
    "conditions": Condition,
}
MOST_TRACKS = 4
OPTIONS = {
    "events": "tracks (the default), or double beta decays of 82Se: 2nubb, 0nubb, or both, evenly",
    "least_energy": "of 2nubb, the smallest sum of both electrons' energies in MeV",
    "tracks": f"of an event, 0 to {MOST_TRACKS}: a number, or a range like 0:3 drawn from evenly",
    "kind": "straight (the default), kinked, curved, or mixed: one of the three for each track",
    "vertex": "each (the default): every track has its own; common: all of an event share one",
    "directions": "flat in both angles (the default), or isotropic",
    "momentum": "of curved tracks in MeV/c, drawn from evenly, for example 0.5:3",
    "field": "that curves them, in T along the wires, at most 0.01",
    "kink": "of kinked tracks, standard deviation of the angle in degrees",
    "conditions": "clean (the default): nothing is lost; detector: losses and noise of a real one",
    "efficiency": "of a cell that is crossed; otherwise that of the conditions",
    "noise": "mean number of cells that answer without a track; likewise",
    "dead": "share of the cells that never answer; likewise",
    "missing": "share of the timestamps that are lost; likewise",
    "calo_noise": "mean number of modules that answer without a track; likewise",
    "reach": "largest abs(z) in mm at which a cell answers; likewise",
    "least": "cells that a track crosses at least, 0 to 9; tracks of fewer are drawn anew",
    "run": "number of the run, from which it follows which cells are dead",
}
CONDITIONS: Mapping[Condition, Mapping[str, float]] = {
    "clean": {
        "efficiency": 1.0,
        "noise": 0.0,
        "dead": 0.0,
        "missing": 0.0,
        "calo_noise": 0.0,
        "reach": VETO_Z_MM,
    },
    "detector": {
        "efficiency": 0.95,
        "noise": 1.0,
        "dead": 0.02,
        "missing": 0.05,
        "calo_noise": 0.5,
        "reach": HALF_LENGTH_MM,
    },
}
"""Cells of SN-IEgenerator answer as far as the calorimeter; real ones between their cathodes. The
other numbers of a real detector are choices."""
LIMITS = {
    "field": (0.0, 0.01),
    "kink": (0.0, 20.0),
    "efficiency": (0.0, 1.0),
    "noise": (0.0, 200.0),
    "dead": (0.0, 0.9),
    "missing": (0.0, 1.0),
    "calo_noise": (0.0, 50.0),
    "least_energy": (0.0, 2.9),
    "reach": (100.0, VETO_Z_MM),
}
WHOLE = {"least": LAYERS, "run": 2**31 - 1}
MOMENTUM_MEV = (0.3, 10.0)
OF_TRACKS = ("tracks", "kind", "vertex", "directions", "momentum", "kink")
"""Options that decays leave no choice in."""


@dataclass(frozen=True)
class Settings:
    """Checked options of a simulation.

    Field and kinks are those of SN-IEgenerator (25 G; ``toysinglescatter_calo.py``), momenta those
    of electrons of some 0.2 to 2.5 MeV, in round numbers.
    """

    events: Events = "tracks"
    least_energy: float = 0.0
    tracks: tuple[int, int] = (0, 3)
    kind: Kind = "straight"
    vertex: Vertex = "each"
    directions: Directions = "flat"
    momentum: Range = (0.5, 3.0)
    field: float = 0.0025
    kink: float = 3.0
    conditions: Condition = "clean"
    efficiency: float | None = None
    noise: float | None = None
    dead: float | None = None
    missing: float | None = None
    calo_noise: float | None = None
    reach: float | None = None
    least: int = 1
    run: int = 0

    def __post_init__(self) -> None:
        for name, kind in TEXTS.items():
            value, known = getattr(self, name), get_args(kind)
            if value not in known:
                near = nearest(str(value), known)
                raise DataError(f"{name} is {value!r}: expected {' or '.join(known)}{near}")
        for name, (least, most) in LIMITS.items():
            value = getattr(self, name)
            if value is None and name in CONDITIONS["clean"]:
                continue
            if not isinstance(value, Real) or not least <= float(value) <= most:
                raise DataError(
                    f"{name} is {value!r}: expected a number from {least:g} to {most:g}"
                )
        for name, most in WHOLE.items():
            value = getattr(self, name)
            if not isinstance(value, Integral) or not 0 <= int(value) <= most:
                raise DataError(f"{name} is {value!r}: expected a whole number, 0 to {most}")
        self._check_decays()

    def _check_decays(self) -> None:
        """Refuse options that would be overlooked."""
        decays = self.events != "tracks"
        unused = dict.fromkeys(OF_TRACKS if decays else (), "two electrons from one point")
        if self.events not in ("2nubb", "both"):
            unused["least_energy"] = "no decays with two neutrinos"
        for name, why in unused.items():
            if getattr(self, name) != type(self).__dataclass_fields__[name].default:
                raise DataError(f"{name}: events={self.events} are {why}; leave it out")

    def share(self, name: str) -> float:
        """An option of the conditions, as asked for or as they have it."""
        own: float | None = getattr(self, name)
        return CONDITIONS[self.conditions][name] if own is None else own


def settings(options: Mapping[str, Any]) -> Settings:
    """Check options, of which ranges may be texts; DataError where one makes no sense."""
    known = [item.name for item in fields(Settings)]
    for name in options:
        if name not in known:
            raise DataError(f"the simulation has no option {name!r}{nearest(name, known)}")
    read = dict(options)
    if "tracks" in read:
        read["tracks"] = _tracks(read["tracks"])
    if "momentum" in read:
        read["momentum"] = _momentum(read["momentum"])
    for name in read.keys() & WHOLE.keys():
        value = read[name]
        read[name] = int(value) if isinstance(value, float) and value.is_integer() else value
    return Settings(**read)


def _tracks(value: object) -> tuple[int, int]:
    ends = _ends(value)
    if ends is None or not 0 <= ends[0] <= ends[1] <= MOST_TRACKS or any(e % 1 for e in ends):
        raise DataError(
            f"tracks is {value!r}: expected a whole number from 0 to {MOST_TRACKS}, or a range "
            "like 0:3"
        )
    return int(ends[0]), int(ends[1])


def _momentum(value: object) -> Range:
    ends = _ends(value)
    least, most = MOMENTUM_MEV
    if ends is None or not least <= ends[0] <= ends[1] <= most:
        raise DataError(
            f"momentum is {value!r}: expected MeV/c or a range of it, from {least:g} to {most:g}"
        )
    return ends


def _ends(value: Any) -> Range | None:
    """Both ends of a range, equal ones for a number; None where it is neither."""
    texts = value.split(":") if isinstance(value, str) else value
    try:
        ends = [float(end) for end in ([texts] if isinstance(texts, Real) else texts)]
    except (TypeError, ValueError):
        return None
    return (ends[0], ends[-1]) if len(ends) in (1, 2) else None
