"""An experiment with six cells, as a stranger's package would bring it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import awkward as ak
import numpy as np

from rootml.adapter import Adapter, Branch, Layout, Options, Summary, Truth, Variation, View
from rootml.spec import Batch, TensorSpec
from rootml.variations import generators, scaled

CELLS = 6
FATAL = 1e6
"""A deposit that kills the process that looks at it, once for each file in $TOYLAB_DEATHS."""


def simulate(n: int, rng: np.random.Generator) -> ak.Array:
    """Exponential deposits in six cells; label 1 deposits twice as much."""
    label = rng.integers(0, 2, n)
    deposit = rng.exponential(1.0 + label[:, np.newaxis], (n, CELLS)).astype(np.float32)
    return ak.zip(
        {"cell_e": ak.from_numpy(deposit), "truth_label": ak.from_numpy(label)}, depth_limit=1
    )


def decode(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    """One branch a column."""
    return ak.zip({name: raw[name] for name in wanted}, depth_limit=1)


def build(events: ak.Array) -> Batch:
    """Events without any deposit are not judged."""
    cells = ak.to_numpy(events["cells"]).astype(np.float32, copy=False)
    if "TOYLAB_DEATHS" in os.environ and (cells == FATAL).any():
        for death in Path(os.environ["TOYLAB_DEATHS"]).iterdir():
            death.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
    judged = cells.sum(axis=1) > 0
    return Batch({"cells": cells[judged]}, judged)


def smear(events: ak.Array, value: float, seed: int) -> ak.Array:
    """Each event's deposits are off by a common factor, drawn anew for each."""
    cells = ak.to_numpy(events["cells"])
    draws = np.array([generator.standard_normal() for generator in generators(cells, seed)])
    factor = np.exp(value * draws[:, np.newaxis]).astype(np.float32)
    return ak.with_field(events, cells * factor, "cells")


ADAPTER = Adapter(
    name="toylab",
    title="Toy laboratory",
    layouts=(
        Layout(
            name="flat",
            trees=("hits",),
            branches={
                "cells": Branch(("cell_e",), unit="GeV", doc="deposit by cell"),
                "label": Branch(("truth_label",), optional=True),
            },
            columns={"cells": ("cells",), "label": ("label",)},
            decode=decode,
        ),
    ),
    views={
        "cells": View(
            name="cells",
            columns=("cells",),
            tensors=(TensorSpec("cells", (CELLS,), unit="GeV"),),
            build=build,
            summaries=(Summary("total", lambda tensors: tensors["cells"].sum(axis=1), "GeV"),),
            variations={
                "scale": Variation(scaled("cells"), nominal=1, doc="factor of all deposits"),
                "smear": Variation(smear, nominal=0, doc="resolution"),
            },
        )
    },
    default_model="toy",
    simulate=simulate,
    truth=Truth(label="label", classes=("background", "signal")),
)
