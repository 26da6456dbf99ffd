"""What runs a network: the protocol, and the choice of engine and threads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rootml.card import ModelCard
from rootml.errors import NetworkError, nearest
from rootml.spec import Array

DEVICES = ("cpu", "cuda")
FORMATS = ("onnx",)

SMALL_NETWORK = 1_000_000
"""Parameters below which a second thread costs more in synchronisation than it brings."""


@dataclass(frozen=True)
class Port:
    """A named input or output of a graph.

    ``shape`` includes the batch axis; a string or None stands for an axis of any length, and
    ``shape`` None for an unknown rank. ``dtype`` is NumPy's name, or the engine's own where
    NumPy has none.
    """

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None


class Engine(Protocol):
    """Runs one network; safe to call from several threads, and to pickle."""

    @property
    def path(self) -> Path:
        """The network's file."""

    @property
    def inputs(self) -> Mapping[str, Port]:
        """The graph's inputs by name."""

    @property
    def outputs(self) -> Mapping[str, Port]:
        """The graph's outputs by name."""

    @property
    def threads(self) -> int:
        """Threads that one call uses."""

    @property
    def device(self) -> str:
        """One of ``DEVICES``."""

    def run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """The named outputs for one batch of rows; raises NetworkError where it fails."""


def open_engine(
    card: ModelCard, path: Path, *, threads: int | None = None, device: str = "cpu"
) -> Engine:
    """Start the engine for the network of ``card`` at ``path``, after checking its sha256.

    ``threads``: None takes the card's, else one for small networks and all available cores for
    the others. ``device``: ``"cpu"`` or ``"cuda"``.
    """
    if device not in DEVICES:
        known = " or ".join(repr(name) for name in DEVICES)
        raise NetworkError(f"no device is called {device!r}; expected {known}")
    if threads is not None and threads < 1:
        raise NetworkError(f"a network runs on one thread or more, not on {threads}")
    if card.network.format != "onnx":
        raise NetworkError(
            f"{path}: no engine runs networks of format {card.network.format!r}"
            f"{nearest(card.network.format, FORMATS)} (known: {', '.join(FORMATS)})"
        )
    from rootml.runtime.onnx_engine import OnnxEngine

    return OnnxEngine(path, card.network.sha256, threads or _best_threads(card, path), device)


def available_cores() -> int:
    """Cores that this process may run on, which a batch system may have limited."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _best_threads(card: ModelCard, path: Path) -> int:
    if card.threads is not None:
        return min(card.threads, available_cores())
    parameters = card.parameters
    if parameters is None:
        parameters = path.stat().st_size // 4 if path.exists() else 0
    return 1 if parameters < SMALL_NETWORK else available_cores()
