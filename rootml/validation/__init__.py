"""Validation of a network on a sample: numbers, histograms, plots.

    collector = Collector(card, adapter, branches=...)
    for chunk in ...:
        collector.fill(events, batch, outputs)
    write_study(Study.of(collector.report()), "out_validation")

Numbers are apart from drawing: only :func:`write_study` loads matplotlib. They can be had from
arrays and histograms too:

    Separation.from_scores(signal, background).at_efficiency(0.9).rejection
"""

from rootml.validation.collect import Collector
from rootml.validation.comparing.comparison import compared, overtraining
from rootml.validation.counting.units import Units, Variable
from rootml.validation.report import Check, Plot, Report
from rootml.validation.statistics.agreement import Agreement, Limits, compare_hists, compare_values
from rootml.validation.statistics.binomial import (
    Estimate,
    Estimates,
    efficiency_interval,
    rejection,
    unphysical,
)
from rootml.validation.statistics.calibration import Reliability
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.confusion import Confusion
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.cuts import Cut
from rootml.validation.statistics.dependence import against
from rootml.validation.statistics.matched import (
    MatchedSlice,
    Ratio,
    paired_ratio,
    rejection_in_bins,
    rejection_ratio,
)
from rootml.validation.statistics.paired import Paired, improvement
from rootml.validation.statistics.peaks import PeakFit, fit_peak
from rootml.validation.statistics.precision import PrecisionRecall, precision_recall
from rootml.validation.statistics.regression import Residuals
from rootml.validation.study import Event, Gate, Note, Pair, Sample, Study
from rootml.validation.style import Style
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
    "MatchedSlice",
    "Note",
    "Pair",
    "Paired",
    "PeakFit",
    "Plot",
    "PrecisionRecall",
    "Ratio",
    "Reliability",
    "Report",
    "Residuals",
    "Sample",
    "Separation",
    "Study",
    "Style",
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
    "paired_ratio",
    "precision_recall",
    "read_study",
    "rejection",
    "rejection_in_bins",
    "rejection_ratio",
    "unphysical",
    "write_study",
]
