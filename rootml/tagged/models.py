"""Networks whose outputs are in files: their cards, and what a file says of who made a branch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rootml.adapter import Adapter
from rootml.card import ModelCard
from rootml.errors import RegistryError
from rootml.plugins import adapter_of
from rootml.registry import find_card
from rootml.sources.cards import LocatedCard
from rootml.tagging.record import adapter_identity
from rootml.validation.study import Note
from rootml.working_point import WorkingPoint


@dataclass(frozen=True, eq=False)
class TaggedModel:
    """A network by its card; the network itself need not be on this machine.

    ``reference``: what a user, or a file, calls it.
    """

    reference: str
    located: LocatedCard
    adapter: Adapter

    @property
    def card(self) -> ModelCard:
        """Its card."""
        return self.located.card

    @property
    def full_name(self) -> str:
        """``name@version``."""
        return self.located.full_name

    @classmethod
    def find(cls, reference: str) -> TaggedModel:
        """The model that ``reference`` names (as for :func:`rootml.load`)."""
        located = find_card(reference)
        return cls(reference, located, adapter_of(located.card, str(located.path)))


@dataclass(frozen=True, eq=False)
class Tagging:
    """What a file says of one tagging of a tree; ``alias``: of the friend that says so, if any."""

    entry: Mapping[str, Any]
    alias: str = ""

    @property
    def branches(self) -> tuple[str, ...]:
        """The branches it made, as the tree, or its friend, names them."""
        return tuple(map(str, self.entry["branches"]))

    @property
    def model(self) -> Mapping[str, Any]:
        """Name, version and sha256 of the network."""
        found: Mapping[str, Any] = self.entry["model"]
        return found

    @property
    def reference(self) -> str:
        """``name@version`` of the network."""
        return f"{self.model['name']}@{self.model['version']}"

    @property
    def points(self) -> dict[str, WorkingPoint]:
        """The cuts behind its branches of bools, by branch; ValueError where one is damaged."""
        found = self.entry.get("working_points", {})
        return {branch: WorkingPoint.model_validate(given) for branch, given in found.items()}

    @property
    def prefix(self) -> str:
        """What stands before the names of its branches."""
        return str(self.entry.get("options", {}).get("prefix", ""))


def named_by(taggings: Iterable[Tagging]) -> list[TaggedModel]:
    """The models that tagged a file, each once; RegistryError for one that is not here."""
    found = []
    for reference in dict.fromkeys(tagging.reference for tagging in taggings):
        try:
            found.append(TaggedModel.find(reference))
        except RegistryError as error:
            raise RegistryError(
                f"{error}\n  The file was tagged by {reference}: give its card with --model"
            ) from error
    return found


def tagging_of(card: ModelCard, taggings: Sequence[Tagging], prefix: str) -> Tagging | None:
    """The last tagging by this network, else by another version; None where there is none."""

    def likeness(tagging: Tagging) -> tuple[bool, bool]:
        made = tagging.model
        return made["sha256"] == card.network.sha256, made["version"] == card.version

    own = [t for t in taggings if t.model["name"] == card.name and t.prefix == prefix]
    return max(reversed(own), key=likeness, default=None)


def differences(model: TaggedModel, tagging: Tagging | None, branch: str, where: str) -> list[Note]:
    """What does not go together: the network that made ``branch``, and the card that is here."""
    card, located = model.card, model.located
    here = f"{located.full_name} (sha256 {card.network.sha256[:12]}…)"
    if tagging is None:
        text = f"nothing says what made the branch {branch!r}; it is taken for {here} by its name"
        return [Note("warning", text, where)]
    made = tagging.model
    if made["sha256"] != card.network.sha256:
        text = (
            f"the branch {branch!r} was made by {tagging.reference} (sha256 "
            f"{made['sha256'][:12]}…), but the card is of {here}: working points and training "
            "domain are the card's"
        )
        return [Note("warning", text, where)]
    notes = []
    if made.get("card_sha256", located.sha256) != located.sha256:
        text = f"the card of {located.full_name} has changed since {branch!r} was made"
        notes.append(Note("info", text, where))
    was, now = tagging.entry.get("adapter_origin", {}), adapter_identity(card)
    if was not in ({}, now):
        text = (
            f"the adapter has changed since {branch!r} was made: "
            f"{_identity(was)} then, {_identity(now)} now"
        )
        notes.append(Note("warning", text, where))
    return notes


def _identity(adapter: Mapping[str, Any]) -> str:
    return str(
        adapter.get("package") or f"declaration {adapter.get('declaration_sha256', '')[:12]}"
    )
