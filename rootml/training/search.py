"""Where a search for better hyper-parameters looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from rootml.errors import TrainingError

if TYPE_CHECKING:
    from optuna import Trial

    Value = str | int | float | bool


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, both included; integers where both are.

    ``log``: evenly in the logarithm.
    """

    low: float
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.log and self.low <= 0):
            kind = "a logarithmic range starts above 0" if self.log else "a range needs low < high"
            raise TrainingError(f"{self}: {kind}")

    @property
    def extremes(self) -> Sequence[Value]:
        """Values of which none can be wrong where these are right."""
        return (self.low, self.high)

    def suggest(self, trial: Trial, name: str) -> Value:
        """The value of a trial."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(name, self.low, self.high, log=self.log)
        return trial.suggest_float(name, self.low, self.high, log=self.log)


@dataclass(frozen=True)
class Choice:
    """One of some values: texts, numbers or truth values."""

    values: tuple[Value, ...]

    @property
    def extremes(self) -> Sequence[Value]:
        """Values of which none can be wrong where these are right."""
        return self.values

    def suggest(self, trial: Trial, name: str) -> Value:
        """The value of a trial."""
        return cast("Value", trial.suggest_categorical(name, self.values))


Search = Mapping[str, Range | Choice]
"""By the name of an option or of a parameter of the learner."""
