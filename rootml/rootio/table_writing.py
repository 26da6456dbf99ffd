"""HDF5 files written from nothing: a dataset a branch, a row an entry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rootml.errors import OutputError
from rootml.rootio.container.transaction import Transaction, reporting
from rootml.rootio.events.tables import import_h5py

if TYPE_CHECKING:
    import awkward as ak

SUFFIXES = (".h5", ".hdf5")
COMPRESSION = {"compression": "gzip", "compression_opts": 1}
"""What every HDF5 library reads; higher levels cost time and gain little on noise."""
CHUNK_BYTES = 2**18
COLUMNS = 16
"""Of a chunk of lists."""


def write_table(path: Path, group: str, parts: Iterable[Mapping[str, Any]]) -> None:
    """Write branches, in ``parts``, into ``group`` of a new file; it appears when it is complete.

    Branches are NumPy arrays or lists (awkward): these become arrays as wide as the longest list
    of the file, with zeros behind the others. Raises OutputError, MissingExtra without h5py.
    """
    h5py = import_h5py()
    transaction = Transaction(path, (), overwrite=True)
    try:
        with reporting(transaction.target), h5py.File(transaction.path, "w") as file:
            tree = file.create_group(group)
            for branches in parts:
                for name, values in _columns(branches):
                    _append(tree, name, values)
        transaction.commit()
    except RuntimeError as error:  # what h5py makes of a failed closing
        raise OutputError(f"cannot write {transaction.target}: {error}") from error
    finally:
        transaction.abort()


def _columns(branches: Mapping[str, Any]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    """Each branch as an array; of records of lists every field is one."""
    for name, values in branches.items():
        if isinstance(values, np.ndarray):
            yield name, values
        elif values.fields:
            for field in values.fields:
                yield f"{name}_{field}", _padded(values[field])
        else:
            yield name, _padded(values)


def _padded(lists: ak.Array) -> npt.NDArray[Any]:
    import awkward as ak

    counts, values = ak.to_numpy(ak.num(lists)), ak.to_numpy(ak.flatten(lists))
    padded = np.zeros((len(counts), counts.max(initial=0)), values.dtype)
    padded[np.arange(padded.shape[1]) < counts[:, None]] = values
    return padded


def _append(tree: Any, name: str, values: npt.NDArray[Any]) -> None:
    """Lengthen a dataset by ``values``, and widen it where they are wider."""
    if name not in tree:
        row = values.shape[1:]
        wide = row if values.ndim > 2 else (None,) * len(row)
        chunk = row if values.ndim > 2 else (COLUMNS,) * len(row)
        rows = max(CHUNK_BYTES // (values.itemsize * int(np.prod(chunk))), 1)
        tree.create_dataset(
            name,
            (0, *row),
            values.dtype,
            maxshape=(None, *wide),
            chunks=(rows, *chunk),
            **COMPRESSION,
        )
    dataset = tree[name]
    start = len(dataset)
    widest = np.maximum(dataset.shape[1:], values.shape[1:]).astype(int)
    dataset.resize((start + len(values), *widest))
    dataset[(slice(start, None), *map(slice, values.shape[1:]))] = values
