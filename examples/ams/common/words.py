"""Numbers and sentences of the records, as texts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from common.talk import TITLES

SIGNIFICANT = 0.0027
"""p-value below which two rejections differ: three standard deviations, two-sided."""

Number = Mapping[str, Any]


def rounded(value: float) -> str:
    """A number to three digits, thousands grouped."""
    if value == 0:
        return "0"
    place = 2 - math.floor(math.log10(abs(value)))
    return f"{round(value, place):,.{max(place, 0)}f}"


def interval(estimate: Number) -> str:
    """A rejection, or a ratio of two, with its interval; a limit where no proton passes."""
    value, low, high = (estimate[key] for key in ("value", "low", "high"))
    if value is None:
        return "undecided: no proton passes" if low is None else f"> {rounded(low)}"
    if value == 0:
        return f"< {rounded(high)}"
    return f"{rounded(value)} ({rounded(low)} to {'∞' if high is None else rounded(high)})"


def percent(share: Number) -> str:
    """A share with its error, in per cent."""
    error = 50 * (share["high"] - share["low"])
    digits = min(max(1 - math.floor(math.log10(error)), 0), 4) if error > 0 else 2
    return f"{100 * share['value']:.{digits}f} ± {error:.{digits}f}"


def titles(comparison: Mapping[str, Any]) -> dict[str, str]:
    """What the classifiers of a comparison are called."""
    return {**TITLES, **{row["name"]: row["title"] for row in comparison["classifiers"]}}


def sentence(factor: Mapping[str, Any], comparison: Mapping[str, Any]) -> str:
    """Whether one of the talk's orders holds here, and whether that is significant."""
    called = titles(comparison)
    found = f"{called[factor['better']]} over {called[factor['other']]}: {interval(factor['here'])}"
    told = f"{factor['talk']:g}" if factor["talk"] else "above 1"
    return f"{found}; in the talk {told}: {verdict(factor)}"


def verdict(factor: Mapping[str, Any]) -> str:
    """Whether the order here is that of the talk; a talk's factor of 1 says that two are equal."""
    value, low = factor["here"]["value"], factor["here"]["low"]
    differs = factor["p_value"] < SIGNIFICANT
    if factor["talk"] == 1:
        return "here they differ significantly" if differs else "equal within the errors, as there"
    first = value > 1 if value is not None else low is not None
    if differs:
        return "the same order" if first else "**the order differs**, significantly"
    return f"{'the same' if first else 'the other'} order, not significant"
