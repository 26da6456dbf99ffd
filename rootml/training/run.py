"""One training from files to card: read, split, fit, measure, write."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from rootml.errors import DataError, MissingExtra, TrainingError
from rootml.plugins import get_recipe
from rootml.rootio.container.transaction import made_folder
from rootml.training.asked import LearnerOptions, apart, checked, command_line, samples_of
from rootml.training.cache import get_dataset, scratch
from rootml.training.cards import finish
from rootml.training.chosen import choose_adapter
from rootml.training.data import DataSet
from rootml.training.folder import LEAST_ROWS, card_path, check_folder, check_parts, pin
from rootml.training.job import Parts, Run, Setting
from rootml.training.learner import Torch
from rootml.training.ranks import is_first
from rootml.training.recipe import Recipe
from rootml.training.recipe_file import is_recipe_file, read_recipe
from rootml.training.relative import place
from rootml.training.split import USUAL, Split
from rootml.training.task import Regression
from rootml.training.weighting import with_weights

OF_THE_MACHINE = ("device", "strategy")
"""Options that are not part of what repeats a training elsewhere."""


def train(
    recipe: str | Recipe,
    files: Sequence[str | Path],
    output: str | Path,
    *,
    name: str | None = None,
    adapter: str | Path | None = None,
    view: str | None = None,
    tree: str | None = None,
    max_events: int | None = None,
    train_only: Sequence[str | Path] = (),
    samples: Mapping[str, Sequence[str | Path]] | None = None,
    adapt: Sequence[str | Path] = (),
    cache: str | Path | None = None,
    seed: int | None = None,
    split: Split | str | None = None,
    values: Mapping[str, Any] | None = None,
    tune: int | None = None,
    resume: bool = False,
    notes: str = "",
    progress: bool = False,
    **options: Unpack[LearnerOptions],
) -> Path:
    """Train a model on ROOT files and return the path of its card.

    ``recipe``: an installed one by name, one in a file (``my.py:NAME``), or the recipe itself.
    ``output`` is a folder; it receives ``<name>.card.yaml``, the model beside it,
    ``<name>.split.json``, ``<name>.curves.png`` and ``.pdf`` and, of a torch network,
    ``checkpoints/``. What is None is taken from the recipe; ``name`` is that of the recipe unless
    given. ``adapter``: an installed one by name, or the file of a declared one; ``view``: one of
    its views, which need not be said where it has one only. ``split``: see
    :mod:`rootml.training.split`. ``max_events``: read no more, of each sample. ``train_only``: more
    files, all of whose events are for training, read after the others. ``samples``: more files, by
    the name under which the recipe's task says how their truth is known. ``adapt``: files without
    truth that a network shall be adapted to. ``cache``: a folder in which what is read is kept for
    other trainings on the same files (:mod:`rootml.training.cache`). ``options`` of the learner:
    :class:`LearnerOptions`; ``values``: others, and parameters, by name. ``tune``: first search
    for the best in so many trials, where the recipe says. ``notes``: what the card shall say of
    the training data.

    Where several processes train together, the first one writes, and all return.

    Raises InputError where a file cannot be trained on, TrainingError where a training cannot
    start or go on, OutputError where the folder holds this training and ``resume`` is False.
    """
    known = LearnerOptions.__annotations__
    if unknown := options.keys() - known.keys():
        raise TypeError(f"train() got an unexpected keyword argument {min(unknown)!r}")
    chosen = _chosen(recipe, seed, split, options, values or {})
    if not files:
        raise TrainingError("a training needs at least one file")
    samples = samples or {}
    asked = {
        "name": name if name != chosen.name else None,
        "adapter": adapter if adapter is None else Path(adapter).name,
        "view": view,
        "seed": seed,
        "split": split,
        **{key: options.get(key) for key in known if key not in OF_THE_MACHINE},
        "max_events": max_events,
        "set": [f"{key}={value}" for key, value in (values or {}).items()],
        "tune": tune,
        "train_only": [Path(path).name for path in train_only],
        "sample": [f"{key}={Path(path).name}" for key in samples for path in samples[key]],
        "adapt": [Path(path).name for path in adapt],
        "tree": tree,
    }
    found = choose_adapter(chosen, adapter, view)
    run = Run(
        name=checked(name or chosen.name),
        recipe=chosen,
        adapter=found.adapter,
        view=found.view,
        declaration=found.declaration,
        folder=Path(output),
        command=command_line(["train", _word(recipe)], files, asked),
        notes=notes,
        resume=resume,
        train_only=apart(files, train_only),
        samples=samples_of(chosen.task, [*files, *train_only], samples),
        progress=progress,
        leads=_leads(chosen),
    )
    read = partial(
        get_dataset,
        adapter=found.adapter,
        view=found.view,
        cache=None if cache is None else Path(cache),
        declaration=found.declaration,
        tree=tree,
    )
    every = [*files, *train_only, *(path for paths in samples.values() for path in paths)]
    return _train(run, read, every, max_events, adapt, tune)


def _train(
    run: Run,
    read: Callable[..., DataSet],
    files: Sequence[str | Path],
    max_events: int | None,
    adapt: Sequence[str | Path],
    trials: int | None,
) -> Path:
    learner, task = run.recipe.learner, run.recipe.task
    fit, search = learner.fit(), _search(run.recipe) if trials else None
    if isinstance(task, Regression) and task.reference:
        place(task, run.view)
    if adapt and not isinstance(learner, Torch):
        raise TrainingError(f"recipe {run.recipe.name!r}: only networks can be adapted")
    if run.leads:
        check_folder(run)
    with made_folder(run.folder), scratch(run.folder) as folder:
        data = read(
            files,
            task=task,
            folder=folder,
            columns=run.recipe.needs,
            max_events=max_events,
            takes_nan=learner.takes_nan,
            samples=run.samples,
        )
        recipe = run.recipe
        parts = data.parts(recipe.seed, recipe.split, run.train_only, recipe.together)
        check_parts(run, data, parts)
        data = with_weights(run, data, parts)
        if adapt:
            run = _targeted(run, read, adapt, folder / "target")
        if run.leads:
            pin(run, data, parts, trials)
        if search and trials:
            run = search(run, data, parts, trials)
        fitted = fit(run, data, parts)
        return finish(run, data, parts, fitted) if run.leads else card_path(run)


def _search(recipe: Recipe) -> Callable[[Run, DataSet, Parts, int], Run]:
    """The search for better values; TrainingError where the recipe declares none."""
    try:
        from rootml.training.tune import check_search, tune
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise MissingExtra(
            "a search needs the package 'optuna': pip install \"rootml[tune]\""
        ) from error
    check_search(recipe)
    return tune


def _targeted(
    run: Run, read: Callable[..., DataSet], files: Sequence[str | Path], folder: Path
) -> Run:
    """The run with events to adapt to; ``folder``: where these can lie."""
    folder.mkdir()
    target = read(files, task=None, folder=folder)
    parts = target.parts(run.recipe.seed, USUAL)
    if min(len(parts["train"]), len(parts["validation"])) < LEAST_ROWS:
        raise DataError(f"{', '.join(target.files)}: {len(target)} are too few to adapt to")
    settings: dict[str, Setting] = {
        "adapted_to": ", ".join(target.files),
        "adapted_events": len(target),
    }
    return dataclasses.replace(run, target=target, settings=settings)


def _chosen(
    recipe: str | Recipe,
    seed: int | None,
    split: Split | str | None,
    options: Mapping[str, Any],
    values: Mapping[str, Any],
) -> Recipe:
    if isinstance(recipe, str):
        found = read_recipe(recipe) if is_recipe_file(recipe) else get_recipe(recipe)
    else:
        found = recipe
    given = {name: value for name, value in options.items() if value is not None}
    learner = found.learner.with_options(given).with_values(values)
    changes: dict[str, Any] = {"learner": learner}
    if seed is not None:
        changes["seed"] = seed
    if split is not None:
        changes["split"] = split
    return dataclasses.replace(found, **changes)


def _word(recipe: str | Recipe) -> str:
    """What names the recipe on a command line, without folders."""
    if isinstance(recipe, Recipe):
        return recipe.name
    return Path(recipe).name if is_recipe_file(recipe) else recipe


def _leads(recipe: Recipe) -> bool:
    """Whether this process writes: the only one, or the first of several."""
    learner = recipe.learner
    together = isinstance(learner, Torch) and learner.devices * learner.nodes > 1
    return not together or is_first()
