"""Validation of a network on a sample: numbers, histograms, plots.

    collector = Collector(card, adapter, branches=...)
    for chunk in ...:
        collector.fill(events, batch, outputs)
    write_report(collector.report(), "out_validation")

Numbers are apart from drawing: only :func:`write_report` loads matplotlib.
"""

from rootml.validation.collect import Collector
from rootml.validation.report import Check, Plot, Report, write_report
from rootml.validation.study import Event, Gate, Note, Sample, Study

__all__ = [
    "Check",
    "Collector",
    "Event",
    "Gate",
    "Note",
    "Plot",
    "Report",
    "Sample",
    "Study",
    "write_report",
]
