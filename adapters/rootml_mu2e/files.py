"""Simulated tracks as ROOT files: one an entry, or several an event."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.errors import DataError, LayoutError, nearest
from rootml.rootio.container.transaction import Transaction, reporting
from rootml_mu2e.simulation import chunks

if TYPE_CHECKING:
    import awkward as ak

STEP = 100_000
"""Entries simulated and written at a time."""
TRACKS = (0.15, 0.6, 0.2, 0.05)
"""Share of events with no, one, two and three fitted tracks (chosen)."""
TREES = {"flat": "trkana", "tracks": "ntuple"}

_MEMBERS = ("status", "pdg", "nhits", "nactive", "ndactive", "nnullambig", "nmatactive", "fitcon")


def write(
    path: str | os.PathLike[str],
    n: int,
    rng: np.random.Generator,
    *,
    layout: str = "flat",
    progress: Callable[[int], object] | None = None,
    **options: Any,
) -> None:
    """Simulate ``n`` entries into the ROOT file ``path``: tracks, or events in layout ``tracks``.

    ``progress`` is told how many entries are done; ``options`` go to the simulation. The file
    appears under its name when it is complete. Raises LayoutError for a layout that cannot be
    written, DataError for a request that makes no sense and OutputError where the file cannot be
    written.
    """
    if n < 1:
        raise DataError(f"cannot write {n} entries: expected 1 or more")
    if layout not in TREES:
        raise LayoutError(
            f"mu2e: layout {layout!r} cannot be written (those that can: {', '.join(TREES)})"
            f"{nearest(layout, TREES)}"
        )
    transaction = Transaction(Path(path), (), overwrite=True)
    try:
        with reporting(transaction.target):
            _write(transaction.path, n, rng, layout, progress, options)
        transaction.commit()
    finally:
        transaction.abort()


def _write(
    path: Path,
    n: int,
    rng: np.random.Generator,
    layout: str,
    progress: Callable[[int], object] | None,
    options: Mapping[str, Any],
) -> None:
    import uproot

    with uproot.recreate(path, compression=uproot.ZSTD(3)) as file:
        written: Any = None
        for start in range(0, n, STEP):
            branches = _branches(min(STEP, n - start), rng, layout, options)
            if written is None:
                written = file.mktree(
                    TREES[layout],
                    {name: _kind(values) for name, values in branches.items()},
                    counter_name=lambda outer: "ntrk",
                    field_name=lambda outer, inner: inner,
                )
            written.extend(branches)
            if progress is not None:
                progress(min(start + STEP, n))


def _branches(
    n: int, rng: np.random.Generator, layout: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    import awkward as ak

    counts = rng.choice(len(TRACKS), n, p=TRACKS) if layout == "tracks" else None
    tracks = ak.concatenate([*chunks(n if counts is None else int(counts.sum()), rng, **options)])
    if counts is None:
        return {name: ak.to_numpy(tracks[name]) for name in tracks.fields}
    columns = {name: ak.unflatten(values, counts) for name, values in _listed(tracks, rng).items()}
    return {"": ak.zip(columns)}


def _listed(tracks: ak.Array, rng: np.random.Generator) -> dict[str, Any]:
    """The branches of the layout ``tracks``, one value a track."""
    import awkward as ak

    flat = {name: ak.to_numpy(tracks[name]) for name in tracks.fields}
    azimuth = rng.uniform(-np.pi, np.pi, len(tracks))
    branches = {f"trk.{name}": flat[f"de.{name}"] for name in _MEMBERS}
    branches |= {
        "trk.goodfit": np.ones(len(tracks), np.int32),
        "trk_ent.momerr": flat["deent.momerr"],
        "trk_ent_pars.t0err": flat["de.t0err"],
    }
    for prefix, momentum in (("trk_ent", "deent.mom"), ("trk_ent_mc", "truth_momentum")):
        for axis, values in _vector(flat[momentum], flat["deent.td"], azimuth).items():
            branches[f"{prefix}.mom.fCoordinates.f{axis}"] = values.astype(np.float32)
    return branches


def _vector(momentum: Any, tandip: Any, azimuth: Any) -> dict[str, Any]:
    transverse = momentum / np.hypot(1, tandip)
    return {
        "X": transverse * np.cos(azimuth),
        "Y": transverse * np.sin(azimuth),
        "Z": transverse * tandip,
    }


def _kind(values: Any) -> Any:
    return values.dtype if isinstance(values, np.ndarray) else str(values.type.content)
