"""Particles of the two kinds, from their energy to their image."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rootml_ams.geometry import CELLS, DEPTH_X0, LAYERS
from rootml_ams.simulation import detector, hadron, rays, reconstruction
from rootml_ams.simulation.deposit import Image, add_showers, add_tracks
from rootml_ams.simulation.detector import NOMINAL, Response
from rootml_ams.simulation.hadron import Cascade
from rootml_ams.simulation.incidence import draw_rays
from rootml_ams.simulation.rays import Flags, Floats, Rays, sum_by
from rootml_ams.simulation.showers import Showers, draw_showers
from rootml_ams.simulation.spectrum import power_law

Selection = Literal["reconstructed", "generated"]

BEYOND_ELECTRONS = (0.88, 1.15)
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
    """Whether the range is one of reconstructed or of generated energy."""
    response: Response = NOMINAL
    good_tracks: bool = False
    """Only tracks that meet the shower's axis on the front face."""
    interact_within: float = math.inf
    """Depth (X0) within which protons first interact."""
    neutral_share: float = 0.0
    """Least share of its hard pions' energy that neutral ones have in a first interaction."""

    def draw(self, n: int, beyond: tuple[float, float], rng: np.random.Generator) -> Floats:
        """Energies to generate in GeV, as far as ``beyond`` a range of reconstructed energy."""
        low, high = self.energy
        if self.selection == "reconstructed":
            low, high = low * beyond[0], high * beyond[1]
        return power_law(n, low, high, self.index, rng)

    def within_reach(self, deposit: Floats) -> Flags:
        """Whether ``deposit`` GeV can lead to a reconstructed energy that is large enough."""
        if self.selection == "generated":
            return np.ones(len(deposit), bool)
        most = SMEARING * reconstruction.LARGEST_CORRECTION * (deposit + TRACKS_GEV)
        within: Flags = most > self.energy[0]
        return within


@dataclass(frozen=True)
class Particles:
    """Simulated particles with their images (n, 18, 72) in MeV."""

    track: Rays
    energy: Floats
    temperature: Floats
    """Of the calorimeter, degrees Celsius."""
    image: Image

    def take(self, index: npt.NDArray[Any]) -> Particles:
        """Those that ``index`` (numbers or a mask) picks."""
        return Particles(
            self.track.take(index), self.energy[index], self.temperature[index], self.image[index]
        )


Draw = Callable[[int, Request, np.random.Generator], Particles]


def draw_electrons(n: int, request: Request, rng: np.random.Generator) -> Particles:
    """Simulate ``n`` electrons or positrons."""
    track = draw_rays(n, rng)
    energy = request.draw(n, BEYOND_ELECTRONS, rng)
    axes = track.moved(np.full(n, -request.response.upstream))
    showers = draw_showers(axes, energy, False, rng)
    return _read_out(track, energy, showers, None, request.response, rng)


def draw_protons(n: int, request: Request, rng: np.random.Generator) -> Particles:
    """Simulate ``n`` protons and return those that may be within a reconstructed range.

    A look at the energy of the neutral pions, then at what their showers leave, saves most of the
    work on protons that cannot be.
    """
    track = draw_rays(n, rng)
    energy = request.draw(n, BEYOND_PROTONS, rng)
    protons = hadron.protons(track, energy)
    depth = hadron.interaction_depth(protons, rng, request.interact_within)
    cascade = hadron.develop(protons, depth, rng, request.neutral_share)
    most = cascade.pion_energy * _most_contained(cascade.pions.depth, cascade.pion_energy)
    kept = request.within_reach(sum_by(cascade.pions.event, most, n))
    track, energy, cascade = track.take(kept), energy[kept], cascade.of(kept)
    showers = draw_showers(cascade.pions, cascade.pion_energy, True, rng)
    deposits = showers.layers.sum(axis=1) / 1000
    kept = request.within_reach(sum_by(showers.axes.event, deposits, len(energy)))
    track, energy, cascade = track.take(kept), energy[kept], cascade.of(kept)
    return _read_out(track, energy, showers.of(kept), cascade, request.response, rng)


def _most_contained(depth: Floats, energy: Floats) -> Floats:
    """More than the mean share that showers of ``energy`` GeV from ``depth`` on leave inside."""
    share: Floats = np.clip((DEPTH_X0 - depth) / np.where(energy < 10, 8.0, 14.0), 0, 1)
    return share


def _read_out(
    track: Rays,
    energy: Floats,
    showers: Showers,
    cascade: Cascade | None,
    response: Response,
    rng: np.random.Generator,
) -> Particles:
    sampled, tracks = np.zeros((2, len(energy), LAYERS, CELLS), np.float32)
    add_showers(sampled, showers)
    add_tracks(tracks, showers.tracks, showers.track_end, 1.0, rng)
    if cascade is not None:
        add_tracks(tracks, cascade.tracks, cascade.track_end, cascade.track_ionisation, rng)
    temperature = response.draw_temperature(len(energy), rng)
    image = detector.measure(sampled, tracks, rng, response, temperature)
    return Particles(track, energy, temperature, image)


def concatenate(parts: Sequence[Particles]) -> Particles:
    """All particles of ``parts``, in order."""
    return Particles(
        rays.concatenate([part.track for part in parts]),
        np.concatenate([part.energy for part in parts]),
        np.concatenate([part.temperature for part in parts]),
        np.concatenate([part.image for part in parts]),
    )
