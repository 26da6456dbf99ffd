"""Groups of HDF5 files, read as trees are: a dataset is a branch, its rows are the entries."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import awkward as ak
import numpy as np

from rootml.errors import MissingExtra, TreeError, nearest
from rootml.rootio.events.base import Events
from rootml.rootio.events.lazy import FieldPath, assembled, deferred
from rootml.rootio.matching import BranchNames
from rootml.rootio.opening import HDF5_MAGIC, reading

CLASS = "HDF5 group"


def is_hdf5(path: str) -> bool:
    """Whether a file of this machine begins as HDF5's."""
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - URLs are no paths
            return stream.read(len(HDF5_MAGIC)) == HDF5_MAGIC
    except OSError:
        return False


class Hdf5File:
    """An open HDF5 file: its groups with datasets of numbers are trees, the outermost is ``/``."""

    classname = CLASS

    def __init__(self, path: str):
        self.file_path = path
        self.file = self
        h5py = import_h5py()
        with reading(path):
            self._file = h5py.File(path, "r", locking="best-effort")
            self._groups: dict[str, dict[str, Any]] = {}
            self._collect("/", self._file)
            self._file.visititems(self._collect)

    def _collect(self, name: str, found: Any) -> None:
        """Keep a group's datasets, those whose rows are numbers or lists of them."""
        h5py = import_h5py()
        if not isinstance(found, h5py.Group):
            return
        here = {key: one for key, one in found.items() if isinstance(one, h5py.Dataset)}
        numbers = {key: one for key, one in here.items() if one.ndim and _numeric(one)}
        if numbers:
            self._groups[name] = numbers

    @property
    def trees(self) -> list[str]:
        """The groups that are trees."""
        return list(self._groups)

    def open(self, name: str) -> TableEvents:
        """The group of this name; the error for a wrong one lists those there are."""
        if name not in self._groups:
            there = f"(groups: {', '.join(self.trees) or 'none'})"
            raise TreeError(
                f"{self.file_path}: no group {name!r} with datasets"
                f"{nearest(name, self.trees)} {there}"
            )
        return TableEvents(_Table(self, name, self._groups[name]), name)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


class _Table:
    """A group, with what uproot says of a tree; TreeError where datasets differ in length."""

    classname = CLASS

    def __init__(self, file: Hdf5File, name: str, datasets: dict[str, Any]):
        self.file = file
        self.datasets = datasets
        lengths = {key: len(dataset) for key, dataset in datasets.items()}
        first, self.num_entries = next(iter(lengths.items()))
        for key, length in lengths.items():
            if length != self.num_entries:
                raise TreeError(
                    f"{file.file_path}: group {name!r}: {length} rows in {key!r}, "
                    f"{self.num_entries} in {first!r}: expected one for each entry"
                )


class TableEvents(Events):
    """The datasets of a group."""

    def __init__(self, table: _Table, name: str):
        super().__init__(table, name)
        self._datasets = table.datasets
        self.names = BranchNames(self._datasets)

    def _read(self, branch: str, start: int, stop: int) -> ak.Array:
        dataset = self._datasets[branch]
        rows = dataset[start:stop]
        inner = import_h5py().check_vlen_dtype(dataset.dtype)
        if inner is not None:
            lists = [np.asarray(row) for row in rows]
            content = np.concatenate([*lists, np.empty(0, inner)], dtype=inner)
            return ak.unflatten(content, np.array([len(row) for row in lists], np.int64))
        return ak.from_numpy(rows.astype(np.float32) if rows.dtype == np.float16 else rows)

    def nbytes(self, branch: str) -> int:
        """Uncompressed size of a dataset; of lists that of what they take in the file."""
        dataset = self._datasets[branch]
        lists = import_h5py().check_vlen_dtype(dataset.dtype) is not None
        return int(dataset.id.get_storage_size() if lists else dataset.nbytes)

    def describe(self, branch: str) -> tuple[str, str]:
        """Type of a dataset's rows; HDF5 has no titles."""
        dataset = self._datasets[branch]
        inner = import_h5py().check_vlen_dtype(dataset.dtype)
        shape = "".join(f"[{size}]" for size in dataset.shape[1:])
        return (f"{inner.name}[]" if inner is not None else f"{dataset.dtype.name}{shape}"), ""

    def lazy(self) -> tuple[ak.Array, dict[str, FieldPath]]:
        """All datasets, of which nothing is read."""
        length = self.num_entries
        parts = {
            name: deferred(
                ak.to_layout(self._read(name, 0, 0)).form,
                length,
                partial(self._checked, name, 0, length),
            )
            for name in self._datasets
        }
        return assembled(parts, length), {name: (name,) for name in parts}


def _numeric(dataset: Any) -> bool:
    inner = import_h5py().check_vlen_dtype(dataset.dtype)
    return (dataset.dtype if inner is None else np.dtype(inner)).kind in "fiub"


def import_h5py() -> Any:
    """The package h5py; MissingExtra where it is not there."""
    try:
        import h5py
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "HDF5 files need the package 'h5py': pip install \"rootml[hdf5]\""
        ) from error
    return h5py
