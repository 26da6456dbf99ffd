"""The columns of the HiggsML challenge, computed from what a detector measures.

Names and definitions: Adam-Bourdarios et al., "Learning to discover: the Higgs boson machine
learning challenge" (2014, opendata.cern.ch/record/328), appendix B. Momenta in GeV; what is not
defined for an event is -999.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import vector

from rootml.spec import Array
from rootml_htautau.simulation.decays import Vectors
from rootml_htautau.simulation.mass import ditau_mass

UNDEFINED = -999.0
JET_PT = 30.0


@dataclass(frozen=True)
class Measured:
    """Lepton and tau, missing momentum (n, 2) and its resolution (n,), sum of transverse energies.

    ``jets``: (n, 4, 3) pt, eta, phi, highest pt first; pt 0 is no jet.
    """

    lepton: Vectors
    tau: Vectors
    missing: Array
    width: Array
    total: Array
    jets: Array


def columns(seen: Measured) -> dict[str, Array]:
    """The 30 columns: 13 derived ones, then the 17 they are made of."""
    return _of_the_pair(seen) | _of_the_jets(seen) | _primitive(seen)


def _of_the_pair(seen: Measured) -> dict[str, Array]:
    lepton, tau = _flat(seen.lepton), _flat(seen.tau)
    met: Vectors = vector.array({"px": seen.missing[:, 0], "py": seen.missing[:, 1]})
    pair = seen.lepton + seen.tau
    mass = ditau_mass(pair.mass, lepton, tau, seen.missing, seen.width)
    swing = seen.lepton.deltaphi(met)
    higgs = lepton + tau + seen.missing
    leading = seen.jets[:, :2]
    jets = np.stack([leading[..., 0] * f(leading[..., 2]) for f in (np.cos, np.sin)], axis=2)
    return {
        "DER_mass_MMC": np.where(np.isnan(mass), UNDEFINED, mass),
        "DER_mass_transverse_met_lep": np.sqrt(2 * seen.lepton.pt * met.pt * (1 - np.cos(swing))),
        "DER_mass_vis": pair.mass,
        "DER_pt_h": np.hypot(*higgs.T),
        "DER_deltar_tau_lep": seen.tau.deltaR(seen.lepton),
        "DER_pt_tot": np.hypot(*(higgs + jets.sum(axis=1)).T),
        "DER_sum_pt": seen.lepton.pt + seen.tau.pt + seen.jets[..., 0].sum(axis=1),
        "DER_pt_ratio_lep_tau": seen.lepton.pt / seen.tau.pt,
        "DER_met_phi_centrality": _phi_centrality(seen.lepton.phi, seen.tau.phi, met.phi),
    }


def _phi_centrality(lepton: Array, tau: Array, missing: Array) -> Array:
    """sqrt(2) where the missing momentum points between lepton and tau, 1 along one of them."""
    sign = np.sign(np.sin(tau - lepton))
    first, second = np.sin(missing - lepton) * sign, np.sin(tau - missing) * sign
    centrality: Array = (first + second) / np.hypot(first, second)
    return centrality


def _of_the_jets(seen: Measured) -> dict[str, Array]:
    """What two jets give: undefined where there are fewer."""
    (pt1, eta1, phi1), (pt2, eta2, phi2) = seen.jets[:, 0].T, seen.jets[:, 1].T
    two = pt2 > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        far = np.exp(-4 / (eta1 - eta2) ** 2 * (seen.lepton.eta - (eta1 + eta2) / 2) ** 2)
    mass = np.sqrt(2 * pt1 * pt2 * (np.cosh(eta1 - eta2) - np.cos(phi1 - phi2)))
    defined = {
        "DER_deltaeta_jet_jet": np.abs(eta1 - eta2),
        "DER_mass_jet_jet": mass,
        "DER_prodeta_jet_jet": eta1 * eta2,
        "DER_lep_eta_centrality": far,
    }
    return {name: np.where(two, values, UNDEFINED) for name, values in defined.items()}


def _primitive(seen: Measured) -> dict[str, Array]:
    pt, eta, phi = (seen.jets[..., place] for place in range(3))
    found = pt > 0
    made = {
        f"PRI_{name}_{what}": getattr(particle, what)
        for name, particle in (("tau", seen.tau), ("lep", seen.lepton))
        for what in ("pt", "eta", "phi")
    }
    made |= {
        "PRI_met": np.hypot(*seen.missing.T),
        "PRI_met_phi": np.arctan2(seen.missing[:, 1], seen.missing[:, 0]),
        "PRI_met_sumet": seen.total,
        "PRI_jet_num": np.minimum(found.sum(axis=1), 3),
    }
    for place, name in ((0, "leading"), (1, "subleading")):
        for what, values in (("pt", pt), ("eta", eta), ("phi", phi)):
            there = np.where(found[:, place], values[:, place], UNDEFINED)
            made[f"PRI_jet_{name}_{what}"] = there
    return made | {"PRI_jet_all_pt": pt.sum(axis=1)}


def _flat(particle: Vectors) -> Array:
    return np.stack([particle.px, particle.py], axis=1)
