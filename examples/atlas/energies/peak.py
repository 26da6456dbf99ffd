"""The mass of Z -> ee before and after, fitted; what the width gains, on the same events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from energies.resampling import SEED, told
from energies.samples import Electrons, Sample
from rootml.errors import InputError
from rootml.spec import Array
from rootml.validation import Counts, PeakFit
from rootml.validation.statistics.peaks import fit_binned

EDGES = np.linspace(76.0, 106.0, 61)
"""GeV: a choice; the fit of what lies within."""
MODEL = "breit_wigner_crystal_ball"
"""The shape of the talk."""
FIXED = {"gamma": 2.4952, "power": 5.0}
"""Width of the Z in GeV (Particle Data Group, Phys. Rev. D 110 (2024) 030001); the power of the
tail, a choice, as these events cannot tell it from where the tail begins."""
REPLICAS = 100
"""Of the fits: the error of an error is then 7 %."""
TOLD = ("mean", "width", "alpha")


@dataclass(frozen=True, eq=False)
class Masses:
    """Masses (n,) in GeV of the same events, by what the energies are of."""

    of: Mapping[str, Array]

    @classmethod
    def of_pairs(
        cls, sample: Sample, electrons: Electrons, energies: Mapping[str, Array]
    ) -> Masses:
        """Of events with two electrons, all of whose energies (n,) are known.

        m^2 = 2 ET1 ET2 (cosh(eta1 - eta2) - cos(phi1 - phi2)), electrons without mass. InputError
        where no event has two.
        """
        good = np.logical_and.reduce([np.isfinite(one) for one in energies.values()])
        order = np.flatnonzero(good)[np.argsort(electrons.pair[good], kind="stable")]
        _, first, counts = np.unique(electrons.pair[order], return_index=True, return_counts=True)
        one = order[first[counts == 2]]
        other = order[first[counts == 2] + 1]
        if not len(one):
            raise InputError(
                f"{sample.files[0]}: no event has two electrons that are judged: no mass of a Z"
            )
        eta, phi = electrons.eta, electrons.phi
        angle = np.cosh(eta[one] - eta[other]) - np.cos(phi[one] - phi[other])
        et = {name: energy / np.cosh(eta) for name, energy in energies.items()}
        return cls({name: np.sqrt(2 * e[one] * e[other] * angle) for name, e in et.items()})


def fit(masses: Array, start: Mapping[str, float] | None = None) -> PeakFit:
    """Breit-Wigner of the Z's width, folded with a Crystal Ball."""
    counts = np.histogram(masses, EDGES)[0].astype(np.float64)
    return _fit(counts, start)


def _fit(counts: Array, start: Mapping[str, float] | None = None) -> PeakFit:
    return fit_binned(EDGES, Counts(counts, counts), MODEL, start=start, fixed=FIXED)


def widths(masses: Masses, fits: Mapping[str, PeakFit]) -> dict[str, Array]:
    """Widths (1 + r,) of the Crystal Ball, of the events and of bootstrap replicas of them.

    The same replicas for all: what an improvement is worth follows from the same events before and
    after. A replica whose fit fails stands for none, and is left out of all.
    """
    rng = np.random.default_rng(SEED)
    bins = {name: np.digitize(values, EDGES) for name, values in masses.of.items()}
    starts = {name: {key: one.parameters[key].value for key in TOLD} for name, one in fits.items()}
    found = {name: [one.parameters["width"].value] for name, one in fits.items()}
    size = len(next(iter(bins.values())))
    for _ in range(REPLICAS):
        weights = rng.poisson(1.0, size)
        made = {}
        for name, index in bins.items():
            counts = np.bincount(index, weights, len(EDGES) + 1)[1:-1]
            made[name] = _fit(counts, starts[name])
        if all(one.valid for one in made.values()):
            for name, one in made.items():
                found[name].append(one.parameters["width"].value)
    return {name: np.array(values) for name, values in found.items()}


def record(
    masses: Masses, fits: Mapping[str, PeakFit], found: Mapping[str, Array], before: str
) -> dict[str, Any]:
    """Events, parameters of each fit and the improvement of the width on ``before``, for JSON."""
    rows = {}
    for name, one in fits.items():
        rows[name] = {
            "parameters": {
                key: {"value": p.value, "error": (p.high - p.low) / 2}
                for key, p in one.parameters.items()
                if key in TOLD
            },
            "chi2": one.chi2,
            "ndof": one.ndof,
            "p_value": one.p_value,
            "message": one.message,
            "improvement": told(1 - found[name] / found[before]),
        }
    events = len(next(iter(masses.of.values())))
    replicas = len(next(iter(found.values()))) - 1
    return {
        "events": events,
        "replicas": replicas,
        "low": EDGES[0],
        "high": EDGES[-1],
        "fits": rows,
    }
