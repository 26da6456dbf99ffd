"""Systematic variations of a declared adapter."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

import awkward as ak
import numpy as np

from rootml.adapter import Variation
from rootml.declared.schema import Declaration
from rootml.errors import CardError, nearest
from rootml.variations import scaled


def variations(declaration: Declaration, columns: Mapping[str, str]) -> dict[str, Variation]:
    """The declared ones; ``columns``: the view's logical columns by the names of branches.

    CardError where one scales a branch that no tensor is made of.
    """
    found = {}
    where = partial(_not_any, _sentinels(declaration))
    for name, one in declaration.variations.items():
        for branch in one.scale:
            if branch not in columns:
                raise CardError(
                    f"variation {name!r}: the tensors are made of no branch {branch!r}"
                    f"{nearest(branch, columns)} (they are of: {', '.join(columns)})"
                )
        of = (columns[branch] for branch in one.scale)
        found[name] = Variation(scaled(*of, where=where), nominal=1, doc=one.doc)
    return found


def _sentinels(declaration: Declaration) -> set[float]:
    """All that stand for something else in any column; NaN stays NaN whatever it is scaled by."""
    columns = [
        column
        for tensor in declaration.tensors.values()
        for column in (*tensor.columns, *((tensor.array,) if tensor.array else ()))
    ]
    every = [declaration.sentinels, *(column.sentinels or {} for column in columns)]
    return {value for sentinels in every for value in sentinels if not isinstance(value, str)}


def _not_any(sentinels: Collection[float], values: Any) -> Any:
    """Which values are no sentinel, as exactly as their own type can hold it."""
    there = values == values  # NaN stays NaN either way
    dtype = ak.to_numpy(ak.flatten(values, axis=None)).dtype
    for sentinel in sentinels:
        with np.errstate(over="ignore", invalid="ignore"):
            held = np.asarray(sentinel).astype(dtype)[()]
        if dtype.kind == "f" or held == sentinel:
            there = there & (values != held)
    return there
