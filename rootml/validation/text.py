"""The report as a page of text: events, checks, working points, and what is not drawn."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rootml.validation.separation import BACKGROUND, SIGNAL

if TYPE_CHECKING:
    from rootml.validation.report import Report


def to_markdown(report: Report) -> str:
    """The text of report.md."""
    model = report.model
    lines = [f"# {model['name']} {model['version']}", "", f"sha256 {model['sha256']}", ""]
    lines += _events(report.figures["events"])
    lines += ["## Checks", ""]
    lines += [f"- {'ok' if c.passed else '**failed**'}: {c.message}" for c in report.checks]
    for title, made in _discriminants(report):
        lines += ["", f"## {title}", "", *_separation(made, report.sample["classes"])]
    if report.not_drawn:
        lines += ["", "## Not drawn", ""]
        lines += [f"- {name}: {reason}" for name, reason in report.not_drawn.items()]
    return "\n".join(lines) + "\n"


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
