"""Whole files on their way between this machine and a server, compared when they have arrived."""

from __future__ import annotations

import contextlib
import os
import tempfile
import uuid
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rootml.errors import FileError, OutputError
from rootml.rootio.container.transaction import SUFFIX, Transaction, check_target, reporting
from rootml.rootio.remote import Location, connect, explain, inside, name_of, parent

STEP = 8 << 20
"""Bytes that travel at a time."""
WRITABLE = ("root",)
_MODE = 0o644  # as xrdcp
_NOT_FOUND = "[3011]"  # kXR_NotFound, in the XRootD protocol's list of errors


def check_output(target: Location, sources: Iterable[Location] = (), *, overwrite: bool) -> None:
    """Refuse a file to be written that is one of ``sources``, a folder, in none, or there already.

    Raises OutputError, or MissingExtra for a server that cannot be reached without.
    """
    if isinstance(target, Path):
        local = (source for source in sources if isinstance(source, Path))
        check_target(target, local, overwrite=overwrite)
        return
    check_writable(target)
    system, path = connect(target)
    folder = parent(target)
    with _reporting(target):
        there = _kind(system, path)
        if there == "directory":
            raise OutputError(f"{target}: is a folder, expected the name of the output file")
        if _kind(system, connect(folder)[1]) != "directory":
            raise OutputError(f"{target}: cannot be written: no folder {folder}")
    if there and any(isinstance(one, str) and _place(one) == _place(target) for one in sources):
        raise OutputError(f"{target}: is the input file itself; give another name for the output")
    if there and not overwrite:
        raise OutputError(f"{target}: exists already; --overwrite (overwrite=True) replaces it")


def check_writable(url: str) -> None:
    """Refuse a server of a kind that nothing is written to."""
    scheme = url.partition("://")[0]
    if scheme not in WRITABLE:
        raise OutputError(
            f"{url}: {scheme}:// is read, not written; outputs go to root:// or to this machine"
        )


@contextlib.contextmanager
def made_remote_folder(url: str) -> Iterator[None]:
    """Make a folder if it is not there, and take it away if nothing came to lie in it."""
    check_writable(url)
    system, path = connect(url)
    with _reporting(url):
        made = _kind(system, path) is None
        if made:
            system.makedirs(path, exist_ok=True)
    try:
        yield
    finally:
        if made:
            with contextlib.suppress(Exception):  # it is not empty, or the server is gone
                system.rmdir(path)


def claim(
    target: Location, sources: tuple[Location, ...] = (), *, overwrite: bool
) -> Transaction | Upload:
    """The place to write ``target`` to; OutputError as of :func:`check_output`."""
    if isinstance(target, Path):
        local = tuple(source for source in sources if isinstance(source, Path))
        return Transaction(target, local, overwrite=overwrite)
    return Upload(target, sources, overwrite=overwrite)


def download(url: str, to: Path) -> None:
    """Fetch a whole file; FileError where it cannot be had, or what came is not what is there."""
    system, path = connect(url)
    try:
        system.get_file(path, os.fspath(to), chunk_size=STEP)
        size, there = system.size(path), to.stat().st_size
        same = size in (None, there) and _same_checksum(system, path, to) is not False
    except Exception as error:  # the client libraries share no base class
        raise FileError(f"cannot be copied: {explain(error)}") from error
    if not same:
        raise FileError(f"its copy differs from it ({there} bytes came of {size})")


class Upload:
    """A temporary file of this machine that ``commit`` brings to the URL ``target``.

    It travels under a temporary name beside the target, is compared there by the server's
    checksum, or read back where it has none, and only then renamed. Temporary files are where
    TMPDIR says. Raises OutputError as ``check_output`` does, or where the server lets nothing be
    written, at once and again before the file appears.
    """

    def __init__(self, target: str, sources: tuple[Location, ...], *, overwrite: bool) -> None:
        self.target, self._sources, self._overwrite = target, sources, overwrite
        self.check()
        name = f".{name_of(target)}.{uuid.uuid4().hex[:8]}{SUFFIX}"
        self._partial = str(inside(parent(target), name))
        with self._travelling() as (system, partial, _):
            _write(system, Path(os.devnull), partial)
            system.rm_file(partial)
        with reporting(target):
            fd, path = tempfile.mkstemp(SUFFIX, "rootml-")
        os.close(fd)
        self.path = Path(path)

    def check(self) -> None:
        """Refuse a target that must not be replaced."""
        check_output(self.target, self._sources, overwrite=self._overwrite)

    def commit(self, mode: int | None = None) -> None:
        """Bring the file to the server, compare it there and rename it; ``mode``: permissions."""
        self.check()
        with self._travelling() as (system, partial, path):
            _write(system, self.path, partial)
            if not _same(system, partial, self.path):
                raise OutputError(f"cannot write {self.target}: what arrived differs")
            with contextlib.suppress(OSError):  # not every server lets its clients say
                system.chmod(partial, _MODE if mode is None else mode & 0o777)
            system.mv(partial, path)
        with contextlib.suppress(Exception):  # it is there
            system.invalidate_cache(path)  # else who has read the old file would go on reading it

    def abort(self) -> None:
        """Remove the temporary file, if it is still there."""
        self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _travelling(self) -> Iterator[tuple[Any, str, str]]:
        """The server, and where the partial and the final file are on it.

        After an error the partial one is removed, if the server still listens.
        """
        system, path = connect(self.target)
        partial = connect(self._partial)[1]
        try:
            yield system, partial, path
        except BaseException as error:
            left = _remove(system, partial, self._partial)
            if isinstance(error, OutputError) or not isinstance(error, Exception):
                raise
            raise OutputError(f"cannot write {self.target}: {explain(error)}{left}") from error


def _remove(system: Any, path: str, url: str) -> str:
    """Remove a file; where that fails, return so in words."""
    try:
        system.rm_file(path)
    except Exception as error:  # the client libraries share no base class
        return "" if _NOT_FOUND in str(error) else f"; {url} may be left there"
    return ""


def _kind(system: Any, path: str) -> str | None:
    """``"file"`` or ``"directory"``, None where there is nothing."""
    try:
        kind: str = system.info(path)["type"]
    except FileNotFoundError:
        return None
    except OSError as error:
        if _NOT_FOUND in str(error):
            return None
        raise
    return kind


def _place(url: str) -> tuple[Any, str]:
    system, path = connect(url)
    return system, os.path.normpath(path.partition("?")[0])


@contextlib.contextmanager
def _reporting(target: str) -> Iterator[None]:
    """Turn errors of a client library into an OutputError that names ``target``."""
    try:
        yield
    except OutputError:
        raise
    except Exception as error:  # the client libraries share no base class
        raise OutputError(f"cannot write {target}: {explain(error)}") from error


def _write(system: Any, path: Path, to: str) -> None:
    file = system.open(to, "wb")
    try:
        with path.open("rb") as source:
            while data := source.read(STEP):
                file.write(data)
        file.close()
    finally:
        file.closed = True  # else the collector would try to close it once more


def _same(system: Any, path: str, local: Path) -> bool:
    """Whether a file of the server is that of this machine: by checksum, or else read back."""
    size = local.stat().st_size
    if system.size(path) != size:
        return False
    same = _same_checksum(system, path, local)
    if same is not None:
        return same
    with local.open("rb") as file:
        return all(
            bytes(system.cat_file(path, start=at, end=min(at + STEP, size))) == file.read(STEP)
            for at in range(0, size, STEP)
        )


def _same_checksum(system: Any, path: str, local: Path) -> bool | None:
    """Whether the server's Adler-32 of a file is that of ``local``; None where it tells none."""
    try:
        kind, value = system.checksum(path)
        expected = int(value, 16)
    except (OSError, NotImplementedError, TypeError, ValueError):
        return None
    if kind != "adler32":
        return None
    found = 1
    with local.open("rb") as file:
        while data := file.read(STEP):
            found = zlib.adler32(data, found)
    return found == expected
