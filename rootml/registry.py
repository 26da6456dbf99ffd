"""Names -> models, adapters, recipes: where they come from, and whether they are what they claim.

A model is a card, ``<name>.card.yaml``, with its network beside it. Cards are looked for in the
folders of installed packages (entry points ``rootml.models``), the user's folder and those of the
variable ``ROOTML_PATH``. No place has precedence: a name found twice is an error.
"""

from __future__ import annotations

import os
import reprlib
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import platformdirs

from rootml.card import SUFFIX, ModelCard
from rootml.errors import CardError, RegistryError, nearest
from rootml.plugins import MODELS, get_adapter, get_recipe, list_adapters, list_recipes, offers
from rootml.runtime.engines import open_engine
from rootml.runtime.model import Model
from rootml.runtime.signature import check_card

__all__ = [
    "LocatedCard",
    "ModelEntry",
    "find_card",
    "get_adapter",
    "get_recipe",
    "list_adapters",
    "list_models",
    "list_recipes",
    "load",
    "user_folder",
]

PATH_VARIABLE = "ROOTML_PATH"


@dataclass(frozen=True)
class LocatedCard:
    """A card, its file, and who offers it."""

    card: ModelCard
    path: Path
    origin: str

    @property
    def network(self) -> Path:
        """The network's file."""
        return self.path.parent / self.card.network.file


@dataclass(frozen=True)
class ModelEntry:
    """A line of the list of models; ``problem`` says why the model cannot be loaded, if so.

    ``path`` and ``card`` are None where there is no card, or none that can be read.
    """

    name: str
    origin: str
    path: Path | None = None
    card: ModelCard | None = None
    problem: str = ""


def load(
    model: str | Path,
    *,
    threads: int | None = None,
    device: str = "cpu",
    engine: str | None = None,
) -> Model:
    """The model called ``model``, or of the card (or ``.onnx``) at that path, ready to run.

    ``threads``: None takes the card's, else one for small networks and all available cores for
    the others. ``device``: ``"cpu"`` or ``"cuda"``. Raises RegistryError (CardError,
    IntegrityError among them) or NetworkError.
    """
    located = find_card(model)
    adapter = get_adapter(located.card.adapter)
    check_card(located.card, adapter)
    opened = open_engine(
        located.card, located.network, threads=threads, device=device, engine=engine
    )
    return Model(located.card, adapter, opened)


def find_card(model: str | Path) -> LocatedCard:
    """The card of the model called ``model``, or at the path ``model``; loads no network."""
    if isinstance(model, Path) or _is_path(model):
        return _card_at(Path(model).expanduser().absolute())
    if "@" in model:
        raise RegistryError(
            f"{model!r}: a version cannot be asked for; one version of a model is installed, "
            f"and is called {model.partition('@')[0]!r}"
        )
    entries = _entries()
    found = [entry for entry in entries if entry.name == model and entry.path is not None]
    if not found:
        known = sorted({entry.name for entry in entries if entry.path is not None})
        problems = [entry.problem for entry in entries if entry.path is None]
        have = ", ".join(known) or "none"
        message = f"no model is called {model!r}{nearest(model, known)} (installed: {have})"
        raise RegistryError("\n  ".join([message, *problems]))
    if len(found) > 1:
        raise RegistryError(_conflict(found))
    return _read(found[0])


def list_models() -> list[ModelEntry]:
    """Every model that can be asked for by name, and every one that cannot be loaded, and why."""
    entries = _entries()
    claims = {
        entry.name: [other for other in entries if other.name == entry.name and other.path]
        for entry in entries
    }
    return [_examined(entry, claims[entry.name]) for entry in entries]


def user_folder() -> Path:
    """Where a user's own models lie, found in every project."""
    return platformdirs.user_data_path("rootml") / "models"


def _is_path(model: str) -> bool:
    return "/" in model or os.sep in model or model.endswith((SUFFIX, ".onnx"))


def _card_at(path: Path) -> LocatedCard:
    if path.is_dir():
        cards = ", ".join(str(card) for card in sorted(path.glob("*" + SUFFIX))) or "none"
        raise CardError(f"{path}: a folder, not a card (cards in it: {cards})")
    card_path = path
    if path.suffix == ".onnx":
        card_path = path.with_name(path.stem + SUFFIX)
        if not card_path.exists():
            raise CardError(f"{path}: a network without a card; expected {card_path} beside it")
    located = LocatedCard(ModelCard.read(card_path), card_path, "path")
    if path.suffix == ".onnx" and located.network != path:
        raise CardError(
            f"{card_path}: the card beside {path.name} is that of {located.card.network.file}"
        )
    return located


def _entries() -> list[ModelEntry]:
    """Cards by file name, unread, and places that could not be searched; sorted by name."""
    places: list[tuple[str, Path]] = []
    entries: list[ModelEntry] = []
    for offer in offers(MODELS):
        folder = _folder(offer.value)
        if offer.problem or folder is None:
            problem = (
                offer.problem
                or f"{offer.origin} holds no folder of cards: {reprlib.repr(offer.value)}"
            )
            entries.append(ModelEntry(offer.name, offer.origin, problem=problem))
        else:
            places.append((offer.origin, folder))
    if user_folder().is_dir():
        places.append(("user folder", user_folder()))
    for text in filter(None, os.environ.get(PATH_VARIABLE, "").split(os.pathsep)):
        folder = Path(text).expanduser().absolute()
        if folder.is_dir():
            places.append((PATH_VARIABLE, folder))
        else:
            problem = f"{PATH_VARIABLE} names {folder}, which is not a folder"
            entries.append(ModelEntry(str(folder), PATH_VARIABLE, problem=problem))
    cards: dict[Path, ModelEntry] = {}
    for origin, folder in places:
        for path in folder.glob("*" + SUFFIX):
            entry = ModelEntry(path.name.removesuffix(SUFFIX), origin, path)
            cards.setdefault(path.resolve(), entry)
    return sorted([*cards.values(), *entries], key=lambda entry: (entry.name, str(entry.path)))


def _folder(value: object) -> Path | None:
    """The folder as a path; None where it is none (a resource inside a zip file is none)."""
    if not isinstance(value, (Path, Traversable)):
        return None
    folder = Path(str(value))
    return folder if folder.is_dir() else None


def _read(entry: ModelEntry) -> LocatedCard:
    assert entry.path is not None
    card = ModelCard.read(entry.path)
    if card.name != entry.name:
        raise CardError(
            f"{entry.path}: the card names its model {card.name!r}; the file should be called "
            f"{card.name}{SUFFIX}"
        )
    return LocatedCard(card, entry.path, entry.origin)


def _examined(entry: ModelEntry, claims: list[ModelEntry]) -> ModelEntry:
    if entry.path is None:
        return entry
    try:
        card = _read(entry).card
    except CardError as error:
        return ModelEntry(entry.name, entry.origin, entry.path, problem=str(error))
    problem = _conflict(claims) if len(claims) > 1 else ""
    return ModelEntry(entry.name, entry.origin, entry.path, card, problem)


def _conflict(claims: list[ModelEntry]) -> str:
    origins = " and by ".join(f"{entry.origin}: {entry.path}" for entry in claims)
    return f"model {claims[0].name!r} is claimed by {origins}; remove or rename one"
