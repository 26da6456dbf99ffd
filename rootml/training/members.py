"""The members of a committee: do they fit each other, and which events has none of them seen?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rootml.card import ModelCard
from rootml.declared.schema import Declaration
from rootml.errors import TrainingError, nearest
from rootml.registry import load
from rootml.runtime.content import TITLES
from rootml.runtime.model import Model
from rootml.sources.cards import declaration_sha256
from rootml.training.split import Split, as_split

APART = "give events that no member has seen, with --held-out (held_out=True)"


def load_members(models: Sequence[str | Path]) -> tuple[Model, ...]:
    """The networks that ``models`` name, as :func:`rootml.registry.load` does, ready to run.

    Raises TrainingError where there are fewer than two, one is given twice or cannot be joined,
    or two are of different adapters or judge different objects.
    """
    if len(models) < 2:
        raise TrainingError(f"a committee has two members or more, not {len(models)}")
    members = tuple(map(load, models))
    for number, member in enumerate(members):
        _check_alone(member)
        if member.engine.sha256 in [other.engine.sha256 for other in members[:number]]:
            raise TrainingError(f"{full_name(member.card)}: is given twice")
        _check_alike(members[0], member)
    return members


def full_name(card: ModelCard) -> str:
    """Name and version, as models are asked for."""
    return f"{card.name}@{card.version}"


def _check_alone(member: Model) -> None:
    """Raise TrainingError where a network cannot be a member of any committee."""
    card = member.card
    if card.network.format != "onnx":
        raise TrainingError(
            f"{full_name(card)}: is {TITLES[card.network.format]}; "
            "the members of a committee are ONNX graphs"
        )
    if [(output.role, output.shape) for output in card.outputs] != [("score", ())]:
        have = ", ".join(f"{output.name} ({output.role})" for output in card.outputs)
        raise TrainingError(
            f"{full_name(card)}: expected one output, of role 'score', one number each; "
            f"it has: {have}"
        )


def _check_alike(first: Model, other: Model) -> None:
    """Raise TrainingError where two networks do not judge the same."""
    theirs = _applied_to(other)
    for what, value in _applied_to(first).items():
        if theirs[what] != value:
            raise TrainingError(
                f"the members of a committee have the same {what}; {full_name(first.card)} has "
                f"{value or 'none'}, {full_name(other.card)} {theirs[what] or 'none'}"
            )


def _applied_to(member: Model) -> dict[str, str]:
    card, adapter = member.card, member.card.adapter
    if isinstance(adapter, Declaration):
        adapter = f"a declared one (sha256 {declaration_sha256(adapter)[:12]}…)"
    return {
        "adapter": adapter,
        "objects to judge": card.outputs[0].per or "",
    }


def trained_on(card: ModelCard) -> tuple[str, ...]:
    """Names of the files that its card says it was trained on."""
    return _names(card.training.data)


def only_trained_on(card: ModelCard) -> tuple[str, ...]:
    """Names of those all of whose events were for training, or for adaptation."""
    settings = card.training.settings
    listed = (settings.get(key, "") for key in ("train_only", "adapted_to"))
    return tuple(name for names in listed for name in _names(str(names)))


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name for name in listed.split(", ") if name)


def common_split(members: Sequence[ModelCard]) -> tuple[int, Split]:
    """Seed and split that all ``members`` were trained with.

    TrainingError where a card does not say them, or two differ.
    """
    found = []
    for card in members:
        seed, split = card.training.seed, card.training.settings.get("split")
        if seed is None or split is None or "held_out" in card.training.settings:
            raise TrainingError(
                f"{full_name(card)}: its card does not say by which seed and split of its files "
                f"it was trained: {APART}"
            )
        found.append((seed, str(split)))
        if found[-1] != found[0]:
            (first, first_split), (other, other_split) = found[0], found[-1]
            raise TrainingError(
                f"{full_name(members[0])} was trained with seed {first} and split {first_split}, "
                f"{full_name(card)} with seed {other} and split {other_split}: what one was "
                f"measured on the other has learned from; {APART}"
            )
    seed, split = found[0]
    return seed, as_split(split)


def check_split_files(members: Sequence[ModelCard], files: Sequence[str | Path]) -> None:
    """Raise TrainingError where a file is none whose events all ``members`` have split."""
    for name in (Path(path).name for path in files):
        for card in members:
            files_of_it = trained_on(card)
            if name in only_trained_on(card):
                raise TrainingError(
                    f"{name}: {full_name(card)} has learned from all events of a file of this "
                    "name; name it with --train-only, or leave it out"
                )
            if name not in files_of_it:
                raise TrainingError(
                    f"{name}: {full_name(card)} was trained on no file of this name"
                    f"{nearest(name, files_of_it)} (on: {', '.join(files_of_it)}); if it has not "
                    "seen these events: --held-out (held_out=True)"
                )


def check_held_out(members: Sequence[ModelCard], files: Sequence[str | Path]) -> None:
    """Raise TrainingError where a member was trained on a file of the same name."""
    for name in (Path(path).name for path in files):
        for card in members:
            listed = ", ".join(("", *trained_on(card), *only_trained_on(card), ""))
            if f", {name}, " in listed:  # names may hold commas themselves
                raise TrainingError(
                    f"{name}: {full_name(card)} was trained on a file of this name; held-out "
                    "events are those that no member has seen"
                )
