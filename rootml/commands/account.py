"""The accounts that ``rootml tag`` and ``rootml validate`` print of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootml.commands.console import print_table
from rootml.commands.diff import counts
from rootml.commands.figures import highlights
from rootml.errors import without_secrets

if TYPE_CHECKING:
    from rootml.scale import FileOutcome, FilesResult
    from rootml.tagging.plan import PlannedModel, TagPlan, TagResult
    from rootml.validation import Sample, Study

Row = tuple[str, str]
SHOWN = 4
"""Of plots that one reason keeps from being drawn, those that are named."""


def print_account(result: TagResult, *, verbose: bool) -> None:
    """Say what was done, how fast, and what came out; or, for a dry run, what would be done."""
    plan = result.plan
    title = f"{plan.source}, in place" if plan.in_place else f"{plan.source} -> {plan.target}"
    click.echo(without_secrets(title) + ("  (dry run)" if result.dry_run else ""))
    rows = _plan_rows(plan, verbose=verbose or result.dry_run)
    if not result.dry_run:
        rows += _result_rows(result, verbose=verbose)
    _print_rows(rows)


def print_files(result: FilesResult, to: str, *, verbose: bool) -> None:
    """Say how many files were done, by whom and how fast; ``verbose``: and the account of each."""
    results = [outcome.result for outcome in result.outcomes if outcome.result is not None]
    if verbose:
        for one in results:
            print_account(one, verbose=verbose)
    click.echo(f"{_files(len(result.outcomes))} -> {without_secrets(to)}")
    rows = [
        (
            "tagged",
            f"{_files(len(results))}, {result.events:,} events in {result.seconds:.1f} s "
            f"({result.rate:,.0f} events/s)",
        ),
        ("workers", result.workers),
    ]
    if result.kept:
        text = "made before of the same input by the same networks and options"
        rows.insert(1, ("kept", f"{_files(len(result.kept))}, {text}"))
    if results:
        plan = results[0].plan
        rows += _series("adds", [_column(plan, index) for index in range(len(plan.columns))])
    if result.files:
        rows.append(("plots", f"{result.files[0].parent}/ ({len(result.files)} files)"))
    _print_rows(rows)


def print_failures(failed: Sequence[FileOutcome]) -> None:
    """List on standard error the files without an output, and why."""
    from rootml.commands.terminal import table

    table(
        ["file", "why it failed"],
        [(without_secrets(one.source), one.error) for one in failed],
        stderr=True,
    )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count:,} files"


def print_study(study: Study, folder: Path, *, page: bool) -> None:
    """Say what was validated, what came out, and where it is to be seen."""
    from rootml.validation.page.content import report_titles
    from rootml.validation.page.summary import best_tables, key_figures, verdicts

    click.echo(f"{study.title} -> {folder / 'index.html' if page else folder}")
    titles = report_titles(study)
    rows = _series("samples", [_sample(study, sample) for sample in study.samples])
    for verdict in filter(lambda verdict: verdict.flag, verdicts(study, titles)):
        messages = verdict.messages if verdict.flag == "bad" else ()
        rows += _series("", [verdict.text, *(f"  {message}" for message in messages)])
    if len(study.reports) == 1:
        rows += _series("figures", highlights(study.reports[0].to_dict()["figures"]))
    _print_rows(rows + _series("lacking", list(_not_drawn(study))))
    if len(study.reports) > 1:
        reports = tuple(r for r in study.reports if r.sample["role"] != "variation")
        nominal = replace(study, reports=reports)
        shown = key_figures(nominal, report_titles(nominal))
        best = [one for one in best_tables(study, titles) if not one.within]
        for one in (shown, *best):
            texts = [[cell.text for cell in row] for row in one.rows]
            print_table("" if one is shown else f"\n{one.title}", one.head, texts)


def _not_drawn(study: Study) -> Iterator[str]:
    """For each reason, the plots that cannot be drawn."""
    lacking: dict[str, dict[str, None]] = {}
    for report in study.reports:
        for name, reason in report.not_drawn.items():
            lacking.setdefault(reason, {})[name] = None
    for reason, names in lacking.items():
        shown = ", ".join(list(names)[:SHOWN])
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        yield f"{shown}{more}: {reason}"


def _sample(study: Study, sample: Sample) -> str:
    entries = sum(file["entries"] for file in sample.files)
    files = _files(len(sample.files))
    judged = next(_judged(study, sample), "")
    return f"{sample.title}: {files}, {entries:,} entries{judged}"


def _judged(study: Study, sample: Sample) -> Iterator[str]:
    for report in study.reports:
        if report.sample["name"] == sample.name:
            counts = report.figures["events"]
            yield f", {counts['judged']:,} of {counts['units']:,} judged"


def _plan_rows(plan: TagPlan, *, verbose: bool) -> list[Row]:
    first, *others = dict.fromkeys(map(_layout, plan.models))
    rows = _series("tree", [f"{plan.tree}: {plan.entries:,} entries, {first}", *others])
    start, stop = plan.entry_range
    if (start, stop) != (0, plan.entries):
        rows.append(("entries", f"{start:,} to {stop:,} (exclusive) are judged"))
    if verbose:
        rows += _series("reads", plan.branches_read)
    cards = [model.card for model in plan.models]
    rows += _series(
        "network",
        [": ".join(filter(None, (f"{c.name} {c.version}", c.title))) for c in cards],
    )
    rows += _series("adds", [_column(plan, index) for index in range(len(plan.columns))])
    rows += _series("drops", [f"{name}, made of what is replaced" for name in plan.dropped])
    if verbose and plan.plots is not None:
        rows.append(("plots", str(plan.plots)))
    return rows


def _layout(model: PlannedModel) -> str:
    options = "".join(f"; {key}: {value}" for key, value in model.layout_options.items())
    return f"{model.adapter}/{model.layout}{options}"


def _column(plan: TagPlan, index: int) -> str:
    column = plan.columns[index]
    unit = f" {column.unit}" if column.unit else ""
    replaced = ", replacing the branch that is there" if column.name in plan.replaced else ""
    return f"{column.name} ({column.dtype}{unit} per {column.per or 'event'}){replaced}"


def _result_rows(result: TagResult, *, verbose: bool) -> list[Row]:
    seconds = result.seconds
    rows = _series("judged", [f"{n:,} by {model}" for model, n in result.judged.items()])
    rows.append(
        (
            "time",
            f"{seconds['tag']:.1f} s tagging ({result.rate:,.0f} events/s), "
            f"{seconds['prepare']:.1f} s opening, {seconds['plots']:.1f} s plots",
        )
    )
    if result.verified:
        rows.append(("verified", f"nothing lost or changed: {counts(result.verified.identical)}"))
    for figures in result.figures.values():
        rows += _series("figures", highlights(figures))
    plots = [path for path in result.files if path != result.plan.target]
    if plots and not verbose:
        rows.append(("plots", f"{result.plan.plots}/ ({len(plots)} files)"))
    return rows + (_series("files", [str(path) for path in plots]) if verbose else [])


def _series(label: str, lines: Sequence[str]) -> list[Row]:
    return [(label if index == 0 else "", line) for index, line in enumerate(lines)]


def _print_rows(rows: Sequence[Row]) -> None:
    for label, text in rows:
        click.echo(f"  {label:<8} {text}")
