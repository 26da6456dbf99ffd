"""Numbers as people write them: with as many digits as their errors allow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping


def interval(estimate: Mapping[str, float | None], digits: int = 3) -> str:
    """A value with the ends of its interval; a lower limit where it has no upper end."""
    value, low, high = (float(f"{number:.{digits}g}") for number in _numbers(estimate))
    if not math.isfinite(high):
        return f"> {low:g}"
    return _with_minus(f"{value:g} [{low:g}, {high:g}]")


def measured(estimate: Mapping[str, float | None]) -> str:
    """A value and its error, to the error's first digit, or second where the first is 1."""
    value, low, high = _numbers(estimate)
    error = max(high - value, value - low)
    if not 0 < error < math.inf:
        return _with_minus(f"{value:g}")
    digits = max(-math.floor(math.log10(error / 2)), 0)
    return _with_minus(f"{round(value, digits) + 0.0:.{digits}f} ± {error:.{digits}f}")


def _with_minus(number: str) -> str:
    return number.replace("-", "\N{MINUS SIGN}")


def _numbers(estimate: Mapping[str, float | None]) -> Iterator[float]:
    """Value and ends of an interval, NaN for the null that a report.json has in their place."""
    for key in ("value", "low", "high"):
        number = estimate[key]
        yield math.nan if number is None else number


def percentage(share: Mapping[str, float]) -> str:
    """A share in percent with its error; its upper limit where it is zero."""
    percent = {key: 100 * value for key, value in share.items()}
    return f"{measured(percent)} %" if share["value"] else f"< {percent['high']:.2g} %"
