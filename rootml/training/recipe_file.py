"""Recipes in a file of one's own: ``rootml train my.py``, or ``rootml train my.py:ENERGY``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from rootml.errors import TrainingError, nearest
from rootml.training.recipe import Recipe


def is_recipe_file(text: str) -> bool:
    """Whether a text means a Python file, perhaps with a name in it, not an installed recipe."""
    return text.partition(":")[0].endswith(".py")


def read_recipe(place: str) -> Recipe:
    """The recipe called ``NAME`` in the Python file of ``file.py:NAME``, or the only one in it.

    The file is run, as a module. TrainingError where it cannot be, or holds no such recipe.
    """
    file, _, name = place.partition(":")
    recipes = {key: value for key, value in _run(Path(file)).items() if isinstance(value, Recipe)}
    if not recipes:
        raise TrainingError(f"{file}: no recipe (a value of rootml.training.Recipe) is in it")
    if not name and len(recipes) > 1:
        raise TrainingError(f"{file}: say which recipe: {file}:{f', {file}:'.join(recipes)}")
    if name and name not in recipes:
        known = ", ".join(recipes)
        raise TrainingError(
            f"{file}: no recipe {name!r}{nearest(name, recipes)} (recipes: {known})"
        )
    return recipes[name or next(iter(recipes))]


def _run(path: Path) -> dict[str, object]:
    if not path.is_file():
        raise TrainingError(f"{path}: no such file")
    title = f"rootml_recipe_{path.stem}"
    spec = importlib.util.spec_from_file_location(title, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[title] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever the code of another may raise
        del sys.modules[title]
        raise TrainingError(f"{path}: cannot be run: {type(error).__name__}: {error}") from error
    return vars(module)
