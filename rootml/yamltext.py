"""The YAML texts that people write: model cards and declared adapters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from rootml.errors import CardError, nearest

OPEN_END = "!TODO"
"""The YAML tag of what only the author can tell; a text with one of them is a draft."""
_SHOWN = 8
_KINDS = re.compile(r"<\w+>|int|float|literal\[.*\]|\[key\]")
"""Parts of pydantic's paths that are no keys, but which one of several kinds was tried."""

Text = TypeVar("Text", bound=BaseModel)


class Part(BaseModel):
    """A mapping of keys, of which none can be misspelt."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _know(cls, data: object) -> object:
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    raise ValueError(f"no such key: {key!r}{nearest(str(key), cls.model_fields)}")
        return data


def read_mapping(path: str | Path) -> dict[str, Any]:
    """The keys and values of the YAML file at ``path``; raises CardError as :func:`parse`."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: cannot be read: {error}") from error
    return parse_mapping(text, str(path))


def parse_mapping(text: str, origin: str) -> dict[str, Any]:
    """The keys and values of a YAML text; ``origin`` names it in errors.

    Raises CardError where it is not YAML, not a mapping, or still a draft.
    """
    try:
        if lines := open_ends(text):
            raise CardError(f"{origin}: {_refusal(text, lines)}")
        data = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise CardError(f"{origin}: not valid YAML: {error}{_hint(error)}") from error
    if not isinstance(data, dict):
        raise CardError(f"{origin}: expected a mapping of keys, found {type(data).__name__}")
    return data


def _hint(error: Exception) -> str:
    """What most often is behind it, in a text with expressions."""
    in_braces = getattr(error, "context", None) == "while parsing a flow mapping"
    advice = '\n  in {...}, quotes go around an expression with brackets or commas: "x[0]"'
    return advice if in_braces else ""


def validated(kind: type[Text], data: object, origin: str) -> Text:
    """``data`` as a ``kind``; CardError, with the keys that lead to each fault."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise CardError(f"{origin}: {explain(error)}") from error


def explain(error: ValidationError) -> str:
    """Each fault with the keys that lead to it."""
    faults: dict[str, list[str]] = {}
    for item in error.errors():
        keys = [str(part) for part in item["loc"]]
        where = ".".join(key for key in keys if not _KINDS.fullmatch(key))
        faults.setdefault(where, []).append(item["msg"].removeprefix("Value error, "))
    return "; ".join(
        f"{where}: {' or '.join(found)}" if where else " or ".join(found)
        for where, found in faults.items()
    )


def open_ends(text: str) -> list[int]:
    """Numbers of the lines, from 1, with something tagged :data:`OPEN_END`."""
    if OPEN_END not in text:  # parsing a long card twice takes its time
        return []
    tagged = (event for event in yaml.parse(text) if getattr(event, "tag", None) == OPEN_END)
    return [event.start_mark.line + 1 for event in tagged if event.start_mark]


def _refusal(text: str, lines: list[int]) -> str:
    every = text.splitlines()
    shown = [f"  line {line}: {' '.join(every[line - 1].split())}" for line in lines[:_SHOWN]]
    more = [f"  and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    head = f"a draft: put right what is marked {OPEN_END}, then delete the mark"
    return "\n".join([head, *shown, *more])
