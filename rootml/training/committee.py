"""Several trained networks as one: joined, measured on events that none has seen, with a card."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

from rootml.adapter import Adapter, View
from rootml.card import Output
from rootml.errors import OutputError, TrainingError
from rootml.rootio.container.transaction import made_folder
from rootml.runtime.model import Model
from rootml.training.asked import apart, checked, command_line
from rootml.training.cache import get_dataset, scratch
from rootml.training.cards import finish
from rootml.training.data import DataSet
from rootml.training.folder import card_path, check_parts
from rootml.training.job import Run
from rootml.training.joint_view import check_rows, joint_view
from rootml.training.learner import Learner
from rootml.training.members import (
    check_held_out,
    check_split_files,
    common_split,
    full_name,
    load_members,
    only_trained_on,
)
from rootml.training.recipe import Recipe
from rootml.training.split import Fractions, Split
from rootml.training.task import Classification

HALVES: Split = Fractions(0, 0.5, 0.5)
"""The split of held-out events."""
DOC = "The sigmoid of the mean of the members' logits."


@dataclass(frozen=True)
class Committee(Learner):
    """Networks that are trained already: nothing is learned."""

    backend: ClassVar[str] = "rootml.training.joining"
    extra: ClassVar[str] = "sklearn"
    packages: ClassVar[tuple[str, ...]] = ("onnx",)
    parts: ClassVar[tuple[str, ...]] = ("validation", "test")

    members: tuple[Model, ...]
    view: View

    @property
    def takes_nan(self) -> bool:
        """Whether the view may give NaN: its members know what to do with that."""
        return any(spec.allow_nan for spec in self.view.tensors)


@dataclass(frozen=True)
class SameScore(Classification):
    """Signal against background, with an output as ``like``, that of another network."""

    like: Output = field(kw_only=True)

    def outputs(self, adapter: Adapter) -> tuple[Output, ...]:
        """That output, in float32."""
        return (self.like.model_copy(update={"tensor": "", "dtype": "float32"}),)


def combine(
    models: Sequence[str | Path],
    files: Sequence[str | Path],
    output: str | Path,
    *,
    held_out: bool = False,
    train_only: Sequence[str | Path] = (),
    view: str | None = None,
    name: str | None = None,
    title: str = "",
    doc: str = "",
    seed: int | None = None,
    limit: int | None = None,
    cache: str | Path | None = None,
    tree: str | None = None,
    notes: str = "",
) -> Path:
    """Join classifiers into one, the mean of their logits, and return the path of its card.

    ``models``: two or more of one adapter, as :func:`rootml.registry.load` takes them, each an
    ONNX graph with one score. ``view``: where theirs differ, one that has the tensors of all; the
    smallest such view of the adapter unless given. ``files``: those that all of them were trained
    on with one seed and split, whose validation part fixes the working points, and whose test part
    measures; with ``held_out`` files that none of them was trained on, split in halves by ``seed``
    (1).
    ``train_only``: files to read beside ``files`` and not to measure on, so that a ``cache`` which
    trainings filled serves. ``limit``: at most so many events of a part are used, drawn by the
    seed. ``output``: a folder, which receives ``<name>.card.yaml`` and
    ``<name>.onnx``; ``name``: committee_<adapter> unless given, or committee where
    the adapter is a declared one. ``tree``, ``cache``, ``notes``: as
    of :func:`train`. Files are known by their names.

    Raises TrainingError where the networks do not go together or one has seen the events,
    DataError where the view judges other events than theirs, OutputError where such files are
    there, and what :func:`rootml.registry.load` and the reading
    of files raise.
    """
    members = load_members(models)
    if not files:
        raise TrainingError("a committee needs at least one file to be measured on")
    if held_out and train_only:
        raise TrainingError("files for training alone are not read with held-out ones")
    cards, first = [member.card for member in members], members[0]
    joint = joint_view(members, view)
    asked = {
        "model": [full_name(card) for card in cards],
        "view": view,
        "train_only": [Path(path).name for path in train_only],
        "seed": seed,
        "limit": limit,
        "name": name,
        "tree": tree,
    }
    declared = None if isinstance(first.card.adapter, str) else first.card.adapter
    run = Run(
        name=checked(name or ("committee" if declared else f"committee_{first.adapter.name}")),
        recipe=dataclasses.replace(
            _recipe(Committee(members, joint), files, seed, held_out=held_out),
            title=title or f"Committee of {', '.join(card.name for card in cards)}",
            doc=doc or DOC,
            limits={} if limit is None else dict.fromkeys(Committee.parts, limit),
        ),
        adapter=first.adapter,
        view=joint,
        folder=Path(output),
        command=command_line(["combine", *["--held-out"] * held_out], files, asked),
        declaration=declared,
        notes=notes,
        train_only=tuple(dict.fromkeys(file for card in cards for file in only_trained_on(card))),
        settings={"held_out": ", ".join(Path(path).name for path in files)} if held_out else {},
    )
    read = partial(
        get_dataset,
        [*files, *train_only],
        cache=None if cache is None else Path(cache),
        tree=tree,
    )
    check_rows(members, joint, files, tree)
    return _make(run, read, apart(files, train_only))


def _recipe(
    committee: Committee,
    files: Sequence[str | Path],
    seed: int | None,
    *,
    held_out: bool,
) -> Recipe:
    """What a committee is made by; TrainingError where a member has seen what shall measure it."""
    cards = [member.card for member in committee.members]
    used, split = 1 if seed is None else seed, HALVES
    if held_out:
        check_held_out(cards, files)
    elif seed is not None:
        raise TrainingError(
            f"seed {seed}: the split is that of the members' trainings; "
            "a seed is for held-out events alone"
        )
    else:
        used, split = common_split(cards)
        check_split_files(cards, files)
    return Recipe(
        name="",
        learner=committee,
        task=SameScore(like=cards[0].outputs[0]),
        split=split,
        seed=used,
        threads=_agreed([card.threads for card in cards]),
        deploy_batch=_agreed([card.batch_size for card in cards]),
    )


def _agreed(values: Sequence[int | None]) -> int | None:
    """What all say, or None."""
    return values[0] if len(set(values)) == 1 else None


def _make(run: Run, read: Callable[..., DataSet], train_only: Sequence[str]) -> Path:
    """Read the events, join the members, measure them, write the card."""
    learner, network = run.recipe.learner, run.folder / f"{run.name}.onnx"
    for path in (card_path(run), network):
        if path.exists():
            raise OutputError(f"{path}: exists already; give another folder, or --name")
    fit = learner.fit()
    with made_folder(run.folder), scratch(run.folder) as folder:
        data = read(
            run.adapter,
            run.view,
            Classification(),
            folder,
            declaration=run.declaration,
            columns=run.recipe.split.columns,
            takes_nan=learner.takes_nan,
        )
        every = data.parts(run.recipe.seed, run.recipe.split, train_only)
        parts = {part: every[part] for part in learner.parts}
        check_parts(run, data, parts)
        try:
            return finish(run, data, parts, fit(run, data, parts))
        except BaseException:
            network.unlink(missing_ok=True)
            raise
