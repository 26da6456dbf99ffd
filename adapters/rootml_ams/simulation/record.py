"""Events as the flat ntuple holds them: image, measured track and shower, scores, truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rootml_ams.geometry import CELLS, FRONT_Z_CM, LAYERS
from rootml_ams.simulation import reconstruction, trd
from rootml_ams.simulation.deposit import Image
from rootml_ams.simulation.particles import Particles
from rootml_ams.simulation.rays import Floats, Rays

if TYPE_CHECKING:
    import awkward as ak

POSITION_CM, ANGLE_RAD = 0.03, 5e-4
"""Resolution of the track extrapolated to the calorimeter (multiple scattering included)."""
MAXIMUM_RIGIDITY_GV = 2000.0
"""Rigidity that is measured to 100 % (M. Aguilar et al., PRL 114 (2015) 171103)."""


def record(
    particles: Particles,
    label: npt.NDArray[np.int64],
    labels: str,
    rng: np.random.Generator,
) -> ak.Array:
    """Make the branches of the flat layout.

    ``label``: 1 for electrons and positrons, 0 for protons. ``labels``: "truth", or "trd" where
    ``truth_label`` shall be what the transition radiation detector says.
    """
    import awkward as ak

    n, energy, image = len(label), particles.energy, particles.image
    charge = np.where(label == 1, rng.choice([-1, 1], n), 1)
    shown = _shower_branches(image)
    # A generator of its own: the stream of all else is what it was before there was a detector.
    identity = trd.identify(energy, label, rng.spawn(1)[0])
    branches: dict[str, npt.NDArray[Any]] = {
        "edep_cell": image.reshape(n, LAYERS * CELLS),
        **{name: values.astype(np.float32) for name, values in shown.items()},
        "mom": _rigidity(charge, energy, rng).astype(np.float32),
        **_track_branches(particles.track, rng),
        "trd_lik": identity.likelihood.astype(np.float32),
        "trd_qk": identity.charge.astype(np.float32)[:, None],
        "ecal_temperature": particles.temperature.astype(np.float32),
        "truth_label": (identity.label if labels == "trd" else label).astype(np.int32),
        "mc_label": label.astype(np.int32),
        "truth_charge": charge.astype(np.int32),
        "truth_energy": energy.astype(np.float32),
    }
    return ak.zip(
        {name: ak.from_numpy(v, regulararray=True) for name, v in branches.items()}, depth_limit=1
    )


def _rigidity(charge: npt.NDArray[np.int64], energy: Floats, rng: np.random.Generator) -> Floats:
    """Measured rigidity in GV, signed; the error is Gaussian in its inverse."""
    inverse = charge / energy + rng.normal(0, 1 / MAXIMUM_RIGIDITY_GV, len(energy))
    rigidity: Floats = 1 / np.where(np.abs(inverse) < 1e-6, 1e-6, inverse)
    return rigidity


def _track_branches(track: Rays, rng: np.random.Generator) -> dict[str, npt.NDArray[Any]]:
    """Where the track meets the front face (cm), and its zenith and azimuth angles (rad)."""
    n = len(track)
    slope_x = track.slope_x + rng.normal(0, ANGLE_RAD, n)
    slope_y = track.slope_y + rng.normal(0, ANGLE_RAD, n)
    values = {
        "X": track.x + rng.normal(0, POSITION_CM, n),
        "Y": track.y + rng.normal(0, POSITION_CM, n),
        "Z": np.full(n, FRONT_Z_CM),
        "Zenith": np.arctan(np.hypot(slope_x, slope_y)),
        "Azimutal": np.arctan2(slope_y, slope_x),
    }
    return {f"Trk_Ecal_Inci_{name}": v.astype(np.float32)[:, None] for name, v in values.items()}


def _shower_branches(image: Image) -> dict[str, npt.NDArray[Any]]:
    """Reconstructed energy, axis and reference scores; NaN for an image without deposits."""
    n = len(image)
    seen = image.any(axis=(1, 2))
    shower = reconstruction.measure_shower(image[seen])
    energy = reconstruction.energy(shower)
    pull = reconstruction.pulls(shower, energy)
    scores = reconstruction.bdt(pull), reconstruction.likelihood(pull)
    no_shower = shower.deposit < reconstruction.LEAST_SHOWER_GEV
    bdt, likelihood = (
        np.where(no_shower, lowest, score)
        for lowest, score in zip(reconstruction.NO_ELECTRON, scores, strict=True)
    )
    values = {
        "en3d": energy,
        "ecal3dbdt": bdt,
        "EcalEMlhd": likelihood,
        "Ecal_ShwrX0": shower.axis[:, 0],
        "Ecal_ShwrY0": shower.axis[:, 1],
        "Ecal_ShwrZ0": np.full(len(energy), FRONT_Z_CM),
        "Ecal_ShwrE0": energy,
    }
    full = {name: np.full(n, np.nan) for name in values}
    for name, found in values.items():
        full[name][seen] = found
    return {
        name: found if name in ("en3d", "ecal3dbdt") else found[:, None]
        for name, found in full.items()
    }
