"""Reconstructed tracks: of the electron, of conversions, and of soft particles nearby."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rootml_atlas.simulation.generator import Particles
from rootml_atlas.simulation.legs import Index, curvature, lever, turned, wrapped
from rootml_atlas.simulation.material import FIELD_T, SOLENOID_M, Floats
from rootml_atlas.simulation.passage import Passage
from rootml_atlas.simulation.pileup import NEAR, Crossing, Soft

CURVATURE: Final = (5e-4, 0.012)
"""Resolution of 1/pT over 1/pT: per GeV, and of multiple scattering."""
D0_MM, Z0_MM, PT_MM = 0.012, 0.09, 0.12
"""Resolution of d0 and of z0 sin(theta) at high momenta, and what scattering adds over pT / GeV."""
DIRECTION: Final = 2e-4
"""Resolution of eta and phi at high momenta, rad; all after ATLAS, JINST 3 (2008) S08003, chapter
10, in round numbers."""
SPOT_MM: Final = 0.01
"""Spread of collisions across the beam, of Run 2 in round numbers (a choice)."""
EFFICIENCY: Final = 0.85
"""Of soft tracks (ATLAS, PLB 758 (2016) 67)."""
HITS: Final = ((4, 0.98), (8, 0.98), (36, 0.92))
"""Layers crossed in pixels, SCT and TRT (the same, chapter 4, and the fourth pixel layer), and the
share of them with a hit (round numbers)."""


@dataclass(frozen=True)
class Matched:
    """The own track of each particle, (n,); 0 where there is none."""

    pt: Floats
    """GeV"""
    eta: Floats
    phi: Floats


def matched(particles: Particles, passage: Passage, rng: np.random.Generator) -> Matched:
    """Tracks of electrons as a fit without their radiation finds them, and of conversions."""
    n = len(particles.energy)
    pt = particles.pt * passage.momentum_share
    found = np.where(passage.tracks > 0, _smeared(np.maximum(pt, 1e-3), rng), 0.0)
    return Matched(
        found,
        particles.eta + rng.normal(0, DIRECTION, n),
        particles.phi + rng.normal(0, DIRECTION, n),
    )


def extrapolated(track: Matched, charge: Index, pt: Floats) -> Floats:
    """Phi in the middle layer of the tracks with the momentum rescaled to ``pt`` GeV."""
    bend = curvature(FIELD_T, np.maximum(pt, 0.5)) * lever(SOLENOID_M)
    found: Floats = track.phi - charge * turned(bend)
    return found


def listed(
    particles: Particles,
    track: Matched,
    soft: Soft,
    crossing: Crossing,
    rng: np.random.Generator,
) -> tuple[Index, Mapping[str, npt.NDArray[Any]]]:
    """Number of tracks of each particle, and the tracks: own ones first, then those nearby."""
    near = np.hypot(soft.eta - particles.eta[soft.owner], soft.phi - particles.phi[soft.owner])
    kept = np.flatnonzero((near < NEAR) & (rng.random(len(near)) < EFFICIENCY))
    own = np.flatnonzero(track.pt > 0)
    owner = np.concatenate([own, soft.owner[kept]])
    charge = np.where(particles.charge == 0, 1, particles.charge)
    pt = np.concatenate([track.pt[own], _smeared(soft.pt[kept], rng)])
    eta = np.concatenate([track.eta[own], soft.eta[kept]])
    sigma_d0, sigma_z0 = (np.hypot(floor, PT_MM / pt) for floor in (D0_MM, Z0_MM))
    z = np.concatenate([crossing.z[own], soft.z[kept]])
    columns = {
        "pt": 1000 * pt,
        "charge": np.concatenate([charge[own], soft.charge[kept]]),
        "d0": rng.normal(0, np.hypot(sigma_d0, SPOT_MM)),
        "sigmad0": sigma_d0,
        "vertex": np.concatenate([np.zeros(len(own), np.int64), soft.vertex[kept]]),
        "z0": z + rng.normal(0, sigma_z0 * np.cosh(eta)),
        "eta": eta,
        "phi": wrapped(np.concatenate([track.phi[own], soft.phi[kept]])),
    }
    columns |= {
        name: rng.binomial(layers, share, len(owner))
        for name, (layers, share) in zip(("pixhits", "scthits", "trthits"), HITS, strict=True)
    }
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=len(particles.energy))
    return counts, {name: values[order] for name, values in columns.items()}


def _smeared(pt: Floats, rng: np.random.Generator) -> Floats:
    """Measured transverse momenta: the error is Gaussian in their inverse."""
    slope, floor = CURVATURE
    relative = 1 + np.hypot(slope * pt, floor) * rng.standard_normal(len(pt))
    found: Floats = pt / np.maximum(relative, 0.05)
    return found
