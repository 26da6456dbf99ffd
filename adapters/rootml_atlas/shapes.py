"""Shower shapes of AODs: energies in windows of the middle layer, about its hottest cell.

Definitions: ATLAS, ``xAOD::EgammaParameters`` (``e237``: 3 x 7 cells in eta and phi, uncalibrated).
Ntuples with cells have them too, as far as the hottest cell is in the middle of the image.
"""

from __future__ import annotations

from typing import Final

import awkward as ak
import numpy as np

from rootml.adapter import Branch, Options, View
from rootml.errors import BranchError
from rootml.spec import Array, Batch, TensorSpec
from rootml_atlas.geometry import CELLS, WINDOW
from rootml_atlas.units import GEV, HIGHEST, check_scale

SIZES: Final = {"e233": (3, 3), "e235": (3, 5), "e237": (3, 7), "e255": (5, 5)}
"""Cells in eta and phi."""
MIDDLE: Final = 2
BRANCHES: Final = {
    name: Branch(
        (f"ElectronsAuxDyn.{name}", f"ElectronsAuxDyn:{name}"),
        "MeV",
        doc=f"middle layer, {eta} x {phi} cells",
    )
    for name, (eta, phi) in SIZES.items()
}


def in_window(middle: Array, name: str) -> Array:
    """The energy in a window of images of the middle layer (n, 56, 11): (n,)."""
    eta, phi = (
        slice((pixels - cells * size) // 2, (pixels + cells * size) // 2)
        for pixels, cells, size in zip(WINDOW, SIZES[name], CELLS[MIDDLE], strict=True)
    )
    found: Array = middle[:, eta, phi].sum(axis=(1, 2))
    return found


def decode(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
    """The ``wanted`` energies (events, electrons) GeV; BranchError for branches of other shapes."""
    columns = {}
    for name in wanted:
        values = raw[name]
        if values.ndim != 2:
            where = BRANCHES[name].names[0]
            raise BranchError(f"{where}: expected a number an electron, found {values.type}")
        columns[name] = ak.values_astype(values * GEV[BRANCHES[name].unit], np.float32)
    return ak.zip(columns, depth_limit=1)


def settle(raw: ak.Array) -> Options:
    """Refuse a file whose energies are not in MeV."""
    branch = BRANCHES["e237"]
    check_scale(ak.to_numpy(ak.flatten(raw["e237"], axis=None)), branch.unit, branch.names[0])
    return {}


def build(events: ak.Array) -> Batch:
    """One row an electron; not judged are those with an energy that is not between 0 and 7 TeV."""
    jagged = events["e237"].ndim == 2
    counts = ak.to_numpy(ak.num(events["e237"], axis=1)) if jagged else None
    columns = (events[name] for name in SIZES)
    rows = [ak.to_numpy(ak.flatten(one, axis=1) if jagged else one) for one in columns]
    shapes = np.stack(rows, axis=1).astype(np.float32)
    judged = np.asarray(((shapes > 0) & (shapes < HIGHEST)).all(axis=1))
    return Batch({"shapes": shapes[judged]}, judged, counts)


VIEW: Final = View(
    name="electron_shapes",
    columns=tuple(SIZES),
    tensors=(TensorSpec("shapes", (len(SIZES),), unit="GeV", columns=tuple(SIZES)),),
    build=build,
    doc="Energies in windows of the middle layer: what AODs have as numbers.",
)
