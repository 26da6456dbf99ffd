"""Single figures of reports by name, as gates spell them: ``new:score:rejection@0.9.low``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rootml.errors import InputError, nearest
from rootml.validation.gates.measures import METRICS, Undecided

SPELLING = r"""(?P<qualifiers>(?:(?:"[^"]*"|[A-Za-z_]\w*)\s*:(?!:)\s*)*)
    (?P<name>[A-Za-z_]\w*)
    (?:@(?P<point>[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[A-Za-z_]\w*))?
    (?:\[(?P<place>[^\]]*)\])?
    (?:\.(?P<part>low|high|error)\b)?"""


USUAL = ("sample", "simulation")
"""Roles of the samples that a metric without qualifiers is of."""


@dataclass(frozen=True)
class Metric:
    """A figure as it was asked for: ``qualifiers:name@point[place].part``.

    ``qualifiers`` name the model, the sample and the output, as far as there are several.
    """

    text: str
    name: str
    point: str = ""
    place: str = ""
    part: str = "value"
    qualifiers: tuple[str, ...] = ()

    @classmethod
    def read(cls, text: str) -> Metric:
        """The metric that is spelt so; InputError where it is none."""
        match = re.fullmatch(SPELLING, text.strip(), re.VERBOSE)
        if match is None or match["name"] not in METRICS:
            name = text.strip() if match is None else match["name"]
            known = ", ".join(METRICS)
            raise InputError(f"{name!r} is no metric{nearest(name, METRICS)} (metrics: {known})")
        qualifiers = re.findall(r'"([^"]*)"|(\w+)', match["qualifiers"])
        made = cls(
            text.strip(),
            match["name"],
            match["point"] or "",
            (match["place"] or "").strip(),
            match["part"] or "value",
            tuple(quoted or plain for quoted, plain in qualifiers),
        )
        made._check()
        return made

    def _check(self) -> None:
        kind = METRICS[self.name]
        if bool(self.point) != bool(kind.point):
            wanted = f"{self.name}@{kind.point}" if kind.point else self.name
            raise InputError(f"{self.text!r}: write {wanted}")
        if kind.place in ("input", "variable") and not self.place:
            raise InputError(f"{self.text!r}: write {self.name}[{kind.place}]")
        if self.place and not kind.place:
            raise InputError(f"{self.text!r}: {self.name} is not given in bins or of parts")

    @property
    def bare(self) -> Metric:
        """The metric without the part of it that is asked for."""
        return replace(self, part="value", text=self.text.removesuffix(f".{self.part}"))

    @property
    def short(self) -> str:
        """The metric without qualifiers and part."""
        point = f"@{self.point}" if self.point else ""
        return self.name + point + (f"[{self.place}]" if self.place else "")


@dataclass(frozen=True)
class Found:
    """A metric of one report: which ``output`` it is of, and its value with its interval."""

    report: Mapping[str, Any]
    output: str
    estimate: Mapping[str, Any]

    def number(self, name: str) -> float | None:
        """What the report holds under a name, if it is a number."""
        held = self.estimate.get(name)
        return float(held) if isinstance(held, int | float) else None

    def part(self, name: str) -> float:
        """The value, or an end or the half width of its interval; Undecided where it has none."""
        number, low, high = (self.number(key) for key in (name, "low", "high"))
        if number is None and name == "error" and low is not None and high is not None:
            number = (high - low) / 2
        if number is not None and math.isfinite(number):
            return number
        if name == "value" and low is not None and high is None:
            raise Undecided(f"only a lower limit is known, {low:.4g}; '.low' takes it")
        raise Undecided("it has no number" if name == "value" else f"it has no {name}")


def find(reports: Sequence[Mapping[str, Any]], metric: Metric) -> Found:
    """The metric in the one report that the qualifiers leave.

    ``reports``: as in report.json. InputError where a qualifier names nothing, or several reports
    or outputs have the metric; Undecided where none has it.
    """
    found, reasons = [], []
    for report, output in _qualified(reports, metric):
        try:
            found.append(Found(report, output, _estimate(report, output, metric)))
        except Undecided as reason:
            reasons.append(str(reason))
    if not found:
        raise Undecided(reasons[0] if reasons else "there is no report")
    if len(found) > 1:
        names = [":".join(map(_quoted, _labels(one.report, one.output))) for one in found]
        raise InputError(
            f"{metric.text!r} may be any of {', '.join(names)}: write {names[0]}:{metric.short}"
        )
    return found[0]


def find_same(reports: Sequence[Mapping[str, Any]], metric: Metric, like: Found) -> Found:
    """The metric of the same output in the reports of a reference; Undecided where it has none.

    Of several reports it is the one of the same model and sample.
    """
    left = list(reports)
    for place in (0, 1):
        own = _labels(like.report)[place]
        left = [report for report in left if _labels(report)[place] == own] or left
    if len(left) != 1:
        raise Undecided(f"which of the {len(left)} reports of the reference is meant?")
    theirs, ours = (r["sample"].get("classes", ()) for r in (left[0], like.report))
    if list(theirs) != list(ours):
        raise Undecided(f"the reference has the classes {_listed(theirs)}, not {_listed(ours)}")
    if like.output not in ("", *left[0]["figures"]["outputs"]):
        names = left[0]["figures"]["outputs"]
        raise Undecided(
            f"the reference has no output {like.output!r}{nearest(like.output, names)} "
            f"(outputs: {_listed(names)})"
        )
    try:
        return Found(left[0], like.output, _estimate(left[0], like.output, metric))
    except Undecided as reason:
        raise Undecided(f"reference: {reason}") from None


def _qualified(
    reports: Sequence[Mapping[str, Any]], metric: Metric
) -> list[tuple[Mapping[str, Any], str]]:
    """The reports, and the outputs if the metric is of one, that all qualifiers name.

    Where several are left, data, variations and training samples give way to the others.
    """
    outputs = METRICS[metric.name].of == "output"
    left = [
        (report, output)
        for report in reports
        for output in (report["figures"]["outputs"] if outputs else ("",))
    ]
    known = {label for pair in left for label in _labels(*pair)} - {""}
    for name in metric.qualifiers:
        left = [pair for pair in left if name in _labels(*pair)]
        if not left:
            raise InputError(
                f"{metric.text!r}: nothing is called {name!r}{nearest(name, known)} "
                f"(there are {_listed(sorted(known))})"
            )
    usual = [pair for pair in left if pair[0]["sample"].get("role", "sample") in USUAL]
    return usual or left


def _labels(report: Mapping[str, Any], output: str = "") -> tuple[str, ...]:
    """What a qualifier may call a report and its output: model, sample, output."""
    names = report["model"]["name"], report["sample"].get("name", ""), output
    return tuple(name for name in names if name) if output else names[:2]


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else f'"{name}"'


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _estimate(report: Mapping[str, Any], output: str, metric: Metric) -> Mapping[str, Any]:
    kind, figures = METRICS[metric.name], report["figures"]
    if output:
        figures = {"name": output, **figures["outputs"][output]}
    try:
        made = kind.read(figures, metric.point, metric.place)
    except (KeyError, TypeError, StopIteration):
        made = None
    if made is None:
        reasons = report["not_drawn"]
        why = reasons.get(f"{output}_{kind.plot}" if output else kind.plot)
        raise Undecided(why or f"the report has no {metric.short}")
    return made if isinstance(made, Mapping) else {"value": made}
