"""Numbers on axes."""

from __future__ import annotations

from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator


def few_digits(axis: Axis) -> None:
    """A few numbers that stand for themselves, without an offset or a common power of ten."""
    axis.set_major_locator(MaxNLocator(6))
    axis.set_major_formatter(FuncFormatter(_plain))


def _plain(value: float, _: object) -> str:
    return f"{round(value, 12):.10g}".replace("-", "\N{MINUS SIGN}")
