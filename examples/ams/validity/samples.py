"""Simulated particles of known energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import numpy.typing as npt
import uproot

from rootml_ams.geometry import CELLS, LAYERS
from rootml_ams.simulation import simulate

Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Particles:
    """``n`` particles: image (n, 18, 72) in MeV, and columns (n,) by name."""

    image: Floats
    columns: Mapping[str, Floats]

    def __getitem__(self, name: str) -> Floats:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.image)

    def taken(self, chosen: npt.NDArray[np.bool_]) -> Particles:
        """Those that a mask picks."""
        return Particles(self.image[chosen], {k: v[chosen] for k, v in self.columns.items()})

    @property
    def energy(self) -> Floats:
        """True energy, GeV."""
        return self["truth_energy"]

    @property
    def slopes(self) -> Floats:
        """dx/dz and dy/dz of the track, (n, 2)."""
        zenith, azimuth = self["Trk_Ecal_Inci_Zenith"], self["Trk_Ecal_Inci_Azimutal"]
        direction = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
        slopes: Floats = np.tan(zenith)[:, None] * direction
        return slopes

    @property
    def secant(self) -> Floats:
        """Path length per depth."""
        return 1 / np.cos(self["Trk_Ecal_Inci_Zenith"])


def electrons(energy: float, n: int, rng: np.random.Generator) -> Particles:
    """``n`` electrons of ``energy`` GeV, within half a per cent."""
    ends = (0.995 * energy, 1.005 * energy)
    return _particles(n, rng, energy=ends, selection="generated", electron_fraction=1.0)


def protons(low: float, high: float, n: int, rng: np.random.Generator) -> Particles:
    """``n`` protons of ``low`` to ``high`` GeV, as many in each decade, that cross."""
    return _particles(
        n, rng, energy=(low, high), selection="generated", electron_fraction=0.0, index=1.0
    )


def spread_electrons(low: float, high: float, n: int, rng: np.random.Generator) -> Particles:
    """``n`` electrons of ``low`` to ``high`` GeV, as many in each decade."""
    return _particles(
        n, rng, energy=(low, high), selection="generated", electron_fraction=1.0, index=1.0
    )


def mixture(dataset: str, n: int, rng: np.random.Generator) -> Particles:
    """``n`` events of one of the talk's data sets, electrons and protons in its proportion."""
    return _particles(n, rng, dataset=dataset, electron_fraction="published")


def read(paths: Sequence[Path], names: Sequence[str]) -> dict[str, Floats]:
    """Columns of files of the flat layout."""
    parts = [uproot.open({path: "t1"}).arrays(names, library="ak") for path in paths]
    return {
        name: ak.to_numpy(ak.flatten(ak.concatenate([part[name] for part in parts]), axis=None))
        for name in names
    }


def _particles(n: int, rng: np.random.Generator, **options: Any) -> Particles:
    events = simulate(n, rng, **options)
    columns = {name: ak.to_numpy(events[name]) for name in events.fields}
    image = columns.pop("edep_cell").reshape(-1, LAYERS, CELLS)
    return Particles(image, {k: v[:, 0] if v.ndim == 2 else v for k, v in columns.items()})
