"""The view of a committee: one that shows what its members see, of the same events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from rootml.adapter import View
from rootml.errors import DataError, TrainingError, located
from rootml.rootio.source import open_source
from rootml.runtime.engine import Port
from rootml.runtime.model import Model
from rootml.runtime.signature import describe_port
from rootml.spec import Array, Batch, TensorSpec
from rootml.training.chosen import view_of
from rootml.training.domain import common
from rootml.training.members import full_name

LOOKED_AT = 10_000
"""So many first entries of a file tell whether two views judge the same."""


def joint_view(members: Sequence[Model], name: str | None = None) -> View:
    """The view of ``members``, the smallest that has the tensors of all, or that called ``name``.

    Raises TrainingError where it, or any view of their adapter, has not all tensors, or no input
    lies in the domains of all; RegistryError where there is none of that name.
    """
    adapter = members[0].adapter
    if name is not None:
        among = [view_of(adapter, name, "a committee: ")]
    elif len({member.view.name for member in members}) == 1:
        among = [members[0].view]
    else:
        among = list(adapter.views.values())
    needed = _tensors(member.view for member in members)
    fitting = [view for view in among if needed <= _tensors([view])]
    if not fitting:
        which = f"no view of {adapter.name!r} has" if name is None else f"view {name!r} has not"
        wanted = "; ".join(f"{full_name(m.card)} takes {_described(m.view)}" for m in members)
        have = "; ".join(f"{view.name}: {_described(view)}" for view in among)
        raise TrainingError(f"{which} the tensors of all members: {wanted} (views: {have})")
    view = min(fitting, key=lambda view: sum(spec.row_bytes for spec in view.tensors))
    common(view, [member.card.domain for member in members])  # refuses before anything is read
    return view


def _tensors(views: Iterable[View]) -> set[TensorSpec]:
    """Tensors by all that makes them the same to a network."""
    return {replace(spec, axes=(), doc="") for view in views for spec in view.tensors}


def _described(view: View) -> str:
    """``image float32 (n, 1, 18, 72) MeV``, and first and last column where these have names."""
    found = []
    for spec in view.tensors:
        words = [spec.name, describe_port(Port(spec.name, spec.dtype, ("n", *spec.shape)))]
        words += [spec.unit] if spec.unit else []
        words += [f"from {spec.columns[0]} to {spec.columns[-1]}"] if spec.columns else []
        words += ["with NaN for what is missing"] if spec.allow_nan else []
        found.append(" ".join(words))
    return ", ".join(found)


def check_rows(
    members: Sequence[Model], view: View, files: Sequence[str | Path], tree: str | None
) -> None:
    """Raise DataError where ``view`` has other rows, or shows them otherwise, than a member's own.

    Of each file the first LOOKED_AT entries are compared.
    """
    others = {m.view.name: m for m in members if m.view.name != view.name}
    if not others:
        return
    views = [view, *(member.view for member in others.values())]
    columns = tuple(dict.fromkeys(column for each in views for column in each.columns))
    for path in files:
        with open_source(path, [members[0].adapter], tree=tree) as source:
            stop = min(LOOKED_AT, source.num_entries)
            for first, events in source.chunks(columns, stop=stop):
                with located(source.events.where, first):
                    seen = view.build(events)
                    for member in others.values():
                        own = member.view.build(events)
                        _check_same(member, view, seen, own, len(events))


def _check_same(member: Model, view: View, seen: Batch, own: Batch, events: int) -> None:
    """Raise DataError at the first event that ``view`` shows otherwise than the member's own."""
    (counts, judged), (own_counts, own_judged) = _units(seen, events), _units(own, events)
    of = f"the view {member.view.name!r}, of {full_name(member.card)}, and the committee's, "
    of += f"{view.name!r},"
    _refuse(np.arange(events)[counts != own_counts], f"{of} have other objects")
    event = np.repeat(np.arange(events), counts)
    _refuse(event[judged != own_judged], f"{of} do not judge the same")
    for spec in member.view.tensors:
        one, other = seen.tensors[spec.name], own.tensors[spec.name]
        differs = (one != other) & ~((one != one) & (other != other))  # NaN is no difference
        rows = differs.any(axis=tuple(range(1, differs.ndim)))
        _refuse(event[judged][rows], f"{of} differ in {spec.name!r}")


def _units(batch: Batch, events: int) -> tuple[Array, Array]:
    """Objects of each event, and whether each is judged."""
    counts = np.ones(events, np.int64) if batch.counts is None else batch.counts
    return counts, batch.each


def _refuse(events: Array, problem: str) -> None:
    if len(events):
        raise DataError(problem, int(events[0]))
