"""Systematic variations: which of those a view declares are asked for, and building blocks.

A variation changes the logical columns of events, before the view makes tensors of them: what is
read is read once, and tensors, judged events and thresholds all follow.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootml.adapter import Variation, View
from rootml.errors import DataError, InputError, nearest
from rootml.spec import Array, Column, Places, places_within

if TYPE_CHECKING:
    import awkward as ak

Vary = Mapping[str, Sequence[float]]
"""The values that each variation shall have, by its name."""

SEEDS = 1 << 63
"""Number of seeds."""
PLACES = "places of objects"
"""A column beside those that a variation changes: where each object stands in its event."""


@dataclass(frozen=True)
class Varied:
    """A variation with a value."""

    name: str
    value: float
    seed: int
    variation: Variation

    @property
    def suffix(self) -> str:
        """What it adds to a branch's name: ``cell_scale_0p99``, ``offset_m2p5``, ``rate_1em05``."""
        number = f"{self.value:.10g}".replace("+", "").replace("-", "m").replace(".", "p")
        return f"{self.name}_{number}"

    @property
    def title(self) -> str:
        """``cell_scale 0.99``, with the unit if there is one."""
        return f"{self.name} {self.value:.10g} {self.variation.unit}".rstrip()

    def __call__(self, events: ak.Array) -> ak.Array:
        """The logical columns as this variation has them."""
        return self.variation.apply(events, self.value, self.seed)


def varied(view: View, vary: Vary, seed: int) -> tuple[Varied, ...]:
    """The variations of ``view`` that ``vary`` asks for.

    InputError for a name that the view does not declare, and where values are none, not finite or
    too much alike to be told apart in a name; for a seed that is none.
    """
    if not 0 <= seed < SEEDS:
        raise InputError(f"the seed of variations is {seed}: expected 0 to {SEEDS - 1}")
    if not isinstance(vary, Mapping):
        raise InputError(f"vary: expected values by the names of variations, not {vary!r}")
    found = []
    for name, values in vary.items():
        variation = view.variations.get(name)
        if variation is None:
            known = ", ".join(view.variations) or "none"
            raise InputError(
                f"the view {view.name!r} has no variation {name!r}"
                f"{nearest(str(name), view.variations)} (variations: {known})"
            )
        found += [Varied(name, value, seed, variation) for value in _numbers(name, values)]
    suffixes = [one.suffix for one in found]
    if twice := next((one for one in found if suffixes.count(one.suffix) > 1), None):
        raise InputError(f"variation {twice.title} is asked for twice")
    return tuple(found)


def _numbers(name: str, values: Sequence[float]) -> list[float]:
    try:
        numbers = [] if isinstance(values, str) else [float(value) for value in values]
    except (TypeError, ValueError):
        numbers = []
    if not numbers:
        raise InputError(f"variation {name!r}: expected a list of numbers, not {values!r}")
    for number in numbers:
        if not math.isfinite(number):
            raise InputError(f"variation {name!r}: {number} is not a finite number")
    return numbers


def parse(texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """Variations written as ``name=value,value``; InputError where one is not."""
    found: dict[str, tuple[float, ...]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        try:
            numbers = tuple(map(float, values.split(",")))
        except ValueError:
            numbers = ()
        if not (equals and numbers and re.fullmatch(r"\w+", name, re.ASCII)):
            raise InputError(f"variation {text!r}: expected NAME=VALUE,VALUE,... of numbers")
        found[name] = found.get(name, ()) + numbers
    return found


def with_places(events: ak.Array, counts: Places) -> ak.Array:
    """The events with the column PLACES; ``counts``: objects of each."""
    import awkward as ak

    places = ak.unflatten(places_within(counts, int(counts.sum())), counts)
    return ak.with_field(events, places, PLACES)


def in_place(values: ak.Array, events: ak.Array, counts: Places, column: Column) -> ak.Array:
    """A value for each object an event has: those of objects that ``events`` lack are missing.

    ``values``: of ``column``, for the objects of the varied ``events``. DataError where it is not
    known which these are.
    """
    import awkward as ak

    left = ak.to_numpy(ak.num(values))
    if np.array_equal(left, counts):
        return values
    places = events[PLACES] if PLACES in events.fields else None
    if places is None or not np.array_equal(ak.to_numpy(ak.num(places)), left):
        event = int(np.flatnonzero(left != counts)[0])
        raise DataError(
            f"{left[event]} objects instead of {counts[event]}, and which ones is not known", event
        )
    starts = np.cumsum(counts) - counts
    spread = np.full((int(counts.sum()), *column.shape), column.missing, column.dtype)
    spread[np.asarray(ak.flatten(places + starts))] = np.asarray(ak.flatten(values))
    return ak.unflatten(spread, counts)


def scaled(
    *columns: str, where: Callable[[Array], Array] | None = None
) -> Callable[[ak.Array, float, int], ak.Array]:
    """A variation that multiplies columns by its value, as far as they are there.

    ``where(values)``: which are to be multiplied; None: all. Floats keep their type, integers
    become float64.
    """

    def apply(events: ak.Array, value: float, seed: int) -> ak.Array:
        import awkward as ak

        for column in columns:
            if column in events.fields:
                values = events[column]
                factor = value if where is None else ak.where(where(values), value, 1.0)
                found = ak.to_numpy(ak.flatten(values, axis=None)).dtype
                dtype = found if found.kind == "f" else np.dtype(np.float64)
                with np.errstate(over="ignore"):  # the tagger refuses infinities, by event
                    varied = ak.values_astype(values * factor, dtype)
                events = ak.with_field(events, varied, column)
        return events

    return apply


def generators(rows: Array, seed: int) -> list[np.random.Generator]:
    """A random generator for each of ``rows`` (n, ...), that follows from its bytes and ``seed``.

    So the numbers of an event are the same in any batch, file or order. Equal rows get equal ones.
    """
    key = seed.to_bytes(16, "little")
    digests = (hashlib.blake2b(row.tobytes(), digest_size=16, key=key) for row in rows)
    return [
        np.random.Generator(np.random.Philox(key=int.from_bytes(one.digest(), "little")))
        for one in digests
    ]
