"""Double beta decays on the simulation's page: spectra and energies beside their formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import awkward as ak
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rootml.validation.style import look
from rootml_supernemo.simulation import foil, simulate, spectra
from rootml_supernemo.simulation.decays import CLASSES
from simulated.values import Floats, Row, Value, estimate, flat

MAIN_WALL, ELECTRON = 0, spectra.ELECTRON_MEV
FWHM = 2 * np.sqrt(2 * np.log(2))
DRAWN = 10
"""Decays whose spectra are drawn, for each event that is simulated whole."""


@dataclass(frozen=True)
class Decays:
    """``sums``: energies of both electrons with two neutrinos, MeV, and ``cosines`` between them.

    As they are emitted; ``events``: those in which both electrons are seen, by class; ``single``:
    one electron each.
    """

    sums: Floats
    cosines: Floats
    slow: Floats
    events: Mapping[str, ak.Array]
    single: ak.Array

    @classmethod
    def measure(cls, size: int, rng: np.random.Generator) -> Decays:
        """Draw spectra, and simulate ``size`` events of each class."""
        sums = spectra.sums(DRAWN * size, 0.0, rng)
        one = spectra.shares(sums, rng)
        cosines = spectra.cosines(one, sums - one, rng)
        speeds = (np.sqrt(1 - (ELECTRON / (ELECTRON + part)) ** 2) for part in (one, sums - one))
        events = {kind: simulate(size, rng, events=kind) for kind in CLASSES}
        single = simulate(size, rng, tracks=1)
        return cls(sums, cosines, np.prod(list(speeds), axis=0), events, single)

    def rows(self) -> list[Row]:
        """Lines of the page's table."""
        energy, density = spectra.sum_density()
        mean = np.sum(energy * density) / np.sum(density)
        return [
            Row(
                "energy of both electrons of 2nubb, MeV",
                estimate(np.mean, self.sums),
                f"{mean:.3f}",
                "its formula, integrated",
            ),
            Row(
                "cosine between them times 3 / (beta1 beta2), mean",
                estimate(np.mean, 3 * self.cosines / self.slow),
                "-1",
                "its formula",
            ),
            Row(
                "mean loss at 1 MeV in selenium, MeV cm^2/g",
                Value(round(float(foil.stopping_power(np.array(1.0))), 3)),
                "-",
                "no number; the formula is that of ICRU Report 37",
            ),
            Row("width at 1 MeV in the main wall, %", self._width(), "8", "Falaise"),
            Row(
                "energy measured of both electrons of 0nubb, median, MeV",
                estimate(np.median, measured(self.events["0nubb"])),
                "-",
                "no number; 2.998 are emitted",
            ),
        ]

    def _width(self) -> Value:
        """Full width at half maximum of energies over that at 1 MeV."""
        events = self.single[ak.num(self.single.calo_energy) == 1]
        main = flat(events, "calo_type") == MAIN_WALL
        true = flat(events, "truth_energy")
        pulls = (flat(events, "calo_energy") - true) / np.sqrt(true)
        return estimate(lambda values: 100 * FWHM * np.std(values), pulls[main])


def measured(events: ak.Array) -> Floats:
    """Energy in all modules of an event, MeV."""
    total: Floats = ak.to_numpy(ak.sum(events.calo_energy, axis=1))
    return total


def figure(found: Decays) -> Figure:
    """Sums of both energies as emitted and as measured, and the angle between the electrons."""
    made = Figure(figsize=(12.5, 4.2), layout="constrained")
    emitted, seen, angle = made.subplots(1, 3)
    _emitted(emitted, found)
    bins = np.linspace(0, 4, 81)
    for place, (kind, events) in enumerate(found.events.items()):
        counts, _ = np.histogram(measured(events), bins)
        share = counts / counts.sum() / np.diff(bins)
        seen.stairs(share, bins, color=look(place).colour, lw=1.6, label=kind)
    seen.axvline(spectra.Q_MEV, color="0.35", ls="--", lw=1.2)
    seen.set_yscale("log")
    seen.set_xlim(0, 4)
    seen.set_xlabel("Measured energy of both electrons [MeV]")
    seen.set_ylabel("Density [1/MeV]")
    seen.legend()
    _angle(angle, found)
    return made


def _emitted(ax: Axes, found: Decays) -> None:
    bins = np.linspace(0, 3, 31)
    counts, _ = np.histogram(found.sums, bins)
    centres, width = (bins[1:] + bins[:-1]) / 2, np.diff(bins)
    scale = 1 / (len(found.sums) * width)
    ax.errorbar(
        centres, counts * scale, np.sqrt(counts) * scale, fmt="o", ms=4, color=look(0).colour,
        label="simulated",
    )  # fmt: skip
    energy, density = spectra.sum_density()
    ax.plot(energy, density, color="black", lw=1.2, label="with the Fermi function")
    k, most = energy / ELECTRON, spectra.Q_MEV / ELECTRON
    rosen = k * (most - k) ** 5 * (1 + 2 * k + 4 * k**2 / 3 + k**3 / 3 + k**4 / 30)
    rosen /= np.sum(rosen) * energy[1]
    ax.plot(energy, rosen, color="0.5", ls="--", lw=1.5, label="Primakoff and Rosen")
    ax.set_xlim(0, 3)
    ax.set_ylim(0, 1.2)
    ax.set_xlabel("Energy of both electrons of 2nubb [MeV]")
    ax.set_ylabel("Density [1/MeV]")
    ax.legend()


def _angle(ax: Axes, found: Decays) -> None:
    bins = np.linspace(-1, 1, 21)
    counts, _ = np.histogram(found.cosines, bins)
    centres, scale = (bins[1:] + bins[:-1]) / 2, 1 / (len(found.cosines) * np.diff(bins))
    ax.errorbar(
        centres, counts * scale, np.sqrt(counts) * scale, fmt="o", ms=4, color=look(0).colour,
        label="simulated, 2nubb",
    )  # fmt: skip
    line = (1 - np.mean(found.slow) * bins) / 2
    ax.plot(bins, line, color="black", lw=1.2, label=r"(1 - <$\beta_1\beta_2$> cos) / 2")
    ax.set_xlim(-1, 1)
    ax.set_ylim(0, 1.1)
    ax.set_xlabel("Cosine between the electrons")
    ax.set_ylabel("Density")
    ax.legend()
