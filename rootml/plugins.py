"""What installed packages offer: adapters, recipes and folders of model cards.

Packages announce them as entry points. Nothing is imported before it is asked for, and a
package that cannot be imported spoils only what it offers itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rootml.adapter import Adapter
from rootml.card import ModelCard
from rootml.errors import CardError, RegistryError, nearest

ADAPTERS = "rootml.adapters"
MODELS = "rootml.models"
RECIPES = "rootml.recipes"


@dataclass(frozen=True)
class Offer:
    """What one entry point gave: a value, or the reason why it gave none."""

    name: str
    origin: str
    value: Any = None
    problem: str = ""


def offers(group: str) -> list[Offer]:
    """Load every entry point of ``group``, in the order of their names."""
    return [_load(point) for point in _points(group)]


def list_adapters() -> list[str]:
    """Names of the installed adapters; none of them is imported."""
    return sorted({point.name for point in _points(ADAPTERS)})


def get_adapter(name: str) -> Adapter:
    """The adapter called ``name``.

    Raises RegistryError where no package or more than one offers it, or where the package is
    broken.
    """
    points = [point for point in _points(ADAPTERS) if point.name == name]
    if not points:
        raise RegistryError(_unknown("adapter", name, list_adapters()))
    if len(points) > 1:
        raise RegistryError(_claimed("adapter", name, [origin_of(point) for point in points]))
    offer = _load(points[0])
    if offer.problem:
        raise RegistryError(f"adapter {name!r}: {offer.problem}")
    if not isinstance(offer.value, Adapter):
        found = type(offer.value).__name__
        raise RegistryError(
            f"adapter {name!r}: {offer.origin} holds a value of type {found}, "
            "not a rootml.adapter.Adapter"
        )
    if offer.value.name != name:
        raise RegistryError(
            f"adapter {name!r}: {offer.origin} holds an adapter named {offer.value.name!r}; "
            "the two names must be the same"
        )
    return offer.value


def package_of(adapter: str) -> str:
    """Name and version of the package that offers an adapter; empty where none does."""
    points = [point for point in _points(ADAPTERS) if point.name == adapter]
    return _package(points[0]) if points else ""


def sources_of(adapter: str) -> list[Path]:
    """The files of the package (or the module) that offers an adapter; none where none does."""
    points = [point for point in _points(ADAPTERS) if point.name == adapter]
    spec = find_spec(points[0].module.partition(".")[0]) if points else None
    if spec is None:
        return []
    folders = spec.submodule_search_locations or []
    found = [path for folder in folders for path in Path(folder).rglob("*") if path.is_file()]
    found = [path for path in found if path.suffix != ".pyc"]
    return sorted(found) if folders else [Path(spec.origin or "")]


def adapter_of(card: ModelCard, where: str = "") -> Adapter:
    """The adapter that a card names or holds (a file beside the card: ``declared.resolved``).

    Its truth is that of the card's score, where this has one of its own. ``where``: the card's
    file, for errors.
    """
    if isinstance(card.adapter, str):
        return get_adapter(card.adapter).labelled(*card.label)
    from rootml.declared.adapter import declare

    try:
        return declare(card.adapter, card.name).labelled(*card.label)
    except CardError as error:
        head = f"{where}: " if where else ""
        raise CardError(f"{head}adapter of model {card.name!r}: {error}") from error


def list_recipes() -> list[str]:
    """Names of the installed training recipes."""
    return sorted({name for offer in offers(RECIPES) for name in _mapping(offer)})


def get_recipe(name: str) -> Any:
    """The training recipe called ``name`` (a ``rootml.training`` Recipe)."""
    every = offers(RECIPES)
    holders = [offer for offer in every if name in _mapping(offer)]
    if not holders:
        known = [key for offer in every for key in _mapping(offer)]
        problems = [offer.problem for offer in every if offer.problem]
        raise RegistryError(_unknown("recipe", name, known, problems))
    if len(holders) > 1:
        raise RegistryError(_claimed("recipe", name, [offer.origin for offer in holders]))
    return holders[0].value[name]


def origin_of(point: EntryPoint) -> str:
    """The package and entry point, for messages."""
    return f"{_package(point)} (entry point {point.name} = {point.value})"


def _package(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist else "an unnamed package"


def _points(group: str) -> list[EntryPoint]:
    return sorted(entry_points(group=group), key=lambda point: (point.name, point.value))


def _load(point: EntryPoint) -> Offer:
    origin = origin_of(point)
    try:
        return Offer(point.name, origin, value=point.load())
    except Exception as error:  # a stranger's package may fail in any way when it is imported
        reason = f"{type(error).__name__}: {error}"
        return Offer(point.name, origin, problem=f"{origin} cannot be loaded: {reason}")


def _mapping(offer: Offer) -> Mapping[str, Any]:
    return offer.value if isinstance(offer.value, Mapping) else {}


def _unknown(kind: str, name: str, known: list[str], problems: list[str] | None = None) -> str:
    have = ", ".join(sorted(set(known))) or "none"
    message = f"no {kind} is called {name!r}{nearest(name, known)} (installed: {have})"
    return "\n  ".join([message, *(problems or [])])


def _claimed(kind: str, name: str, origins: list[str]) -> str:
    return f"{kind} {name!r} is claimed by {' and by '.join(origins)}; uninstall or rename one"
