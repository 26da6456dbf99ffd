"""The unit of deposits and energies, which no file says.

Two things tell: the sum of the deposits over the reconstructed energy, and the deposits' own scale:
a particle that has not begun to shower leaves the first layer one minimum ionising particle's
loss, whatever its energy, and the smallest deposits of a file lie a little above its threshold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from rootml.adapter import Options
from rootml.spec import Array
from rootml_ams.checks import VARIABLE, refusal, switched_off
from rootml_ams.simulation.deposit import MIP_MEV

GEV: Final[Mapping[str, float]] = {"keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3}
DEPOSIT_UNITS: Final = ("MeV", "GeV")
"""Those that are read; the energy is in GeV."""
DEFAULT_UNIT: Final = "MeV"
"""Where nothing tells: the unit of the AMS software."""
CONTAINED: Final = (0.2, 3.0)
"""Between these is the median of deposits over energy: most of a shower, or a leaking hadron's."""
SMALLEST_MEV: Final = 2.5
"""Smallest deposits: a sixth to a fourth of a minimum ionising particle."""
_TIMES: Final = 12.0
"""Both may be off by this factor; units are a factor of 1000 apart."""
_FEWEST: Final = 6


def find_unit(image: Array, energy: Array | None, names: Mapping[str, str]) -> Options:
    """Tell in which unit the deposits in ``image`` (n, 18, 72) are.

    ``energy`` (n,) is as the file has it, ``names`` holds the branches "deposit" and "energy" for
    messages. Raises :class:`~rootml.errors.DataError` where the deposits are in neither MeV nor
    GeV, or the energy is not in GeV.
    """
    own = _own_scale(image)
    ratio = None if energy is None else _ratio(image, energy)
    if ratio is None:
        why = "no energy branch" if energy is None else "no event with energy"
        return _by_scale(own, why, names["deposit"])
    pairs = list(_explaining(ratio, own))
    for unit, energy_unit in pairs:
        if unit in DEPOSIT_UNITS and energy_unit == "GeV":
            return _found(unit, f"deposits / energy = {ratio:.3g}")
    likely = " or ".join(f"{names['deposit']} in {a}, {names['energy']} in {b}" for a, b in pairs)
    return _unknown(
        f"deposits of the cells ({names['deposit']}) add up to {ratio:.3g} per unit of the energy"
        f" ({names['energy']}): expected about 1 (deposits in GeV) or 1000 (in MeV) per GeV"
        + (f"; this looks like {likely}" if likely else "")
    )


def _by_scale(own: str | None, why: str, name: str) -> Options:
    """The unit of deposits where no energy tells."""
    if own is None:
        return _found(DEFAULT_UNIT, f"default: {why}")
    if own in DEPOSIT_UNITS:
        return _found(own, f"the smallest deposits; {why}")
    return _unknown(f"{name}: the smallest deposits look like {own}, expected MeV or GeV")


def _unknown(problem: str) -> Options:
    if switched_off():
        return _found(DEFAULT_UNIT, f"default: {VARIABLE} is off")
    raise refusal(problem)


def _found(unit: str, why: str) -> Options:
    return {"deposit_unit": unit, "deposit_unit_from": why}


def _ratio(image: Array, energy: Array) -> float | None:
    """Median of the sum of the deposits over the energy."""
    total = image.sum(axis=(1, 2), dtype=np.float64)
    usable = (energy > 0) & (total > 0) & np.isfinite(energy)
    return float(np.median(total[usable] / energy[usable])) if usable.any() else None


def _explaining(ratio: float, own: str | None) -> Iterator[tuple[str, str]]:
    """Pairs of a deposit's and the energy's unit that make ``ratio``, the nearest first."""
    low, high = CONTAINED
    for energy_unit in ("GeV", "TeV", "MeV"):
        for unit in GEV if own is None else (own,):
            if low < ratio * GEV[unit] / GEV[energy_unit] < high:
                yield unit, energy_unit


def _own_scale(image: Array) -> str | None:
    """The unit in which both the first layer and the smallest deposits are as large as expected."""
    first = image[:, 0].sum(axis=1, dtype=np.float64)
    first = first[first > 0]
    if len(first) < _FEWEST:
        return None
    layer, smallest = np.median(first), np.quantile(image[image > 0], 0.05)
    for unit, gev in GEV.items():
        seen = np.array([layer / MIP_MEV, smallest / SMALLEST_MEV]) * 1000 * gev
        if np.all((seen > 1 / _TIMES) & (seen < _TIMES)):
            return unit
    return None
