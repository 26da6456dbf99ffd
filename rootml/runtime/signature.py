"""Do a card, its adapter and its network fit together? Asked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rootml.adapter import Adapter, View
from rootml.card import ModelCard, Output
from rootml.errors import CardError, NetworkError, nearest
from rootml.runtime.engine import Engine, Port
from rootml.spec import TensorSpec

Shape = tuple[int | str | None, ...]


@dataclass(frozen=True)
class Wiring:
    """Which tensor goes into which input, and which output fills which column."""

    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]


def check_card(card: ModelCard, adapter: Adapter) -> View:
    """The view that ``card`` names; CardError where the card and its adapter do not fit."""
    where = f"model {card.name!r}"
    view = adapter.views.get(card.view)
    if view is None:
        raise CardError(
            f"{where}: adapter {adapter.name!r} has no view {card.view!r}"
            f"{nearest(card.view, adapter.views)} (it has: {', '.join(adapter.views)})"
        )
    tensors = [spec.name for spec in view.tensors]
    _require_known(where, "network input for the tensor", card.network.inputs, tensors, view)
    summaries = [summary.name for summary in view.summaries]
    _require_known(where, "domain of", [axis.name for axis in card.domain], summaries, view)
    return view


def connect(card: ModelCard, view: View, engine: Engine) -> Wiring:
    """Join tensors and outputs to the graph's ports; NetworkError with a table where they differ.

    A graph may leave tensors of the view and outputs of its own unused, but not an input unfed.
    """
    names = {spec.name: card.network.inputs.get(spec.name, spec.name) for spec in view.tensors}
    rows = []
    inputs = {}
    for spec in view.tensors:
        port = engine.inputs.get(names[spec.name])
        if port is not None:
            inputs[spec.name] = port
            rows.append(_input_row(spec, port))
        elif spec.name in card.network.inputs:
            rows.append(
                (f"input {names[spec.name]}", _text(spec.dtype, spec.shape), "-", "missing")
            )
    for name in sorted(engine.inputs.keys() - names.values()):
        port = engine.inputs[name]
        near = nearest(name, names)
        rows.append(
            (f"input {name}", "-", describe_port(port), f"no such tensor in the view{near}")
        )
    rows += [_output_row(output, view, engine.outputs) for output in card.outputs]
    if any(problem for *_, problem in rows):
        raise NetworkError(
            f"{engine.where}: the network does not fit its card (model {card.name!r}, view "
            f"{view.name!r} of {card.adapter_name}); n is the batch axis\n" + _table(rows)
        )
    return Wiring(inputs, {output.name: engine.outputs[output.source] for output in card.outputs})


def castable(source: str, target: str) -> bool:
    """Whether values may be cast without a loss that matters: to a wider type, or 64 to 32 bits.

    Views and graphs work in float32, whose 24 bits exceed any detector's resolution; narrower
    types and integers could overflow or wrap, and are refused. An empty name is any type.
    """
    if not (source and target):
        return True
    try:
        return np.can_cast(source, target, "safe") or (source, target) == ("float64", "float32")
    except TypeError:  # the engine's own name of a type that NumPy does not have
        return False


def _require_known(
    where: str, what: str, names: Mapping[str, str] | list[str], known: list[str], view: View
) -> None:
    for name in names:
        if name not in known:
            have = ", ".join(known) or "none"
            raise CardError(
                f"{where}: {what} {name!r}, which the view {view.name!r} does not have"
                f"{nearest(name, known)} (it has: {have})"
            )


def _input_row(spec: TensorSpec, port: Port) -> tuple[str, str, str, str]:
    problem = "" if port.shape is None else _shape_problem(spec.shape, port.shape)
    if not castable(spec.dtype, port.dtype):
        problem = problem or f"{spec.dtype} cannot be cast to {port.dtype} without loss"
    problem = problem or _order_problem(spec.columns, port.columns)
    return f"input {port.name}", _text(spec.dtype, spec.shape), describe_port(port), problem


def _output_row(output: Output, view: View, ports: Mapping[str, Port]) -> tuple[str, str, str, str]:
    row = view.row_shape(output)
    name, expected = f"output {output.source}", _text(output.dtype, row)
    port = ports.get(output.source)
    if port is None:
        return name, expected, "-", f"missing{nearest(output.source, ports)}"
    shape = port.shape
    single = output.shape == () and shape is not None and len(shape) == len(row) + 2
    if shape is not None and single and shape[-1] in (1, None):
        shape = shape[:-1]
    problem = "" if shape is None else _list_problem(output, view, shape)
    if shape is not None:
        problem = problem or _shape_problem(row, shape)
    if not castable(port.dtype, output.dtype):
        problem = problem or f"{port.dtype} cannot be cast to {output.dtype} without loss"
    return name, expected, describe_port(port), problem


def _list_problem(output: Output, view: View, found: Shape) -> str:
    """Where one of card and network has a value for each object of a list, the other for each row.

    ``found``: batch axis first.
    """
    if not view.members:
        return ""
    axes = len(output.shape) + 1
    if view.lists(output) and len(found) == axes:
        return f"one value an event, and the card says per {output.per}"
    listed = len(found) == axes + 1 and (not isinstance(found[1], int) or found[1] == view.members)
    if listed and not view.lists(output):
        return "a value for each object, and the card does not say per what"
    return ""


def _order_problem(columns: tuple[str, ...], stored: tuple[str, ...]) -> str:
    """Where the names a network stores of its inputs differ from the view's, if both are known."""
    if not columns or not stored:
        return ""
    if len(columns) != len(stored):
        return f"it names {len(stored)} columns, and the view {len(columns)}"
    for place, (column, name) in enumerate(zip(columns, stored, strict=True)):
        if column != name:
            return f"column {place} is {column!r}, and the network's is {name!r}"
    return ""


def _shape_problem(row: Shape, found: Shape) -> str:
    """What is wrong with the shape ``found``, batch axis first, for rows of shape ``row``."""
    if len(found) != len(row) + 1:
        return "another number of axes"
    if isinstance(found[0], int):
        return f"batch axis fixed to {found[0]}; export it with a dynamic one"
    for axis, (expected, size) in enumerate(zip(row, found[1:], strict=True), start=1):
        if isinstance(size, int) and size != expected:
            return f"axis {axis} differs"
    return ""


def describe_port(port: Port) -> str:
    """Type and shape in words, n the batch axis: ``float32 (n, 1, 18, 72)``."""
    if not port.shape:
        return port.dtype or "of any kind"
    return _text(port.dtype, port.shape[1:], port.shape[0])


def _text(dtype: str, row: Shape, batch: int | str | None = "n") -> str:
    first = batch if isinstance(batch, int) else "n"
    axes = [str(first), *("any" if size is None else str(size) for size in row)]
    return f"{dtype} ({', '.join(axes)})"


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    table = [("", "expected", "found", ""), *((*row[:3], row[3] or "ok") for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = (map(str.ljust, row, widths) for row in table)
    return "\n".join("  " + "  ".join(line).rstrip() for line in lines)
