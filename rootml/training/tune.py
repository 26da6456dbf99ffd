"""A search for better hyper-parameters by Optuna: Parzen estimators, hopeless trials cut short.

J. Bergstra et al., NeurIPS 24 (2011) 2546; T. Akiba et al., arXiv:1907.10902.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from rootml.errors import TrainingError
from rootml.training.data import DataSet
from rootml.training.job import Fitted, Parts, Run, Setting
from rootml.training.learner import Torch
from rootml.training.recipe import Recipe
from rootml.training.task import Classification
from rootml.training.tuning_figure import draw_search
from rootml.training.weighting import weights_of

UNPRUNED_TRIALS, UNPRUNED_EPOCHS = 5, 3
"""First trials, and first epochs of each, that are never cut short."""
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def tune(run: Run, data: DataSet, parts: Parts, trials: int) -> Run:
    """The run with the values that gave the lowest validation loss in ``trials`` trials.

    Each trial trains on the training part and is judged on the validation part. The journal in
    ``tuning/`` lets a search that was killed go on where it was, with the same trials as one that
    was not. Writes ``<name>.tuning.json`` (all trials, importance of each value),
    ``<name>.tuning.png`` and ``.pdf``.

    Raises TrainingError where the recipe declares no search space.
    """
    check_search(run.recipe)
    folder = run.tuning
    folder.mkdir(exist_ok=True)
    for left in folder.glob("trial-*"):
        shutil.rmtree(left)
    study = _study(run, folder)
    while (done := len(study.get_trials(deepcopy=False, states=FINISHED))) < trials:
        study.sampler = TPESampler(seed=_seed(run.recipe.seed, done))
        study.optimize(lambda trial: _loss(run, data, parts, trial, folder), n_trials=1)
    settings = _write(run, study)
    learner = run.recipe.learner.with_values(study.best_params)
    return replace(
        run,
        recipe=replace(run.recipe, learner=learner),
        settings={**run.settings, **study.best_params, **settings},
    )


def check_search(recipe: Recipe) -> None:
    """Raise TrainingError where there is nothing to search, or a value that cannot be."""
    if not recipe.search:
        raise TrainingError(
            f"recipe {recipe.name!r} says of no hyper-parameter where to search: give it a search, "
            'such as search={"learning_rate": Range(1e-4, 1e-2, log=True)}'
        )
    if isinstance(recipe.learner, Torch) and recipe.learner.devices * recipe.learner.nodes > 1:
        raise TrainingError("a search trains on one device: leave out --devices and --nodes")
    for name, space in recipe.search.items():
        for value in space.extremes:
            recipe.learner.with_values({name: value})


def _study(run: Run, folder: Path) -> optuna.Study:
    """The study in a folder, begun or taken up: what a kill interrupted is tried again."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # what fails is raised
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(folder / "journal.log"))),
        pruner=MedianPruner(UNPRUNED_TRIALS, UNPRUNED_EPOCHS),
        study_name=run.name,
        load_if_exists=True,
    )
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)
    return study


def _seed(seed: int, trial: int) -> int:
    return int(np.random.SeedSequence((seed, trial)).generate_state(1)[0])


def _loss(run: Run, data: DataSet, parts: Parts, trial: optuna.Trial, folder: Path) -> float:
    """The validation loss of one trial; infinite where it is no number."""
    recipe = run.recipe
    values = {name: space.suggest(trial, name) for name, space in recipe.search.items()}
    learner = recipe.learner.with_values(values)
    with tempfile.TemporaryDirectory(dir=folder, prefix="trial-") as scratch:
        candidate = replace(
            run,
            recipe=replace(recipe, learner=learner),
            folder=Path(scratch),
            resume=False,
            progress=False,
        )
        if isinstance(learner, Torch):
            from rootml.training.pruning import network_loss

            loss = network_loss(candidate, learner, data, parts, trial)
        else:
            loss = _loss_of(candidate, data, parts, learner.fit()(candidate, data, parts))
    return loss if math.isfinite(loss) else math.inf


def _loss_of(run: Run, data: DataSet, parts: Parts, fitted: Fitted) -> float:
    """The lowest validation loss by tree or iteration, or the one of the result."""
    if curve := fitted.curves.get("validation_loss"):
        return min(curve.values())
    rows = run.draw(parts, "validation")
    truth = data.truth[rows]
    tensors = {name: np.array(tensor[rows]) for name, tensor in data.tensors.items()}
    predicted = np.asarray(fitted.predict(tensors)[0], np.float64)
    if not isinstance(run.recipe.task, Classification):
        losses = (predicted - truth) ** 2
    else:
        losses = -np.log(np.clip(np.where(truth == 1, predicted, 1 - predicted), 1e-12, 1))
    return float(np.average(losses, weights=weights_of(run, data, rows)))


def _write(run: Run, study: optuna.Study) -> Mapping[str, Setting]:
    """Write table and figure of a search; returns what the card tells of it."""
    trials = study.get_trials(deepcopy=False, states=FINISHED)
    importance = _importance(study)
    table: dict[str, Any] = {
        "best": study.best_params,
        "importance": importance,
        "trials": [
            {
                "trial": number,
                "loss": _number(trial),
                "state": trial.state.name.lower(),
                "minutes": round(trial.duration.total_seconds() / 60, 3)
                if trial.duration
                else None,
                **trial.params,
            }
            for number, trial in enumerate(trials)
        ],
    }
    path = run.folder / f"{run.name}.tuning.json"
    part = path.with_name(f"{path.name}.part")
    part.write_text(json.dumps(table, indent=2) + "\n", encoding="utf-8")
    part.replace(path)
    logs = {name: getattr(space, "log", False) for name, space in run.recipe.search.items()}
    draw_search(table, logs, f"{run.name}: {len(trials)} trials", path.with_suffix(""))
    told = {f"importance_of_{name}": round(value, 3) for name, value in importance.items()}
    return {"tuning_trials": len(trials), **told}


def _number(trial: optuna.trial.FrozenTrial) -> float | None:
    """The loss of a trial, of one that was cut short the last one; None where it is infinite."""
    steps = trial.intermediate_values
    value = trial.value if trial.value is not None else steps[max(steps)] if steps else math.inf
    return value if math.isfinite(value) else None


def _importance(study: optuna.Study) -> dict[str, float]:
    """Share of the loss's variance that follows each value (F. Hutter et al., ICML 2014)."""
    values = {trial.value for trial in study.get_trials(deepcopy=False, states=FINISHED[:1])}
    if sum(math.isfinite(value) for value in values if value is not None) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)
