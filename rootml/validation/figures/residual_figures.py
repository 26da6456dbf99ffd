"""Figures of a regression: residuals before and after, response, pulls, and the fitted peak."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from rootml.card import Output
from rootml.errors import DataError
from rootml.spec import Array
from rootml.validation.counting.residuals import (
    is_relative,
    residuals_of,
    total,
    uncertainty_of,
)
from rootml.validation.counting.tally import Tally
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.figures.residual_bins import (
    MIN_ENTRIES,
    against_truth,
    against_variable,
    correlation,
    estimator_titles,
)
from rootml.validation.report import Plot
from rootml.validation.statistics.binomial import Estimate
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.paired import improvement
from rootml.validation.statistics.peaks import fit_binned
from rootml.validation.statistics.regression import Residuals
from rootml.validation.statistics.summary import Summary

FAR = (3.0, 5.0)
"""Tails begin at so many core widths (of pulls: units) where a card does not say where."""

PEAK, PEAK_BINS, PEAK_REACH = "double_crystal_ball", 100, 6.0
"""Shape that is fitted to residuals, in so many bins over so many widths on either side."""


def residual_section(draft: Draft, output: Output) -> dict[str, Any]:
    """Figures of an output's residuals and pulls, by estimator; empty where there are none."""
    name = output.name
    made = draft.draw(Plot(f"{name}_residual", "residual", name), partial(_residual, draft, output))
    if made is None:
        return {}
    draft.draw(Plot(f"{name}_residual_tails", "residual_tails", name), dict)
    truth = partial(against_truth, draft, output, "residual")
    made["against_truth"] = draft.draw(Plot(f"{name}_resolution", "resolution", name), truth) or []
    compared = partial(_compared, output, made["against_truth"])
    draft.draw(Plot(f"{name}_eiqr75", "eiqr", name), compared)
    profile = partial(_profile, output, made["against_truth"])
    made["profile"] = draft.draw(Plot(f"{name}_truth_2d", "truth_2d", name), profile) or []
    response = partial(_response, draft, output, made["against_truth"])
    made["response"] = draft.draw(Plot(f"{name}_response", "response", name), response)
    made["peak"] = draft.draw(Plot(f"{name}_peak", "peak", name), partial(_peak, draft, name))
    figures = {"residual": made, "against": _against_variables(draft, output)}
    if uncertainty_of(output, draft.card) is not None:
        pull = draft.draw(Plot(f"{name}_pull", "pull", name), partial(_pull, draft, name))
        figures |= {"pull": pull} if pull else {}
    return figures


def peak_bins(residuals: Residuals) -> tuple[Array, Counts]:
    """Edges and entries of the bins in which a shape is fitted to residuals."""
    median, width = (one.value for one in residuals.quantiles())
    edges = np.linspace(median - PEAK_REACH * width, median + PEAK_REACH * width, PEAK_BINS + 1)
    return edges, residuals.rebinned(edges)


def _residual(draft: Draft, output: Output) -> dict[str, Any]:
    draft.require_judged()
    own = f"residual_{output.name}"
    if own not in draft.tally.hists:
        raise Unavailable(f"the file has no true value ({output.estimates})")
    if not draft.tally.hists[own].variances(flow=True).any():
        raise Unavailable(f"no judged event has a true value ({output.estimates}) and an estimate")
    if not (sum_ := total(draft.tally, own)) > 0:
        raise Unavailable(f"the weights of the residuals add up to {sum_:g}")
    titles = estimator_titles(draft, output)
    counted = {name: residuals_of(draft.tally, name) for name in titles}
    bounds = output.tails
    if not bounds:
        cores = (one.core() for one in counted.values())
        width = next((core.width.value for core in cores if core), 0.0)
        bounds = tuple(far * width for far in FAR if width)
    made = {name: one.summary(bounds) for name, one in counted.items()}
    return {
        "truth": output.estimates,
        "relative": is_relative(output),
        "unit": "" if is_relative(output) else output.unit,
        "estimators": [
            {"name": name, "title": title, "missing": draft.tally.counts["missing", name]}
            | asdict(made[name])
            for name, title in titles.items()
        ],
        "improvement": [
            {"name": name, "title": titles[name]} | _improvement(draft.tally, one, made[own], name)
            for name, one in made.items()
            if name != own
        ],
    }


def _improvement(tally: Tally, before: Summary, after: Summary, name: str) -> dict[str, Any]:
    """How much narrower the network's residuals are: 1 - after / before, by width."""
    correlated = correlation(tally, name)
    made: dict[str, Any] = {}
    for figure in ("width", "eiqr75", "eiqr95"):
        widths: tuple[Estimate, Estimate] = getattr(before, figure), getattr(after, figure)
        try:
            made[figure] = asdict(improvement(*widths, correlated))
        except DataError:
            made[figure] = None
    return made


def _response(draft: Draft, output: Output, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Median and mean of estimate / truth, by estimator and true value, where all are positive.

    ``rows``: the residuals against the true value, which say the same where they are relative.
    """
    kind = "residual" if is_relative(output) else "response"
    made = []
    for name, title in estimator_titles(draft, output).items():
        counted = name.replace("residual", kind, 1)
        if not total(draft.tally, counted) > 0:
            raise Unavailable(f"no true value is positive ({output.estimates})")
        if draft.tally.counts["missing", counted] > draft.tally.counts["missing", name]:
            raise Unavailable(f"not all true values are positive ({output.estimates})")
        summary = residuals_of(draft.tally, counted).summary()
        middle = {key: _moved(asdict(getattr(summary, key))) for key in ("median", "mean")}
        made.append({"name": name, "title": title, **middle, "width": asdict(summary.width)})
    relative = rows if is_relative(output) else against_truth(draft, output, kind)
    if not relative:
        raise Unavailable(f"the true values ({output.estimates}) fill no two bins")
    bins = [
        {
            "low": row["low"],
            "high": row["high"],
            "estimators": {
                name: one and {"median": _moved(one["median"])}
                for name, one in row["estimators"].items()
            },
        }
        for row in relative
    ]
    return {"estimators": made, "against_truth": bins}


def _moved(estimate: Mapping[str, float]) -> dict[str, float]:
    """A relative residual as a response."""
    return {key: 1 + value for key, value in estimate.items()}


def _profile(output: Output, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Median and central 68 % of the estimate in bins of the true value."""
    if not rows:
        raise Unavailable(f"the true values ({output.estimates}) fill no two bins")
    made = []
    for row in rows:
        truth, one = row["truth"], row["estimators"][f"residual_{output.name}"]
        if one is not None:
            points = {key: one[key] for key in ("p16", "p84")} | {"median": one["median"]["value"]}
            scale = truth if is_relative(output) else 1.0
            made.append({"truth": truth} | {k: truth + scale * v for k, v in points.items()})
    if not any(rows[0]["low"] <= point["median"] <= rows[-1]["high"] for point in made):
        raise Unavailable("the estimates lie beyond all true values")
    return made


def _peak(draft: Draft, output: str) -> dict[str, Any]:
    residuals = residuals_of(draft.tally, f"residual_{output}")
    if residuals.effective < MIN_ENTRIES:
        raise Unavailable(f"fewer than {MIN_ENTRIES} residuals: no shape is fitted to them")
    fit = fit_binned(*peak_bins(residuals), PEAK)
    return fit.figures() | {"expected": np.add(*fit.expected()).tolist()}


def _compared(output: Output, rows: Sequence[Mapping[str, Any]]) -> None:
    """Raise Unavailable where in no bin the network can be compared with another estimate."""
    if not rows:
        raise Unavailable(f"the true values ({output.estimates}) fill no two bins")
    if not any(one for row in rows for one in row["reiqr75"].values()):
        raise Unavailable(f"the file has no estimate of {output.estimates} to compare with")


def _pull(draft: Draft, output: str) -> dict[str, Any]:
    name = f"pull_{output}"
    if not total(draft.tally, name) > 0:
        raise Unavailable(f"no uncertainty of {output} is a positive number")
    summary = residuals_of(draft.tally, name).summary(FAR)
    return {"missing": draft.tally.counts["missing", name]} | asdict(summary)


def _against_variables(draft: Draft, output: Output) -> dict[str, Any]:
    """Bias and width in bins of each variable that the file has."""
    made = {}
    for variable in draft.setting.variables:
        subject, name = f"{output.name}:{variable.name}", f"{output.name}_resolution_vs_"
        plot = Plot(name + variable.name, "resolution_against", subject)
        rows = draft.draw(plot, partial(against_variable, draft, output, variable))
        if rows:
            plot = Plot(f"{output.name}_eiqr75_vs_{variable.name}", "eiqr_against", subject)
            draft.draw(plot, partial(_compared, output, rows))
            title = variable.title or variable.name
            made[variable.name] = {"title": title, "unit": variable.unit, "residual": rows}
    return made
