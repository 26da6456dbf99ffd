"""Electrons of Z as the two generators make them, before any detector."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from examine.measure import Floats, bootstrap, text_of
from rootml.validation import Style
from rootml.validation.plots.label import finish
from rootml.validation.style import look
from rootml_atlas.simulation.generator import generate
from rootml_atlas.simulation.options import settings

NAMES: Mapping[str, str] = {"formulas": "formulas", "pythia8": "PYTHIA 8"}
STYLE = Style(experiment="ATLAS barrel", status="Generators")
BINS: Mapping[str, tuple[str, Floats]] = {
    "pt": ("Electron $p_T$ [GeV]", np.linspace(15, 90, 51)),
    "eta": (r"Electron $\eta$", np.linspace(-1.475, 1.475, 25)),
    "boson_pt": ("$p_T$ of both electrons [GeV]", np.linspace(0, 60, 41)),
    "mass": ("$m_{ee}$ [GeV]", np.linspace(66, 106, 41)),
}
QUANTITIES: Mapping[str, tuple[str, Callable[[Floats], float]]] = {
    "pt": ("median pT of electrons, GeV", np.median),
    "eta": ("electrons with abs(eta) < 0.8, %", lambda eta: 100 * np.mean(np.abs(eta) < 0.8)),
    "boson_pt": ("median pT of both, GeV", np.median),
    "mass": ("median mass, GeV", np.median),
}
TAIL = ("pairs below 80 GeV, %", lambda mass: 100 * np.mean(mass < 80))


@dataclass(frozen=True)
class Generated:
    """Electrons (n,) and pairs (n / 2,): GeV."""

    pt: Floats
    eta: Floats
    boson_pt: Floats
    mass: Floats

    @classmethod
    def draw(cls, n: int, generator: str, rng: np.random.Generator) -> Generated:
        """Generate ``n`` electrons."""
        found = generate(n, settings({"generator": generator}), rng)
        pt, eta, phi = (values.reshape(-1, 2) for values in (found.pt, found.eta, found.phi))
        angle = np.cosh(eta[:, 0] - eta[:, 1]) - np.cos(phi[:, 0] - phi[:, 1])
        x, y = ((pt * wave(phi)).sum(axis=1) for wave in (np.cos, np.sin))
        mass = np.sqrt(2 * pt.prod(axis=1) * angle)
        return cls(found.pt, found.eta, np.hypot(x, y), mass)


def table(generated: Mapping[str, Generated]) -> str:
    """The numbers of both, as a table of Markdown."""
    rows = [*((name, *row) for name, row in QUANTITIES.items()), ("mass", *TAIL)]
    lines = [f"| quantity | {' | '.join(NAMES.values())} |", "|---|---|---|"]
    for name, text, statistic in rows:
        values = (bootstrap(statistic, getattr(generated[key], name)) for key in NAMES)
        lines.append(f"| {text} | {' | '.join(map(text_of, values))} |")
    return "\n".join(lines)


def spectra(generated: Mapping[str, Generated]) -> Figure:
    """Spectra of both, as shares with their errors."""
    figure = Figure(figsize=(11, 8.5), layout="constrained")
    for ax, (name, (label, bins)) in zip(figure.subplots(2, 2).flat, BINS.items(), strict=True):
        for place, (key, title) in enumerate(NAMES.items()):
            values = getattr(generated[key], name)
            counts, _ = np.histogram(values, bins)
            middles, colour = (bins[1:] + bins[:-1]) / 2, look(place).colour
            ax.stairs(counts / len(values), bins, color=colour, lw=1.5, label=title)
            errors = np.sqrt(counts) / len(values)
            ax.errorbar(middles, counts / len(values), errors, fmt="none", color=colour)
        ax.set_xlim(bins[0], bins[-1])
        ax.set_ylim(0)
        ax.set_xlabel(label)
        ax.set_ylabel("Share per bin")
        finish(ax, (), STYLE, r"$Z \to ee$")
    return figure
