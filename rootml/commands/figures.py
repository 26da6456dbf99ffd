"""The figures of a validation that the account of a run repeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SHOWN_EFFICIENCIES = (0.9, 0.95)
"""Of the working points in the report, those that the account repeats."""


def highlights(figures: Mapping[str, Any]) -> list[str]:
    """The figures of a validation worth a line each, with their 68 % intervals."""
    lines: list[str] = []
    for output in figures["outputs"].values():
        lines += _separation(output)
        if output.get("confusion") and output["role"] not in ("score", "probabilities"):
            lines += _classes(output)
        if "residual" in output:
            lines += _residuals(output["branch"], output["residual"])
    outside = figures["domain"].get("fraction", {}).get("value")
    if outside is not None:
        lines.append(f"outside the training domain: {outside:.2%} of the inputs")
    return lines + list(_drifts(figures["domain"].get("axes", {})))


def _drifts(axes: Mapping[str, Mapping[str, Any] | None]) -> Iterator[str]:
    for name, axis in axes.items():
        if axis is not None and axis["drifts"]:
            p_value = axis["ks_p_value"] if axis["p_value"] is None else axis["p_value"]
            yield (
                f"warning: the input {name} drifts from the training: Kolmogorov distance "
                f"{axis['ks']:.2f} (p {p_value:.1g})"
            )


def _separation(output: Mapping[str, Any]) -> Iterator[str]:
    branch = output["branch"]
    if auc := output.get("auc"):
        yield f"{branch}: AUC {auc['value']:.5f} ± {auc['error']:.5f}"
    for point in output.get("working_points", ()):
        if point["target"] in SHOWN_EFFICIENCIES:
            yield (
                f"{branch} > {point['threshold']:.4f}: signal efficiency "
                f"{point['efficiency']['value']:.1%}, "
                f"background rejection {_interval(point['rejection'])}"
            )


def _classes(output: Mapping[str, Any]) -> Iterator[str]:
    from rootml.validation.statistics.rounding import interval

    clusters = output.get("clusters", {})
    what = "right number of clusters" if clusters else "accuracy"
    yield f"{output['branch']}: {what} {interval(output['confusion']['accuracy'], 4)}"
    named = {"purity": "purity", "efficiency": "efficiency", "rand": "adjusted Rand index"}
    found = [
        f"{what} {interval(clusters[key], 4)}" for key, what in named.items() if key in clusters
    ]
    if found:
        yield f"{output['branch']}: {', '.join(found)}"


def _residuals(branch: str, made: Mapping[str, Any]) -> Iterator[str]:
    """A table of bias, width and tails: a column for each estimator, the network's the last."""
    from rootml.validation.statistics.rounding import measured, percentage

    unit = f" [{made['unit']}]" if made["unit"] else ""
    what = f"{branch} / {made['truth']} - 1" if made["relative"] else f"{branch} - {made['truth']}"
    bounds = [f"  beyond ±{tail['bound']:.3g}" for tail in made["estimators"][0]["tails"]]
    columns = [(what + unit, "  bias", "  68 % width", *bounds)]
    for one in made["estimators"]:
        near = (measured(one[name]) for name in ("median", "width"))
        far = (percentage(tail["beyond"]) for tail in one["tails"])
        columns.append((one["title"], *near, *far))
    widths = [max(map(len, column)) for column in columns]
    for row in zip(*columns, strict=True):
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _interval(estimate: Mapping[str, float | None]) -> str:
    low, value, high = estimate["low"], estimate["value"], estimate["high"]
    if value is None:
        return f"> {_rounded(low)} (95 % confidence)"
    return f"{_rounded(value)} ({_rounded(low)} to {_rounded(high)})"


def _rounded(value: float | None) -> str:
    """A rejection; None where there is no upper end."""
    if value is None:
        return "inf"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
