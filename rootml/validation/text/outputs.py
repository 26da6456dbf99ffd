"""What a page of text says of one output: how it separates, its residuals, its classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rootml.validation.figures.separation import BACKGROUND, SIGNAL
from rootml.validation.statistics.binomial import LIMIT_LEVEL
from rootml.validation.statistics.rounding import interval, measured, percentage
from rootml.validation.statistics.shapes import LENGTHS
from rootml.validation.style import words
from rootml.validation.text.tables import known, table

NAMES = {
    "purity": "purity",
    "efficiency": "efficiency",
    "rand": "adjusted Rand index",
    "rejection": "share of objects without a group that are in no cluster",
}
"""What the figures of clusters are called."""


def separation(made: Mapping[str, Any], classes: Sequence[str]) -> Iterator[str]:
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
            _threshold(p),
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
    if any(cell.startswith(">") for row in rows for cell in row):
        yield ""
        yield f"Where no {background} passes: lower limits at {100 * LIMIT_LEVEL:g} % confidence."


def _threshold(point: Mapping[str, Any]) -> str:
    """The threshold of a working point, or what it follows."""
    return f"by {point['against']}" if "against" in point else f"{point['threshold']:.7g}"


def _quality(made: Mapping[str, Any]) -> Iterator[str]:
    """Average precision, calibration, and what the training did better."""
    if "precision_recall" in made:
        average, share = (
            made["precision_recall"]["average"],
            made["precision_recall"]["signal_share"],
        )
        yield f"average precision {interval(average, 4)} in a sample with {share:.3g} of signal"
    if "reliability" in made:
        yield _calibration(made["reliability"])
    if "overtraining" in made:
        part = made["overtraining"]
        shapes = ", ".join(
            f"{name} {one['ks']:.3g} (p = {one['ks_p_value']:.2g})"
            for name, one in part["shapes"].items()
        )
        yield f"AUC of the training less this one {measured(part['auc'])}"
        yield f"Kolmogorov distance from the scores of the training: {shapes}"


def _calibration(part: Mapping[str, Any]) -> str:
    ece, error = part["ece"], part.get("ece_error", 0.0)
    estimate = {"value": ece, "low": ece - error, "high": ece + error}
    said = measured(estimate) if error else f"{ece:.3g}"
    return f"expected calibration error {said} ({part['floor']:.2g} by chance)"


def residuals(output: Mapping[str, Any]) -> Iterator[str]:
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
        yield f"{fitted(fit)}."
    if "pull" in output:
        yield ""
        yield from table(("pull", ""), _figures(output["pull"], "").items())


def fitted(fit: Mapping[str, Any], unit: str = "") -> str:
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


def classes(output: Mapping[str, Any]) -> Iterator[str]:
    """Accuracy, what is taken for what, and how well each class is found."""
    made = output["confusion"]
    macro = made["macro"]
    yield (
        f"Accuracy {interval(made['accuracy'], 4)}, mean efficiency of the classes "
        f"{interval(macro['efficiency'], 4)}, mean purity {interval(macro['purity'], 4)}."
    )
    if "unweighted" in made:
        yield f"Without weights: accuracy {interval(made['unweighted']['accuracy'], 4)}."
    if made["apart"]:
        yield f"In these are not {made['apart']:g} entries whose true class is none of these."
    yield ""
    columns = (made[key] for key in ("classes", "counts", "efficiency", "purity"))
    rows = [
        (name, *(f"{count:g}" for count in counts), known(efficiency), known(purity))
        for name, counts, efficiency, purity in zip(*columns, strict=True)
    ]
    if beyond := made.get("beyond"):
        rows.append((beyond["title"], *(f"{count:g}" for count in beyond["counts"]), "-", "-"))
    yield from table(("true, taken for", *made["classes"], "none", "efficiency", "purity"), rows)


def probabilities(output: Mapping[str, Any]) -> Iterator[str]:
    """What probabilities of classes are worth, in a line."""
    said = {"nll": "negative log likelihood", "brier": "Brier score"}
    scores = [f"{title} {measured(output[key])}" for key, title in said.items() if output.get(key)]
    if part := output.get("reliability"):
        scores.append(_calibration(part))
    yield f"Probabilities: {'; '.join(scores)}."


def clusters(output: Mapping[str, Any]) -> Iterator[str]:
    """What clusters are worth, in a line."""
    made = output["clusters"]
    said = ", ".join(f"{NAMES[name]} {measured(made[name])}" for name in NAMES if name in made)
    yield f"Means over the events: {said}."


def sets(output: Mapping[str, Any]) -> Iterator[str]:
    """Coverage and mean size of sets, as a whole and of each true class."""
    made = output["sets"]
    each = " of each true class" if made["by_class"] else ""
    yield (
        f"The true class is in {interval(made['coverage'], 4)} of the sets, wanted: "
        f"{made['level']:g}{each}; mean size {measured(made['size'])}."
    )
    yield ""
    rows = [
        (
            row["class"],
            f"{row['entries']:g}",
            known(row["coverage"]) if row["coverage"] else "-",
            measured(row["size"]) if row["size"] else "-",
        )
        for row in made["classes"]
    ]
    yield from table(("true class", "entries", "coverage", "mean size"), rows)


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
