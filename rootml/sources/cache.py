"""Files from elsewhere, kept under their sha256.

A file is written under a temporary name and renamed once it is whole and right, so that any
number of jobs may fill one cache at once, on any file system, without locks.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import platformdirs

from rootml.errors import IntegrityError, OutputError, RegistryError
from rootml.runtime.content import TITLES, recognise

CACHE_VARIABLE = "ROOTML_CACHE"

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SMALL = 1 << 20
"""Bytes of a file that is looked into where it is not the right one."""


def cache_folder() -> Path:
    """The folder that ``ROOTML_CACHE`` names, else the user's cache folder of this system."""
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).expanduser().absolute() if named else platformdirs.user_cache_path("rootml")


def cached(sha256: str) -> Path | None:
    """The file of this sha256 in the cache; None where there is none that is right."""
    path = cache_folder() / sha256
    return path if path.is_file() and has_sha256(path, sha256) else None


def cache_entries() -> list[Path]:
    """Every file of the cache; its name says which sha256 it must have."""
    folder = cache_folder()
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _SHA256.fullmatch(path.name))


def file_sha256(path: Path) -> str:
    """The sha256 of the content of ``path``; RegistryError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror or error}") from error


def has_sha256(path: Path, sha256: str) -> bool:
    """Whether the content of ``path`` can be read and has this sha256."""
    try:
        return file_sha256(path) == sha256
    except RegistryError:
        return False


class Incoming:
    """A file on its way into the cache, measured and hashed as it is written."""

    def __init__(self, file: IO[bytes], path: Path, limit: int, what: str) -> None:
        self._file, self._path, self._limit, self._what = file, path, limit, what
        self._hash = hashlib.sha256()
        self.size = 0
        """Bytes so far."""

    def write(self, data: bytes) -> int:
        """Take the next bytes; RegistryError for too many, OutputError for a full disk."""
        from rootml.rootio.container.transaction import reporting

        self.size += len(data)
        if self.size > self._limit:
            raise RegistryError(f"{self._what}: is larger than the {self._limit:,} bytes allowed")
        self._hash.update(data)
        with reporting(self._path):
            return self._file.write(data)

    def flush(self) -> None:
        """Do nothing: the file is brought to disk once it is whole."""

    def check(self, sha256: str, path: Path) -> None:
        """Raise IntegrityError unless what has come, to ``path``, is what was asked for."""
        found = self._hash.hexdigest()
        if found == sha256:
            return
        content = recognise(path.read_bytes()) if self.size <= _SMALL else ""
        what = "" if content in ("", *TITLES) else f" but {content}"
        raise IntegrityError(
            f"{self._what}: not the file that was asked for{what}\n"
            f"  sha256 expected: {sha256}\n"
            f"  sha256 found:    {found}"
        )


@contextmanager
def incoming(sha256: str, limit: int, what: str) -> Iterator[Incoming]:
    """Take a file into the cache: it is there when the block ends, and only if it is right.

    ``limit``: bytes it may have; ``what``: its name in errors. Raises IntegrityError where the
    sha256 is another, RegistryError where it is too large, OutputError where the cache cannot be
    written.
    """
    from rootml.rootio.container.transaction import Transaction, reporting

    path = cache_folder() / sha256
    with _advised():
        with reporting(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        transaction = Transaction(path, (), overwrite=True)
        try:
            with transaction.path.open("wb") as file:
                arriving = Incoming(file, path, limit, what)
                yield arriving
                with reporting(path):
                    file.flush()
            arriving.check(sha256, transaction.path)
            transaction.commit()
        finally:
            transaction.abort()


@contextmanager
def _advised() -> Iterator[None]:
    try:
        yield
    except OutputError as error:
        raise OutputError(
            f"{error}\n  (the cache of networks; {CACHE_VARIABLE} may name another folder)"
        ) from error
