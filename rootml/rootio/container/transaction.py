"""A file appears at its destination whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from rootml.errors import OutputError

_NAME_BYTES = 200  # of 255 that a file system allows
SUFFIX = ".rootml-partial"
"""How temporary files end: after a kill, one may be left and may be deleted."""


@contextlib.contextmanager
def reporting(target: str | Path) -> Iterator[None]:
    """Turn errors of the operating system into an OutputError that names ``target``."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise OutputError(f"cannot write {target}: {reason}") from error


def check_target(target: Path, sources: Iterable[Path] = (), *, overwrite: bool) -> None:
    """Refuse a file to be written that is one of ``sources``, a folder, in none, or there already.

    Raises OutputError.
    """
    if target.is_dir():
        raise OutputError(f"{target}: is a folder, expected the name of the output file")
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(f"{target}: cannot be written: no folder {folder}")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{target}: cannot be written: folder {folder} is not writable")
    if not target.exists():
        return
    if any(source.exists() and source.samefile(target) for source in sources):
        raise OutputError(
            f"{target}: is the input file itself; give another name for the output, "
            "or say --in-place (in_place=True)"
        )
    if not overwrite:
        raise OutputError(f"{target}: exists already; --overwrite (overwrite=True) replaces it")


@contextlib.contextmanager
def made_folder(folder: Path) -> Iterator[None]:
    """Make ``folder`` if it is not there, and take it away if nothing came to lie in it."""
    if folder.is_dir():
        yield
        return
    with reporting(folder):
        folder.mkdir(parents=True)
    try:
        yield
    finally:
        if not any(folder.iterdir()):
            folder.rmdir()


class Transaction:
    """A temporary file beside ``target`` that ``commit`` gives its name.

    Raises OutputError as ``check_target`` does, at once and again before the file appears.
    """

    def __init__(self, target: Path, sources: tuple[Path, ...], *, overwrite: bool) -> None:
        self.target, self._sources, self._overwrite = target, sources, overwrite
        self.check()
        name = os.fsdecode(os.fsencode(target.name)[:_NAME_BYTES])
        with reporting(target):
            fd, path = tempfile.mkstemp(SUFFIX, f".{name}.", target.parent)
        os.close(fd)
        self.path = Path(path)

    def check(self) -> None:
        """Refuse a target that must not be replaced."""
        check_target(self.target, self._sources, overwrite=self._overwrite)

    def commit(self, mode: int | None = None) -> None:
        """Bring the file to disk and rename it; ``mode``: permissions, None for the default."""
        self.check()
        with reporting(self.target):
            self.path.chmod(0o666 & ~_umask() if mode is None else mode)
            _sync(self.path)
            self.path.replace(self.target)
        with contextlib.suppress(OSError):  # the file is there; not every system syncs folders
            _sync(self.target.parent)

    def abort(self) -> None:
        """Remove the temporary file, if it is still there."""
        self.path.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
