"""Validation of a network on a sample: numbers, histograms, plots.

    collector = Collector(card, adapter, branches=...)
    for chunk in ...:
        collector.fill(events, batch, outputs)
    write_study(Study.of(collector.report()), "out_validation")

Numbers are apart from drawing: only :func:`write_study` loads matplotlib. They can be had from
arrays and histograms too:

    Separation.from_scores(signal, background).at_efficiency(0.9).rejection
"""

from rootml.validation.agreement import Agreement, Limits, compare_hists, compare_values
from rootml.validation.binomial import Estimate, Estimates, efficiency_interval, rejection
from rootml.validation.calibration import Reliability
from rootml.validation.classification import Separation
from rootml.validation.collect import Collector
from rootml.validation.comparison import compared, overtraining
from rootml.validation.confusion import Confusion
from rootml.validation.counts import Counts
from rootml.validation.cuts import Cut
from rootml.validation.dependence import against
from rootml.validation.paired import Paired, improvement
from rootml.validation.peaks import PeakFit, fit_peak
from rootml.validation.precision import PrecisionRecall, precision_recall
from rootml.validation.regression import Residuals
from rootml.validation.report import Check, Plot, Report
from rootml.validation.study import Event, Gate, Note, Sample, Study
from rootml.validation.units import Units, Variable
from rootml.validation.writing import read_study, write_study

__all__ = [
    "Agreement",
    "Check",
    "Collector",
    "Confusion",
    "Counts",
    "Cut",
    "Estimate",
    "Estimates",
    "Event",
    "Gate",
    "Limits",
    "Note",
    "Paired",
    "PeakFit",
    "Plot",
    "PrecisionRecall",
    "Reliability",
    "Report",
    "Residuals",
    "Sample",
    "Separation",
    "Study",
    "Units",
    "Variable",
    "against",
    "compare_hists",
    "compare_values",
    "compared",
    "efficiency_interval",
    "fit_peak",
    "improvement",
    "overtraining",
    "precision_recall",
    "read_study",
    "rejection",
    "write_study",
]
