"""Scores of several classifiers on the same events, and what they are worth."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from common import talk
from common.samples import AMS, Sample
from common.talk import EFFICIENCY
from common.trainings import Trained
from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation import Counts, Estimate, Separation, efficiency_interval

REFERENCES = {"bdt": (1, 0.0), "likelihood": (-1, -4.0)}
"""Scores that files have: the sign that makes electrons high, and the cut that tells the kinds."""
NETWORK_CUT = 0.5
TEV = 1000.0
"""Energy in GeV below which the talk trains."""


@dataclass(frozen=True, eq=False)
class Judged:
    """Events of a sample that all classifiers judged.

    ``electron``: (n,) whether one is; ``energy``: (n,) GeV, reconstructed; ``scores``: (n,) by
    classifier, electrons high; ``titles`` of these; ``left_out``: events that one did not judge,
    or whose label tells neither kind.
    """

    sample: Sample
    electron: Array
    energy: Array
    scores: Mapping[str, Array]
    titles: Mapping[str, str]
    left_out: int = 0

    @classmethod
    def of(cls, sample: Sample, models: Mapping[str, Trained], truth: str = "") -> Judged:
        """Score a sample by models and by what its files hold; ``truth``: another column of it."""
        columns = sample.columns()
        scores = {name: model.scores(sample) for name, model in models.items()}
        titles = {name: model.title for name, model in models.items()}
        for reference in AMS.references:
            if (name := reference.column) in columns:
                scores[name] = REFERENCES[name][0] * columns[name].astype(np.float64)
                titles[name] = reference.title
        label = columns[truth or AMS.truth.label or ""]
        good = np.logical_and.reduce([label >= 0, *map(np.isfinite, scores.values())])
        return cls(
            sample,
            label[good] == 1,
            columns["energy"][good].astype(np.float64),
            {name: values[good] for name, values in scores.items()},
            titles,
            int(np.sum(~good)),
        )

    def where(self, chosen: Array) -> Judged:
        """Some of the events, (n,) truth values."""
        if not (self.electron & chosen).any() or not (~self.electron & chosen).any():
            raise DataError(
                f"{self.sample.files[0].name}, {len(chosen):,} test events: none of one kind are "
                "left in a range of energies: use more, --test-events or --scale"
            )
        return dataclasses.replace(
            self,
            electron=self.electron[chosen],
            energy=self.energy[chosen],
            scores={name: values[chosen] for name, values in self.scores.items()},
        )

    def at_1_tev(self) -> list[tuple[str, str, Judged]]:
        """The two regions of the talk: key, title and events of each."""
        low = self.energy < TEV
        return [
            ("below", "below 1 TeV", self.where(low)),
            ("above", "above 1 TeV", self.where(~low)),
        ]

    def separation(self, name: str) -> Separation:
        """How well a classifier separates electrons from protons."""
        values = self.scores[name]
        return Separation.from_scores(values[self.electron], values[~self.electron])

    def accuracy(self, name: str) -> Estimate:
        """Share that is told right, electrons and protons as frequent as in the talk's data set."""
        cut = REFERENCES[name][1] if name in REFERENCES else NETWORK_CUT
        right = (self.scores[name] > cut) == self.electron
        share = talk.electron_share(self.sample.dataset)
        each = np.where(
            self.electron, share / self.electron.sum(), (1 - share) / np.sum(~self.electron)
        )
        passed, total = (Counts(np.sum(w), np.sum(w**2)) for w in (each * right, each))
        return efficiency_interval(passed, total).one()

    def record(self) -> dict[str, Any]:
        """The sample and the figures of each classifier, for JSON."""
        rows = [self._row(name) for name in self.scores]
        return {
            "dataset": self.sample.dataset,
            "files": [file.name for file in self.sample.files],
            "electrons": int(self.electron.sum()),
            "protons": int(np.sum(~self.electron)),
            "left_out": self.left_out,
            "efficiency": EFFICIENCY,
            "classifiers": rows,
        }

    def _row(self, name: str) -> dict[str, Any]:
        separation = self.separation(name)
        cut = separation.at_efficiency(EFFICIENCY)
        return {
            "name": name,
            "title": self.titles[name],
            "auc": numbers(separation.auc()),
            "accuracy": numbers(self.accuracy(name)),
            "rejection": numbers(cut.rejection),
            "protons_passed": int(cut.background_passed),
        }


def numbers(estimate: Estimate) -> dict[str, float | None]:
    """An estimate for JSON, to six digits; what is infinite becomes None."""
    values = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {k: float(f"{v:.6g}") if math.isfinite(v) else None for k, v in values.items()}
