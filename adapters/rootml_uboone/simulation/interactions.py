"""What is in the detector: a shower, a track or none, and what may look like a second shower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootml.spec import Array
from rootml_uboone.simulation import physics


@dataclass(frozen=True)
class Kind:
    """A kind of interaction: its truth, and what makes its shower and its track."""

    category: int
    nu_pdg: int
    shower: str
    """electron, photon, or muon: a piece of a muon, its Michel electron or its delta rays."""
    with_track: float
    """Share of events with a contained track."""
    muon: float
    """Share of those whose leading track is a muon or charged pion, not a proton."""
    weight: float
    """Share within signal or background after the preselection, about as published."""


SIGNAL = (
    Kind(11, 12, "electron", 1.0, 0.03, 0.75),
    Kind(10, 12, "electron", 0.0, 0.0, 0.25),
)
BACKGROUND = (
    Kind(2, 14, "muon", 0.75, 0.6, 0.35),
    Kind(21, 14, "photon", 0.9, 0.6, 0.2),
    Kind(31, 14, "photon", 0.6, 0.1, 0.25),
    Kind(4, 14, "muon", 0.4, 0.9, 0.2),
)
KINDS = SIGNAL + BACKGROUND
COSMIC = 4


@dataclass(frozen=True)
class Events:
    """Arrays of n; directions (n, 3) are unit vectors, energies in GeV, lengths in cm.

    ``gap``: from the vertex to the start of the shower. ``between``: from the start of the track
    to that of the shower. ``second``: energy, direction and gap of another photon; energy 0: none.
    """

    category: Array
    nu_pdg: Array
    neutrino: Array
    shower: Array
    energy: Array
    direction: Array
    gap: Array
    has_track: Array
    muon: Array
    kinetic: Array
    length: Array
    track_direction: Array
    between: Array
    second_energy: Array
    second_direction: Array
    second_gap: Array


def draw(n: int, signal_fraction: float, rng: np.random.Generator) -> Events:
    """``n`` events in random order, a share ``signal_fraction`` of them electron neutrinos."""
    shares = [kind.weight * signal_fraction for kind in SIGNAL]
    shares += [kind.weight * (1 - signal_fraction) for kind in BACKGROUND]
    kind = rng.choice(len(KINDS), n, p=shares)

    def of(name: str) -> Array:
        return np.array([getattr(k, name) for k in KINDS])[kind]

    shower, category = of("shower"), of("category")
    neutrino = np.maximum(rng.gamma(4.0, 0.25, n), 0.2)
    axis = np.where((category == COSMIC)[:, None], physics.DOWN, physics.BEAM)
    direction = physics.around(axis, np.where(shower == "photon", 1.2, 2.0), rng)
    energy, second_energy, opening = _energies(shower, neutrino, rng)
    gap = rng.exponential(np.where(shower == "photon", physics.CONVERSION_CM, 0.4))
    has_track, muon = rng.random(n) < of("with_track"), rng.random(n) < of("muon")
    kinetic = np.where(muon, 0.03 + rng.exponential(0.15, n), 0.04 + rng.exponential(0.08, n))
    length = np.where(muon, kinetic / physics.MUON_GEV_CM, physics.proton_range(kinetic))
    broken = (shower == "muon") & muon
    at_end = broken & (rng.random(n) < 0.5)
    return Events(
        category=category,
        nu_pdg=of("nu_pdg"),
        neutrino=neutrino,
        shower=shower,
        energy=energy,
        direction=direction,
        gap=gap,
        has_track=has_track,
        muon=muon,
        kinetic=kinetic,
        length=length,
        track_direction=_track_direction(direction, broken, rng),
        between=np.where(at_end, length, np.hypot(gap, rng.exponential(0.8, n))),
        second_energy=second_energy,
        second_direction=physics.turned(direction, opening, rng),
        second_gap=rng.exponential(np.where(shower == "electron", 5.0, physics.CONVERSION_CM)),
    )


def _track_direction(shower: Array, broken: Array, rng: np.random.Generator) -> Array:
    """Of protons about the beam; a track that broke in two goes on along the shower, or back."""
    along = shower * rng.choice([-1, 1], len(shower))[:, None]
    axis = np.where(broken[:, None], along, physics.BEAM)
    return physics.around(axis, np.where(broken, 40.0, 1.0), rng)


def _energies(
    shower: Array, neutrino: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Energies of the shower and of a second one, and the cosine between them.

    The second photon of a neutral pion merges with the first one or leaves the detector in three
    of ten events. Beside electrons there is a photon of bremsstrahlung in half of them.
    """
    n = len(shower)
    high, low, opening = physics.split_pi0(physics.PI0_GEV + 0.02 + rng.gamma(2.0, 0.12, n), rng)
    low = np.where(rng.random(n) < 0.3, 0.0, low)
    electron = neutrino * rng.beta(4, 2, n)
    radiated = np.where(rng.random(n) < 0.5, rng.exponential(0.015, n), 0.0)
    choice = [shower == "electron", shower == "photon"]
    energy = np.select(choice, [electron, high], 0.06 + rng.exponential(0.08, n))
    second = np.select(choice, [radiated, low], 0.0)
    near = 1 - rng.exponential(0.01, n)
    return energy, second, np.clip(np.select(choice, [near, opening], 0.0), -1, 1)
