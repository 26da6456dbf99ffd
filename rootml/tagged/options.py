"""What a validation of files is asked to do, its expressions read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from rootml.adapter import Adapter, Truth
from rootml.errors import InputError
from rootml.tagged.expressions import Expression
from rootml.tagged.samples import SampleFiles
from rootml.tagged.variables import Against, parse_against, with_fits
from rootml.validation.events.choosing import PER_KIND

CLASSES = ("background", "signal")
"""What the values 0 and 1 of a truth mean, unless said otherwise."""

NORMALISE = ("data", "none")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options of :func:`~rootml.tagged.validate_files`, documented there."""

    weight: str = ""
    select: str = ""
    against: tuple[str, ...] = ()
    fits: Mapping[str, str] = field(default_factory=dict)
    truth: str = ""
    classes: tuple[str, ...] = ()
    inputs: bool = True
    tree: str | None = None
    friends: tuple[str | os.PathLike[str], ...] = ()
    prefix: str = ""
    normalise: str = "data"
    events: int = PER_KIND
    importance: int = 0

    def __post_init__(self) -> None:
        if self.normalise not in NORMALISE:
            raise InputError(f"normalise {self.normalise!r}: expected {' or '.join(NORMALISE)}")
        if self.events < 0 or self.importance < 0:
            raise InputError("events and importance are numbers of events, 0 or more")
        if self.importance and not self.inputs:
            raise InputError("importance (--importance) needs the inputs (without --no-inputs)")
        if self.classes and not self.truth:
            raise InputError("--classes name the values of --truth (truth=), which is not given")
        if self.truth and len(set(self.named_classes)) < max(2, len(self.named_classes)):
            raise InputError(
                f"--classes {','.join(self.classes)}: expected two or more names, each once: "
                "that of the value 0, of 1, ..."
            )
        names = [one.variable.name for one in self.variables]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise InputError(f"two variables are called {twice!r}; name one: TITLE=EXPRESSION")

    @property
    def named_classes(self) -> tuple[str, ...]:
        """The classes that the given truth counts through."""
        return self.classes or CLASSES

    @cached_property
    def variables(self) -> tuple[Against, ...]:
        """What figures are drawn against."""
        return with_fits([parse_against(text) for text in self.against], self.fits)

    @cached_property
    def selection(self) -> Expression | None:
        """Which units count."""
        return Expression.parse(self.select, "--select") if self.select else None

    @cached_property
    def label(self) -> Expression | None:
        """The class of each unit, where the adapter's truth is not taken."""
        return Expression.parse(self.truth, "--truth") if self.truth else None

    def weighting(self, sample: SampleFiles) -> Expression | None:
        """The weight of each unit of a sample: its own, or that of all; data have none."""
        own = "" if sample.role == "data" else self.weight
        text = own if sample.weight is None else sample.weight
        return Expression.parse(text, "--weight") if text else None

    def adapter(self, adapter: Adapter) -> Adapter:
        """The adapter, with the truth that was given."""
        if not self.truth:
            return adapter
        truth = Truth(self.truth, self.named_classes, adapter.truth.energy)
        return replace(adapter, truth=truth)

    def to_dict(self) -> dict[str, Any]:
        """What was asked for, as plain values."""
        return asdict(self) | {"friends": [os.fspath(friend) for friend in self.friends]}
