"""Relative errors of several estimates of the same electrons, and what they are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from energies.resampling import Ranges, told, weights
from energies.samples import Sample
from energies.trainings import Trained
from rootml.errors import InputError
from rootml.spec import Array

BASELINE = "baseline"
MATCHED = 0.6
"""Electrons whose calibrated energy is farther from the truth, relative to it, are another's (the
talk)."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Electrons that all networks judged, (n,) each.

    ``truth``: GeV; ``eta``; ``pair``: which event; ``errors``: estimate / truth - 1 of the baseline
    and the networks; ``left_out``: electrons without truth, not matched, or not judged by all.
    """

    truth: Array
    eta: Array
    pair: Array
    errors: Mapping[str, Array]
    left_out: int = 0

    @classmethod
    def of(cls, sample: Sample, models: Mapping[str, Trained]) -> Judged:
        """InputError where the sample has no truth, or no electron is left."""
        found = sample.electrons()
        energies = {BASELINE: found.energy}
        energies |= {name: model.energies(sample) for name, model in models.items()}
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = {name: energy / found.truth - 1 for name, energy in energies.items()}
        good = np.logical_and.reduce([np.isfinite(one) for one in errors.values()])
        good &= np.abs(errors[BASELINE]) < MATCHED
        if good.sum() < 2:
            raise InputError(
                f"{sample.files[0]}: of {len(good):,} electrons {good.sum()} have a matching truth "
                "and are judged by all networks: nothing can be measured"
            )
        kept = {name: one[good] for name, one in errors.items()}
        return cls(found.truth[good], found.eta[good], found.pair[good], kept, int(np.sum(~good)))

    @property
    def truth_et(self) -> Array:
        """True transverse energy in GeV (n,)."""
        return np.asarray(self.truth / np.cosh(self.eta))

    def where(self, chosen: Array) -> Judged:
        """Some of the electrons, (n,) truth values."""
        kept = {name: one[chosen] for name, one in self.errors.items()}
        picked = {"truth": self.truth, "eta": self.eta, "pair": self.pair}
        return replace(self, **{key: one[chosen] for key, one in picked.items()}, errors=kept)

    def ranges(self) -> dict[str, Ranges]:
        """Interquantile ranges of all estimates on the same replicas."""
        drawn = weights(np.unique(self.pair, return_inverse=True)[1].reshape(-1))
        return {name: Ranges.of(one, drawn) for name, one in self.errors.items()}

    def record(self, found: Mapping[str, Ranges]) -> dict[str, Any]:
        """Number of electrons, and the figures of each estimate, for JSON."""
        rows = {name: figures(one, found[BASELINE]) for name, one in found.items()}
        return {"electrons": len(self.truth), "left_out": self.left_out, "estimates": rows}


def figures(ranges: Ranges, before: Ranges) -> dict[str, Any]:
    """Median, interquantile ranges and their relative improvements on the baseline."""
    return {
        "median": told(ranges.median),
        "eiqr75": told(ranges.eiqr75),
        "eiqr95": told(ranges.eiqr95),
        "reiqr75": told(1 - ranges.eiqr75 / before.eiqr75),
        "reiqr95": told(1 - ranges.eiqr95 / before.eiqr95),
    }
