"""Tracks from the source foil to the calorimeter.

As SN-IEgenerator draws its "haystacks" (``multilines.py``, ``toysinglescatter_calo.py`` and
``toysinglehelix_calo.py``): vertices and both angles evenly, either half of the tracker, and anew
where the calorimeter is missed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final, TypeVar

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml_supernemo.geometry import CELLS, FIRST_WIRE_MM, MAIN_WALL, PITCH_MM
from rootml_supernemo.simulation.arcs import Arcs, Index
from rootml_supernemo.simulation.cells import followed
from rootml_supernemo.simulation.options import Settings
from rootml_supernemo.simulation.spectra import kinetic
from rootml_supernemo.simulation.walls import Ends, ends

VERTEX_MM: Final = (2000.0, 1300.0)
"""Largest abs(y) and abs(z) of vertices on the foil (SN-IEgenerator)."""
STEEPEST: Final = np.pi / 2 - 0.1
"""Largest angle to the normal of the foil in either projection, rad (SN-IEgenerator)."""
KINK_LAYERS: Final = (1, 7)
"""A kink is near the wires of one of these layers (SN-IEgenerator) ..."""
KINK_SPREAD_MM: Final = 21.0
"""... up to so far from them (SN-IEgenerator)."""
MEV_PER_MM_T: Final = 0.299792458
"""Transverse momentum in MeV/c over radius in mm and field in T: the speed of light."""
CHARGE: Final = -1
"""Of what is curved: electrons."""
ATTEMPTS: Final = 1000
STRAIGHT, KINKED, CURVED = 0, 1, 2
T = TypeVar("T", "Tracks", Arcs, Ends)
_KINDS = {"straight": STRAIGHT, "kinked": KINKED, "curved": CURVED}


@dataclass(frozen=True)
class Tracks:
    """Tracks (m,), in the order of their events.

    ``event``, ``side``; ``kind``; ``first``: the arc from the foil; ``second``: that behind the
    kink, of length 0 where there is none; ``bend``: angle of the kink, rad; ``layer``: the one it
    is near; ``end``: where the track meets the calorimeter; ``emitted``, ``energy``: kinetic energy
    in MeV where the track begins, and behind the foil.
    """

    event: Index
    side: Index
    kind: Index
    first: Arcs
    second: Arcs
    bend: Array
    layer: Index
    end: Ends
    emitted: Array
    energy: Array

    def __len__(self) -> int:
        return len(self.event)


def draw(events: int, asked: Settings, rng: np.random.Generator) -> Tracks:
    """Tracks of ``events`` events, all of which meet the calorimeter and cross enough cells.

    Raises DataError where directions hardly ever do, as of curves of too low a momentum.
    """
    low, high = asked.tracks
    event = np.repeat(np.arange(events), rng.integers(low, high + 1, events))
    y, z = vertices(event, events, asked.vertex == "common", rng)
    kind = _kinds(len(event), asked, rng)
    made = _attempt(event, kind, y, z, asked, rng)
    for _ in range(ATTEMPTS):
        again = np.flatnonzero(~made.end.hit)
        if not len(again):
            return made
        tried = _attempt(event[again], kind[again], y[again], z[again], asked, rng)
        made = replaced(made, again, tried)
    raise DataError(
        f"tracks of {asked.momentum[0]:g} to {asked.momentum[1]:g} MeV/c in {asked.field:g} T turn "
        "back before they reach the calorimeter: expected more momentum, or less field"
    )


def vertices(
    event: Index, events: int, common: bool, rng: np.random.Generator
) -> tuple[Array, Array]:
    """y and z in mm of points on the foil: one for each track, or one for each event."""
    places = [rng.uniform(-most, most, events if common else len(event)) for most in VERTEX_MM]
    y, z = (place[event] for place in places) if common else places
    return y, z


def _kinds(n: int, asked: Settings, rng: np.random.Generator) -> Index:
    if asked.kind == "mixed":
        return rng.integers(0, len(_KINDS), n)
    return np.full(n, _KINDS[asked.kind])


def _attempt(
    event: Index, kind: Index, y: Array, z: Array, asked: Settings, rng: np.random.Generator
) -> Tracks:
    """Tracks in directions of their own, of which some miss the calorimeter."""
    n = len(event)
    side = rng.integers(0, 2, n)
    angle, slope = _directions(n, asked.directions == "isotropic", rng)
    bent = np.where(kind == CURVED, _drawn(slope, side, asked, rng), 0.0)
    start = Arcs(np.zeros(n), y, z, angle, bent, slope, np.zeros(n))
    end = ends(start)
    first, second = replace(start, length=end.path), replace(start, length=np.zeros(n))
    bend, layer = np.zeros(n), np.full(n, -1)
    broken = np.flatnonzero(kind == KINKED)
    if len(broken):
        legs = _kinked(start.take(broken), end.path[broken], np.radians(asked.kink), rng)
        first = replaced(first, broken, legs[0])
        second = replaced(second, broken, legs[1])
        end = replaced(end, broken, legs[2])
        bend[broken], layer[broken] = legs[3:]
    end = replace(end, hit=end.hit & seen(first, second, side, end, asked))
    unknown = np.full(n, np.nan)
    return Tracks(event, side, kind, first, second, bend, layer, end, unknown, unknown)


def seen(first: Arcs, second: Arcs, side: Index, end: Ends, asked: Settings) -> Array:
    """Which tracks cross enough cells: those to the main wall cross one of each layer at least."""
    highest = asked.share("reach")
    enough = np.ones(len(side), np.bool_)
    short = np.flatnonzero(end.hit & ((end.type != MAIN_WALL) | (np.abs(end.z) > highest)))
    hits = followed(first.take(short), second.take(short), side[short], highest)
    of_track = np.unique(hits.track * CELLS + hits.cell) // CELLS
    enough[short] = np.bincount(of_track, minlength=len(short)) >= asked.least
    return enough


def _directions(n: int, isotropic: bool, rng: np.random.Generator) -> tuple[Array, Array]:
    """Angle in the plane across the wires, and rise along them over the path in it."""
    if isotropic:
        outwards = rng.uniform(np.cos(STEEPEST), 1, n)
        around = rng.uniform(0, 2 * np.pi, n)
        sine = np.sqrt(1 - outwards**2)
        in_plane = np.hypot(outwards, sine * np.cos(around))
        return np.arctan2(sine * np.cos(around), outwards), sine * np.sin(around) / in_plane
    angle, height = rng.uniform(-STEEPEST, STEEPEST, (2, n))
    return angle, np.tan(height) * np.cos(angle)


def _drawn(slope: Array, side: Index, asked: Settings, rng: np.random.Generator) -> Array:
    """Curvatures of electrons whose momenta are drawn evenly."""
    return curvature(rng.uniform(*asked.momentum, len(slope)), slope, side, asked.field)


def curvature(momentum: Array, slope: Array, side: Index, field: float) -> Array:
    """1/mm of electrons of momenta in MeV/c in a field upwards, in T.

    Seen from above they turn to the left.
    """
    across = momentum / np.hypot(1, slope)
    found: Array = -CHARGE * (2 * side - 1) * MEV_PER_MM_T * field / across
    return found


def with_energies(made: Tracks, asked: Settings, rng: np.random.Generator) -> Tracks:
    """Tracks with the energies of electrons, that lose none in the foil.

    Those of curves follow from them; others are of momenta drawn evenly.
    """
    momentum = rng.uniform(*asked.momentum, len(made))
    bent = np.abs(made.first.curvature)
    curved = bent > 0
    across = MEV_PER_MM_T * asked.field / np.where(curved, bent, 1)
    momentum = np.where(curved, across * np.hypot(1, made.first.slope), momentum)
    energy = kinetic(momentum)
    return replace(made, emitted=energy, energy=energy)


def _kinked(
    start: Arcs, unbroken: Array, width: float, rng: np.random.Generator
) -> tuple[Arcs, Arcs, Ends, Array, Index]:
    """Both legs of tracks with a kink, their end, the angles and the layers."""
    n = len(start.u)
    layer = rng.integers(KINK_LAYERS[0], KINK_LAYERS[1] + 1, n)
    place = FIRST_WIRE_MM + PITCH_MM * layer + rng.uniform(-KINK_SPREAD_MM, KINK_SPREAD_MM, n)
    length = place / np.cos(start.angle)
    u, y, z = start.at(length)
    bend = rng.normal(0, width, n)
    angle = start.angle + bend
    possible = (length < unbroken) & (np.abs(angle) < STEEPEST)
    angle = np.where(possible, angle, 0)
    second = replace(start, u=u, y=y, z=z, angle=angle)
    end = ends(second)
    end = replace(end, hit=end.hit & possible)
    return replace(start, length=length), replace(second, length=end.path), end, bend, layer


def replaced(whole: T, where: Index, part: T) -> T:
    """``whole`` with other values at some places, in its arrays and those of what it holds."""
    columns = []
    for item in fields(whole):
        column, values = getattr(whole, item.name), getattr(part, item.name)
        if isinstance(column, np.ndarray):
            column = column.copy()
            column[where] = values
        else:
            column = replaced(column, where, values)
        columns.append(column)
    return type(whole)(*columns)
