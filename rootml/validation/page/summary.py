"""What a physicist wants to know first: does all hold, and the key figures with their errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rootml.validation.comparing.best import Rival, in_bins, rankings
from rootml.validation.figures.separation import BACKGROUND, FIXED_EFFICIENCY, SIGNAL
from rootml.validation.page.cells import NOTHING, Cell, Flag, cell, estimate
from rootml.validation.page.shapes import words
from rootml.validation.page.tables import Table
from rootml.validation.report import plain
from rootml.validation.study import Study


@dataclass(frozen=True)
class Verdict:
    """One line of the summary, good or bad, with the messages behind it."""

    flag: Flag
    text: str
    messages: tuple[str, ...] = ()


def verdicts(study: Study, titles: tuple[str, ...]) -> Iterator[Verdict]:
    """Checks, gates and warnings of a study; ``titles``: how the page calls its reports."""
    checks = [
        (f"{title}: " if len(titles) > 1 else "", check)
        for title, report in zip(titles, study.reports, strict=True)
        for check in report.checks
    ]
    failed = tuple(f"{where}{check.message}" for where, check in checks if not check.passed)
    yield _counted("check", len(checks), failed, "hold")
    if study.gates:
        lost = tuple(f"{gate.expression}: {gate.message}" for gate in study.gates if gate.failed)
        yield _counted("gate", len(study.gates), lost, "passed")
    warnings = [note for note in study.notes if note.level == "warning"]
    if warnings:
        texts = tuple(": ".join(filter(None, (note.about, note.text))) for note in warnings)
        yield Verdict("warn", _plural(len(texts), "warning"), texts)
    missing = sum(len(report.not_drawn) for report in study.reports)
    if missing:
        yield Verdict("", f"{_plural(missing, 'plot')} could not be drawn")


def key_figures(study: Study, titles: tuple[str, ...]) -> Table:
    """A row for each key figure, a column for each report."""
    columns = [dict(_figures(plain(report.figures))) for report in study.reports]
    names = dict.fromkeys(name for column in columns for name in column)
    rows = tuple(
        (Cell(name, name), *(column.get(name, Cell(NOTHING)) for column in columns))
        for name in names
    )
    return Table("Key figures", ("figure", *titles), rows)


def best_tables(study: Study, titles: tuple[str, ...]) -> Iterator[Table]:
    """Of each score that several networks have on a sample: which rejects most, and in bins."""
    percent = f"{100 * FIXED_EFFICIENCY:g} %"
    for output, rivals in rankings(study):
        report = study.reports[rivals[0].report]
        signal, background = (report.sample["classes"][i] for i in (SIGNAL, BACKGROUND))
        what = f"{output}: {background} rejection at {percent} {signal} efficiency"
        head = ("network", "rejection", "best over it", "p-value", "errors of the ratio")
        yield Table(what, head, tuple(_rival(one, titles[one.report]) for one in rivals))
        figures = report.figures["outputs"][output].get("against", {})
        others = [f"best over {titles[one.report]}" for one in rivals[1:]]
        for name, about in figures.items():
            rows = tuple(
                (cell(low), cell(high), *map(_ratio, ratios))
                for low, high, ratios in in_bins(rivals, name)
            )
            unit = f" [{about['unit']}]" if about["unit"] else ""
            if rows:
                where = f"{what}, in bins of {about['title']}{unit}"
                yield Table(where, ("from", "to", *others), rows, within=True)


def _rival(one: Rival, title: str) -> tuple[Cell, ...]:
    errors = ("same events" if one.paired else "independent samples") if one.ratio else None
    ratio = asdict(one.ratio) if one.ratio else None
    p_value = one.p_value if one.paired else None
    return (cell(title), cell(asdict(one.rejection)), cell(ratio), cell(p_value, 2), cell(errors))


def _ratio(made: Mapping[str, Any] | None) -> Cell:
    """A ratio; its upper limit where nothing passes the cut that it is over."""
    if made is None or made["value"] != 0:
        return cell(plain(made))
    return Cell(f"< {cell(made['high']).text}", None, None, made["high"])


def _counted(kind: str, total: int, failed: tuple[str, ...], fine: str) -> Verdict:
    if failed:
        return Verdict("bad", f"{len(failed)} of {_plural(total, kind)} failed", failed)
    return Verdict("good", f"all {_plural(total, kind)} {fine}" if total else f"no {kind}s")


def _plural(number: int, kind: str) -> str:
    return f"{number} {kind}{'s' if number != 1 else ''}"


def _figures(figures: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    events = figures["events"]
    yield "Events", cell(events["events"])
    yield "Judged", cell(events["judged"])
    for name, output in figures["outputs"].items():
        if output.get("auc"):
            yield f"{name}: AUC", cell(output["auc"])
        for point in output.get("working_points") or ():
            if point["target"] == FIXED_EFFICIENCY:
                what = f"background rejection at {100 * FIXED_EFFICIENCY:.0f} % efficiency"
                yield f"{name}: {what}", cell(point["rejection"])
        grouped = output.get("clusters") or {}
        if output.get("confusion") and not output.get("auc"):
            what = "right number of clusters" if grouped else "accuracy"
            yield f"{name}: {what}", cell(output["confusion"]["accuracy"])
        for figure in ("purity", "efficiency", "rand"):
            if figure in grouped:
                yield f"{name}: {words(figure)}", cell(grouped[figure])
        if output.get("nll"):
            yield f"{name}: negative log likelihood", cell(output["nll"])
        if output.get("sets"):
            yield f"{name}: coverage", cell(output["sets"]["coverage"])
            yield f"{name}: mean size", cell(output["sets"]["size"])
        if output.get("residual"):
            yield from _residual(name, output["residual"])
    share = figures["domain"].get("fraction")
    if share:
        yield "Outside the training domain", estimate(share, 100, "%")


def _residual(name: str, made: Mapping[str, Any]) -> Iterator[tuple[str, Cell]]:
    """Bias and width of the network, the last of the estimators."""
    scale, unit = (100, "%") if made["relative"] else (1, made["unit"])
    last = made["estimators"][-1]
    yield f"{name}: bias (median)", estimate(last["median"], scale, unit)
    yield f"{name}: 68 % width", estimate(last["width"], scale, unit)
