"""What passes between a training and the library that trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rootml.adapter import Adapter, View
from rootml.card import ModelCard, Output
from rootml.coverage import Coverage
from rootml.declared.schema import Declaration
from rootml.spec import Array
from rootml.training.data import DataSet, Rows
from rootml.training.recipe import Recipe
from rootml.training.split import PARTS

Parts = Mapping[str, Rows]
Setting = str | int | float | bool
Curve = Mapping[int, float]
"""A figure by epoch (or tree), counted from 1."""


@dataclass(frozen=True)
class Run:
    """What is trained, by which command, and where everything goes.

    ``declaration``: the adapter as a text, where it is none of an installed package.
    ``train_only``: names of files whose events are all for training; ``samples``: names of files
    by the sample of the task that they are, all others are of none.
    ``target``: events without truth that the network shall be adapted to. ``settings``: what the
    card tells beside what the learner says. ``leads``: whether this process, of those that train
    together, is the one that writes.
    """

    name: str
    recipe: Recipe
    adapter: Adapter
    view: View
    folder: Path
    command: str
    declaration: Declaration | None = None
    notes: str = ""
    resume: bool = False
    train_only: tuple[str, ...] = ()
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    progress: bool = False
    target: DataSet | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    leads: bool = True

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The columns that are learned."""
        return self.recipe.task.outputs(self.adapter)

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints and of the figures by epoch."""
        return self.folder / "checkpoints"

    @property
    def tuning(self) -> Path:
        """Folder of a search for better values."""
        return self.folder / "tuning"

    def sample(self, file: str) -> str:
        """The sample that the file of this name is; "" where it is of none."""
        return next((name for name, files in self.samples.items() if file in files), "")

    def draw(self, parts: Parts, part: str) -> Rows:
        """The rows of a part that are used: all, or as many as the limit, drawn by the seed."""
        limit = self.recipe.limits.get(part, len(parts[part]))
        if limit >= len(parts[part]):
            return parts[part]
        rng = np.random.default_rng((self.recipe.seed, PARTS.index(part)))
        return np.sort(rng.choice(parts[part], limit, replace=False))


@dataclass(frozen=True)
class Fitted:
    """A finished training and the file its result was written to.

    ``predict(tensors)``: the training library's own numbers, one array (n,) an output, to
    compare those of the deployed file with. ``inputs``: as a card's ``network.inputs``;
    ``outputs``: the file's names of outputs, where they differ.
    ``curves``: ``"<part>_<figure>"`` by ``step``; ``loss``: what is called loss there;
    ``warmup``: how many of the epochs saw cheaper inputs. ``members``: cards of the networks that
    the file is made of, where it was not trained itself. ``coverage``: of sets, by output, with the
    thresholds that are part of the file.
    """

    file: Path
    format: str
    predict: Callable[[Mapping[str, Array]], Sequence[Array]]
    settings: Mapping[str, Setting]
    parameters: int | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    loss: str = "Loss"
    step: str = "Epoch"
    warmup: int = 0
    members: Sequence[ModelCard] = ()
    coverage: Mapping[str, Coverage] = field(default_factory=dict)


Fit = Callable[[Run, DataSet, Parts], Fitted]
