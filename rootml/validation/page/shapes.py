"""The shapes in which figures hold a table: rows, alike mappings, columns, matrices of classes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, TypeGuard

from rootml.validation.page.cells import cell, is_estimate

Row = dict[str, Any]

NAMES = {
    "": "name",
    "auc": "AUC",
    "brier": "Brier score",
    "average": "average precision",
    "axes": "inputs",
    "card_working_points": "working points of the card",
    "chi2": "χ²",
    "ece": "expected calibration error",
    "ece_bias": "bias of the calibration error",
    "ece_error": "error of the calibration error",
    "flat_cut": "at one cut",
    "flat_efficiency": "at the same efficiency in each bin",
    "fraction": "share outside",
    "high": "to",
    "ks": "KS distance",
    "ks_p_value": "KS p-value",
    "low": "from",
    "ndof": "degrees of freedom",
    "nll": "negative log likelihood",
    "p_value": "p-value",
    "rand": "adjusted Rand index",
    "reliability": "reliability",
    "rms": "RMS",
    "wasserstein": "Wasserstein distance",
}
"""Keys of figures that read otherwise than their words."""

LEFT_OUT = {"beyond", "by_prediction", "by_truth", "curve", "effective", "log", "pages", "squares"}
"""Keys that are for plots and for machines."""

UNSAID = {"cut", "estimators", "parameters"}
"""Keys that add nothing to the names of columns."""

SHORT_LIST = 4
"""Lists of up to so many plain values stand in one cell."""

LONGEST_COLUMN = 50
"""Lists that are longer are curves, which the plots show."""


def words(key: str) -> str:
    """How the page calls a key of the figures."""
    return NAMES.get(key, key.replace("_", " "))


def called(key: str, value: Any) -> str:
    """How the page calls a part of the figures: by its own title, if it has one."""
    if key == "rows":
        return ""
    if key not in NAMES and isinstance(value, Mapping) and isinstance(value.get("title"), str):
        unit = value.get("unit")
        return f"{value['title']} [{unit}]" if unit else str(value["title"])
    return words(key)


def singles(figures: Mapping[str, Any], left_out: Collection[str]) -> Row:
    """The single figures, and those of parts that hold nothing else."""
    found: Row = {}
    for key, value in figures.items():
        if key in left_out:
            continue
        if is_leaf(value):
            found[words(key)] = value
        elif isinstance(value, Mapping) and value and all(map(is_leaf, value.values())):
            found |= {f"{words(key)} {words(inner)}": item for inner, item in value.items()}
    return found


def is_leaf(value: Any) -> bool:
    """Whether plain data fit one cell."""
    if isinstance(value, float):
        return not math.isnan(value)
    if value is None or isinstance(value, (str, int)):
        return True
    if is_estimate(value):
        return not _is_list(value["value"])
    short = _is_list(value) and 0 < len(value) <= SHORT_LIST
    return short and all(isinstance(item, (str, int, float)) for item in value)


def rows(value: Any) -> list[Row]:
    """The rows of a list of mappings, or of a mapping of flat mappings; none where it is neither.

    Items without figures (None) are left out.
    """
    if isinstance(value, Mapping):
        found = {key: item for key, item in value.items() if item is not None}
        if not found or not all(map(_is_flat, found.values())):
            return []
        return [{"": key} | _flat(item) for key, item in found.items()]
    if _is_list(value) and value and all(isinstance(item, Mapping) for item in value):
        return [_flat(item) for item in value]
    return []


def columns(figures: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Lists of one length among the figures, of numbers and estimates: the columns of a table."""
    found = {key: made for key, value in figures.items() if (made := _column(value))}
    lengths = Counter(len(column) for column in found.values())
    length, alike = max(lengths.items(), key=lambda item: item[1], default=(0, 0))
    if alike < 2:
        return {}
    chosen = {key: column for key, column in found.items() if len(column) == length}
    return chosen if any(map(_has_numbers, chosen.values())) else {}


def matrices(figures: Mapping[str, Any]) -> Iterator[tuple[str, list[Row]]]:
    """Matrices by true class and predicted one, where the figures name classes."""
    classes = figures.get("classes", ())
    if not _is_list(classes):
        return
    heads = [f"as {name}" for name in (*classes, "none of them")]
    for key, value in figures.items():
        if _is_list(value) and len(value) == len(classes) and all(map(_is_list, value)):
            lines = (dict(zip(heads, line, strict=False)) for line in value)
            found = [{"true class": c} | line for c, line in zip(classes, lines, strict=True)]
            if beyond := figures.get("beyond"):
                last = dict(zip(heads, beyond.get(key, ()), strict=False))
                found.append({"true class": beyond["title"]} | last)
            yield key, found


def _column(value: Any) -> list[Any] | None:
    """A list of plain values or estimates; of a mapping of lists, its estimates."""
    if is_estimate(value) and _is_list(value["value"]):
        names = ("value", "low", "high")
        parts = zip(*(value[name] for name in names), strict=True)
        value = [dict(zip(names, part, strict=True)) for part in parts]
    if not _is_list(value) or not 1 < len(value) <= LONGEST_COLUMN:
        return None
    plain = all(item is None or isinstance(item, (str, int, float)) for item in value)
    return list(value) if plain or all(map(is_estimate, value)) else None


def _has_numbers(column: Sequence[Any]) -> bool:
    return any(isinstance(item, (int, float)) or is_estimate(item) for item in column)


def _flat(row: Mapping[str, Any], under: str = "") -> Row:
    """A row of leaves; nested ones carry the names above them."""
    flat: Row = {}
    for key, value in row.items():
        name = f"{under} {words(key)}" if under else key
        if key in LEFT_OUT:
            continue
        if is_leaf(value):
            flat[name] = value
        elif isinstance(value, Mapping):
            flat |= _flat(value, under if key in UNSAID else f"{under} {words(key)}".strip())
        elif _is_list(value) and all(isinstance(item, Mapping) for item in value):
            for item in value:
                flat |= _flat_at(item)
    return flat


def _flat_at(item: Mapping[str, Any]) -> Row:
    """A row within a row: its first figure says which, as ``beyond (bound 0.7)``."""
    (first, at), *others = item.items()
    where = f"({words(first)} {cell(at).text})"
    return {f"{words(key)} {where}": value for key, value in others if is_leaf(value)}


def _is_flat(value: Any) -> bool:
    """Whether a mapping can be a row: it holds leaves, and no rows of its own at any depth."""
    if not isinstance(value, Mapping) or is_estimate(value):
        return False
    return any(map(is_leaf, value.values())) and not _has_rows(value)


def _has_rows(value: Any) -> bool:
    if _is_list(value):
        return any(isinstance(item, Mapping) for item in value)
    return isinstance(value, Mapping) and any(map(_has_rows, value.values()))


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))
