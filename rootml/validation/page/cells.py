"""Numbers as the page writes them: an estimate with its errors, to the errors' digits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

NOTHING = "–"

Flag = Literal["", "good", "warn", "bad"]


@dataclass(frozen=True)
class Cell:
    """What a table shows in one place; ``value``, ``low`` and ``high`` are sorted and copied."""

    text: str
    value: float | str | None = None
    low: float | None = None
    high: float | None = None
    flag: Flag = ""

    @property
    def is_number(self) -> bool:
        """Whether it holds a number, an estimate or a limit."""
        return isinstance(self.value, (int, float)) or self.low is not None

    @property
    def is_text(self) -> bool:
        """Whether it holds a text."""
        return isinstance(self.value, str)


def cell(value: Any, digits: int = 4) -> Cell:
    """A cell of plain data: a text, a number, an estimate with ``low`` and ``high``, or None.

    ``digits``: significant ones of a number without errors.
    """
    match value:
        case None:
            return Cell(NOTHING)
        case bool():
            return Cell("yes" if value else "no", str(value).lower())
        case int():
            return Cell(_grouped(value), value)
        case float():
            return Cell(_short(value, digits), value)
        case {"value": _, "low": _, "high": _}:
            return estimate(value)
        case list() | tuple():
            return Cell(", ".join(cell(item).text for item in value))
    return Cell(str(value), str(value))


def is_estimate(value: Any) -> bool:
    """Whether plain data are a value with the ends of its interval."""
    return isinstance(value, Mapping) and {"value", "low", "high"} <= value.keys()


def estimate(made: Mapping[str, float | None], scale: float = 1.0, unit: str = "") -> Cell:
    """A value with its errors: ``0.9123 ± 0.0012``, ``12.3 −0.4 +0.6``, or a limit, ``> 310``."""
    value, low, high = (_scaled(made[key], scale) for key in ("value", "low", "high"))
    text = _estimate_text(value, low, high)
    return Cell(f"{text} {unit}".rstrip(), value, low, high)


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None or not math.isfinite(value) else scale * value


def _estimate_text(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return NOTHING if low is None or high is not None else f"> {_short(low, 3)}"
    if low is None and high is None:
        return _short(value)
    down = math.inf if low is None else value - low
    up = math.inf if high is None else high - value
    errors = [error for error in (down, up) if 0 < error < math.inf]
    if not errors:
        return _short(value)
    digits = _digits(min(errors))
    if max(errors) > 1.15 * min(errors) or len(errors) < 2:
        return f"{_fixed(value, digits)} −{_fixed(down, digits)} +{_fixed(up, digits)}"
    return f"{_fixed(value, digits)} ± {_fixed(max(errors), digits)}"


def _digits(error: float) -> int:
    """Decimals that show an error to its first digit, its second where the first is 1 or 2."""
    return max(-math.floor(math.log10(error / 3)), 0) if error < 30 else 0


def _fixed(value: float, digits: int) -> str:
    if math.isinf(value):
        return "∞"
    text = f"{value + 0.0:.{digits}f}" if digits <= 6 else f"{value:.3g}"
    return text.replace("-", "−")


def _grouped(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f").replace("-", "−")


def _short(value: float, digits: int = 4) -> str:
    if not math.isfinite(value):
        return NOTHING
    if 10**digits <= abs(value) < 1e9:
        return _grouped(value)
    return f"{value:.{digits}g}".replace("-", "−")
