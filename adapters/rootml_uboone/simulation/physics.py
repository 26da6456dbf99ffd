"""Directions, ranges and ionisation in liquid argon."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rootml.spec import Array

CONVERSION_CM = 9 / 7 * 14.0
"""Mean free path of energetic photons: 9/7 of the radiation length (Rossi 1952; X0 of liquid argon,
14.0 cm: Particle Data Group)."""
WIRE_PITCH_CM = 0.3
"""Acciarri et al. (MicroBooNE), JINST 12 (2017) P02017."""
WIRE_ANGLES: Mapping[str, float] = {"U": np.radians(60), "V": np.radians(-60), "Y": 0.0}
"""Of the wires against the vertical, the same source."""
MIP_MEV_CM, TWO_MIPS_MEV_CM = 2.0, 4.0
"""Ionisation at the start of a shower: of an electron, and of an electron-positron pair."""
MUON_GEV_CM = 0.0021
"""Mean loss of muons at minimum ionisation (Particle Data Group)."""
PI0_GEV = 0.13498
DOWN = np.array([0.0, -1.0, 0.0])
BEAM = np.array([0.0, 0.0, 1.0])


def around(axis: Array, concentration: Array | float, rng: np.random.Generator) -> Array:
    """Unit vectors (n, 3) about the unit vectors ``axis`` (n, 3), of the von Mises-Fisher kind.

    The cosine of the angle is drawn by inversion (Jakob, "Numerically stable sampling of the von
    Mises-Fisher distribution on S2", 2012).
    """
    uniform = rng.random(len(axis))
    spread = np.log(uniform + (1 - uniform) * np.exp(-2.0 * np.asarray(concentration)))
    return turned(axis, np.clip(1 + spread / concentration, -1, 1), rng)


def turned(axis: Array, cosine: Array, rng: np.random.Generator) -> Array:
    """Unit vectors at given cosines to ``axis``, at random azimuth."""
    helper = np.where(np.abs(axis[:, :1]) < 0.9, [[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]])
    first = np.cross(axis, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(axis, first)
    azimuth = rng.uniform(0, 2 * np.pi, len(axis))[:, None]
    sine = np.sqrt(1 - cosine**2)[:, None]
    result: Array = cosine[:, None] * axis + sine * (
        np.cos(azimuth) * first + np.sin(azimuth) * second
    )
    return result


def on_plane(direction: Array, plane: str) -> tuple[Array, Array]:
    """Length on a wire plane of unit vectors (n, 3), and their angle there in degrees, 0 to 360.

    Axes: x along the drift, y upwards, z along the beam.
    """
    angle = WIRE_ANGLES[plane]
    across = direction[:, 2] * np.cos(angle) - direction[:, 1] * np.sin(angle)
    degrees = np.degrees(np.arctan2(direction[:, 0], across)) % 360
    return np.hypot(direction[:, 0], across), degrees


def hits(length_cm: Array, direction: Array, plane: str, rng: np.random.Generator) -> Array:
    """Wires that a straight track crosses, with hits that merge or are lost."""
    angle = WIRE_ANGLES[plane]
    across = np.abs(direction[:, 2] * np.cos(angle) - direction[:, 1] * np.sin(angle))
    found: Array = rng.poisson(0.9 * length_cm * np.maximum(across, 0.1) / WIRE_PITCH_CM)
    return found


def moyal(most_probable: Array, width: Array, rng: np.random.Generator) -> Array:
    """Energy losses with a Landau-like tail (Moyal, Phil. Mag. 46 (1955) 263)."""
    loss: Array = most_probable - width * np.log(rng.standard_normal(len(most_probable)) ** 2)
    return loss


def proton_range(kinetic_gev: Array) -> Array:
    """Range in liquid argon in cm: Bragg and Kleeman's rule through 7.6 cm at 100 MeV (PSTAR)."""
    length: Array = 7.6 * (kinetic_gev / 0.1) ** 1.77
    return length


def split_pi0(energy_gev: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Energies of both photons, the higher one first, and the cosine between them."""
    speed = np.sqrt(1 - (PI0_GEV / energy_gev) ** 2)
    asymmetry = speed * rng.random(len(energy_gev))
    high, low = energy_gev * (1 + asymmetry) / 2, energy_gev * (1 - asymmetry) / 2
    return high, low, np.clip(1 - PI0_GEV**2 / (2 * high * low), -1, 1)
