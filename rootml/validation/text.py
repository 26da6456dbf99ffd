"""A study as a page of text: events, checks, working points, and what is not drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rootml.validation.comparing.comparison import compared
from rootml.validation.figures.separation import BACKGROUND, FIXED_EFFICIENCY, SIGNAL
from rootml.validation.statistics.rounding import interval, measured, percentage
from rootml.validation.style import words

if TYPE_CHECKING:
    from rootml.validation.report import Report
    from rootml.validation.study import Note, Study


LENGTHS = ("mean", "gamma", "width")
"""Parameters of peaks that have the unit of what is fitted."""


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
    lines += _comparisons(study)
    for report in study.reports:
        lines += [*_report(report), ""]
    return "\n".join(lines)


def _comparisons(study: Study) -> Iterator[str]:
    """Scores of the networks and samples beside each other, less or over the first of them."""
    names = dict.fromkeys(name for one in study.reports for name in one.figures["outputs"])
    for name in names:
        having = [one for one in study.reports if "auc" in one.figures["outputs"].get(name, {})]
        if len(having) < 2:
            continue
        titles = [", ".join(filter(None, (r.title, r.sample["sample_title"]))) for r in having]
        yield from (f"## {name} side by side", "")
        yield "Differences from the first row, and ratios to it, as of independent samples."
        yield ""
        rows = [
            (
                one.title,
                interval(asdict(one.auc), 5),
                measured(asdict(one.auc_difference)),
                interval(asdict(one.rejection[FIXED_EFFICIENCY])),
                _known(asdict(one.rejection_ratio[FIXED_EFFICIENCY])),
            )
            for one in compared(having, titles, name)
        ]
        rows[0] = (*rows[0][:2], "", rows[0][3], "")
        yield from table(
            ("", "AUC", "difference", f"rejection at {FIXED_EFFICIENCY:g}", "ratio"), rows
        )
        yield ""


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
        if output["role"] != "score" and output.get("confusion"):
            yield from ("", f"### Classes of {output['branch']}", "", *_classes(output))
    yield from _inputs(report)
    for made in report.figures.get("variables", {}).values():
        if fit := made.get("peak"):
            yield from ("", f"### Peak of {made['title']}", "", f"{_fitted(fit, made['unit'])}.")
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


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _residuals(output: Mapping[str, Any]) -> Iterator[str]:
    """Every figure of the residuals, one column an estimator, and of the pulls."""
    made, unit = output["residual"], output["residual"]["unit"]
    about = "relative to the true value" if made["relative"] else f"in {unit or 'its unit'}"
    yield f"Estimate minus {made['truth']}, {about}; of pulls, in units of the uncertainty."
    yield ""
    series = {one["title"]: _figures(one, unit) for one in made["estimators"]}
    yield from table(("", *series), zip(*_rows(series), strict=True))
    for one in made["improvement"]:
        if one["eiqr75"]:
            yield ""
            percent = {key: 100 * value for key, value in one["eiqr75"].items()}
            yield f"Improvement of eIQR75 on {one['title']}: {measured(percent)} %."
    if fit := made["peak"]:
        yield ""
        yield f"{_fitted(fit)}."
    if "pull" in output:
        yield ""
        yield from table(("pull", ""), _figures(output["pull"], "").items())


def _fitted(fit: Mapping[str, Any], unit: str = "") -> str:
    """A fit in words."""
    found = ", ".join(
        f"{words(name)} {measured(value)} {unit if name in LENGTHS else ''}".rstrip()
        for name, value in fit["parameters"].items()
        if name not in ("signal", "background")
    )
    said = f"; {fit['message']}" if fit["message"] else ""
    below = f" over a background ({words(fit['background'])})" if fit["background"] else ""
    p_value = "" if fit["p_value"] is None else f", p = {fit['p_value']:.2g}"
    quality = f"χ²/ndf {fit['chi2']:.1f}/{fit['ndof']}{p_value}"
    return f"Fit of a {words(fit['model'])}{below}: {found}; {quality}{said}"


def _classes(output: Mapping[str, Any]) -> Iterator[str]:
    """Accuracy, what is taken for what, and how well each class is found."""
    made = output["confusion"]
    macro = made["macro"]
    yield (
        f"Accuracy {interval(made['accuracy'], 4)}, mean efficiency of the classes "
        f"{interval(macro['efficiency'], 4)}, mean purity {interval(macro['purity'], 4)}."
    )
    if made["apart"]:
        yield f"{made['apart']:g} entries whose true class is none of these are left out."
    yield ""
    rows = zip(made["classes"], made["counts"], made["efficiency"], made["purity"], strict=True)
    yield from table(
        ("true, taken for", *made["classes"], "none", "efficiency", "purity"),
        (
            (name, *(f"{count:g}" for count in counts), _known(efficiency), _known(purity))
            for name, counts, efficiency, purity in rows
        ),
    )


def _known(share: Mapping[str, float]) -> str:
    return interval(share, 4) if share["value"] is not None and share["value"] >= 0 else "-"


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
        "eIQR75": measured(one["eiqr75"]),
        "eIQR95": measured(one["eiqr95"]),
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
    """AUC, working points at flat cuts and at flat efficiency; intervals are of 68.27 %."""
    yield "; ".join((f"AUC {interval(made['auc'], 6)}", *_quality(made))) + "."
    yield ""
    flat = {
        f"{classes[BACKGROUND]} rejection, flat in {variable}": {
            p["target"]: interval(p["rejection"]) for p in one["flat_efficiency"]["working_points"]
        }
        for variable, one in made.get("against", {}).items()
        if "flat_efficiency" in one
    }
    named = [(f"{p['target']:g}", p) for p in made["working_points"]]
    named += [(p["name"], p) for p in made.get("card_working_points", ()) if "rejection" in p]
    rows = [
        (
            name,
            f"{p['threshold']:.7g}",
            interval(p["efficiency"], 4),
            interval(p["rejection"]),
            *(points.get(p.get("target"), "") for points in flat.values()),
        )
        for name, p in named
    ]
    signal, background = classes[SIGNAL], classes[BACKGROUND]
    side = "above" if made.get("higher_is_signal", True) else "below"
    head = ("working point", side, f"{signal} efficiency", f"{background} rejection", *flat)
    yield from table(head, rows)


def _quality(made: Mapping[str, Any]) -> Iterator[str]:
    """Average precision, calibration, and what the training did better."""
    if "precision_recall" in made:
        average, share = (
            made["precision_recall"]["average"],
            made["precision_recall"]["signal_share"],
        )
        yield f"average precision {interval(average, 4)} in a sample with {share:.3g} of signal"
    if "reliability" in made:
        part = made["reliability"]
        yield f"expected calibration error {part['ece']:.3g} ({part['floor']:.2g} by chance)"
    if "overtraining" in made:
        part = made["overtraining"]
        shapes = ", ".join(
            f"{name} {one['ks']:.3g} (p = {one['ks_p_value']:.2g})"
            for name, one in part["shapes"].items()
        )
        yield f"AUC of the training less this one {measured(part['auc'])}"
        yield f"Kolmogorov distance from the scores of the training: {shapes}"
