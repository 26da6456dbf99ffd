"""Data sets in HDF5 files: contiguous arrays, which any HDF5 library reads and which can be mapped.

    /tensors/NAME   rows of the view's tensors
    /truth          class or true value; -1 of what has none
    /file, /entry   where each row came from: number in the list "files", entry of the tree
    /columns/NAME   further logical columns, NaN where a file has none
    /about          JSON: files, adapter, view, units of the tensors, version of rootml

Each array carries a digest of its first and last MiB, and the file its length, so that a file that
was cut short or written over is found out.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from rootml.errors import FileError, OutputError
from rootml.rootio.events.tables import import_h5py
from rootml.spec import Array
from rootml.training.data import DataSet

if TYPE_CHECKING:
    import h5py

FORMAT = 1
LEFT_OUT = ("skipped", "unknown", "unselected")
"""Counts of a data set; files of earlier versions lack the last one."""
EDGE_BYTES = 2**20
_BLOCK_BYTES, _MARGIN_BYTES = 2**26, 2**20


def write_hdf5(data: DataSet, path: Path, about: Mapping[str, Any]) -> None:
    """Write ``data`` to the new file ``path``; ``about``: what JSON can hold.

    Raises OutputError where it cannot be written, and leaves none; MissingExtra without h5py.
    """
    every = (data.truth, data.file, data.entry, *data.columns.values(), *data.tensors.values())
    with _created(path, sum(values.nbytes for values in every)) as file:
        file.attrs.update(rootml_format=FORMAT)
        file.attrs.update({name: getattr(data, name) for name in LEFT_OUT})
        file["about"] = json.dumps(about)
        file["files"] = list(data.files)
        for name in ("truth", "file", "entry"):
            _write(file, name, name, getattr(data, name))
        for group, arrays in (("columns", data.columns), ("tensors", data.tensors)):
            made = file.create_group(group, track_order=True)
            for name, values in arrays.items():
                _write(made, _safe(name), name, values)


@contextlib.contextmanager
def _created(path: Path, size: int) -> Iterator[h5py.File]:
    """A new file that is on disk afterwards, or is not there: also HDF5's closing can fail.

    It may even crash, so that there has to be room for ``size`` bytes and some more before.
    """
    h5py = import_h5py()
    try:
        if shutil.disk_usage(path.parent).free < size + _MARGIN_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        with h5py.File(path, "w") as file:
            yield file
        with path.open("rb+") as written:
            os.fsync(written.fileno())
    except (OSError, RuntimeError) as error:  # the latter is what h5py makes of a failed closing
        with contextlib.suppress(OSError):
            path.unlink()
        told = re.search(r"error message = '([^']+)'", str(error))
        reason = told[1] if told else getattr(error, "strerror", None) or str(error)
        raise OutputError(f"cannot write {path}: {reason.lower()}") from error


def read_hdf5(path: str | Path) -> tuple[DataSet, dict[str, Any]]:
    """Map the data set in the file ``path``, and what it says about itself.

    Raises FileError where there is no such file, or it is not as it was written.
    """
    h5py, path = import_h5py(), Path(path)
    try:
        with h5py.File(path, "r", locking="best-effort") as file:
            return _read(file, path)
    except (OSError, KeyError, ValueError) as error:
        raise FileError(f"{path}: no data set that rootml can read: {error}") from error


def _read(file: h5py.File, path: Path) -> tuple[DataSet, dict[str, Any]]:
    if file.attrs["rootml_format"] != FORMAT:
        raise FileError(f"{path}: format {file.attrs['rootml_format']}, expected {FORMAT}")
    rows: Any = {name: np.array(_mapped(file[name], path)) for name in ("truth", "file", "entry")}
    left_out: Any = {name: int(file.attrs.get(name, 0)) for name in LEFT_OUT}
    columns = {name: np.array(values) for name, values in _arrays(file, "columns", path)}
    data = DataSet(
        dict(_arrays(file, "tensors", path)),
        **rows,
        files=tuple(file["files"].asstr()[:]),
        columns=columns,
        **left_out,
    )
    return data, json.loads(file["about"].asstr()[()])


def _arrays(file: h5py.File, group: str, path: Path) -> Iterator[tuple[str, Array]]:
    for found in file[group].values():
        yield found.attrs["name"], _mapped(found, path)


def _mapped(found: h5py.Dataset, path: Path) -> Array:
    """An array in the file as memory-mapped; FileError where it is not what was written."""
    if not found.size:
        return np.empty(found.shape, found.dtype)
    offset = found.id.get_offset()
    if offset is None or offset + found.nbytes > path.stat().st_size:
        raise FileError(f"{path}: {found.name} is not whole")
    array = np.memmap(path, found.dtype, "r", offset, found.shape)
    if _digest(array) != found.attrs["xxh3"]:
        raise FileError(f"{path}: {found.name} is not what was written")
    return array


def _write(group: h5py.Group, place: str, name: str, values: Array) -> None:
    made = group.create_dataset(place, values.shape, values.dtype)
    step = max(1, _BLOCK_BYTES // max(1, values[:1].nbytes))
    for start in range(0, len(values), step):
        made[start : start + step] = values[start : start + step]
    made.attrs.update(name=name, xxh3=_digest(values))


def _digest(values: Array) -> str:
    """xxh3 of the first and the last MiB."""
    flat = values.reshape(-1)
    edge = max(1, EDGE_BYTES // flat.dtype.itemsize)
    found = xxhash.xxh3_64()
    for part in (flat[:edge], flat[-edge:]):
        found.update(np.ascontiguousarray(part).data)
    return found.hexdigest()


def _safe(name: str) -> str:
    """A name without what HDF5 takes for a path; the true one is an attribute."""
    return name.replace("/", "∕").replace(".", "․")
