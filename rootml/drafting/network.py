"""A network's file without a card: its format, its inputs and outputs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from rootml.drafting.metadata import stored_columns
from rootml.drafting.outputs import OutputGuess, guess_outputs
from rootml.drafting.tensors import check_inputs, width_of
from rootml.errors import FileError, NetworkError, nearest
from rootml.runtime.content import TITLES, recognise
from rootml.runtime.engine import EngineOptions, Port
from rootml.runtime.engines import engine_class, find_kind


@dataclass(frozen=True)
class FoundNetwork:
    """A network that was opened without a card."""

    path: Path
    format: str
    sha256: str
    inputs: tuple[Port, ...]
    outputs: tuple[OutputGuess, ...]


def open_network(path: Path) -> FoundNetwork:
    """Open the network at ``path`` in the format that its content tells, and try it.

    Raises FileError where there is none, NetworkError where it is none, or cannot be opened.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        reason = (error.strerror or str(error)).lower()
        raise FileError(f"{path}: {reason}{nearest(path.name, siblings)}") from error
    format = recognise(data)
    if format not in TITLES:
        known = ", ".join(TITLES.values())
        what = f"it is {format}" if format else "nothing in it tells what it is"
        raise NetworkError(f"{path}: not a network that can be run: {what} (known: {known})")
    sha256 = hashlib.sha256(data).hexdigest()
    engine = engine_class(find_kind(format, where=str(path)))(path, sha256, EngineOptions())
    check_inputs([*engine.inputs.values()], str(path))
    inputs = tuple(
        replace(port, columns=port.columns or stored_columns(engine.metadata, width_of(port)))
        for port in engine.inputs.values()
    )
    return FoundNetwork(path, format, sha256, inputs, guess_outputs(engine))
