"""Electrons and photons as they leave the collision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from rootml_atlas.simulation import bosons
from rootml_atlas.simulation.bosons import NO_PHOTONS, Decays, Photons
from rootml_atlas.simulation.legs import Index, wrapped
from rootml_atlas.simulation.material import Floats
from rootml_atlas.simulation.options import Range, Settings

LEAST_PT_GEV: Final = 15.0
"""Transverse momentum of electrons from Z that are kept (a choice)."""
LEAST_PHOTON_GEV: Final = 10.0
"""Transverse momentum of photons from Z, and of the muons beside them, as where ATLAS selects them
(EPJC 76 (2016) 666)."""
MUON_ETA: Final = 2.5
"""Largest abs(eta) of muons: that of the tracker (ATLAS, JINST 3 (2008) S08003)."""
APART: Final = 0.2
"""Least distance in eta and phi of a photon and muons, which leave nothing near it (a choice)."""
ZEE, ZMUMU, ELECTRON, PHOTON = 361106, 361107, 423000, 423001
"""``mcChannelNumber``: of ATLAS for Z; for single particles numbers of the same kind."""
BEAM_SPOT_MM: Final = 42.0
"""Spread of collisions along the beam, of Run 2 in round numbers (a choice)."""

Draw = Callable[[int], Decays]
"""Gives decays, at most so many."""


@dataclass(frozen=True)
class Particles:
    """Generated particles: arrays (n,), energies in GeV.

    ``event`` counts from 0; the electrons of a Z follow each other and share it. ``charge`` in e.
    ``paired``: whether it is the electron of a Z. ``photons``: what electrons radiated when they
    were made. ``muons``: momenta (n, 2, 4) of those of the event, as in :mod:`.bosons`.
    """

    event: Index
    energy: Floats
    eta: Floats
    phi: Floats
    charge: Index
    paired: bool
    photons: Photons = NO_PHOTONS
    muons: Floats | None = None

    @property
    def pt(self) -> Floats:
        """Transverse momentum in GeV."""
        found: Floats = self.energy / np.cosh(self.eta)
        return found

    def take(self, start: int, stop: int) -> Particles:
        """Those from ``start`` to before ``stop``."""
        part = slice(start, stop)
        return Particles(
            self.event[part],
            self.energy[part],
            self.eta[part],
            self.phi[part],
            self.charge[part],
            self.paired,
            self.photons.within(start, stop),
            None if self.muons is None else self.muons[part],
        )


def generate(n: int, asked: Settings, rng: np.random.Generator) -> Particles:
    """At least ``n`` particles of the sample that is ``asked`` for, by its generator."""
    if asked.sample in ("electrons", "photons"):
        return single(n, asked.energy, asked.eta, asked.sample == "electrons", rng)
    draw = _drawing(asked, rng)
    if asked.sample == "zee":
        return electrons(n, asked.eta, draw)
    return radiated_photons(n, asked.eta, draw)


def _drawing(asked: Settings, rng: np.random.Generator) -> Draw:
    """Where decays of Z come from."""
    muons = asked.sample == "zmumugamma"
    if asked.generator == "pythia8":
        from rootml_atlas.simulation import pythia

        return pythia.decays(asked.mass, 13 if muons else 11, rng)
    if muons:
        least = np.sqrt(2 * LEAST_PHOTON_GEV**2 * (1 - np.cos(APART)))  # of a photon and a muon
        return partial(bosons.to_muons, mass=asked.mass, least_gev=float(least), rng=rng)
    return partial(bosons.to_electrons, mass=asked.mass, rng=rng)


def single(n: int, energy: Range, eta: float, charged: bool, rng: np.random.Generator) -> Particles:
    """Single electrons or photons, flat in ln(E), eta and phi."""
    low, high = np.log(energy)
    return Particles(
        np.arange(n),
        np.exp(rng.uniform(low, high, n)),
        rng.uniform(-eta, eta, n),
        rng.uniform(-np.pi, np.pi, n),
        rng.choice([-1, 1], n) if charged else np.zeros(n, np.int64),
        False,
    )


def electrons(n: int, eta: float, draw: Draw) -> Particles:
    """Pairs of electrons of which both are within ``eta``; at least ``n`` of them together.

    Photons are of the electron that is nearer to them.
    """
    leptons: list[Floats] = [np.zeros((0, 2, 4))]
    photons: list[Floats] = [NO_PHOTONS.momenta]
    of = [NO_PHOTONS.of]
    found = 0
    while 2 * found < n:
        drawn = draw(4 * n + 100)
        pt, size = drawn.leptons[:, :, 1], np.abs(drawn.leptons[:, :, 2])
        kept = np.all((pt > LEAST_PT_GEV) & (size < eta), axis=1)
        number = found + np.cumsum(kept) - 1
        there = kept[drawn.photons.of]
        momenta, at = drawn.photons.momenta[there], drawn.photons.of[there]
        nearer = _distances(momenta, drawn.leptons[at]).argmin(axis=1)
        leptons.append(drawn.leptons[kept])
        photons.append(momenta)
        of.append(2 * number[at] + nearer)
        found += int(kept.sum())
    pairs = np.concatenate(leptons)[: -(-n // 2)]
    energy, _, eta_, phi = pairs.reshape(-1, 4).T
    owner = np.concatenate(of)
    order = np.argsort(owner, kind="stable")
    radiated = Photons(np.concatenate(photons)[order], owner[order]).within(0, len(energy))
    event, charge = np.repeat(np.arange(len(pairs)), 2), np.tile([-1, 1], len(pairs))
    return Particles(event, energy, eta_, phi, charge, True, radiated)


def radiated_photons(n: int, eta: float, draw: Draw) -> Particles:
    """At least ``n`` photons within ``eta`` that muons of Z radiated, the hardest of each event."""
    photons: list[Floats] = [NO_PHOTONS.momenta]
    muons: list[Floats] = [np.zeros((0, 2, 4))]
    while sum(map(len, photons)) < n:
        drawn = draw(4 * n + 1000)
        order = np.lexsort((-drawn.photons.momenta[:, 1], drawn.photons.of))
        at, first = np.unique(drawn.photons.of[order], return_index=True)
        hardest, leptons = drawn.photons.momenta[order[first]], drawn.leptons[at]
        kept = (hardest[:, 1] > LEAST_PHOTON_GEV) & (np.abs(hardest[:, 2]) < eta)
        kept &= (leptons[:, :, 1] > LEAST_PHOTON_GEV).all(axis=1)
        kept &= (np.abs(leptons[:, :, 2]) < MUON_ETA).all(axis=1)
        kept &= (_distances(hardest, leptons) > APART).all(axis=1)
        photons.append(hardest[kept])
        muons.append(leptons[kept])
    energy, _, eta_, phi = np.concatenate(photons)[:n].T
    none = np.zeros(n, np.int64)
    both = np.concatenate(muons)[:n]
    return Particles(np.arange(n), energy, eta_, phi, none, False, muons=both)


def _distances(photons: Floats, leptons: Floats) -> Floats:
    """Distances (n, 2) in eta and phi of photons (n, 4) and leptons (n, 2, 4)."""
    eta = photons[:, None, 2] - leptons[:, :, 2]
    found: Floats = np.hypot(eta, wrapped(photons[:, None, 3] - leptons[:, :, 3]))
    return found
