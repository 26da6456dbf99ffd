"""Cards: read from where they lie, with the sha256 of their text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from rootml.card import SUFFIX, ModelCard
from rootml.declared.reading import resolved
from rootml.declared.schema import Declaration
from rootml.errors import CardError
from rootml.sources.references import PACK_SUFFIX


@dataclass(frozen=True)
class LocatedCard:
    """A card, its adapter's file put into it, and who offers it."""

    card: ModelCard
    path: Path
    origin: str
    """Who offers it, in words that hold no folder of anyone's."""
    data: bytes
    """The card's text, byte by byte."""
    folder: Path | None = None
    """Where the files that the card names lie; None where the card came alone."""
    url: str = ""
    """The address it was fetched from."""

    @property
    def sha256(self) -> str:
        """That of the card's text."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def full_name(self) -> str:
        """The model's name and version, ``name@version``."""
        return f"{self.card.name}@{self.card.version}"


def read_card(path: Path, origin: str) -> LocatedCard:
    """The card at ``path``, with its files beside it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CardError(f"{path}: cannot be read: {error.strerror or error}") from error
    return parse_card(data, path, origin, folder=path.parent)


def parse_card(
    data: bytes, path: Path, origin: str, *, folder: Path | None = None, url: str = ""
) -> LocatedCard:
    """The card whose text is ``data``; ``path`` names it in errors."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CardError(f"{path}: cannot be read: {error}") from error
    card = resolved(ModelCard.from_yaml(text, str(path)), folder)
    return LocatedCard(card, path, origin, data, folder, url)


def declaration_sha256(declaration: Declaration) -> str:
    """The sha256 of what is declared, wherever and however it is written down."""
    return hashlib.sha256(declaration.model_dump_json(exclude_defaults=True).encode()).hexdigest()


def card_at(path: Path) -> LocatedCard:
    """The card at ``path``, or that of the network at ``path``, which lies beside it."""
    if path.is_dir():
        cards = ", ".join(str(card) for card in sorted(path.glob("*" + SUFFIX))) or "none"
        raise CardError(f"{path}: a folder, not a card (cards in it: {cards})")
    if path.name.endswith(SUFFIX):
        return read_card(path, f"file {path.name}")
    card_path = path.with_name(path.stem + SUFFIX)
    if not path.exists():
        raise CardError(
            f"{path}: no such file; expected a card (*{SUFFIX}), a network with its card beside "
            f"it, a pack (*{PACK_SUFFIX}) or the name of a model"
        )
    if not card_path.exists():
        raise CardError(
            f"{path}: a network without a card; expected {card_path} beside it "
            "(rootml new-card drafts one)"
        )
    located = read_card(card_path, f"file {card_path.name}")
    if located.card.network.file != path.name:
        raise CardError(
            f"{card_path}: the card beside {path.name} is that of {located.card.network.file}"
        )
    return located
