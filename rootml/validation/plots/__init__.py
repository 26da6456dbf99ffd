"""One family of plots a module; each draws what reports say, and computes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from rootml.validation.comparing.overlay import series_alone, series_of
from rootml.validation.comparing.series import Series
from rootml.validation.plots.against import draw_cut_against, draw_rejection_against
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.confusion import (
    draw_accuracy_against,
    draw_classes,
    draw_confusion,
    draw_confusion_by_prediction,
)
from rootml.validation.plots.coverage import draw_coverage, draw_coverage_against
from rootml.validation.plots.distribution import draw_distribution
from rootml.validation.plots.domain import draw_domain
from rootml.validation.plots.eiqr import draw_eiqr, draw_eiqr_against
from rootml.validation.plots.image import draw_image
from rootml.validation.plots.importance import draw_importance
from rootml.validation.plots.peak import draw_peak, draw_variable_peak
from rootml.validation.plots.precision_recall import draw_precision_recall
from rootml.validation.plots.reliability import draw_reliability
from rootml.validation.plots.residual import draw_pull, draw_residual, draw_residual_tails
from rootml.validation.plots.resolution import (
    draw_resolution,
    draw_resolution_against,
    draw_response,
)
from rootml.validation.plots.roc import draw_rejection, draw_roc
from rootml.validation.plots.save import save_figure
from rootml.validation.plots.stack import draw_stack
from rootml.validation.plots.truth_2d import draw_truth_2d
from rootml.validation.plots.values import draw_values, draw_variable
from rootml.validation.report import Plot
from rootml.validation.study import Study
from rootml.validation.style import DEFAULT, Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FAMILIES: dict[str, Callable[[Sequence[Series], str, Style], Figure]] = {
    "accuracy_against": draw_accuracy_against,
    "classes": draw_classes,
    "confusion": draw_confusion,
    "confusion_by_prediction": draw_confusion_by_prediction,
    "coverage": draw_coverage,
    "coverage_against": draw_coverage_against,
    "cut_against": draw_cut_against,
    "distribution": draw_distribution,
    "domain": draw_domain,
    "eiqr": draw_eiqr,
    "eiqr_against": draw_eiqr_against,
    "image": draw_image,
    "importance": draw_importance,
    "peak": draw_peak,
    "precision_recall": draw_precision_recall,
    "pull": draw_pull,
    "rejection": draw_rejection,
    "rejection_against": draw_rejection_against,
    "reliability": draw_reliability,
    "residual": draw_residual,
    "residual_tails": draw_residual_tails,
    "resolution": draw_resolution,
    "resolution_against": draw_resolution_against,
    "response": draw_response,
    "roc": draw_roc,
    "stack": draw_stack,
    "truth_2d": draw_truth_2d,
    "values": draw_values,
    "variable": draw_variable,
    "variable_peak": draw_variable_peak,
}


def draw_study(
    study: Study, folder: Path, *, formats: Sequence[str], style: Style = DEFAULT
) -> dict[str, list[Path]]:
    """Draw every plot of a study into a folder; the same study gives the same bytes.

    Plots of a report go to its place in the study. Returns the paths of each plot's files by
    its place and name: ``<model>/<sample>/<plot>``, or ``<plot>``.
    """
    drawn = {}
    with drawing(style):
        for key, series, plot in _plots(study):
            figure = FAMILIES[plot.family](series, plot.subject, style)
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            drawn[key] = save_figure(figure, folder / key, formats)
    return drawn


def _plots(study: Study) -> Iterator[tuple[str, Sequence[Series], Plot]]:
    for plot in study.plots:
        yield plot.name, series_of(study, plot), plot
    for index, report in enumerate(study.reports):
        series = series_alone(study, index)
        for plot in report.plots:
            yield str(PurePosixPath(study.place(index), plot.name)), series, plot
