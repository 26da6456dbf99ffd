"""Which elements of padded sequences are there."""

from __future__ import annotations

from collections.abc import Sequence

from rootml.spec import TensorSpec


def mask_of(spec: TensorSpec, after: Sequence[TensorSpec]) -> str:
    """The name of the bools that follow a sequence, one for each element; empty: none do."""
    if len(spec.shape) != 2:
        return ""
    length = spec.shape[0] if spec.columns else spec.shape[1]
    wanted = {(length,), (1, length)}
    return next((o.name for o in after if o.dtype == "bool" and o.shape in wanted), "")
