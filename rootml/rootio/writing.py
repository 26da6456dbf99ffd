"""Trees written from nothing: what simulations give."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.errors import DataError, LayoutError, OutputError, nearest
from rootml.rootio.container.transaction import Transaction, reporting
from rootml.rootio.table_writing import SUFFIXES, write_table

if TYPE_CHECKING:
    import awkward as ak

ZSTD_LEVEL = 3


@dataclass(frozen=True)
class Shape:
    """How simulated events lie in a file: the tree, and the branches made of some events.

    Branches are NumPy arrays or lists (awkward). Lists get a counter each; records of lists one
    for all their fields, which ``counter_name`` and ``field_name`` name, as in uproot.
    ``simulate``: where the entries are others than the usual ones, such as events of tracks.
    """

    tree: str
    branches: Callable[[ak.Array], Mapping[str, Any]]
    counter_name: Callable[[str], str] = lambda name: f"n{name}"
    field_name: Callable[[str, str], str] = lambda outer, inner: f"{outer}_{inner}"
    simulate: Callable[..., ak.Array] | None = None


@dataclass(frozen=True)
class SimulationWriter:
    """What ``Adapter.write`` can be: simulates events and writes them, ``step`` at a time.

    ``shapes``: by the name of the layout, the usual one first. ``table``: the group of HDF5 files,
    where the layouts may be read from such.
    """

    adapter: str
    simulate: Callable[..., ak.Array]
    shapes: Mapping[str, Shape]
    step: int = 20_000
    table: str = ""

    def __call__(
        self,
        path: str | os.PathLike[str],
        n: int,
        rng: np.random.Generator,
        *,
        layout: str = "",
        progress: Callable[[int], object] | None = None,
        **options: Any,
    ) -> None:
        """Simulate ``n`` entries into ``path``, which appears when it is complete.

        It is a ROOT file or, where it ends like one and there are such, an HDF5 file. ``progress``
        is told how many are done; ``options`` go to the simulation. The same seed gives the same
        events in every layout that has no simulation of its own. Raises LayoutError for an unknown
        layout, DataError for a request that makes no sense and OutputError where the file cannot be
        written.
        """
        layout = layout or next(iter(self.shapes))
        if n < 1:
            raise DataError(f"cannot write {n} events: expected 1 or more")
        if layout not in self.shapes:
            raise LayoutError(
                f"{self.adapter}: layout {layout!r} cannot be written (those that can: "
                f"{', '.join(self.shapes)}){nearest(layout, self.shapes)}"
            )
        if (hdf5 := Path(path).suffix in SUFFIXES) and not self.table:
            raise OutputError(f"{path}: simulated files of {self.adapter} are ROOT files, not HDF5")
        shape = self.shapes[layout]
        simulate = shape.simulate or self.simulate
        drawn = (
            simulate(min(self.step, n - start), rng, **options) for start in range(0, n, self.step)
        )
        parts = _counted(drawn, progress or (lambda done: None))
        if hdf5:
            write_table(Path(path), self.table, map(shape.branches, parts))
        else:
            write_tree(Path(path), shape, parts)


def _counted(parts: Iterable[ak.Array], progress: Callable[[int], object]) -> Iterator[ak.Array]:
    done = 0
    for part in parts:
        yield part
        done += len(part)
        progress(done)


def write_tree(path: Path, shape: Shape, parts: Iterable[ak.Array]) -> None:
    """Write events, in ``parts``, into a new ROOT file; it appears when it is complete.

    The first part says which branches there are. Raises OutputError.
    """
    import uproot

    transaction = Transaction(path, (), overwrite=True)
    try:
        with reporting(transaction.target):
            compression = uproot.ZSTD(ZSTD_LEVEL)
            with uproot.recreate(transaction.path, compression=compression) as file:
                tree: Any = None
                for branches in map(shape.branches, parts):
                    if tree is None:
                        tree = file.mktree(
                            shape.tree,
                            {name: _type(values) for name, values in branches.items()},
                            counter_name=shape.counter_name,
                            field_name=shape.field_name,
                        )
                    tree.extend(branches)
        transaction.commit()
    finally:
        transaction.abort()


def flat_branches(events: ak.Array) -> dict[str, Any]:
    """The fields of events that hold one number each, or a fixed number of them."""
    import awkward as ak

    return {name: ak.to_numpy(events[name]) for name in events.fields}


def _type(values: Any) -> Any:
    """The type of a branch, for uproot."""
    if isinstance(values, np.ndarray):
        return np.dtype((values.dtype, values.shape[1:]))
    return str(values.type.content)
