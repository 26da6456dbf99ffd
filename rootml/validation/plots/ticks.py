"""Numbers on axes."""

from __future__ import annotations

from matplotlib.axis import Axis
from matplotlib.ticker import MaxNLocator, ScalarFormatter


def few_digits(axis: Axis) -> None:
    """A few numbers that stand for themselves, without an offset or a common power of ten."""
    axis.set_major_locator(MaxNLocator(6))
    formatter = ScalarFormatter(useOffset=False)
    formatter.set_scientific(False)
    axis.set_major_formatter(formatter)
