"""Reading declarations: texts beside a card, or on their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rootml.card import ModelCard
from rootml.declared.schema import Declaration
from rootml.errors import CardError
from rootml.yamltext import read_mapping, validated

SUFFIX = ".adapter.yaml"


def read_declaration(path: str | Path) -> Declaration:
    """The declaration in a YAML file, with or without a key ``adapter`` around it."""
    data: Any = read_mapping(path)
    return validated(
        Declaration, data["adapter"] if data.keys() == {"adapter"} else data, str(path)
    )


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
