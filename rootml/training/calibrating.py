"""What is fitted to the validation events when a network is trained: a temperature, and sets.

A temperature T divides the logits, so that probabilities are as sure of themselves as they should
be (C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, ICML 2017, sec. 4.2). Sets of classes hold the true
one as often as their output says (:mod:`rootml.validation.statistics.conformal`). Both become part
of the network that is exported. The validation events chose the best epoch too, which the sets'
guarantee does not know of: the card says what they cover of the test events.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from rootml.card import Output
from rootml.coverage import Coverage
from rootml.errors import RootmlWarning
from rootml.spec import Array
from rootml.training.data import DataSet
from rootml.training.job import Parts, Run, Setting
from rootml.training.objective import Deploy, Likelihood, Objective
from rootml.training.task import Classification, Task
from rootml.training.truth import balanced
from rootml.validation.statistics.conformal import kept, threshold

LEAST = 200
"""Validation events below which no temperature is fitted (a choice)."""
BOUNDS = (0.05, 20.0)
"""Temperatures that are looked at; one at an end tells of events that cannot fix it (a choice)."""
NEAR, STEP = 0.01, 0.02
"""Of the logarithm of a temperature: what is taken for an end, and the step of its curvature."""
CHUNK = 1024
"""Rows that the network sees at once."""


@dataclass(frozen=True)
class Calibrated:
    """How the network is deployed, what the card tells of that, and coverages by output."""

    deploy: Deploy
    settings: Mapping[str, Setting] = field(default_factory=dict)
    coverage: Mapping[str, Coverage] = field(default_factory=dict)


def calibrate(
    run: Run, data: DataSet, parts: Parts, network: nn.Module, aim: Objective
) -> Calibrated:
    """Fit what the task asks for to the validation events, with ``network`` as it is exported."""
    wanted = [output for output in run.outputs if output.coverage is not None]
    deploy, settings = aim.deploy, dict[str, Setting]()
    if aim.likelihood is None or data.truth.ndim > 1:
        return Calibrated(deploy)
    if not (run.recipe.task.temperature or wanted):
        return Calibrated(deploy)
    rows = run.draw(parts, "validation")
    raw = _raw(run, data, rows, network)
    if run.recipe.task.temperature:
        truth = data.truth[rows]
        weights = _weights(run.recipe.task, data, rows)
        loss, events = weighted_loss(aim.likelihood, raw, truth, weights)
        temperature, settings = fit_temperature(loss, events)
        if temperature != 1:
            deploy = _cooler(deploy, temperature)
    if not wanted:
        return Calibrated(deploy, settings)
    roles = [output.role for output in run.outputs]
    made = deploy(raw, ())[roles.index("probabilities")].numpy()
    coverage = {output.name: fixed(output, made, data.truth[rows]) for output in wanted}
    return Calibrated(_with_sets(deploy, roles, tuple(coverage.values())), settings, coverage)


def _weights(task: Task, data: DataSet, rows: Array) -> Array:
    """Weights (n,) of some rows: in a classification both classes count the same."""
    if isinstance(task, Classification):
        return balanced(data.truth[rows])
    return np.ones(len(rows)) if data.weights is None else data.weights[rows].astype(np.float64)


def weighted_loss(
    likelihood: Likelihood, raw: Tensor, truth: Array, weights: Array
) -> tuple[Callable[[float], float], float]:
    """The mean negative log likelihood by temperature, and the effective number of rows (n,)."""
    true, weight = torch.from_numpy(truth).double(), torch.from_numpy(weights)
    logits = raw.double()

    def loss(temperature: float) -> float:
        return float(likelihood(logits / temperature, true, weight))

    return loss, float(weights.sum() ** 2 / (weights**2).sum())


def fit_temperature(
    loss: Callable[[float], float], events: float
) -> tuple[float, dict[str, Setting]]:
    """The temperature of the least mean negative log likelihood ``loss``, and what a card tells.

    It is 1 where ``events`` (effective ones) are too few, or do not fix it, as where the network
    makes no mistake. Its error is that of the curvature of the likelihood.
    """
    if events < LEAST:
        return 1.0, {
            "temperature": 1.0,
            "temperature_not_fitted": f"{events:.0f} validation events",
        }
    low, high = map(math.log, BOUNDS)
    found = minimize_scalar(
        lambda x: loss(math.exp(x)), bounds=(low, high), method="bounded", options={"xatol": 1e-5}
    )
    x = float(found.x)
    beside = [loss(math.exp(x + step)) for step in (-STEP, STEP)]
    curvature = (sum(beside) - 2 * found.fun) / STEP**2
    if not low + NEAR < x < high - NEAR or not curvature > 0:
        return 1.0, {"temperature": 1.0, "temperature_not_fitted": "events do not fix it"}
    temperature = float(f"{math.exp(x):.5g}")
    return temperature, {
        "temperature": temperature,
        "temperature_error": float(f"{temperature / math.sqrt(events * curvature):.2g}"),
        "validation_nll": float(f"{loss(temperature):.5g}"),
        "validation_nll_at_temperature_1": float(f"{loss(1.0):.5g}"),
    }


def fixed(output: Output, probabilities: Array, truth: Array) -> Coverage:
    """The coverage of a set with its thresholds, by probabilities (n, k) and true classes (n,)."""
    wanted = output.coverage
    assert wanted is not None
    true = truth.astype(np.int64)
    own = probabilities[np.arange(len(true)), true]
    groups = [own[true == k] for k in range(probabilities.shape[1])] if wanted.by_class else [own]
    _warn_of_few(output.name, wanted, [len(group) for group in groups])
    return wanted.model_copy(
        update={
            "thresholds": tuple(float(f"{threshold(group, wanted.level):.9g}") for group in groups),
            "events": tuple(map(len, groups)),
        }
    )


def _warn_of_few(name: str, wanted: Coverage, events: Sequence[int]) -> None:
    """Warn of classes that will be in every set, because too few events fix their threshold."""
    few = [str(k) for k, n in enumerate(events) if kept(wanted.level, n) > n]
    if few:
        who = f"class {', '.join(few)}" if wanted.by_class else "every class"
        least = next(n for n in itertools.count(1) if kept(wanted.level, n) <= n)
        warnings.warn(
            f"output {name!r}: {min(events)} validation events{' of a class' * wanted.by_class} "
            f"are too few for a coverage of {wanted.level:g}, which needs {least}: {who} will be "
            "in every set",
            RootmlWarning,
            stacklevel=2,
        )


def _raw(run: Run, data: DataSet, rows: Array, network: nn.Module) -> Tensor:
    """What the network, in evaluation on the CPU, returns of some rows."""
    made = []
    with torch.inference_mode():
        for chunk in np.array_split(rows, max(1, math.ceil(len(rows) / CHUNK))):
            arrays = (np.asarray(data.tensors[spec.name][chunk]) for spec in run.view.tensors)
            made.append(network(*map(torch.from_numpy, arrays)).float())
    return torch.cat(made)


def _cooler(deploy: Deploy, temperature: float) -> Deploy:
    """The same of logits that are divided by a temperature."""
    return lambda raw, tensors: deploy(raw / temperature, tensors)


def _with_sets(deploy: Deploy, roles: Sequence[str], coverages: Sequence[Coverage]) -> Deploy:
    """The same, followed by a set for each coverage."""
    place = roles.index("probabilities")

    def deployed(raw: Tensor, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
        made = tuple(deploy(raw, tensors))
        probabilities = made[place]
        best = probabilities >= probabilities.amax(dim=1, keepdim=True)
        sets = [
            (probabilities >= probabilities.new_tensor(coverage.thresholds)) | best
            for coverage in coverages
        ]
        return *made, *sets

    return deployed
