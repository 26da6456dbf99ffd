"""Which adapter and view a training sees events through."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from rootml.adapter import Adapter, View
from rootml.declared.reading import read_declaration
from rootml.declared.schema import Declaration
from rootml.errors import RegistryError, TrainingError, nearest
from rootml.plugins import get_adapter
from rootml.training.recipe import Recipe


@dataclass(frozen=True)
class Chosen:
    """An adapter, one of its views and, where it is one, the declaration it was made of."""

    adapter: Adapter
    view: View
    declaration: Declaration | None = None


def choose_adapter(recipe: Recipe, adapter: str | Path | None, view: str | None) -> Chosen:
    """The adapter called ``adapter``, or declared in that file; None takes the recipe's.

    Raises TrainingError where the recipe is for another one, or none is said; RegistryError
    where there is no such adapter or view.
    """
    if recipe.adapter and adapter is not None and str(adapter) != recipe.adapter:
        raise TrainingError(
            f"recipe {recipe.name!r} is for the adapter {recipe.adapter!r}, not for {adapter}"
        )
    name = adapter or recipe.adapter
    if not name:
        raise TrainingError(
            f"recipe {recipe.name!r} works with any adapter: say which one with --adapter, by "
            "the name of an installed one or the file of a declared one (my.adapter.yaml)"
        )
    found = find_view(name, view or recipe.view, f"recipe {recipe.name!r}: ")
    return replace(found, adapter=recipe.task.of(found.adapter))


def find_view(adapter: str | Path, view: str, head: str = "") -> Chosen:
    """The adapter called ``adapter``, or declared in that file, and its ``view``.

    An empty ``view`` stands for the only one. ``head`` begins what errors say: TrainingError
    where there are several, RegistryError where there is none of that name.
    """
    if str(adapter).endswith((".yaml", ".yml")):
        from rootml.declared.adapter import declare

        declaration = read_declaration(adapter)
        found = declare(declaration, Path(adapter).name.partition(".")[0])
        return Chosen(found, view_of(found, view, head), declaration)
    found = get_adapter(str(adapter))
    return Chosen(found, view_of(found, view, head))


def view_of(adapter: Adapter, name: str, head: str) -> View:
    """The view ``name`` of ``adapter``; otherwise as :func:`find_view`."""
    views = adapter.views
    if not name and len(views) > 1:
        raise TrainingError(
            f"{head}adapter {adapter.name!r} has several views, say which one with --view: "
            f"{', '.join(views)}"
        )
    if name and name not in views:
        raise RegistryError(
            f"{head}adapter {adapter.name!r} has no view {name!r}{nearest(name, views)}"
        )
    return views[name] if name else next(iter(views.values()))
