"""Sets of classes: how often the true one is among them, and the thresholds that see to it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from rootml.yamltext import Part


class Coverage(Part):
    """A set holds each class whose probability reaches a threshold, and the most probable one.

    Of events like those that fixed the thresholds a share of at least ``level`` has its true class
    in the set; with ``by_class`` the same holds among the events of each true class, and so in any
    mixture of them. A recipe says ``level`` and ``by_class``, the training fixes the rest.
    """

    level: Annotated[float, Field(gt=0, lt=1)]
    by_class: bool = False
    thresholds: tuple[Annotated[float, Field(ge=0, le=1)], ...] = ()
    """One for all classes or, with ``by_class``, one a class; 0: too few events fixed it."""
    events: tuple[Annotated[int, Field(ge=0)], ...] = ()
    """How many events fixed each threshold."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.thresholds) != len(self.events):
            raise ValueError("each threshold goes with the number of events that fixed it")
        return self
