"""Labels of energies in ATLAS that need no truth: what makes the mass of the Z.

Texts are expressions of logical columns, in GeV and rad; particles are taken as massless.
"""

from __future__ import annotations

from rootml.training import Sample

Z_MASS = 91.1876
"""GeV; Particle Data Group, Phys. Rev. D 110 (2024) 030001."""


def _et(who: str) -> str:
    """Transverse energy."""
    return f"({who}energy / cosh({who}eta))"


def _angle(one: str, other: str) -> str:
    """Square of the mass of both over twice the product of their transverse energies."""
    return f"(cosh({one}eta - {other}eta) - cos({one}phi - {other}phi))"


def _within(mass: str) -> str:
    """The lecture's window in GeV."""
    return f"{mass} > 86 && {mass} < 97"


_OTHER = f"{_et('tag_')} * {_angle('', 'tag_')}"
Z_LABEL = Sample(
    target=f"cosh(eta) * {Z_MASS}^2 / (2 * {_OTHER})",
    select=_within(f"sqrt(2 * energy / cosh(eta) * {_OTHER})"),
)
"""Electrons: the energy with which electron and tag make the mass of the Z (the lecture)."""

_MUMU = f"(2 * {_et('mu1_')} * {_et('mu2_')} * {_angle('mu1_', 'mu2_')})"
_MUONS = " + ".join(f"{_et(muon)} * {_angle('', muon)}" for muon in ("mu1_", "mu2_"))
MUMUGAMMA_LABEL = Sample(
    target=f"cosh(eta) * ({Z_MASS}^2 - {_MUMU}) / (2 * ({_MUONS}))",
    select=f"{_MUMU} > 40^2 && {_MUMU} < 80^2 && "
    + _within(f"sqrt({_MUMU} + 2 * energy / cosh(eta) * ({_MUONS}))"),
    weight=f"(1 - {_MUMU} / {Z_MASS}^2)^2",
)
"""Photons: the energy with which a photon and two muons make the mass of the Z,

    E = cosh(eta) (m_Z^2 - m_mumu^2) / (2 sum_i E_T,i (cosh(eta - eta_i) - cos(phi - phi_i))).

ATLAS takes such photons as radiated by the muons where 40 < m_mumu < 83 GeV (EPJC 76 (2016) 666);
below 80 GeV the label's median is that of the truth (a choice). Rows weigh as one over the label's
relative variance, as far as the width of the Z makes it.
"""
