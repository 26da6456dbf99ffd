"""Trees written from nothing: what simulations give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rootml.rootio.container.transaction import Transaction, reporting

ZSTD_LEVEL = 3


def write_tree(
    path: Path,
    tree: str,
    parts: Iterable[Mapping[str, Any]],
    *,
    counter_name: Callable[[str], str] = lambda name: f"n{name}",
    field_name: Callable[[str, str], str] = lambda outer, inner: f"{outer}_{inner}",
) -> None:
    """Write events as one tree into a new ROOT file ``path``, which appears when it is complete.

    ``parts``: the branches of some events each, NumPy arrays or lists (awkward); the first part
    says which branches there are. ``tree`` may lie in a folder (``folder/tree``). Lists get a
    counter, records of lists one for all their fields: ``counter_name`` and ``field_name`` name
    them, as in uproot. Raises OutputError where the file cannot be written.
    """
    import uproot

    transaction = Transaction(path, (), overwrite=True)
    try:
        with reporting(transaction.target):
            compression = uproot.ZSTD(ZSTD_LEVEL)
            with uproot.recreate(transaction.path, compression=compression) as file:
                written: Any = None
                for branches in parts:
                    if written is None:
                        written = file.mktree(
                            tree,
                            {name: _type(values) for name, values in branches.items()},
                            counter_name=counter_name,
                            field_name=field_name,
                        )
                    written.extend(branches)
        transaction.commit()
    finally:
        transaction.abort()


def _type(values: Any) -> Any:
    """The type of a branch, for uproot."""
    if isinstance(values, np.ndarray):
        return np.dtype((values.dtype, values.shape[1:]))
    return str(values.type.content)
