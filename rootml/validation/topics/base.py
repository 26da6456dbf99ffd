"""A topic: something that is counted of a sample, and the figures and plots that follow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rootml.card import Output
from rootml.spec import Array
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally, in_bins
from rootml.validation.counting.units import Units
from rootml.validation.figures.draft import Draft
from rootml.validation.figures.histograms import class_names


class Topic(ABC):
    """One subject (an output, a reference, a tensor) of a validation.

    ``columns``: logical columns that :meth:`fill` uses as far as a file has them.
    """

    columns: tuple[str, ...] = ()
    setting: Setting

    @classmethod
    @abstractmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """The topics of this kind that a setting has, one for each subject."""

    @abstractmethod
    def fill(self, tally: Tally, units: Units) -> None:
        """Count a chunk."""

    @abstractmethod
    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """Figures, to be merged with those of other topics; registers checks and plots."""

    @abstractmethod
    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """The histograms of the report, by name."""

    def by_class(self, tally: Tally, name: str) -> Iterator[tuple[int, str, Any]]:
        """Number and name of each class with entries in ``name``, and their histogram."""
        if name not in tally.hists:
            return
        for i, label in enumerate(class_names(self.setting)):
            counted = tally.hists[name][i, ...]
            if counted.variances(flow=True).any():
                yield i, label, counted

    def fill_by_variable(
        self,
        tally: Tally,
        units: Units,
        name: str,
        axes: tuple[Any, ...],
        rows: npt.NDArray[np.bool_],
        *values: Array,
    ) -> None:
        """Count ``values`` of the units ``rows`` on ``axes``, and so in bins of each variable.

        The latter is the histogram ``in_bins(name, variable)``; units without the variable are
        left out there.
        """
        weight = units.weights(rows)
        tally.fill(name, axes, *values, weight=weight)
        for variable in self.setting.variables:
            column = units.column(variable.source)
            if column is None:
                continue
            known, places = variable.places(column[rows])
            tally.fill(
                in_bins(name, variable.name),
                (variable.axis(), *axes),
                places,
                *(part[known] for part in values),
                weight=None if weight is None else weight[known],
            )


def is_score(output: Output) -> bool:
    """Whether an output is one probability of signal."""
    return output.role == "score" and not output.shape


def describe(setting: Setting, output: Output, invalid: int) -> dict[str, Any]:
    """What every topic of an output says of it."""
    return {
        "branch": setting.branches[output.name],
        "role": output.role,
        "unit": output.unit,
        "invalid": invalid,
    }


def check_valid(draft: Draft, output: Output, wanted: str) -> int:
    """Check that no value of an output was invalid; how many were."""
    invalid = draft.tally.counts["invalid", output.name]
    text = f"{invalid} values of {output.name} are not {wanted}"
    draft.check(f"{output.name}_valid", invalid == 0, text)
    return invalid
