"""What stands on the page: a study taken apart into sections of plots and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rootml.validation.page.cells import Flag, cell
from rootml.validation.page.events import viewer_data
from rootml.validation.page.pictures import Picture, picture
from rootml.validation.page.shapes import words
from rootml.validation.page.summary import Verdict, best_tables, key_figures, verdicts
from rootml.validation.page.tables import Table, tables
from rootml.validation.report import Check, Plot, Report, plain
from rootml.validation.study import Note, Sample, Study
from rootml.validation.style import upper_first

IMAGES = "image"
"""How the names of plots of input images begin, which have no figures of their own."""

_STEMS = {"variables": "variable"}
"""How the names of plots of a part of the figures begin, where it is not as the part is called."""


@dataclass
class Section:
    """Plots and tables of one subject: an output, the inputs, the references, ...

    ``stem``: how the names of its plots begin.
    """

    stem: str
    title: str
    anchor: str
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


@dataclass(frozen=True)
class Panel:
    """The page's part of one report."""

    title: str
    anchor: str
    checks: tuple[Check, ...]
    sections: list[Section]
    not_drawn: Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """All of the page; ``viewer`` is None where the study has no single events."""

    title: str
    experiment: str
    verdicts: list[Verdict]
    key_figures: Table
    notes: tuple[Note, ...]
    best: list[Table]
    overlays: list[Picture]
    panels: list[Panel]
    viewer: Mapping[str, Any] | None
    gates: Table | None
    about: list[Table]


def page_content(study: Study, plots: Mapping[str, Path], path: Path) -> Page:
    """The content of the page at ``path``; ``plots``: place and name of a plot -> its file."""
    titles = report_titles(study)

    def shown(plot: Plot, place: str = "") -> Picture | None:
        file = plots.get(f"{place}/{plot.name}" if place else plot.name)
        return picture(plot, file, path) if file else None

    experiments = dict.fromkeys(str(report.sample.get("title", "")) for report in study.reports)
    return Page(
        title=study.title,
        experiment=", ".join(filter(None, experiments)),
        verdicts=list(verdicts(study, titles)),
        key_figures=key_figures(study, titles),
        notes=study.notes,
        best=list(best_tables(study, titles)),
        overlays=list(filter(None, map(shown, study.plots))),
        panels=[_panel(study, index, title, shown) for index, title in enumerate(titles)],
        viewer=viewer_data(study.events) if study.events else None,
        gates=_gates(study) if study.gates else None,
        about=list(_about(study)),
    )


def report_titles(study: Study) -> tuple[str, ...]:
    """What tells the reports apart: the network, the sample, or both."""
    models = [report.title for report in study.reports]
    samples = [str(r.sample.get("sample_title") or r.sample.get("name", "")) for r in study.reports]
    if len(set(samples)) == 1:
        return tuple(models)
    if len(set(models)) == 1:
        return tuple(samples)
    return tuple(f"{model}, {sample}" for model, sample in zip(models, samples, strict=True))


def _panel(
    study: Study, index: int, title: str, shown: Callable[[Plot, str], Picture | None]
) -> Panel:
    report, place = study.reports[index], study.place(index)
    sections = _sections(report, f"report-{index}")
    for plot in report.plots:
        made = shown(plot, place)
        if made:
            _section_of(plot, sections).pictures.append(made)
    return Panel(
        title=title,
        anchor=f"report-{index}",
        checks=report.checks,
        sections=[made for made in sections if made.pictures or made.tables],
        not_drawn=report.not_drawn,
    )


def _sections(report: Report, anchor: str) -> list[Section]:
    """A section for each output, each other part of the figures, images, and all else."""
    figures = plain(report.figures)
    contents = [(name, made["branch"], made) for name, made in figures["outputs"].items()]
    contents += [
        (_STEMS.get(key, key), upper_first(words(key)), made)
        for key, made in figures.items()
        if key != "outputs"
    ]
    contents += [(IMAGES, "Input images", {}), ("", "More plots", {})]
    return [
        Section(stem, title, f"{anchor}-{number}", tables=list(tables(made)))
        for number, (stem, title, made) in enumerate(contents)
    ]


def _section_of(plot: Plot, sections: Sequence[Section]) -> Section:
    """The section with the longest stem that the plot's name begins with; outputs go first."""
    fitting = [made for made in sections if f"{plot.name}_".startswith(f"{made.stem}_")]
    return max(fitting, key=lambda made: len(made.stem), default=sections[-1])


def _gates(study: Study) -> Table:
    rows = tuple(
        (
            cell(gate.expression),
            cell("failed" if gate.failed else "passed"),
            cell(gate.message),
            cell(", ".join(f"{name} = {cell(value).text}" for name, value in gate.values.items())),
        )
        for gate in study.gates
    )
    flags: tuple[Flag, ...] = tuple("bad" if gate.failed else "good" for gate in study.gates)
    return Table("Gates", ("fails if", "result", "message", "values"), rows, flags)


def _about(study: Study) -> Iterator[Table]:
    """What was validated on what, and how: networks, samples, files, provenance."""
    models = {tuple(report.model.values()): dict(report.model) for report in study.reports}
    yield from tables({"rows": list(models.values())}, "networks")
    yield from tables({"rows": [_sample(sample) for sample in study.samples]}, "samples")
    for sample in study.samples:
        files = [plain(file) for file in sample.files]
        yield from tables({"rows": files}, f"files of {sample.title}")
    yield from tables(plain(study.provenance), "provenance")


def _sample(sample: Sample) -> dict[str, Any]:
    about = asdict(sample) | {"files": len(sample.files)}
    entries = [file["entries"] for file in sample.files if "entries" in file]
    return about | {"entries": sum(entries) if entries else None}
