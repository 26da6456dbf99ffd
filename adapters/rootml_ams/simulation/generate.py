"""Simulated events: particles, showers, detector, reconstruction and selection in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from rootml.errors import DataError
from rootml_ams.geometry import CELLS, LAYERS
from rootml_ams.simulation import detector, hadron, rays, reconstruction
from rootml_ams.simulation.deposit import Image, add_showers, add_tracks
from rootml_ams.simulation.incidence import draw_rays
from rootml_ams.simulation.rays import Floats, Rays
from rootml_ams.simulation.record import record
from rootml_ams.simulation.showers import draw_showers
from rootml_ams.simulation.spectrum import power_law

if TYPE_CHECKING:
    import awkward as ak

Selection = Literal["reconstructed", "generated"]

MINIMUM_GEV, MAXIMUM_GEV = 5.0, 10_000.0
BATCH = 2000
"""Particles that are followed at a time."""
BEYOND_ELECTRONS = (0.8, 1.3)
"""Electrons are generated from this far below to this far above a range of reconstructed energy."""
BEYOND_PROTONS = (0.8, 10.0)
"""The same for protons, of whose energy the calorimeter sees a third on average."""
TRACKS_GEV = 10.0
"""More than the tracks of a cascade deposit."""
SMEARING = 1.1
"""More than the detector's response adds to a deposit."""


@dataclass(frozen=True)
class Request:
    """Which events are wanted."""

    energy: tuple[float, float]
    """Range in GeV."""
    index: float
    """Of the falling spectrum dN/dE = E^-index."""
    selection: Selection

    @property
    def cuts(self) -> bool:
        """Whether the range is one of reconstructed energy."""
        return self.selection == "reconstructed"


@dataclass(frozen=True)
class Particles:
    """Simulated particles with their images (n, 18, 72) in MeV."""

    track: Rays
    energy: Floats
    image: Image

    def take(self, index: npt.NDArray[Any]) -> Particles:
        """Those that ``index`` (numbers or a mask) picks."""
        return Particles(self.track.take(index), self.energy[index], self.image[index])


OPTIONS = {
    "energy": "range in GeV, for example 200:2000",
    "selection": "energy that the range is one of: reconstructed or generated",
    "electron_fraction": "share of electrons and positrons, 0 to 1; the others are protons",
    "index": "of the falling spectra dN/dE = E^-index of both",
}

Draw = Callable[[int, Request, np.random.Generator], Particles]


def _energies(
    n: int, request: Request, beyond: tuple[float, float], rng: np.random.Generator
) -> Floats:
    low, high = request.energy
    if request.cuts:
        low, high = low * beyond[0], high * beyond[1]
    return power_law(n, low, high, request.index, rng)


def draw_electrons(n: int, request: Request, rng: np.random.Generator) -> Particles:
    """Simulate ``n`` electrons or positrons."""
    track = draw_rays(n, rng)
    energy = _energies(n, request, BEYOND_ELECTRONS, rng)
    showers = draw_showers(track, energy, False, rng)
    sampled, tracks = np.zeros((2, n, LAYERS, CELLS), np.float32)
    add_showers(sampled, showers)
    add_tracks(tracks, showers.tracks, showers.track_end, 1.0, rng)
    return Particles(track, energy, detector.measure(sampled, tracks, rng))


def draw_protons(n: int, request: Request, rng: np.random.Generator) -> Particles:
    """Simulate ``n`` protons; with a range of reconstructed energy, those that may fall into it."""
    track = draw_rays(n, rng)
    energy = _energies(n, request, BEYOND_PROTONS, rng)
    protons = hadron.protons(track, energy)
    cascade = hadron.develop(protons, hadron.interaction_depth(protons, rng), rng)
    if request.cuts:
        deposits = cascade.showers.layers.sum(axis=1) / 1000
        seen = np.bincount(cascade.showers.axes.event, deposits, n)
        most = SMEARING * reconstruction.LARGEST_CORRECTION * (seen + TRACKS_GEV)
        kept = (most > request.energy[0]) & (seen < SMEARING * request.energy[1])
        track, energy, cascade = track.take(kept), energy[kept], cascade.of(kept)
    sampled, tracks = np.zeros((2, len(energy), LAYERS, CELLS), np.float32)
    add_showers(sampled, cascade.showers)
    add_tracks(tracks, cascade.showers.tracks, cascade.showers.track_end, 1.0, rng)
    add_tracks(tracks, cascade.tracks, cascade.track_end, cascade.track_ionisation, rng)
    return Particles(track, energy, detector.measure(sampled, tracks, rng))


def simulate(
    n: int,
    rng: np.random.Generator,
    *,
    energy: tuple[float, float] = (200.0, 2000.0),
    electron_fraction: float = 0.5,
    index: float = 1.5,
    selection: Selection = "reconstructed",
) -> ak.Array:
    """Simulate ``n`` events; the fields are the branches of the flat layout and ``truth_*``.

    ``energy``: range in GeV of the ``selection`` energy, reconstructed or generated.
    ``electron_fraction``: mean share of electrons and positrons, the rest are protons.
    ``index``: of the falling spectra dN/dE = E^-index of both; 1.5 puts a fifth of the events of
    200-2000 GeV above 1 TeV. Raises DataError for values that make no sense.
    """
    request = Request(energy, index, selection)
    _check(n, electron_fraction, request)
    electrons = int(rng.binomial(n, electron_fraction))
    wanted = ((draw_electrons, electrons), (draw_protons, n - electrons))
    parts = [_select(draw, number, request, rng) for draw, number in wanted]
    label = np.repeat([1, 0], [electrons, n - electrons])
    order = rng.permutation(n)
    particles = concatenate(parts).take(order)
    return record(particles.track, particles.energy, particles.image, label[order], rng)


def chunks(
    n: int, rng: np.random.Generator, *, step: int = 10_000, **options: Any
) -> Iterator[ak.Array]:
    """Yield the ``n`` events of :func:`simulate` in pieces of ``step``, in bounded memory."""
    for start in range(0, n, step):
        yield simulate(min(step, n - start), rng, **options)


def _select(draw: Draw, n: int, request: Request, rng: np.random.Generator) -> Particles:
    """Draw particles until ``n`` pass the selection."""
    low, high = request.energy
    parts: list[Particles] = []
    missing = n
    while missing > 0 or not parts:
        part = draw(min(BATCH, 100 + 20 * missing), request, rng)
        if request.cuts:
            seen = reconstruction.energy(reconstruction.measure_shower(part.image))
            part = part.take((seen >= low) & (seen <= high))
        part = part.take(np.arange(min(missing, len(part.energy))))
        parts.append(part)
        missing -= len(part.energy)
    return concatenate(parts)


def concatenate(parts: Sequence[Particles]) -> Particles:
    """All particles of ``parts``, in order."""
    return Particles(
        rays.concatenate([part.track for part in parts]),
        np.concatenate([part.energy for part in parts]),
        np.concatenate([part.image for part in parts]),
    )


def _check(n: int, fraction: float, request: Request) -> None:
    low, high = request.energy
    if n < 0:
        raise DataError(f"cannot simulate {n} events: expected 0 or more")
    if not 0 <= fraction <= 1:
        raise DataError(f"electron_fraction is {fraction:g}: expected 0 to 1")
    if not MINIMUM_GEV <= low < high <= MAXIMUM_GEV:
        raise DataError(
            f"energy range {low:g}:{high:g} GeV: expected low < high"
            f" between {MINIMUM_GEV:g} and {MAXIMUM_GEV:g}"
        )
    if request.selection not in get_args(Selection):
        raise DataError(
            f"selection {request.selection!r}: expected one of {', '.join(get_args(Selection))}"
        )
