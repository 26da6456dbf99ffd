"""One family of plots a module; each draws what reports say, and computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.distribution import draw_distribution
from rootml.validation.plots.domain import draw_domain
from rootml.validation.plots.energy import draw_rejection_vs_energy
from rootml.validation.plots.image import draw_image
from rootml.validation.plots.importance import draw_importance
from rootml.validation.plots.residual import draw_pull, draw_residual, draw_residual_tails
from rootml.validation.plots.resolution import draw_resolution
from rootml.validation.plots.roc import draw_rejection, draw_roc
from rootml.validation.plots.values import draw_values
from rootml.validation.report import Report
from rootml.validation.series import Series, alone
from rootml.validation.style import DEFAULT, Style, look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAMILIES: dict[str, Callable[[Sequence[Series], str, Style], Figure]] = {
    "distribution": draw_distribution,
    "domain": draw_domain,
    "image": draw_image,
    "importance": draw_importance,
    "pull": draw_pull,
    "rejection": draw_rejection,
    "rejection_vs_energy": draw_rejection_vs_energy,
    "residual": draw_residual,
    "residual_tails": draw_residual_tails,
    "resolution": draw_resolution,
    "roc": draw_roc,
    "values": draw_values,
}

_DATELESS = {
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    "svg": {"Date": None},
}


def draw_all(
    report: Report,
    folder: Path,
    *,
    formats: Sequence[str],
    against: Report | None = None,
    titles: tuple[str, str] = ("sample", "reference"),
    style: Style = DEFAULT,
) -> list[Path]:
    """Draw every plot of a report into a folder; the same report gives the same bytes."""
    written = []
    both = against and tuple(
        Series(title, one, look(i))
        for i, (title, one) in enumerate(zip(titles[::-1], (against, report), strict=True))
    )
    with drawing(style):
        for plot in report.plots:
            series = both if both and plot.family == "distribution" else alone(report)
            figure = FAMILIES[plot.family](series, plot.subject, style)
            for suffix in formats:
                path = folder / f"{plot.name}.{suffix}"
                figure.savefig(path, metadata=_DATELESS.get(suffix))
                written.append(path)
    return written
