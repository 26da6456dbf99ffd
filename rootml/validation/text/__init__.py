"""A study as a page of text: events, checks, working points, and what is not drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rootml.validation.text.comparisons import best, side_by_side
from rootml.validation.text.outputs import (
    classes,
    clusters,
    fitted,
    probabilities,
    residuals,
    separation,
    sets,
)
from rootml.validation.text.tables import table

if TYPE_CHECKING:
    from rootml.validation.report import Report
    from rootml.validation.study import Note, Study


def to_markdown(study: Study) -> str:
    """The text of report.md."""
    lines = [f"# {study.title}", ""]
    notes = [f"- {note.level}: {_about(note)}{note.text}" for note in study.notes]
    gates = [
        f"- {'**failed**' if gate.failed else 'ok'}: `{gate.expression}`: {gate.message}"
        for gate in study.gates
    ]
    for title, part in (("Notes", notes), ("Conditions", gates)):
        lines += [f"## {title}", "", *part, ""] if part else []
    lines += [*side_by_side(study), *best(study)]
    for report in study.reports:
        lines += [*_report(report), ""]
    return "\n".join(lines)


def _about(note: Note) -> str:
    return f"{note.about}: " if note.about else ""


def _report(report: Report) -> Iterator[str]:
    sample = report.sample["sample_title"]
    yield f"## {report.title}{sample and f', {sample}'}"
    yield from ("", f"sha256 {report.model['sha256']}", "")
    yield from _events(report.figures["events"])
    yield from ("### Checks", "")
    yield from (f"- {'ok' if c.passed else '**failed**'}: {c.message}" for c in report.checks)
    for title, made in _discriminants(report):
        yield from ("", f"### {title}", "", *separation(made, report.sample["classes"]))
    for output in report.figures["outputs"].values():
        if "residual" in output:
            yield from ("", f"### Residuals of {output['branch']}", "", *residuals(output))
        if output["role"] != "score" and output.get("confusion"):
            what = "Numbers of clusters" if "clusters" in output else "Classes"
            yield from ("", f"### {what} of {output['branch']}", "", *classes(output))
            yield from ("", *probabilities(output)) if output.get("nll") else ()
        if "clusters" in output:
            yield from ("", *clusters(output))
        if "sets" in output:
            yield from ("", f"### Sets of {output['branch']}", "", *sets(output))
    yield from _inputs(report)
    for made in report.figures.get("variables", {}).values():
        if fit := made.get("peak"):
            yield from ("", f"### Peak of {made['title']}", "", f"{fitted(fit, made['unit'])}.")
    for name, made in report.figures.get("importance", {}).items():
        rows = [(one["name"], f"{one['loss']:.3g} ± {one['spread']:.2g}") for one in made["inputs"]]
        yield from ("", f"### Importance of inputs to {name}", "")
        yield from table(("input", made["metric"]), rows)
    if report.not_drawn:
        yield from ("", "### Not drawn", "")
        yield from (f"- {name}: {reason}" for name, reason in report.not_drawn.items())


def _inputs(report: Report) -> Iterator[str]:
    """Inputs beside those of the training, and beside those of the simulation."""
    known = report.figures.get("domain", {}).get("axes", {})
    compared_with = {
        "the training": {name: one for name, one in known.items() if one},
        "the simulation": report.figures.get("inputs_against_simulation", {}),
    }
    for other, inputs in compared_with.items():
        if not inputs:
            continue
        yield from ("", f"### Inputs beside those of {other}", "")
        rows = [(name, *_agreement(one)) for name, one in inputs.items()]
        yield from table(("input", "Kolmogorov distance", "p-value", ""), rows)


def _agreement(one: Mapping[str, Any]) -> tuple[str, str, str]:
    p_value = one["ks_p_value"] if one["p_value"] is None else one["p_value"]
    return f"{one['ks']:.3f}", f"{p_value:.2g}", "**drifts**" if one["drifts"] else ""


def _events(events: Mapping[str, Any]) -> Iterator[str]:
    yield f"{events['events']} events, {events['judged']} of {events['units']} judged."
    yield ""
    rows = [
        (name, str(row["units"]), str(row["judged"]))
        for name, row in events["classes"].items()
        if row["units"]
    ]
    yield from table(("class", "all", "judged"), rows)
    yield ""


def _discriminants(report: Report) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for made in report.figures["outputs"].values():
        if "auc" in made:
            yield made["branch"], made
    for made in report.figures["references"].values():
        if "auc" in made:
            yield made["title"], made
