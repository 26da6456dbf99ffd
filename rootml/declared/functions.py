"""What expressions may compute: operators and functions by formulate's names.

Whatever is computed from a missing value is missing, from NaN it is NaN: also comparisons, which
in numpy give False. Only ``where`` looks no further than at the value that it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, reduce

import numpy as np

from rootml.declared.values import Values, apply, as_float64, broadcastable, fold, length
from rootml.spec import Array


def _judging(function: Callable[..., Array]) -> Callable[..., Array]:
    """A comparison that gives 1, 0, or NaN where one of the operands is NaN."""

    def judge(*operands: Array) -> Array:
        unknown = reduce(np.logical_or, map(np.isnan, operands))
        judged: Array = np.where(unknown, np.nan, function(*operands))
        return judged

    return judge


UNARY: Mapping[str, Callable[..., Array]] = {
    "pos": np.positive,
    "neg": np.negative,
    "inv": _judging(np.logical_not),
}
BINARY: Mapping[str, Callable[..., Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "mod": lambda x, y: np.fmod(np.trunc(x), np.trunc(y)),  # of whole numbers, as in ROOT
    "pow": np.power,
    "lt": _judging(np.less),
    "lte": _judging(np.less_equal),
    "gt": _judging(np.greater),
    "gte": _judging(np.greater_equal),
    "eq": _judging(np.equal),
    "neq": _judging(np.not_equal),
    "and": _judging(np.logical_and),
    "or": _judging(np.logical_or),
}


def where(condition: Values, then: Values, otherwise: Values) -> Values:
    """``then`` where the condition is true, else ``otherwise``."""
    condition, then, otherwise = broadcastable([condition, then, otherwise])
    chosen = as_float64(condition.data) != 0
    data = np.where(chosen, as_float64(then.data), as_float64(otherwise.data))
    data = np.where(np.isnan(condition.data), np.nan, data)
    masks = [np.zeros((), np.bool_) if v.missing is None else v.missing for v in (then, otherwise)]
    missing = np.broadcast_to(np.where(chosen, *masks), data.shape)
    if condition.missing is not None:
        missing = missing | condition.missing
    return Values(data, condition.counts, missing if missing.any() else None)


def _extreme(function: np.ufunc) -> Callable[..., Values]:
    """``max(x)``: over the elements of an event; ``max(x, y)``: the larger one."""

    def extreme(*operands: Values) -> Values:
        if len(operands) == 1:
            return fold(function, operands[0])
        return apply(lambda *numbers: reduce(function, numbers), *operands)

    return extreme


ELEMENTWISE: Mapping[str, np.ufunc] = {
    name: getattr(np, name)
    for name in (
        "sqrt", "abs", "exp", "expm1", "log", "log2", "log10", "log1p", "ceil", "floor",
        "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2",
        "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh",
    )
} | {"pow": np.power, "tmath_min": np.minimum, "tmath_max": np.maximum}  # fmt: skip

FUNCTIONS: Mapping[str, Callable[..., Values]] = {
    **{name: partial(apply, function) for name, function in ELEMENTWISE.items()},
    "min": _extreme(np.minimum),
    "max": _extreme(np.maximum),
    "sum": partial(fold, np.add, empty=0.0),
    "prod": partial(fold, np.multiply, empty=1.0),
    "length": length,
    "where": where,
}
ARGUMENTS: Mapping[str, tuple[int, int]] = {
    **{name: (function.nin, function.nin) for name, function in ELEMENTWISE.items()},
    "min": (1, 9),
    "max": (1, 9),
    "sum": (1, 1),
    "prod": (1, 1),
    "length": (1, 1),
    "where": (3, 3),
}
"""How many arguments a function takes, at least and at most."""
SPELLED: Mapping[str, str] = {
    **{name: f"{name.capitalize()}$" for name in ("sum", "min", "max", "length")},
    "tmath_min": "TMath::Min",
    "tmath_max": "TMath::Max",
}
"""How functions are written, where not as they are called here."""
CONSTANTS: Mapping[str, float] = {
    "pi": np.pi,
    "true": 1.0,
    "false": 0.0,
    "tau": 2 * np.pi,
    "piover2": np.pi / 2,
    "piover4": np.pi / 4,
    "invpi": 1 / np.pi,
    "sqrt2": np.sqrt(2.0),
    "exp1": np.e,
    "ln10": np.log(10.0),
    "log10e": np.log10(np.e),
    "deg2rad": np.pi / 180,
    "rad2deg": 180 / np.pi,
}
