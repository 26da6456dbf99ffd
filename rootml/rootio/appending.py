"""New columns of one object, a TTree or what else holds events, of a file appended to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from rootml.rootio.container.directory import KeyList, find_object
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.ttree.streamers import ClassVersion
from rootml.rootio.ttree.tracing import Reader
from rootml.spec import Column


class Appending(Protocol):
    """Columns on their way into one object: ``write`` each chunk, then ``finish``.

    Made with everything checked that can be before the first event; nothing but
    ``RootFile.append``, ``overwrite`` and ``release`` changes the file (see there).
    """

    @property
    def path(self) -> str:
        """Where the object is in the file, with its cycle."""

    @property
    def keys(self) -> KeyList:
        """The keys of its directory; the caller writes them after ``finish``."""

    @property
    def needed_streamers(self) -> set[ClassVersion]:
        """The classes that the file must describe; known after ``finish``."""

    def write(self, columns: Mapping[str, Any]) -> None:
        """Take the next events of all columns; DataError where they do not fit."""

    def finish(self) -> None:
        """Append the rest, then the object anew, and put its key in the place of the old one.

        Raises DataError if events are missing.
        """

    def verify(self, source: Path, file: RootFile) -> None:
        """Prove that nothing of the object was lost; AppendRefused if something was.

        Called after ``file.plan()``: no old byte has changed yet, ``file.planned()`` is the
        file as it is going to be. ``source`` is the file that was copied, or the same one.
        """


def start_append(
    file: RootFile,
    reader: Reader,
    path: str,
    columns: Sequence[Column],
    *,
    compression: int | None = None,
    replace: Iterable[str] = (),
) -> Appending:
    """Begin to add ``columns`` to the object ``path`` of ``file``, by the class of its key.

    ``reader``: the same file as it was. ``compression``: ``fCompress``, None for the file's own.
    ``replace``: columns there that give way. Raises AppendRefused, TreeError.
    """
    found = find_object(file, path)
    kind: Callable[..., Appending]
    if b"RNTuple" in found.key.class_name:
        from rootml.rootio.rntuple.append import NTupleAppend as kind
    else:
        from rootml.rootio.ttree.append import TreeAppend as kind
    return kind(file, reader, found, columns, compression=compression, replace=replace)
