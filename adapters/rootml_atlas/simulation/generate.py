"""Simulated electrons and photons in the branches of the ntuple."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rootml.errors import DataError
from rootml_atlas.geometry import LAYERS
from rootml_atlas.simulation import baseline, clusters, muons, passage, pileup, readout, tracks
from rootml_atlas.simulation.clusters import Clusters
from rootml_atlas.simulation.conditions import Conditions
from rootml_atlas.simulation.deposit import Image, spread
from rootml_atlas.simulation.generator import (
    ELECTRON,
    PHOTON,
    ZEE,
    ZMUMU,
    Particles,
    generate,
)
from rootml_atlas.simulation.legs import Legs, merge, wrapped
from rootml_atlas.simulation.material import RADIUS_M, Floats, depths
from rootml_atlas.simulation.options import Settings, settings
from rootml_atlas.simulation.pileup import Crossing
from rootml_atlas.simulation.showers import Deposits, develop
from rootml_atlas.simulation.windows import MIDDLE, Windows, hottest

if TYPE_CHECKING:
    import awkward as ak

Branches = dict[str, npt.NDArray[Any]]
Estimate = Callable[[Branches], Floats]

BATCH = 1000
"""Particles that are followed at a time."""
_MARGIN = 1
"""Middle cells around a window in which the hottest cell may turn up."""
_EVENTS = 2**48
"""Numbers of events: a batch begins at a random one."""
_CHANNELS = {"zee": ZEE, "zmumugamma": ZMUMU, "electrons": ELECTRON, "photons": PHOTON}
_PHOTONS = ("zmumugamma", "photons")
"""Samples of photons."""


def simulate(n: int, rng: np.random.Generator, **options: Any) -> ak.Array:
    """Simulate ``n`` electrons or photons, one an entry; the fields are the ntuple's branches.

    ``options``: fields of :class:`.options.Settings`. Raises DataError for values that make no
    sense.
    """
    if not isinstance(n, Integral) or n < 0:
        raise DataError(f"the number of electrons is {n!r}: expected 0 or more")
    return draw(int(n), settings(options), baseline.energy, rng)


def draw(n: int, asked: Settings, estimate: Estimate, rng: np.random.Generator) -> ak.Array:
    """Simulate ``n`` electrons or photons; ``estimate`` makes ``p_e`` of the scalars."""
    import awkward as ak

    particles = generate(n, asked, rng)
    starts = range(0, max(len(particles.energy), 1), BATCH)
    parts = [_record(particles.take(at, at + BATCH), asked, estimate, rng) for at in starts]
    return ak.concatenate(parts)[:n]


def _record(
    particles: Particles, asked: Settings, estimate: Estimate, rng: np.random.Generator
) -> ak.Array:
    """Follow some particles; the whole chain from top to bottom."""
    import awkward as ak

    conditions = asked.conditions
    crossing = pileup.crossings(particles, asked.mu or conditions.mu, asked.mu is not None, rng)
    crossed = depths(particles.eta, conditions.extra(particles.eta))
    follow = passage.photons if asked.sample in _PHOTONS else passage.electrons
    passed = follow(particles, crossed, rng)
    soft, beside = pileup.soft_particles(particles, crossing, passed.phi, crossed.tracker, rng)
    legs = merge(passed.legs, passage.radiated(particles, crossed, rng), beside)
    showers = develop(legs, crossed, conditions.width, rng)
    windows, cells = _measured(particles, passed.phi, crossing, legs, showers, conditions, rng)
    found = clusters.measure(windows, tuple(layer.energy for layer in cells))
    lost = np.bincount(legs.owner, showers.lost, len(particles.energy)).astype(float)
    track = tracks.matched(particles, passed, rng)
    branches = _images(windows, cells)
    branches |= clusters.scalars(found, clusters.scintillators(particles.eta, lost, rng))
    branches |= _track_scalars(particles, found, track, crossing, passed.tracks)
    branches |= _calibrated(estimate(branches), branches, particles, rng)
    branches |= {
        "mcChannelNumber": np.full(len(particles.energy), _CHANNELS[asked.sample]),
        "p_truth_E": 1000 * particles.energy,
        "p_truth_pdgId": np.where(particles.charge == 0, 22, -11 * particles.charge),
    }
    if particles.muons is not None:
        branches |= muons.measured(particles.muons, rng)
    counts, columns = tracks.listed(particles, track, soft, crossing, rng)
    lists = {
        f"p_tracks_{key}": ak.unflatten(_typed(values), counts) for key, values in columns.items()
    }
    flat = {
        key: ak.from_numpy(_typed(values, key == "eventNumber"), regulararray=True)
        for key, values in branches.items()
    }
    return ak.zip(flat | lists, depth_limit=1)


def _measured(
    particles: Particles,
    phi: Floats,
    crossing: Crossing,
    legs: Legs,
    showers: Deposits,
    conditions: Conditions,
    rng: np.random.Generator,
) -> tuple[Windows, list[readout.Cells]]:
    """Windows about the hottest middle cells, and the measured cells that they touch."""
    z = crossing.z / 1000
    eta = np.arcsinh(np.sinh(particles.eta) + z / RADIUS_M[MIDDLE])
    gain = readout.gains(particles.eta, conditions, rng)

    def read(layer: int, mean: Image) -> readout.Cells:
        return readout.read(layer, mean, particles.eta, crossing.mu, gain, conditions, rng)

    around = Windows.about(eta, wrapped(phi), _MARGIN)
    middle = read(MIDDLE, spread(around.middle(_MARGIN), legs, showers, z))
    row, column = hottest(middle.energy, _MARGIN)
    windows = around.moved(row, column)
    cells = [
        middle.cut(row, column, windows.grid(layer))
        if layer == MIDDLE
        else read(layer, spread(windows.grid(layer), legs, showers, z))
        for layer in range(len(LAYERS))
    ]
    return windows, cells


def _images(windows: Windows, cells: list[readout.Cells]) -> Branches:
    branches: Branches = {}
    for layer, measured in enumerate(cells):
        name = f"em_barrel_Lr{layer}"
        branches[name] = windows.pixels(layer, measured.energy, split=True)
        branches[f"time_{name}"] = windows.pixels(layer, measured.time, split=False)
    return branches


def _track_scalars(
    particles: Particles,
    found: Clusters,
    track: tracks.Matched,
    crossing: Crossing,
    number: npt.NDArray[np.int64],
) -> Branches:
    """Scalars that need the track (0 without one), the position and the crossing."""
    has = track.pt > 0
    z = crossing.z / (1000 * RADIUS_M[MIDDLE])
    eta = np.where(has, track.eta, np.arcsinh(np.sinh(found.eta) - z))
    pt = found.accordion / np.cosh(eta)
    turned = wrapped(found.phi - tracks.extrapolated(track, particles.charge, pt))
    return {
        "p_pt_track": 1000 * track.pt,
        "p_nTracks": number,
        "p_eta": eta,
        "p_phi": wrapped(np.where(has, track.phi, found.phi)),
        "p_charge": particles.charge,
        "p_deltaPhiRescaled2": np.where(has, turned, 0.0),
        "p_deltaEta2": np.where(has, found.eta - np.arcsinh(np.sinh(track.eta) + z), 0.0),
        "averageInteractionsPerCrossing": crossing.mu,
        "NvtxReco": crossing.vertices,
    }


def _calibrated(
    energy: Floats, branches: Branches, particles: Particles, rng: np.random.Generator
) -> Branches:
    """The energy in MeV, the event's number, and of electrons of a Z the other electron."""
    event = rng.integers(_EVENTS) + particles.event - particles.event[:1].sum()
    found = {"p_e": energy, "eventNumber": event}
    other = np.arange(len(energy)) ^ 1
    for name, values in (("e", energy), ("eta", branches["p_eta"]), ("phi", branches["p_phi"])):
        found[f"tag_{name}"] = values[other] if particles.paired else np.full(len(energy), np.nan)
    return found


def _typed(values: npt.NDArray[Any], wide: bool = False) -> npt.NDArray[Any]:
    """Values as the ntuple holds them: 32 bits, 64 for ``wide`` integers."""
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    return values.astype(np.int64 if wide else np.int32)
