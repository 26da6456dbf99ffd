"""What was asked for: options, the name of a model, files apart, the command that repeats it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypedDict

from pydantic import TypeAdapter, ValidationError

from rootml.card import Name
from rootml.errors import TrainingError, nearest
from rootml.training.learner import Device, Precision
from rootml.training.task import Regression, Task


class LearnerOptions(TypedDict, total=False):
    """Options of the learner that a training may be given; None takes the recipe's.

    ``max_time``: minutes after which no epoch begins. ``device``: "auto", "cpu" or "cuda"; the
    others: see :class:`~rootml.training.Torch`.
    """

    epochs: int | None
    max_time: float | None
    batch_size: int | None
    precision: Precision | None
    device: Device | None
    accumulate: int | None
    devices: int | None
    nodes: int | None
    strategy: str | None


def checked(name: str) -> str:
    """The name of a model; TrainingError where it cannot be one."""
    try:
        return str(TypeAdapter(Name).validate_python(name))
    except ValidationError as error:
        raise TrainingError(
            f"{name!r} cannot name a model: letters, digits and _ can, a letter first"
        ) from error


def apart(files: Sequence[str | Path], train_only: Sequence[str | Path]) -> tuple[str, ...]:
    """Names of the files to train on alone; TrainingError where one is not apart from the others,
    or any file is given twice.

    Names tell events apart, not folders: so they must differ.
    """
    every = [Path(path) for path in (*files, *train_only)]
    for number, path in enumerate(every):
        if path.resolve() in map(Path.resolve, every[:number]):
            raise TrainingError(f"{path}: is given twice, its events would count twice")
    names = {Path(path).name for path in files}
    for path in every[len(files) :]:
        if path.name in names:
            raise TrainingError(
                f"{path}: a file of that name is not for training alone: rename one of the two"
            )
    return tuple(Path(path).name for path in train_only)


def samples_of(
    task: Task, files: Sequence[str | Path], samples: Mapping[str, Sequence[str | Path]]
) -> dict[str, tuple[str, ...]]:
    """Names of the files of each sample; TrainingError where a task has none of the name, or a
    file of that name is given elsewhere too: names tell samples apart.
    """
    known = task.samples if isinstance(task, Regression) else {}
    found: dict[str, tuple[str, ...]] = {}
    taken = {Path(path).name for path in files}
    for name, paths in samples.items():
        if name not in known:
            raise TrainingError(
                f"the recipe has no sample {name!r}{nearest(name, known)} "
                f"(samples: {', '.join(known) or 'none'})"
            )
        found[name] = tuple(Path(path).name for path in paths)
        for file in found[name]:
            if file in taken:
                raise TrainingError(f"{file}: two files of that name are given, rename one")
            taken.add(file)
    return found


def command_line(
    verb: Sequence[str], files: Sequence[str | Path], asked: Mapping[str, object]
) -> str:
    """The command that repeats what was asked for, with paths reduced to names."""
    words = ["rootml", *verb, *(Path(path).name for path in files)]
    for key, value in asked.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                words += [f"--{key.replace('_', '-')}", str(each)]
    return shlex.join(words)
