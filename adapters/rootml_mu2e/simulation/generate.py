"""Simulated tracks, recorded as the flat ntuple holds them."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.errors import DataError
from rootml_mu2e.simulation.electrons import CONVERSION_MEV, Electrons, draw
from rootml_mu2e.simulation.fit import Fit, converged, fit
from rootml_mu2e.simulation.hits import Hits, draw_hits

if TYPE_CHECKING:
    import awkward as ak

LOWEST_MEV, HIGHEST_MEV = 75.0, 150.0
"""Electrons that reach the straws and stay inside the detector."""
LEAST, MOST = 100, 50_000
"""Electrons that are drawn at a time."""
OPTIONS = {
    "momentum": "at birth in MeV/c: a range like 80:120, drawn from evenly, or one value; "
    f"'conversion' is {CONVERSION_MEV}",
}


def simulate(
    n: int, rng: np.random.Generator, *, momentum: tuple[float, float] | float | str = (80.0, 120.0)
) -> ak.Array:
    """Simulate ``n`` electron tracks; the fields are the branches of the flat layout.

    ``momentum``: at birth, MeV/c; a range that is drawn from evenly, one value, or
    ``"conversion"``. Raises DataError for values that make no sense.
    """
    import awkward as ak

    if not isinstance(n, Integral) or n < 0:
        raise DataError(f"the number of tracks is {n!r}: expected 0 or more")
    span = _range(momentum)
    parts: list[ak.Array] = []
    missing = int(n)
    while missing > 0 or not parts:
        electrons = draw(min(max(2 * missing, LEAST), MOST), span, rng)
        hits = draw_hits(electrons, rng)
        fitted = fit(electrons, hits, rng)
        part = _record(electrons, hits, fitted, rng)[converged(electrons, fitted)]
        parts.append(part[: max(missing, 0)])
        missing -= len(parts[-1])
    return ak.concatenate(parts)


def _record(electrons: Electrons, hits: Hits, fitted: Fit, rng: np.random.Generator) -> ak.Array:
    import awkward as ak

    integers = {
        "de.status": np.ones(len(electrons)),
        "de.pdg": np.full(len(electrons), 11),
        "de.nhits": hits.hits,
        "de.nactive": hits.active,
        "de.ndouble": hits.double,
        "de.ndactive": hits.active_double,
        "de.nnullambig": hits.no_side,
        "de.nmatactive": fitted.straws,
    }
    numbers = {
        "de.t0err": fitted.t0err,
        "de.chisq": fitted.chisq,
        "de.fitcon": fitted.consistency,
        "de.radlen": fitted.lengths,
        "deent.mom": electrons.momentum + fitted.excess,
        "deent.momerr": fitted.momerr,
        "deent.td": electrons.tandip + rng.normal(0, 0.005, len(electrons)),
        "deent.d0": electrons.d0 + rng.normal(0, 1.5, len(electrons)),
        "deent.om": 1 / electrons.radius,
        "truth_momentum": electrons.momentum,
        "truth_generated": electrons.generated,
    }
    branches = {name: values.astype(np.int32) for name, values in integers.items()}
    branches |= {name: values.astype(np.float32) for name, values in numbers.items()}
    return ak.zip(branches, depth_limit=1)


def _range(momentum: object) -> tuple[float, float]:
    """Both ends of a range, of equal ends for one value, in MeV/c."""
    ends: Any = momentum
    if momentum == "conversion":
        ends = CONVERSION_MEV
    elif isinstance(momentum, str):
        ends = momentum.split(":")
    if isinstance(ends, int | float):
        ends = (ends, ends)
    try:
        low, high = map(float, ends)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"momentum {momentum!r}: expected MeV/c, a range like 80:120 or 'conversion'"
        ) from error
    if not LOWEST_MEV <= low <= high <= HIGHEST_MEV:
        raise DataError(
            f"momentum {momentum!r}: expected low <= high between {LOWEST_MEV:g} and "
            f"{HIGHEST_MEV:g} MeV/c"
        )
    return low, high
