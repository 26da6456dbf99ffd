"""Electrons of Z -> ee in a toy of a sampling calorimeter, as a flat ntuple of scalars.

    python simulation.py electrons.root --events 20000
    python simulation.py data.root --events 20000 --data --seed 2

One entry is one electron; ``tag_*`` is the other electron of its event. Energies are in MeV, names
are those of the tables that the package ``deepcalo`` reads. The constants have the size, not the
values, of those in G. Aad et al., Eur. Phys. J. C 74 (2014) 3071: material in front of the
calorimeter that grows with abs(eta), a crack at 1.40 < abs(eta) < 1.55, a response that depends on
where in a cell a shower begins, noise of pile-up. ``--data`` leaves out the truth, and measures
with another scale and resolution, as a detector that nobody has calibrated yet.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import uproot
import vector

Floats = npt.NDArray[np.float64]

Z_MASS, Z_WIDTH = 91.1876, 2.4952
"""GeV, Particle Data Group."""
ETA = np.array([0.0, 0.6, 0.8, 1.3, 1.5, 1.65, 1.9, 2.5])
MATERIAL = np.array([2.0, 2.3, 2.9, 4.0, 6.0, 4.8, 3.6, 3.1])
"""Radiation lengths in front of the calorimeter at ``ETA``."""
LOST = 0.012
"""Mean share of the energy that a radiation length takes from an electron of 50 GeV."""
CRACK = 1.40, 1.55
CELL_ETA, CELL_PHI = 0.025, np.pi / 512
"""Width of a cell of the second layer, and period of the absorbers in phi."""


def simulate(events: int, rng: np.random.Generator, *, data: bool = False) -> dict[str, Floats]:
    """Branches of about ``2 * events`` electrons, two from each Z in the acceptance."""
    pairs = decay(events, rng)
    pileup = np.clip(rng.normal(35, 12, len(pairs[0])), 5, None)
    both = [measure(electron, pileup, rng, data=data) for electron in pairs]
    return {name: np.concatenate([both[0][name], both[1][name]]) for name in both[0]} | {
        f"tag_{name}": np.concatenate([both[1][f"p_{name}"], both[0][f"p_{name}"]])
        for name in ("e", "eta", "phi")
    }


def decay(events: int, rng: np.random.Generator) -> tuple[vector.VectorNumpy4D, ...]:
    """Both electrons (GeV) of Z bosons, those with pt > 15 GeV and abs(eta) < 2.47."""
    low, high = np.arctan((np.array([66, 116]) - Z_MASS) * 2 / Z_WIDTH)
    mass = Z_MASS + Z_WIDTH / 2 * np.tan(rng.uniform(low, high, events))  # Breit-Wigner
    pt = rng.gamma(1.5, 12, events)
    pz = np.hypot(mass, pt) * np.sinh(rng.normal(0, 1.3, events))
    phi = rng.uniform(-np.pi, np.pi, events)
    z = vector.array({"pt": pt, "phi": phi, "pz": pz, "mass": mass})
    cosine, angle = rng.uniform(-1, 1, events), rng.uniform(-np.pi, np.pi, events)
    sine = np.sqrt(1 - cosine**2)
    direction = sine * np.cos(angle), sine * np.sin(angle), cosine
    electrons = []
    for sign in (1, -1):
        px, py, pz = (sign * component * mass / 2 for component in direction)
        at_rest = vector.array({"px": px, "py": py, "pz": pz, "E": mass / 2})
        electrons.append(at_rest.boost(z))
    seen = np.logical_and.reduce([(e.pt > 15) & (np.abs(e.eta) < 2.47) for e in electrons])
    return tuple(electron[seen] for electron in electrons)


def measure(
    electron: vector.VectorNumpy4D, pileup: Floats, rng: np.random.Generator, *, data: bool
) -> dict[str, Floats]:
    """What the calorimeter and the tracker see of each electron, and its calibrated energy."""
    n, energy, eta = len(electron), electron.E, np.asarray(electron.eta)
    material = np.interp(np.abs(eta), ETA, MATERIAL)
    mean_loss = LOST * material * (energy / 50) ** -0.35
    loss = np.minimum(mean_loss * rng.gamma(3, 1 / 3, n), 0.6)
    in_crack = (np.abs(eta) > CRACK[0]) & (np.abs(eta) < CRACK[1])
    crack = np.where(in_crack, rng.beta(2, 10, n), 0)
    depth = rng.normal(6.5 + np.log(energy / 50), 0.8, n)
    leakage = 0.012 * np.exp(np.clip(depth - 7, -5, 2.5))
    eta_in_cell, phi_in_cell = np.mod(eta, CELL_ETA), np.mod(electron.phi, CELL_PHI)
    modulation = 1 - 0.03 * (2 * eta_in_cell / CELL_ETA - 1) ** 2
    modulation *= 1 + 0.01 * np.cos(2 * np.pi * phi_in_cell / CELL_PHI)
    sampling = (0.09 + 0.015 * material) / np.sqrt(energy)
    noise = 0.3 * np.cosh(eta) * np.sqrt(pileup / 35) / energy
    constant = 0.015 if data else 0.007
    resolution = np.sqrt(sampling**2 + noise**2 + constant**2)
    seen = energy * (1 - loss - crack - leakage) * modulation * rng.normal(1, resolution)
    seen = np.maximum(seen * (0.99 if data else 1.0), 1.0)
    presampler = np.maximum(0.4 * loss * energy * rng.normal(1, 0.2, n), 0)
    scintillator = 0.5 * crack * energy * rng.normal(1, 0.15, n)
    calibrated = seen * (1 + mean_loss + np.where(in_crack, 1 / 6, 0) + 0.018)
    calibrated += 0.8 * (presampler - 0.4 * mean_loss * energy)
    radiated = rng.gamma(0.25 * material, 0.5, n)
    track = electron.pt * np.exp(-radiated) * rng.normal(1, 0.01 + 0.0004 * electron.pt)
    branches = {
        "p_eAccCluster": 1e3 * seen,
        "p_f0Cluster": presampler / seen,
        "p_R12": 0.4 * np.exp((6.5 - depth) / 2) * rng.normal(1, 0.08, n),
        "p_fTG3": scintillator / seen,
        "p_eta": eta,
        "p_phi": np.asarray(electron.phi),
        "p_etaModCalo": eta_in_cell,
        "p_dPhiTH3": phi_in_cell,
        "p_pt_track": 1e3 * track,
        "p_nTracks": 1.0 + rng.poisson(0.1 + pileup / 200),
        "averageInteractionsPerCrossing": pileup,
        "NvtxReco": rng.binomial(np.round(pileup).astype(int), 0.6).astype(float),
        "p_e": 1e3 * calibrated,
    }
    return branches if data else branches | {"p_truth_E": 1e3 * np.asarray(energy)}


def write(path: Path, branches: dict[str, Floats]) -> None:
    """The tree ``electrons``, in float32."""
    with uproot.recreate(path) as file:
        tree = file.mktree("electrons", dict.fromkeys(branches, "f4"))
        tree.extend({name: values.astype("f4") for name, values in branches.items()})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--events", type=int, default=20_000, help="Z bosons that are made")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", action="store_true", help="as of a detector: without truth")
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    write(asked.path, simulate(asked.events, rng, data=asked.data))
