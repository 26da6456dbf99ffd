"""Clusters and the scalars of the calibration, computed from cells as the reconstruction does.

Definitions: M. Algren, A. Rosted, T. C. Petersen, "ML at Work: Electron Energy regression with
CNN", and for what it abbreviates the calibration tool of the reconstruction (Athena,
``egammaMVACalibTool``). A cluster is of fixed size: 3 x 7 middle cells (ATLAS, EPJC 74 (2014)
3071), the 24 strips in eta before them in two towers of phi, and the nearest cells of the other
layers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from rootml_atlas.geometry import CELLS
from rootml_atlas.simulation.deposit import SIZES, Image
from rootml_atlas.simulation.legs import wrapped
from rootml_atlas.simulation.material import Floats
from rootml_atlas.simulation.windows import COLUMNS, HOTTEST, MIDDLE, STRIPS, Windows

ETA_CELLS, PHI_CELLS = 3, 7
"""Of a cluster, in the middle layer."""
SCINTILLATORS: Final = (1.4, 1.6)
"""Abs(eta) of those in the crack (ATLAS, JINST 3 (2008) S08003, chapter 5)."""
CRACK_SHARE: Final = 0.15
"""Of the energy that is lost before the calorimeter, there (a choice)."""


@dataclass(frozen=True)
class Clusters:
    """Energies of the layers (n, 4) in GeV, and the barycentre in the middle layer."""

    energy: Floats
    eta: Floats
    phi: Floats
    hottest_eta: Floats
    """Lower edge of the hottest middle cell."""

    @property
    def accordion(self) -> Floats:
        """Energy in strips, middle and back, GeV."""
        found: Floats = self.energy[:, 1:].sum(axis=1)
        return found


def measure(windows: Windows, cells: tuple[Image, ...]) -> Clusters:
    """Sum cells (of each layer those that the windows touch) around the hottest middle cell."""
    presampler, strips, middle, back = cells
    towers = _towers(windows)
    row, column = HOTTEST
    half_eta, half_phi = ETA_CELLS // 2, PHI_CELLS // 2
    eta, phi = (
        slice(at - half, at + half + 1) for at, half in ((row, half_eta), (column, half_phi))
    )
    strip = slice(eta.start * CELLS[MIDDLE][0], eta.stop * CELLS[MIDDLE][0])
    core = middle[:, eta, phi]
    energy = [
        (presampler[:, eta].sum(axis=1) * towers).sum(axis=1),
        (strips[:, strip].sum(axis=1) * towers).sum(axis=1),
        core.sum(axis=(1, 2)),
        np.take_along_axis(back[:, :, phi].sum(axis=2), _behind(windows), axis=1).sum(axis=1),
    ]
    weight = np.maximum(core, 0)
    total = np.maximum(weight.sum(axis=(1, 2)), 1e-6)
    away = [
        (weight.sum(axis=3 - axis) * (np.arange(weight.shape[axis]) + 0.5)).sum(axis=1) / total
        for axis in (1, 2)
    ]
    size = SIZES[MIDDLE]
    return Clusters(
        np.stack(energy, axis=1).astype(float),
        (windows.eta + eta.start + away[0]) * size[0],
        wrapped((windows.phi + phi.start + away[1]) * size[1]),
        (windows.eta + row) * size[0],
    )


def _behind(windows: Windows) -> npt.NDArray[np.int64]:
    """The two back cells behind the hottest middle cell and its neighbours in eta, (n, 2)."""
    hot = windows.eta + HOTTEST[0]
    first = (hot - 1) // 2 - windows.eta // 2
    return np.stack([first, first + 1], axis=1)


def _towers(windows: Windows) -> npt.NDArray[np.bool_]:
    """The two towers of 0.1 in phi that hold the hottest cell and are nearest to it, (n, 4)."""
    columns = CELLS[STRIPS][1]
    hot = windows.phi + COLUMNS // 2
    tower = hot // columns - windows.phi // columns
    neighbour = tower + np.where(hot % columns < columns // 2, -1, 1)
    number = np.arange(4)
    found: npt.NDArray[np.bool_] = (number == tower[:, None]) | (number == neighbour[:, None])
    return found


def scintillators(eta: Floats, lost: Floats, rng: np.random.Generator) -> Floats:
    """Energy in the crack's scintillators, GeV, where ``lost`` GeV never reach the calorimeter."""
    size = np.abs(eta)
    inside = (size > SCINTILLATORS[0]) & (size < SCINTILLATORS[1])
    few = rng.gamma(4.0, 0.25, len(eta))
    return np.where(inside, CRACK_SHARE * lost * few, 0.0)


def scalars(clusters: Clusters, crack: Floats) -> dict[str, Floats]:
    """The calorimeter's scalars by their names in the ntuple, in MeV and rad.

    Two are the talk's, and others in Athena, where poscs2 is (1 - p_poscs2) / 2
    (``egammaqweta2c``) and dPhiTG3 is p_dPhiTH3 + pi / 64 (``egammaMVACalib``).
    """
    accordion = clusters.accordion
    size = np.abs(clusters.eta)
    step = SIZES[MIDDLE][0]
    return {
        "p_eAccCluster": 1000 * accordion,
        "p_cellIndexCluster": np.floor(size / step),
        "p_f0Cluster": clusters.energy[:, 0] / accordion,
        "p_R12": clusters.energy[:, 1] / clusters.energy[:, 2],
        "p_fTG3": crack / accordion,
        "p_eTileGap3Cluster": 1000 * crack,
        "p_etaModCalo": np.remainder(size, step),
        "p_poscs2": 2 * (clusters.eta - clusters.hottest_eta) / step - 1,
        "p_dPhiTH3": np.remainder(2 * np.pi + clusters.phi, np.pi / 32) - np.pi / 32,
    }
