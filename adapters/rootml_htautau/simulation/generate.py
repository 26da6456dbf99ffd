"""Simulated events in the columns of the HiggsML challenge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rootml.errors import DataError
from rootml.spec import Array
from rootml_htautau.simulation.detector import measure
from rootml_htautau.simulation.observables import columns
from rootml_htautau.simulation.processes import BACKGROUND, SIGNAL, Process

if TYPE_CHECKING:
    import awkward as ak

BATCH = 20_000
"""Events of one process that are drawn at a time, before the selection."""


def simulate(n: int, rng: np.random.Generator, *, signal_fraction: float = 0.5) -> ak.Array:
    """Simulate ``n`` selected events; the fields are the columns of HiggsML, Label and Process.

    ``Label``: 1 for signal. ``Process``: 0 Z bosons, 1 W bosons and jets, 2 top pairs, 3 gluon
    fusion, 4 vector boson fusion. Raises DataError for a share that makes no sense.
    """
    import awkward as ak

    if not 0 <= signal_fraction <= 1:
        raise DataError(f"signal_fraction is {signal_fraction!r}: expected a number from 0 to 1")
    every = [(process, signal_fraction) for process in SIGNAL]
    every += [(process, 1 - signal_fraction) for process in BACKGROUND]
    wanted = rng.multinomial(n, [process.share * fraction for process, fraction in every])
    parts = [
        _select(process, int(number), rng)
        for (process, _), number in zip(every, wanted, strict=True)
    ]
    process = np.repeat([process.number for process, _ in every], wanted)
    label = np.isin(process, [signal.number for signal in SIGNAL])
    order = rng.permutation(n)
    made = {name: np.concatenate([part[name] for part in parts])[order] for name in parts[0]}
    typed = {
        name: values.astype(np.int32 if name == "PRI_jet_num" else np.float32)
        for name, values in made.items()
    }
    truth = {"Label": label[order].astype(np.int32), "Process": process[order].astype(np.int32)}
    return ak.zip(typed | truth, depth_limit=1)


def _select(process: Process, n: int, rng: np.random.Generator) -> dict[str, Array]:
    """Columns of ``n`` selected events of one process."""
    parts: list[dict[str, Array]] = []
    missing = n
    while missing > 0 or not parts:
        drawn = process.draw(min(BATCH, 20 * missing + 10), rng)
        parts.append(columns(measure(drawn, missing, rng)))
        missing -= len(parts[-1]["PRI_jet_num"])
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
