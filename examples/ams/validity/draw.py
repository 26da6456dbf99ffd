"""The figures of the simulation's validity."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import gamma

from rootml.validation import Style
from rootml.validation.plots.canvas import panel, plain_ticks
from rootml.validation.plots.label import finish
from rootml.validation.style import look
from rootml_ams.geometry import DEPTH_X0, INTERACTION_LENGTH_X0, LAYER_X0, LAYERS
from validity import literature
from validity.electrons import DISTANCES_CM, Showers, Value
from validity.protons import Interactions, Rejections
from validity.samples import Floats, Particles

STYLE = Style(experiment="AMS-02 ECAL", status="Simulation")
SHOWN_GEV = (20.0, 200.0, 2000.0)
REFERENCE: Any = {"color": "0.35", "lw": 1.5, "zorder": 0}
TITLES = {"bdt": "boosted trees", "likelihood": "likelihood"}


def profiles(showers: Sequence[Showers]) -> Figure:
    figure, ax = panel()
    depth = (np.arange(LAYERS) + 0.5) * LAYER_X0
    fine = np.linspace(0, DEPTH_X0, 200)
    shown = [one for one in showers if one.energy in SHOWN_GEV]
    for place, one in enumerate(shown):
        as_ = look(place)
        value, error = one.profile.T / (LAYER_X0 * one.secant)
        path = depth * one.secant
        ax.errorbar(path, value, error, fmt=as_.marker, ms=5, color=as_.colour, label=_gev(one))
        shape = 1 + literature.shower_maximum(one.energy) * literature.FALL_PER_X0
        expected = gamma.pdf(fine, shape, scale=1 / literature.FALL_PER_X0)
        ax.plot(fine, expected, color=as_.colour, lw=1.2, ls="--")
    ax.plot([], [], color="0.35", lw=1.2, ls="--", label="PDG, b = 0.5")
    ax.set_xlim(0, DEPTH_X0 * 1.05)
    ax.set_ylim(0, max(float(one.profile[:, 0].max()) for one in shown) / LAYER_X0)
    ax.set_xlabel("Depth along the shower [$X_0$]")
    ax.set_ylabel("Share of the energy per $X_0$")
    finish(ax, (), STYLE, "electrons")
    return figure


def maxima(showers: Sequence[Showers]) -> Figure:
    energy = _energies(showers)
    return _against_energy(
        showers,
        [one.maximum for one in showers],
        literature.shower_maximum(energy),
        "PDG: $\\ln(E/E_c) - 0.5$",
        "Shower maximum [$X_0$]",
        low=5.0,
    )


def containment(showers: Sequence[Showers]) -> Figure:
    figure, ax = panel()
    _points(ax, showers, [one.contained for one in showers], "simulation")
    ax.plot(
        1000, literature.CONTAINED_AT_TEV, marker="*", ls="", ms=14, color="#D55E00", label="AMS"
    )
    ax.set_ylim(0.65, 1.0)
    return _energy_axis(figure, ax, showers, "Share of the energy that is seen")


def resolutions(showers: Sequence[Showers]) -> Figure:
    percent = [Value(100 * one.resolution.value, 100 * one.resolution.error) for one in showers]
    return _against_energy(
        showers,
        percent,
        100 * literature.resolution(_energies(showers)),
        "beam: 10.4 % / √E and 1.4 %",
        "Energy resolution [%]",
    )


def angles(showers: Sequence[Showers]) -> Figure:
    figure, ax = panel()
    values = [one.angle for one in showers]
    _points(ax, showers, values, "simulation")
    ax.set_ylim(0, max(one.value for one in values))
    return _energy_axis(figure, ax, showers, "68 % of axes within [degrees]")


def widths(showers: Sequence[Showers]) -> Figure:
    figure, ax = panel()
    for place, one in enumerate(one for one in showers if one.energy in SHOWN_GEV):
        as_ = look(place)
        value, error = one.within.T
        points: Any = {"fmt": as_.marker, "ms": 5, "color": as_.colour, "label": _gev(one)}
        ax.errorbar(DISTANCES_CM, value, error, **points)
    ax.axvline(literature.MOLIERE, ls="--", label="Molière radius", **REFERENCE)
    ax.axhline(literature.MOLIERE_SHARE, ls=":", label="90 %", **REFERENCE)
    ax.set_xlim(0, DISTANCES_CM[-1])
    ax.set_ylim(0, 1.0)
    ax.set_xlabel("Distance from the track, in projection [cm]")
    ax.set_ylabel("Share of the deposits within")
    finish(ax, (), STYLE, "electrons")
    return figure


def survivors(found: Interactions) -> Figure:
    figure, ax = panel()
    depth = np.arange(LAYERS - 1) * LAYER_X0
    left = np.array([np.mean(~(found.depth < at - 1e-6)) for at in depth])
    error = np.sqrt(left * (1 - left) / found.protons)
    as_ = look(0)
    ax.errorbar(depth, left, error, fmt=as_.marker, ms=5, color=as_.colour, label="as it is seen")
    ax.plot(
        depth,
        np.exp(-depth * found.secant / INTERACTION_LENGTH_X0),
        ls="--",
        label="0.6 interaction lengths",
        **REFERENCE,
    )
    ax.set_xlim(0, DEPTH_X0)
    ax.set_ylim(0, 1.0)
    ax.set_xlabel("Depth [$X_0$]")
    ax.set_ylabel("Share without interaction so far")
    finish(ax, (), STYLE, "protons, 50-500 GeV")
    return figure


def seen_energy(protons: Particles) -> Figure:
    figure, ax = panel()
    ratio = protons["en3d"] / protons.energy
    edges = np.linspace(0, 1.1, 45)
    counts, _ = np.histogram(ratio, edges)
    share = counts / len(ratio) / np.diff(edges)
    as_ = look(0)
    ax.stairs(share, edges, color=as_.colour, lw=1.5, label="protons that cross")
    ax.axvline(literature.ENERGY_OVER_MOMENTUM, ls="--", label="E/p = 0.75", **REFERENCE)
    ax.set_yscale("log")
    ax.set_xlim(0, 1.1)
    ax.set_ylim(0.5 * share[share > 0].min(), share.max())
    ax.set_xlabel("Reconstructed energy / true energy")
    ax.set_ylabel("Protons / unit of the ratio")
    finish(ax, (), STYLE, "protons, 50-500 GeV")
    return figure


def rejections(found: dict[str, Rejections]) -> Figure:
    figure, ax = panel()
    top = literature.REJECTION
    for place, (name, one) in enumerate(found.items()):
        for filled, part in ((False, one.alone), (True, one.matched)):
            as_ = look(place)
            centre = np.sqrt(one.low * one.high) * (1 + 0.06 * (place - 0.5))
            known = np.isfinite(part.value)
            face = as_.colour if filled else "white"
            label = f"{TITLES[name]}{', E/p > 0.75' if filled else ''}"
            common: Any = {"fmt": as_.marker, "color": as_.colour, "mfc": face, "ms": 6}
            value, low, high = (end[known] for end in part)
            ax.errorbar(centre[known], value, (value - low, high - value), label=label, **common)
            limits = part.low[~known]
            arrows = np.stack([np.zeros_like(limits), 0.6 * limits])
            ax.errorbar(centre[~known], limits, arrows, lolims=True, **common)
            top = max(top, *np.where(known, part.high, 2 * part.low))
    ax.axhline(literature.REJECTION, ls="--", label="AMS in flight, about", **REFERENCE)
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(found["bdt"].low[0], found["bdt"].high[-1])
    ax.set_ylim(1, top)
    plain_ticks(ax.xaxis)
    ax.set_xlabel("Momentum [GeV]")
    ax.set_ylabel("Proton rejection")
    finish(ax, (), STYLE, "90 % electron efficiency")
    return figure


def _against_energy(
    showers: Sequence[Showers],
    values: Sequence[Value],
    expected: Floats,
    title: str,
    label: str,
    low: float = 0.0,
) -> Figure:
    figure, ax = panel()
    _points(ax, showers, values, "simulation")
    ax.plot(_energies(showers), expected, ls="--", label=title, **REFERENCE)
    ax.set_ylim(low, max(*expected, *(one.value + one.error for one in values)))
    return _energy_axis(figure, ax, showers, label)


def _points(ax: Axes, showers: Sequence[Showers], values: Sequence[Value], title: str) -> None:
    as_ = look(0)
    value, error = np.array([(one.value, one.error) for one in values]).T
    ax.errorbar(
        _energies(showers), value, error, fmt=as_.marker, ms=5, color=as_.colour, label=title
    )


def _energy_axis(figure: Figure, ax: Axes, showers: Sequence[Showers], label: str) -> Figure:
    energy = _energies(showers)
    ax.set_xscale("log")
    ax.set_xlim(energy[0] / 1.5, energy[-1] * 1.5)
    plain_ticks(ax.xaxis)
    ax.set_xlabel("Energy [GeV]")
    ax.set_ylabel(label)
    finish(ax, (), STYLE, "electrons")
    return figure


def _energies(showers: Sequence[Showers]) -> Floats:
    return np.array([one.energy for one in showers])


def _gev(one: Showers) -> str:
    return f"{one.energy:g} GeV"
