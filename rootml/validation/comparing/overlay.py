"""Plots over several reports of a study: which there are, and the series each one shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from rootml.validation.comparing.comparison import overtraining
from rootml.validation.comparing.pairs import first_samples, over
from rootml.validation.comparing.series import Series, alone
from rootml.validation.figures.histograms import by_class, identifier
from rootml.validation.report import Plot, Report
from rootml.validation.study import Sample, Study
from rootml.validation.style import look

OVERLAID = frozenset(
    {
        "accuracy_against",
        "classes",
        "coverage",
        "coverage_against",
        "cut_against",
        "distribution",
        "eiqr",
        "eiqr_against",
        "precision_recall",
        "pull",
        "rejection",
        "rejection_against",
        "reliability",
        "residual",
        "residual_tails",
        "resolution",
        "resolution_against",
        "response",
        "roc",
    }
)
"""Families whose plots show several series beside each other."""

FITTED = frozenset({"variable_peak"})
"""Families whose plots show data, too, beside simulation."""

STACKED = frozenset({"distribution", "values"})
"""Families whose plots, where there are data, become stacks of all simulation."""


def overlays(study: Study) -> tuple[Plot, ...]:
    """The plots over several reports: networks on each sample, samples of each network.

    Where there are data, distributions of outputs and inputs are stacks of all simulation, with
    its variations as bands.
    """
    if any(sample.role == "data" for sample in study.samples):
        samples = (*_of_samples(study, OVERLAID - STACKED), *_of_samples(study, FITTED, data=True))
        return (*_of_models(study), *samples, *_stacks(study))
    return (*_of_models(study), *_of_samples(study, OVERLAID | FITTED))


def series_of(study: Study, plot: Plot) -> tuple[Series, ...]:
    """The series of a plot over several reports, with a title for what tells them apart."""
    reports = [study.reports[i] for i in plot.reports]
    samples = [_sample(study, report) for report in reports]
    titles, captions = [report.title for report in reports], [one.title for one in samples]
    if len(set(titles)) == 1:
        titles, captions = captions, titles
    if plot.family == "stack" and _scaled(study):
        captions = [f"{caption}\nsimulation scaled to data" for caption in captions]
    first, output = plot.reports[0], plot.subject.partition(":")[0]
    paired = (over(study, index, first, output) for index in plot.reports)
    return tuple(
        Series(title, report, look(i), sample, caption, pair)
        for i, (title, caption, report, sample, pair) in enumerate(
            zip(titles, captions, reports, samples, paired, strict=True)
        )
    )


def _scaled(study: Study) -> bool:
    options = study.provenance.get("options", {})
    return bool(options.get("normalise") == "data")


def series_alone(study: Study, index: int) -> tuple[Series, ...]:
    """The series of the plots of one report."""
    report = study.reports[index]
    sample = _sample(study, report)
    (one,) = alone(report, sample.title if len(study.samples) > 1 else "")
    return (replace(one, sample=sample),)


def agreement(series: Sequence[Series], output: str) -> Iterator[str]:
    """A line on how a score agrees, by class, with that of the training."""
    if len(series) == 2 and series[0].role == "train":
        found = overtraining(series[0].report, series[1].report).get(output)
        if found:
            classes = series[0].report.sample["classes"]
            shapes = {name: found.shapes[name] for name in classes if name in found.shapes}
            values = (f"{name} {one.ks_p_value:.2g}" for name, one in shapes.items())
            yield f"Kolmogorov p-value: {', '.join(values)}"


def _of_models(study: Study) -> Iterator[Plot]:
    """The networks that judged the same events, beside each other."""
    first = first_samples(study)
    groups = _grouped(study, lambda report: first[_sample(study, report).name])
    for name, indices in groups.items():
        yield from _shared(study, indices, OVERLAID, "_models" + _ending(groups, name))


def _of_samples(study: Study, families: frozenset[str], data: bool = False) -> Iterator[Plot]:
    """The samples that one network judged, beside each other, those of the training first."""
    groups = _grouped(study, lambda report: report.title)
    for name, indices in groups.items():
        roles = {i: _sample(study, study.reports[i]).role for i in indices}
        left_out = {"variation"} if data else {"data", "variation"}
        kept = [i for i in indices if roles[i] not in left_out]
        kept.sort(key=lambda i: roles[i] != "train")
        yield from _shared(study, kept, families, "_samples" + _ending(groups, name))


def _stacks(study: Study) -> Iterator[Plot]:
    """Data on all simulation, of each network."""
    groups = _grouped(study, lambda report: report.title)
    for name, indices in groups.items():
        roles = {i: _sample(study, study.reports[i]).role for i in indices}
        kept = tuple(i for i in indices if roles[i] != "train")
        if {"data", "simulation"} <= set(roles.values()):
            data = next(study.reports[i] for i in indices if roles[i] == "data")
            for quantity in _quantities(data):
                yield Plot(f"{quantity}_stack{_ending(groups, name)}", "stack", quantity, kept)


def _quantities(report: Report) -> Iterator[str]:
    """Beginnings of the names of histograms that are compared with simulation."""
    yield from (plot.subject for plot in report.plots if plot.family in STACKED)
    variables = (f"variable_{name}" for name in report.figures.get("variables", ()))
    yield from (
        name
        for name in variables
        if any(hist.values().any() for hist in by_class(report, name).values())
    )
    yield from (
        f"domain_{name}" for page in report.figures["domain"].get("pages", ()) for name in page
    )


def _shared(
    study: Study, indices: Sequence[int], families: frozenset[str], ending: str
) -> Iterator[Plot]:
    """The plots that two or more of some reports have in common."""
    having: dict[Plot, list[int]] = {}
    for i in indices:
        for plot in study.reports[i].plots:
            if plot.family in families:
                having.setdefault(plot, []).append(i)
    for plot, found in having.items():
        if len(found) > 1:
            yield Plot(plot.name + ending, plot.family, plot.subject, tuple(found))


def _grouped(study: Study, key: Callable[[Report], str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for i, report in enumerate(study.reports):
        groups.setdefault(key(report), []).append(i)
    return groups


def _ending(groups: Mapping[str, list[int]], name: str) -> str:
    return f"_{identifier(name)}" if len(groups) > 1 else ""


def _sample(study: Study, report: Report) -> Sample:
    return next(sample for sample in study.samples if sample.name == report.sample["name"])
