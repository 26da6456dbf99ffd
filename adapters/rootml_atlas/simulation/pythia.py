"""Decays of the Z by PYTHIA 8 (C. Bierlich et al., SciPost Phys. Codebases 8 (2022)).

With what radiates in the initial and the final state; the rest of the collision is that of
:mod:`.pileup`, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from rootml.errors import DataError, MissingExtra
from rootml_atlas.simulation.bosons import Decays, Photons, kinematics
from rootml_atlas.simulation.material import Floats
from rootml_atlas.simulation.options import Range

SETTINGS: Final = (
    "Print:quiet = on",
    "Beams:eCM = 13000",
    "WeakSingleBoson:ffbar2gmZ = on",
    "23:onMode = off",
    "PartonLevel:MPI = off",
    "HadronLevel:all = off",
    "TimeShower:QEDshowerByGamma = off",
    "Random:setSeed = on",
)
"""Z and virtual photons of 13 TeV; what is off is soft, or (pairs of radiated photons) rare."""
Z, PHOTON = 23, 22
Row = tuple[float, float, float, float]
"""Energy and momentum in GeV."""
_SEEDS = 900_000_000
_FAILURES = 100


def decays(mass: Range, lepton: int, rng: np.random.Generator) -> Callable[[int], Decays]:
    """A source of decays to leptons with the number ``lepton``, seeded by ``rng``.

    Raises MissingExtra without PYTHIA, DataError where it does not run.
    """
    try:
        import pythia8mc
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "generator 'pythia8' needs the package 'pythia8mc': pip install \"rootml[pythia]\""
        ) from error
    pythia = pythia8mc.Pythia("", False)
    asked = (
        f"23:onIfAny = {lepton}",
        f"PhaseSpace:mHatMin = {mass[0]}",
        f"PhaseSpace:mHatMax = {mass[1]}",
        f"Random:seed = {rng.integers(1, _SEEDS)}",
    )
    if not all(map(pythia.readString, (*SETTINGS, *asked))) or not pythia.init():
        raise DataError("generator 'pythia8': PYTHIA cannot be set up")

    def draw(n: int) -> Decays:
        leptons: list[Row] = []
        photons: list[Row] = []
        of: list[int] = []
        for number in range(n):
            pair, radiated = _next(pythia, lepton)
            leptons += pair
            photons += radiated
            of += [number] * len(radiated)
        pairs = _momenta(leptons).reshape(-1, 2, 4)
        return Decays(pairs, Photons(_momenta(photons), np.array(of, np.int64)))

    return draw


def _next(pythia: Any, lepton: int) -> tuple[list[Row], list[Row]]:
    """Of the next event the negative and the positive lepton, and the photons they radiated.

    PYTHIA lists last what the Z decays to, after all else.
    """
    for _ in range(_FAILURES):
        if pythia.next():
            break
    else:
        raise DataError(f"generator 'pythia8': PYTHIA failed in {_FAILURES} events on end")
    event = pythia.event
    z = next(number for number in range(event.size() - 1, 0, -1) if event[number].id() == Z)
    found: dict[int, list[Row]] = {lepton: [], -lepton: [], PHOTON: []}
    for number in range(event[z].daughter1(), event.size()):
        particle = event[number]
        if particle.isFinal():
            row = (particle.e(), particle.px(), particle.py(), particle.pz())
            found[particle.id()].append(row)
    return found[lepton] + found[-lepton], found[PHOTON]


def _momenta(rows: list[Row]) -> Floats:
    """Momenta (n, 4) as in :mod:`.bosons`."""
    values = np.array(rows, float).reshape(-1, 4)
    return kinematics(values[:, 1:], values[:, 0])
