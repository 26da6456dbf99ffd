"""Data sets that are read once: kept in a folder under a name that follows from their content."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Unpack

import xxhash

import rootml
from rootml.adapter import Adapter, View
from rootml.declared.schema import Declaration
from rootml.errors import FileError, RootmlWarning
from rootml.plugins import sources_of
from rootml.rootio.container.transaction import reporting
from rootml.training.data import DataSet
from rootml.training.labels import described
from rootml.training.reading import Reading, load_dataset
from rootml.training.store import EDGE_BYTES, FORMAT, read_hdf5, write_hdf5
from rootml.training.task import Task

SCRATCH = "cache-"
"""How folders of what is being read begin; a lock says that one is in use."""


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """A temporary folder in ``folder``; those that killed processes left there are removed."""
    with reporting(folder):
        for left in folder.glob(f"{SCRATCH}*/"):
            with _locked(left) as abandoned:
                if abandoned:
                    shutil.rmtree(left, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=folder))
    try:
        with _locked(made):
            yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the lock of a folder, which ends with the process; False where another has it."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


def cached_dataset(
    files: Sequence[str | Path],
    adapter: Adapter,
    view: View,
    task: Task | None,
    cache: Path,
    *,
    declaration: Declaration | None = None,
    **how: Unpack[Reading],
) -> DataSet:
    """What :func:`load_dataset` reads, from the folder ``cache`` where it is there already.

    ``declaration``: the adapter as a text, where it is none of an installed package. What is not
    there, or not as it was written, is made. Raises OutputError where the folder cannot be
    written to, MissingExtra without h5py, and what :func:`load_dataset` raises.
    """
    about = describe(files, adapter, view, task, declaration, how)
    key = xxhash.xxh3_128_hexdigest(json.dumps(about, sort_keys=True).encode())
    path = cache / f"{key}.h5"
    if path.exists():
        try:
            return _checked(path, about)
        except FileError as error:
            warnings.warn(f"{error}: it is made anew", RootmlWarning)
    with reporting(cache):
        cache.mkdir(parents=True, exist_ok=True)
    with scratch(cache) as folder:
        data = load_dataset(files, adapter, view, task, folder, **how)
        part = folder / path.name
        write_hdf5(data, part, about)
        with reporting(path):
            part.replace(path)
    return _checked(path, about)


def _checked(path: Path, about: dict[str, Any]) -> DataSet:
    data, said = read_hdf5(path)
    if said != about:
        raise FileError(f"{path}: holds other data")
    return data


def get_dataset(
    files: Sequence[str | Path],
    adapter: Adapter,
    view: View,
    task: Task | None,
    folder: Path,
    *,
    cache: Path | None = None,
    declaration: Declaration | None = None,
    **how: Unpack[Reading],
) -> DataSet:
    """:func:`cached_dataset` in ``cache`` or, where that is None, mapped files in ``folder``."""
    if cache is None:
        return load_dataset(files, adapter, view, task, folder, **how)
    return cached_dataset(files, adapter, view, task, cache, declaration=declaration, **how)


def describe(
    files: Sequence[str | Path],
    adapter: Adapter,
    view: View,
    task: Task | None,
    declaration: Declaration | None,
    how: Reading,
) -> dict[str, Any]:
    """All that the content of a data set follows from, as JSON holds it."""
    about = {
        "format": FORMAT,
        "rootml": rootml.__version__,
        "adapter": adapter.name,
        "adapter_is": _code(adapter)
        if declaration is None
        else declaration.model_dump(mode="json"),
        "view": view.name,
        "tensors": [asdict(spec) for spec in view.tensors],
        "task": None if task is None else described(task, adapter),
        "files": [_identity(Path(path)) for path in files],
        "how": {key: value for key, value in sorted(how.items()) if value},
    }
    found: dict[str, Any] = json.loads(json.dumps(about))
    return found


def _identity(path: Path) -> dict[str, Any]:
    """Name, size, time and a digest of the first and last MiB of a file."""
    try:
        facts = path.stat()
        with path.open("rb") as file:
            found = xxhash.xxh3_64(file.read(EDGE_BYTES))
            file.seek(max(0, facts.st_size - EDGE_BYTES))
            found.update(file.read())
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    return {
        "name": path.name,
        "bytes": facts.st_size,
        "modified_ns": facts.st_mtime_ns,
        "xxh3": found.hexdigest(),
    }


def _code(adapter: Adapter) -> str:
    """Digest of the package that offers the adapter: another decoder may give other tensors."""
    found = xxhash.xxh3_64()
    for path in sources_of(adapter.name):
        found.update(path.read_bytes())
    return found.hexdigest()
