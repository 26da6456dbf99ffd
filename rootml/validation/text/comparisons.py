"""What a page of text says of several networks and samples together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rootml.validation.comparing.best import Rival, in_bins, rankings
from rootml.validation.comparing.comparison import compared, estimate
from rootml.validation.comparing.pairs import over
from rootml.validation.comparing.series import ratio_errors
from rootml.validation.figures.separation import BACKGROUND, FIXED_EFFICIENCY, SIGNAL
from rootml.validation.statistics.rounding import interval, measured
from rootml.validation.text.tables import known, table

if TYPE_CHECKING:
    from rootml.validation.report import Report
    from rootml.validation.study import Study


def side_by_side(study: Study) -> Iterator[str]:
    """Scores of the networks and samples beside each other, less or over the first of them."""
    names = dict.fromkeys(name for one in study.reports for name in one.figures["outputs"])
    for name in names:
        having = {
            i: one
            for i, one in enumerate(study.reports)
            if "auc" in one.figures["outputs"].get(name, {})
        }
        if len(having) < 2:
            continue
        first, *others = having
        titles = list(map(_title, having.values()))
        pairs = [over(study, i, first, name) for i in others]
        yield from (f"## {name} side by side", "")
        yield (
            "Differences of the AUC from the first row, as of independent samples. "
            f"{ratio_errors(dict(zip(titles[1:], pairs, strict=True)))}."
        )
        yield ""
        rows = [
            (
                one.title,
                interval(asdict(one.auc), 5),
                measured(asdict(one.auc_difference)),
                interval(asdict(one.rejection[FIXED_EFFICIENCY])),
                known(asdict(one.rejection_ratio[FIXED_EFFICIENCY])),
            )
            for one in compared(list(having.values()), titles, name, [None, *pairs])
        ]
        rows[0] = (*rows[0][:2], "", rows[0][3], "")
        yield from table(
            ("", "AUC", "difference", f"rejection at {FIXED_EFFICIENCY:g}", "ratio"), rows
        )
        yield ""


def best(study: Study) -> Iterator[str]:
    """The network of each sample that rejects most, and how many times more than the others."""
    for output, rivals in rankings(study):
        report = study.reports[rivals[0].report]
        signal, background = (report.sample["classes"][i] for i in (SIGNAL, BACKGROUND))
        titles = dict.fromkeys(study.reports[one.report].sample["sample_title"] for one in rivals)
        where = f" on {title}" if (title := ", ".join(filter(None, titles))) else ""
        yield from (f"## The best {output}{where}", "")
        yield (
            f"{background} rejection at {100 * FIXED_EFFICIENCY:g} % {signal} efficiency, how many "
            "times more the best network rejects (68.27 %; limits, where nothing passes one of the "
            "cuts, at 95 %), and the p-value of equal rejections."
        )
        yield ""
        rows = [
            (
                study.reports[one.report].title,
                interval(asdict(one.rejection)),
                known(asdict(one.ratio)) if one.ratio else "",
                f"{one.p_value:.2g}" if one.paired else "",
                _errors(one),
            )
            for one in rivals
        ]
        yield from table(("network", "rejection", "best over it", "p-value", "errors"), rows)
        yield ""
        yield from _in_bins(study, output, rivals)


def _in_bins(study: Study, output: str, rivals: Sequence[Rival]) -> Iterator[str]:
    """How many times more the best rejects than each other network in bins of a variable."""
    names = [study.reports[one.report].title for one in rivals[1:]]
    figures = study.reports[rivals[0].report].figures["outputs"][output].get("against", {})
    for name, about in figures.items():
        rows = [
            (f"{low:.4g} to {high:.4g}", *map(_ratio, ratios))
            for low, high, ratios in in_bins(rivals, name)
        ]
        if rows:
            unit = f" [{about['unit']}]" if about["unit"] else ""
            yield from table(
                (f"{about['title']}{unit}", *(f"best over {one}" for one in names)), rows
            )
            yield ""


def _ratio(made: Mapping[str, Any] | None) -> str:
    if made is None or math.isnan((found := estimate(made)).value):
        return "-"
    text = known(asdict(found)) if found.value else f"< {found.high:.4g}"
    return f"{text} (p = {made['p_value']:.2g})"


def _errors(one: Rival) -> str:
    if one.ratio is None:
        return ""
    return "same events" if one.paired else "independent"


def _title(report: Report) -> str:
    return ", ".join(filter(None, (report.title, report.sample["sample_title"])))
