"""What the keys of a declaration are made of: names, expressions, missing values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from rootml.yamltext import Part

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:-]*$", max_length=200)]
"""A name that can be part of a file's name, where plots are called after it."""
Expression = Annotated[
    str,
    Field(min_length=1, max_length=10_000),
    BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value),
]
"""A formula over branches, variables and numbers."""


def _nan_as_text(value: object) -> object:
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def _sentinels(value: object) -> object:
    """A list is short for a mapping that makes each of them missing."""
    if isinstance(value, list | tuple):
        value = dict.fromkeys(value, "missing")
    if isinstance(value, Mapping):
        return {_nan_as_text(key): item for key, item in value.items()}
    return value


Number = Annotated[float, Field(allow_inf_nan=False)]
Sentinels = Annotated[
    dict[int | float | Literal["nan"], Number | Literal["missing"]], BeforeValidator(_sentinels)
]
"""Values of branches that stand for something else: ``[-999, .nan]`` are missing; of a mapping
``{-999: 0, -1: missing}`` each is replaced. A branch of float32 is compared in float32."""
Missing = Annotated[Number | Literal["nan", "unjudged"], BeforeValidator(_nan_as_text)]
"""What a network sees for a missing value: a number, ``nan`` (for networks that take it), or
nothing: the event or object is then not judged, and gets NaN."""


class Short(Part):
    """A part that a text alone may stand for, that of its key ``value``."""

    value: Expression

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: object) -> object:
        return data if isinstance(data, Mapping | BaseModel) else {"value": data}

    @model_serializer(mode="wrap")
    def _shorten(self, handler: SerializerFunctionWrapHandler) -> Any:
        data = handler(self)
        return data["value"] if data.keys() == {"value"} else data
