"""Reading declarations: texts beside a card, or on their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rootml.card import ModelCard, explain
from rootml.declared.schema import Declaration
from rootml.errors import CardError

SUFFIX = ".adapter.yaml"


def read_declaration(path: str | Path) -> Declaration:
    """The declaration in a YAML file, with or without a key ``adapter`` around it."""
    try:
        data: Any = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(f"{path}: cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise CardError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(data, dict):
        raise CardError(f"{path}: expected a mapping of keys, found {type(data).__name__}")
    try:
        return Declaration.model_validate(data["adapter"] if data.keys() == {"adapter"} else data)
    except ValidationError as error:
        raise CardError(f"{path}: {explain(error)}") from error


def resolved(card: ModelCard, folder: Path | None) -> ModelCard:
    """The card with its adapter's file, if it names one in ``folder``, put into it.

    ``folder`` None: the card came alone. Raises CardError where it cannot be read, and where the
    card and its adapter judge different things.
    """
    adapter = card.adapter
    if isinstance(adapter, str):
        if not adapter.endswith((".yaml", ".yml")):
            return card
        if folder is None:
            raise CardError(
                f"model {card.name!r}: its adapter lies in another file, {adapter}, which the "
                "card's sha256 does not cover; `rootml models export` puts it into the card"
            )
        adapter = read_declaration(folder / adapter)
    if other := next((o for o in card.outputs if o.per not in (None, adapter.per)), None):
        raise CardError(
            f"model {card.name!r}: output {other.name!r} is per {other.per}, "
            f"but its adapter judges each {adapter.per or 'event'}"
        )
    return card.model_copy(update={"adapter": adapter})
