"""The variables that a reconstruction would give for the drawn events.

Shapes are chosen by physical sense and by the figures of arXiv:2110.14065; they are not the
experiment's simulation.
"""

from __future__ import annotations

import numpy as np

from rootml.spec import Array
from rootml_uboone.branches import PLANES
from rootml_uboone.simulation import physics
from rootml_uboone.simulation.interactions import COSMIC, Events
from rootml_uboone.variables import ENERGY_SCALE

LOWEST = float(np.finfo(np.float32).min)
GEV_PER_HIT = 0.0009
FAR_CM, NO_COSMIC, COSMIC_UNSEEN = 1e6, 9999.0, 0.02

Branches = dict[str, Array]


def showers(events: Events, rng: np.random.Generator) -> Branches:
    """Score, energy, fit, spread and numbers of hits of the shower."""
    n = len(events.energy)
    true_shower = events.shower != "muon"
    score = np.where(true_shower, rng.beta(0.6, 4, n), rng.beta(2, 1.5, n)) / 2
    points = np.maximum(_shower_hits(events.energy, rng), 5)
    share = np.where(true_shower, rng.beta(2, 6, n), rng.beta(5, 2, n))
    spread = rng.gamma(9, 0.6 * (0.2 / events.energy) ** 0.1)
    narrow = np.where(rng.random(n) < 0.7, rng.gamma(3, 0.8, n), rng.gamma(4, 5.0, n))
    angle = np.where(true_shower, spread, narrow)
    angle[rng.random(n) < 0.005] = np.nan
    measured = events.energy * ENERGY_SCALE * (1 + rng.normal(0, 0.12, n))
    scale = np.where(true_shower, 1.0, 3.0)
    return {
        "shr_score": score,
        "shr_energy_tot_cali": np.maximum(measured, 0.01),
        "shr_tkfit_npoints": points,
        "shr_tkfit_npointsvalid": np.rint(points * share),
        "shrmoliereavg": angle,
        "shr_hits_tot": points,
        "shrMCSMom": rng.lognormal(np.log(60 * scale), 0.4),
        "DeltaRMS2h": rng.gamma(4, 1.2 / scale),
        "shrPCA1CMed_5cm": 1 - rng.beta(1.5, 30 * scale, n),
        "CylFrac2h_1cm": np.where(true_shower, rng.beta(1.5, 9, n), rng.beta(4, 3, n)),
    }


def ionisation(events: Events, rng: np.random.Generator) -> Branches:
    """dE/dx at the start of the shower, on each plane; lowest where there are no hits.

    One of ten photons scatters off an electron instead of making a pair, and looks like one.
    """
    n = len(events.energy)
    pair = (events.shower == "photon") & (rng.random(n) < 0.9)
    typical = np.where(pair, physics.TWO_MIPS_MEV_CM, physics.MIP_MEV_CM) * 0.95
    branches = {}
    for name, length in (("", 4.0), ("_2cm", 2.0), ("_gap10", 4.0)):
        true = physics.moyal(typical, np.full(n, 0.2 / np.sqrt(length)), rng)
        for plane in PLANES:
            count = physics.hits(np.full(n, length), events.direction, plane, rng)
            measured = true * (1 + rng.normal(0, 0.3, n) / np.sqrt(np.maximum(count, 1)))
            kept = np.where(count > 0, np.maximum(measured, 0.1), LOWEST)
            branches[f"shr_tkfit{name}_dedx_{plane}"] = kept
            branches[f"shr_tkfit{name}_nhits_{plane}"] = count
    return branches


def tracks(events: Events, shower_hits: Array, rng: np.random.Generator) -> Branches:
    """Where the track is against the shower, its score and energy."""
    n = len(events.energy)
    cosine = (events.direction * events.track_direction).sum(axis=1)
    count = sum(
        (physics.hits(events.length, events.track_direction, plane, rng) for plane in PLANES),
        start=np.zeros(n, np.int64),
    )
    length, _ = physics.on_plane(events.direction, "Y")
    certainty = np.clip(events.length / 5, 0.6, 2.5)
    score = np.tanh(np.where(events.muon, 0.8, -0.8) * certainty + rng.normal(0, 0.4, n))
    seen = events.has_track
    return {
        "tksh_distance": np.where(seen, events.between, LOWEST),
        "tksh_angle": np.where(seen, np.clip(cosine, -1, 1), LOWEST),
        "trkshrhitdist2": np.where(
            seen, events.between * length * rng.random(n) + rng.exponential(0.4, n), LOWEST
        ),
        "hits_ratio": shower_hits / (shower_hits + np.where(seen, count, 0)),
        "trk_hits_tot": np.where(seen, count, 0),
        "trk_energy_tot": np.where(seen, events.kinetic, 0.0),
        "trk_score": score,
    }


def second_showers(events: Events, rng: np.random.Generator) -> Branches:
    """On each plane the largest cluster of no particle: a photon's, or of noise, or none."""
    n = len(events.energy)
    branches = {}
    for plane in PLANES:
        shower_length, shower_angle = physics.on_plane(events.direction, plane)
        length, angle = physics.on_plane(events.second_direction, plane)
        photon = _shower_hits(events.second_energy, rng) // len(PLANES)
        noise = rng.geometric(0.15, n) * (rng.random(n) < 0.9)
        real = photon > noise
        count = np.where(real, photon, noise)
        distance = np.where(real, events.second_gap * length, rng.uniform(1, 250, n))
        dot = np.where(real, 1 - rng.exponential(0.02, n), rng.uniform(-1, 1, n))
        dot[count == 1] = np.nan
        none = count == 0
        branches[f"secondshower_{plane}_nhit"] = count
        branches[f"secondshower_{plane}_vtxdist"] = np.where(none, FAR_CM, distance)
        branches[f"secondshower_{plane}_dot"] = np.where(none, 0.0, np.maximum(dot, -1))
        heading = np.where(real, angle, rng.uniform(0, 360, n))
        branches[f"secondshower_{plane}_dir"] = np.where(none, 0.0, heading)
        blurred = shower_angle + rng.normal(0, 3 / np.maximum(shower_length, 0.3))
        branches[f"shrclusdir{PLANES.index(plane)}"] = blurred % 360
    return branches


def surroundings(events: Events, rng: np.random.Generator) -> Branches:
    """The nearest cosmic particle; a shower that is cosmic is a piece of one."""
    n = len(events.energy)
    cosmic = events.category == COSMIC
    distance = np.where(cosmic, rng.exponential(8, n), rng.gamma(2, 40, n))
    muon = physics.around(np.broadcast_to(physics.DOWN, (n, 3)), 3.0, rng)
    along = rng.choice([-1, 1], n) * (1 - rng.exponential(0.05, n))
    cosine = np.where(cosmic, along, (events.direction * muon).sum(axis=1))
    unseen = rng.random(n) < COSMIC_UNSEEN
    return {
        "CosmicIPAll3D": np.where(unseen, NO_COSMIC, distance),
        "CosmicDirAll3D": np.where(unseen, NO_COSMIC, np.clip(cosine, -1, 1)),
    }


def _shower_hits(energy: Array, rng: np.random.Generator) -> Array:
    """Hits of a shower on the three planes together."""
    return rng.poisson(3 * energy / GEV_PER_HIT * np.clip(rng.normal(1, 0.15, len(energy)), 0.3, 2))
