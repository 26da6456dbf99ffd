"""What the outputs of a network may be, from the values it gives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

import numpy as np

from rootml.drafting.matching import identifier
from rootml.drafting.tensors import LENGTH, sizes
from rootml.errors import NetworkError
from rootml.runtime.engine import Engine, Port
from rootml.runtime.signature import castable
from rootml.spec import Array

ROWS = 64
"""Random rows that tell what an output may be."""
_CARD_DTYPES = ("float32", "float64", "int8", "int16", "int32", "int64")


@dataclass(frozen=True)
class OutputGuess:
    """An output of a network, and what it looks like.

    ``tensor`` is the network's name of it, ``name`` one that a card can have. ``role`` is as on
    cards, and ``note`` says why. ``problem``: why no column can hold it; ``is_spare``: it says
    what another output says too; ``is_open``: the file does not tell, nor did a trial.
    """

    tensor: str
    name: str = ""
    role: str = "value"
    dtype: str = "float32"
    shape: tuple[int, ...] = ()
    note: str = ""
    problem: str = ""
    is_spare: bool = False
    is_open: bool = False

    @property
    def is_written(self) -> bool:
        """Whether the draft has it as an output."""
        return not (self.problem or self.is_spare)


def guess_outputs(engine: Engine) -> tuple[OutputGuess, ...]:
    """What each output may be, from the values it gives for random rows."""
    readable = [port for port in engine.outputs.values() if _column_dtype(port.dtype)]
    values = _try(engine, [port.name for port in readable]) if readable else {}
    found = [
        _guess_output(port, values.get(port.name))
        if port in readable
        else OutputGuess(port.name, problem=_unreadable(port))
        for port in engine.outputs.values()
    ]
    if any(output.role in ("score", "probabilities") for output in found):
        found = [
            replace(output, is_spare=output.tensor == "margin" or output.dtype.startswith("int"))
            for output in found
        ]
    if not any(output.is_written for output in found):
        found.append(OutputGuess("score", note="which output of the network?", is_open=True))
    return tuple(_named(found))


def _named(outputs: Sequence[OutputGuess]) -> Iterator[OutputGuess]:
    """The outputs with different names, those of roles after their role."""
    taken: set[str] = set()
    for output in outputs:
        own = identifier(output.tensor, "output")
        wanted = own if output.role == "value" else output.role
        spelt = chain([wanted], (f"{own}_{number}" for number in count(2)))
        name = next(name for name in spelt if name not in taken)
        taken.add(name)
        yield replace(output, name=name)


def _try(engine: Engine, outputs: Sequence[str]) -> dict[str, Array]:
    """Outputs for random rows; none where the network does not take them."""
    rng = np.random.default_rng(0)
    feed = {name: _random(port, rng) for name, port in engine.inputs.items()}
    try:
        return dict(zip(outputs, engine.run(feed, outputs), strict=True))
    except (NetworkError, TypeError):  # TypeError: a dtype that NumPy does not have
        return {}


def _random(port: Port, rng: np.random.Generator) -> Array:
    shape = (ROWS, *(size or LENGTH for size in sizes(port)))
    if not port.dtype or port.dtype.startswith("float"):
        values = rng.normal(size=shape) * 10 ** rng.uniform(-1, 2, shape)
        return values.astype(port.dtype or "float32")
    return rng.integers(0, 2, shape).astype(port.dtype)


def _guess_output(port: Port, values: Array | None) -> OutputGuess:
    if values is None and port.shape is None:
        return OutputGuess(port.name, note="what is it? The file does not tell", is_open=True)
    dtype = _column_dtype(port.dtype if values is None else values.dtype.name)
    shape = sizes(port) if values is None else values.shape[1:]
    shape = () if shape == (1,) else shape
    if values is not None and len(values) != ROWS:
        return OutputGuess(port.name, problem=f"it has {len(values)} rows for {ROWS}")
    if None in shape:
        return OutputGuess(port.name, problem="its length is not fixed")
    fixed = tuple(size for size in shape if size is not None)
    role, note = _role(values, fixed) if dtype.startswith("float") else ("value", "")
    return OutputGuess(port.name, "", role, dtype, fixed, note)


def _role(values: Array | None, shape: tuple[int, ...]) -> tuple[str, str]:
    if values is None or not np.isfinite(values).all():
        return "value", ""
    if values.min() < 0 or values.max() > 1:
        return "value", ""
    if not shape:
        return "score", "all its values lie in 0..1"
    if len(shape) == 1 and np.allclose(values.sum(axis=1), 1, atol=1e-3):
        return "probabilities", "the values of a row add up to 1"
    return "value", ""


def _column_dtype(dtype: str) -> str:
    """The type of a card that holds it best; empty if none does."""
    if dtype in ("", *_CARD_DTYPES):
        return dtype or "float32"
    return next((kind for kind in _CARD_DTYPES if castable(dtype, kind)), "")


def _unreadable(port: Port) -> str:
    if re.match(r"seq\(map", port.dtype):
        return "a sequence of maps; convert with options={'zipmap': False}"
    return f"no column can hold {port.dtype}"
