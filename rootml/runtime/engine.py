"""What runs a network: what every engine offers, whatever library is behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

from rootml.errors import NetworkError, RootmlError
from rootml.runtime.content import check_format
from rootml.runtime.cores import available_cores
from rootml.runtime.kept import Kept
from rootml.runtime.network_file import read_network
from rootml.spec import Array


@dataclass(frozen=True)
class Port:
    """A named input or output of a graph.

    ``shape`` includes the batch axis; a string or None stands for an axis of any length.
    ``dtype`` is NumPy's name, or the engine's own where NumPy has none. A file that does not
    tell them leaves ``shape`` None, ``dtype`` empty. ``columns`` are the names of the last axis,
    if stored.
    """

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class EngineOptions:
    """How a network is run.

    ``threads`` that one call may use; ``device``, one of the engine's; ``outputs``: the card's
    names of the network's outputs, for files that number them instead; ``asked``: someone asked
    for as many threads, wherever the network is opened; ``bfloat16_after``: the graph's tensor up
    to which float32 is needed, empty where that is everywhere.
    """

    threads: int = 1
    device: str = "cpu"
    outputs: tuple[str, ...] = ()
    asked: bool = False
    bfloat16_after: str = ""


class Engine(ABC):
    """Runs one network; safe to call from several threads, and to pickle."""

    name: ClassVar[str]
    """What a card or a user calls the engine."""
    version: str
    """Version of the library, or of the server."""
    where: str
    """What to call the network in errors: its file, or its address."""
    device: str
    """Where it runs: ``"cpu"``, ``"cuda"``, or the address of a server."""
    sha256: str
    """That of the network it runs; empty where nobody tells."""

    inputs: Mapping[str, Port]
    """The graph's inputs by name."""
    outputs: Mapping[str, Port]
    """The graph's outputs by name."""
    metadata: Mapping[str, str] = MappingProxyType({})
    """What whoever made the file wrote into it of the network."""

    def run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """The named outputs for one batch of rows, one or more; NetworkError where it fails."""
        try:
            return self._run(tensors, outputs)
        except RootmlError:
            raise
        except Exception as error:
            raise NetworkError(f"{self.where}: the network failed: {reason(error)}") from error

    def run_each(
        self, batches: Iterable[Mapping[str, Array]], outputs: Sequence[str]
    ) -> Iterator[list[Array]]:
        """What :meth:`run` returns of each batch, in order."""
        return (self.run(tensors, outputs) for tensors in batches)

    def described(self) -> dict[str, str]:
        """What ran the network, for the record in the output."""
        return {"name": self.name, "version": self.version, "device": self.device}

    @abstractmethod
    def _run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """What :meth:`run` returns."""


class FileEngine(Engine):
    """Runs the network that is in a file, by a library on this machine.

    The file is read once, and the bytes whose sha256 was checked are those that are opened.
    Pickled, an engine travels as its path, sha256 and options. Where it arrives the file is opened
    once a process, on no more threads than there are cores unless they were asked for.
    """

    format: ClassVar[str]
    """Format of the networks it runs."""

    def __init__(self, path: Path, sha256: str, options: EngineOptions | None = None) -> None:
        self.path, self.where = path, str(path)
        self.options = options or EngineOptions()
        self.device = self.options.device
        self.sha256 = sha256
        data = read_network(path, sha256)
        check_format(data, self.format, path)
        try:
            self._open(data)
        except RootmlError:
            raise
        except Exception as error:  # the libraries' errors share no base class
            raise NetworkError(
                f"{path}: {self.name} cannot open this network: {reason(error)}"
            ) from error

    @property
    def threads(self) -> int:
        """Threads that one call uses."""
        return self.options.threads

    def __reduce__(self) -> tuple[object, tuple[type[FileEngine], Path, str, EngineOptions]]:
        return _arrived, (type(self), self.path.absolute(), self.sha256, self.options)

    @abstractmethod
    def _open(self, data: bytes) -> None:
        """Open the network held in ``data`` and set ``inputs`` and ``outputs``."""


def _open(kind: type[FileEngine], path: Path, sha256: str, options: EngineOptions) -> FileEngine:
    return kind(path, sha256, options)


_opened = Kept(_open)


def _arrived(kind: type[FileEngine], path: Path, sha256: str, options: EngineOptions) -> FileEngine:
    if not options.asked:
        options = replace(options, threads=min(options.threads, available_cores()))
    return _opened(kind, path, sha256, options)


def reason(error: Exception) -> str:
    """What went wrong, in one line."""
    return " ".join(str(error).split()) or type(error).__name__
