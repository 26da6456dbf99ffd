"""The figures of the simulation's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from examine.generators import spectra
from examine.measure import Floats, Found, Sample, eiqr, resolution
from rootml.validation import Style
from rootml.validation.plots.canvas import panel, plain_ticks
from rootml.validation.plots.label import finish
from rootml.validation.style import look
from rootml_atlas.geometry import LAYERS, PIXEL, WINDOW
from rootml_atlas.simulation.material import depths

STYLE = Style(experiment="ATLAS barrel", status="Simulation")
ETA_BINS = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.37, 1.475])
MASS_BINS = np.linspace(75, 105, 61)


def figures(found: Found) -> Mapping[str, Callable[[], Figure]]:
    """What to draw, by the names of the files."""
    return {
        "material": materials,
        "images": lambda: images(found.zee),
        "layers": lambda: layers(found),
        "resolution": lambda: resolutions(found),
        "eta": lambda: against_eta(found),
        "tracks": lambda: track_momenta(found.zee),
        "mass": lambda: masses(found),
        "generators": lambda: spectra(found.generated),
    }


def materials() -> Figure:
    """Depths of what is crossed against eta."""
    figure, ax = panel()
    eta = np.linspace(0, 1.475, 300)
    found = depths(eta)
    ends = {
        "tracker": found.tracker,
        "solenoid and cryostat": found.presampler,
        "behind the presampler": found.front,
        "strips": found.strips,
        "middle": found.middle,
        "back": found.back,
    }
    below = np.zeros_like(eta)
    for place, (name, end) in enumerate(ends.items()):
        ax.fill_between(eta, below, end, color=look(place).colour, alpha=0.75, lw=0, label=name)
        below = end
    ax.set_xlim(0, 1.475)
    ax.set_ylim(0, 1.45 * float(below.max()))
    ax.set_xlabel(r"$|\eta|$")
    ax.set_ylabel("Depth from the beam line [$X_0$]")
    finish(ax, (), STYLE)
    return figure


def images(sample: Sample) -> Figure:
    """Mean windows of the four layers."""
    figure = Figure(figsize=(8.5, 5.5), layout="constrained")
    axes = figure.subplots(1, 4, sharey=True)
    half = [size * length / 2 for size, length in zip(PIXEL, WINDOW, strict=True)]
    for ax, name, image in zip(axes, LAYERS, sample.mean_images, strict=True):
        shown = np.log10(np.maximum(image, 1e-3))
        drawn = ax.imshow(
            shown,
            origin="lower",
            aspect="auto",
            extent=(-half[1], half[1], -half[0], half[0]),
            vmin=-3,
        )
        ax.set_title(name)
        ax.set_xlabel(r"$\Delta\phi$ [rad]")
        figure.colorbar(drawn, ax=ax, location="top", label=r"$\log_{10}$(E / GeV)")
    axes[0].set_ylabel(r"$\Delta\eta$")
    return figure


def layers(found: Found) -> Figure:
    """Mean shares of the layers against energy."""
    figure, ax = panel()
    shares = np.array(
        [
            (one.layers / one.layers[:, 1:].sum(axis=1, keepdims=True)).mean(axis=0)
            for one in found.electrons
        ]
    )
    for layer, name in enumerate(LAYERS):
        as_ = look(layer)
        ax.plot(found.energies, shares[:, layer], as_.marker, color=as_.colour, label=name)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(found.energies[0] / 1.2, found.energies[-1] * 1.2)
    ax.set_ylim(8e-4, 5)
    plain_ticks(ax.xaxis)
    ax.set_xlabel("Energy [GeV]")
    ax.set_ylabel("Energy over that of the accordion")
    finish(ax, (), STYLE, r"electrons, $|\eta| < 0.6$, no pile-up")
    return figure


def resolutions(found: Found) -> Figure:
    """Resolution against energy with its fit, and the detector's design."""
    figure, ax = panel()
    widths = [eiqr(one.ratio) for one in found.electrons]
    fine = np.geomspace(found.energies[0] * 0.9, found.energies[-1] * 1.1, 200)
    values, errors = (
        100 * np.array([getattr(w, key) for w in widths]) for key in ("value", "error")
    )
    ax.errorbar(found.energies, values, errors, fmt="o", color=look(0).colour, label="simulation")
    terms = found.terms
    fitted = (terms["sampling"].value / 100, terms["constant"].value / 100)
    ax.plot(fine, 100 * resolution(fine, *fitted), color=look(0).colour, lw=1.2, label="fit")
    design = 100 * resolution(fine, 0.10, 0.007)
    ax.plot(fine, design, color="0.35", ls="--", lw=1.5, label="10 %/√E and 0.7 %")
    ax.set_xscale("log")
    ax.set_xlim(found.energies[0] / 1.2, found.energies[-1] * 1.2)
    ax.set_ylim(0, 1.15 * max(values[0], design[0]))
    plain_ticks(ax.xaxis)
    ax.set_xlabel("Energy [GeV]")
    ax.set_ylabel("eIQR75 of the baseline [%]")
    finish(ax, (), STYLE, r"electrons, $|\eta| < 0.6$, no pile-up")
    return figure


def against_eta(found: Found) -> Figure:
    """Resolution against eta."""
    figure, ax = panel()
    centres, half = (ETA_BINS[1:] + ETA_BINS[:-1]) / 2, np.diff(ETA_BINS) / 2
    for place, (name, sample) in enumerate((("simulation", found.zee), ("'data'", found.data))):
        bins = np.digitize(np.abs(sample.eta), ETA_BINS) - 1
        widths = [eiqr(sample.ratio[bins == number]) for number in range(len(centres))]
        as_ = look(place)
        values, errors = (
            100 * np.array([getattr(w, k) for w in widths]) for k in ("value", "error")
        )
        ax.errorbar(
            centres,
            values,
            errors,
            half,
            fmt=as_.marker,
            color=as_.colour,
            label=f"baseline, {name}",
        )
    ax.set_xlim(0, 1.475)
    ax.set_ylim(0)
    ax.set_xlabel(r"$|\eta|$")
    ax.set_ylabel("eIQR75 of the baseline [%]")
    finish(ax, (), STYLE, r"$Z \to ee$")
    return figure


def track_momenta(sample: Sample) -> Figure:
    """What bremsstrahlung does to the track's momentum."""
    figure, ax = panel()
    share = sample.track_pt / (sample.truth / np.cosh(sample.eta))
    for place, (low, high) in enumerate(((0.0, 0.6), (1.2, 1.475))):
        size = np.abs(sample.eta)
        _steps(ax, share[(size > low) & (size < high)], np.linspace(0, 1.3, 53), place, low, high)
    ax.set_xlim(0, 1.3)
    ax.set_yscale("log")
    ax.set_xlabel(r"Track's $p_T$ over the true one")
    ax.set_ylabel("Share of electrons per bin")
    finish(ax, (), STYLE, r"$Z \to ee$")
    return figure


def _steps(ax: Axes, values: Floats, bins: Floats, place: int, low: float, high: float) -> None:
    counts, _ = np.histogram(values, bins)
    ax.stairs(
        counts / len(values),
        bins,
        color=look(place).colour,
        lw=1.5,
        label=rf"${low:g} < |\eta| < {high:g}$",
    )


def masses(found: Found) -> Figure:
    """Invariant masses of pairs: generated, in the simulation and in 'data'."""
    figure, ax = panel()
    shown = {
        "generated": found.zee.masses(true=True),
        "baseline, simulation": found.zee.masses(),
        "baseline, 'data'": found.data.masses(),
    }
    for place, (name, values) in enumerate(shown.items()):
        counts, _ = np.histogram(values, MASS_BINS)
        ax.stairs(counts / len(values), MASS_BINS, color=look(place).colour, lw=1.5, label=name)
    ax.set_xlim(MASS_BINS[0], MASS_BINS[-1])
    ax.set_ylim(0)
    ax.set_xlabel("$m_{ee}$ [GeV]")
    ax.set_ylabel("Share of pairs per 0.5 GeV")
    finish(ax, (), STYLE, r"$Z \to ee$")
    return figure
