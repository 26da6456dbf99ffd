"""Folders that are searched for models: those of packages, the user's own, those of ROOTML_PATH.

In each, a model's card lies either in the folder itself or under ``<name>/<version>/``.
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import platformdirs

from rootml.card import SUFFIX
from rootml.plugins import MODELS, Offer, offers

PATH_VARIABLE = "ROOTML_PATH"
USER_FOLDER = "user folder"


@dataclass(frozen=True)
class Place:
    """A folder, or the reason why it cannot be searched; ``name`` says which one was meant."""

    name: str
    origin: str
    folder: Path | None = None
    problem: str = ""


def places() -> list[Place]:
    """Every place, in the order of packages, user, ROOTML_PATH; none has precedence."""
    user = user_folder()
    return [
        *(_of_package(offer) for offer in offers(MODELS)),
        *([Place(str(user), USER_FOLDER, user)] if user.is_dir() else []),
        *_of_variable(),
    ]


def user_folder() -> Path:
    """Where a user's own models lie, found in every project."""
    return platformdirs.user_data_path("rootml") / "models"


def card_files(folder: Path, name: str = "*") -> Iterator[Path]:
    """Cards of the model ``name``, or of all, in a place's folder."""
    yield from sorted(folder.glob(f"{name}{SUFFIX}"))
    yield from sorted(
        path
        for path in folder.glob(f"{name}/*/{name}{SUFFIX}")
        if path.parent.parent.name == path.name.removesuffix(SUFFIX)
    )


def _of_package(offer: Offer) -> Place:
    if offer.problem:
        return Place(offer.name, offer.origin, problem=offer.problem)
    folder = _folder(offer.value)
    if folder is None:
        problem = f"{offer.origin} holds no folder of cards: {reprlib.repr(offer.value)}"
        return Place(offer.name, offer.origin, problem=problem)
    return Place(offer.name, offer.origin, folder)


def _of_variable() -> Iterator[Place]:
    for text in filter(None, os.environ.get(PATH_VARIABLE, "").split(os.pathsep)):
        folder = Path(text).expanduser().absolute()
        if folder.is_dir():
            yield Place(str(folder), PATH_VARIABLE, folder)
        else:
            problem = f"{PATH_VARIABLE} names {folder}, which is not a folder"
            yield Place(str(folder), PATH_VARIABLE, problem=problem)


def _folder(value: object) -> Path | None:
    """The folder as a path; None where it is none (a resource inside a zip file is none)."""
    if not isinstance(value, (Path, Traversable)):
        return None
    folder = Path(str(value))
    return folder if folder.is_dir() else None
