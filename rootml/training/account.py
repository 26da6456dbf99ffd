"""What a training made, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rootml.card import ModelCard
from rootml.working_point import WorkingPoint, in_words

SHOWN = ("epochs", "best_epoch", "trees", "best_iteration", "estimator", "minutes", "precision")
"""Settings that tell how the training went."""


def account(path: Path) -> str:
    """What was trained and how good it is, from the card at ``path``."""
    card = ModelCard.read(path)
    training = card.training
    events = ", ".join(f"{count:,} {part}" for part, count in training.events.items())
    size = "" if card.parameters is None else f" ({card.parameters:,} parameters)"
    lines = [f"{card.name} {card.version}: {card.title}{size}", f"  events         {events}"]
    lines += [f"  {key:<14} {training.settings[key]}" for key in SHOWN if key in training.settings]
    lines.append("  figures on the test part, with 68 % intervals")
    lines += _aligned(
        [(m.name, *in_words(m.value, m.interval, m.limit), m.unit) for m in card.metrics]
    )
    if card.working_points:
        lines.append("  working points fixed on the validation part, measured on the test part")
        lines += _aligned([(point.name, point.cut, *_kept(point)) for point in card.working_points])
    return "\n".join([*lines, f"  card           {path}"])


def _kept(point: WorkingPoint) -> tuple[str, str]:
    """What a working point keeps and rejects."""
    efficiency, _ = in_words(point.efficiency, point.efficiency_error)
    rejection, _ = in_words(point.rejection, point.rejection_error, point.rejection_limit)
    return f"efficiency {efficiency}", f"rejection {rejection}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines with columns of one width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    cells = ([f"{c:<{w}}" for c, w in zip(row, widths, strict=True)] for row in rows)
    return [f"    {'  '.join(row)}".rstrip() for row in cells]
