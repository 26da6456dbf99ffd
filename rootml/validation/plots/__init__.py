"""One family of plots a module; each draws what a report says, and computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rootml.validation.plots.distribution import distribution
from rootml.validation.plots.domain import domain
from rootml.validation.plots.energy import rejection_vs_energy
from rootml.validation.plots.image import image
from rootml.validation.plots.roc import rejection, roc
from rootml.validation.plots.values import values
from rootml.validation.report import Report
from rootml.validation.style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAMILIES: dict[str, Callable[[Report, str], Figure]] = {
    "distribution": distribution,
    "domain": domain,
    "image": image,
    "rejection": rejection,
    "rejection_vs_energy": rejection_vs_energy,
    "roc": roc,
    "values": values,
}

_DATELESS = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None},
}


def draw_all(
    report: Report, folder: Path, *, formats: Sequence[str], against: Report | None = None
) -> list[Path]:
    """Draw every plot of a report into a folder; the same report gives the same bytes."""
    written = []
    with style():
        for plot in report.plots:
            if against is not None and plot.family == "distribution":
                figure = distribution(report, plot.subject, against)
            else:
                figure = FAMILIES[plot.family](report, plot.subject)
            for suffix in formats:
                path = folder / f"{plot.name}.{suffix}"
                figure.savefig(path, metadata=_DATELESS.get(suffix))
                written.append(path)
    return written
