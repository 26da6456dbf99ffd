"""A study as a page of text: events, checks, working points, and what is not drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rootml.validation.separation import BACKGROUND, SIGNAL

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
        yield from ("", f"### {title}", "", *_separation(made, report.sample["classes"]))
    for output in report.figures["outputs"].values():
        if "residual" in output:
            yield from ("", f"### Residuals of {output['branch']}", "", *_residuals(output))
    if report.not_drawn:
        yield from ("", "### Not drawn", "")
        yield from (f"- {name}: {reason}" for name, reason in report.not_drawn.items())


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def interval(estimate: Mapping[str, float], digits: int = 3) -> str:
    """A value with the ends of its interval; a lower limit where it has no upper end."""
    value, low, high = (float(f"{estimate[key]:.{digits}g}") for key in ("value", "low", "high"))
    if not math.isfinite(high):
        return f"> {low:g}"
    return f"{value:g} [{low:g}, {high:g}]"


def measured(estimate: Mapping[str, float]) -> str:
    """A value and its error, to the error's first digit, or second where the first is 1."""
    value = estimate["value"]
    error = max(estimate["high"] - value, value - estimate["low"])
    if not 0 < error < math.inf:
        return f"{value:g}"
    digits = max(-math.floor(math.log10(error / 2)), 0)
    return f"{round(value, digits) + 0.0:.{digits}f} ± {error:.{digits}f}"


def percentage(share: Mapping[str, float]) -> str:
    """A share in percent with its error; its upper limit where it is zero."""
    percent = {key: 100 * value for key, value in share.items()}
    return f"{measured(percent)} %" if share["value"] else f"< {percent['high']:.2g} %"


def _residuals(output: Mapping[str, Any]) -> Iterator[str]:
    """Every figure of the residuals, one column an estimator, and of the pulls."""
    made, unit = output["residual"], output["residual"]["unit"]
    about = "relative to the true value" if made["relative"] else f"in {unit or 'its unit'}"
    yield f"Estimate minus {made['truth']}, {about}; of pulls, in units of the uncertainty."
    yield ""
    series = {one["title"]: _figures(one, unit) for one in made["estimators"]}
    yield from table(("", *series), zip(*_rows(series), strict=True))
    if "pull" in output:
        yield ""
        yield from table(("pull", ""), _figures(output["pull"], "").items())


def _rows(series: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    """The names of the figures, then those of each series."""
    names = next(iter(series.values())).keys()
    yield tuple(names)
    for figures in series.values():
        yield tuple(figures[name] for name in names)


def _figures(one: Mapping[str, Any], unit: str) -> dict[str, str]:
    core = one["core"]
    return {
        "entries": str(one["entries"]),
        "bias (median)": measured(one["median"]),
        "half of the central 68 %": measured(one["width"]),
        "core width": measured(core["width"]) if core else "no fit",
        "core mean": measured(core["mean"]) if core else "no fit",
        "mean": measured(one["mean"]),
        "RMS": measured(one["rms"]),
    } | {
        f"beyond {sign}{tail['bound']:.3g} {unit}".rstrip(): percentage(tail[side])
        for tail in one["tails"]
        for sign, side in (("-", "below"), ("+", "above"), ("±", "beyond"))
    }


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


def _separation(made: Mapping[str, Any], classes: Sequence[str]) -> Iterator[str]:
    """AUC and working points; intervals are of 68.27 %."""
    yield f"AUC {interval(made['auc'], 6)}"
    yield ""
    named = [(f"{p['target']:g}", p) for p in made["working_points"]]
    named += [(p["name"], p) for p in made.get("card_working_points", ()) if "rejection" in p]
    rows = [
        (name, f"{p['threshold']:.7g}", interval(p["efficiency"], 4), interval(p["rejection"]))
        for name, p in named
    ]
    signal, background = classes[SIGNAL], classes[BACKGROUND]
    side = "above" if made.get("higher_is_signal", True) else "below"
    head = ("working point", side, f"{signal} efficiency", f"{background} rejection")
    yield from table(head, rows)
