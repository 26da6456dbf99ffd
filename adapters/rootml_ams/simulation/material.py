"""What the calorimeter is made of, as the shower parametrisation needs it.

Lead, fibre and glue in volumes 1 : 0.57 : 0.15 (Adloff et al. 2013). Radiation lengths,
critical energies and densities: Particle Data Group, Atomic and Nuclear Properties (the glue as
polystyrene). Mixing rules: G. Grindhammer and S. Peters, hep-ex/0001020.
"""

from __future__ import annotations

from typing import Final

from rootml_ams.geometry import X0_CM

_VOLUME = {"lead": 1.0, "fibre": 0.57, "glue": 0.15}
_DENSITY = {"lead": 11.35, "fibre": 1.06, "glue": 1.15}
"""g/cm3"""
_X0 = {"lead": 6.37, "fibre": 43.79, "glue": 43.79}
"""g/cm2"""
_CRITICAL = {"lead": 7.43, "fibre": 93.11, "glue": 93.11}
"""MeV, for electrons"""
_CHARGE = {"lead": 82.0, "fibre": 5.70, "glue": 5.70}
"""Mean Z by mass"""

_mass = {name: volume * _DENSITY[name] for name, volume in _VOLUME.items()}
_share = {name: mass / sum(_mass.values()) for name, mass in _mass.items()}
_inverse_x0 = sum(share / _X0[name] for name, share in _share.items())

Z_EFFECTIVE: Final = sum(share * _CHARGE[name] for name, share in _share.items())
CRITICAL_MEV: Final = (
    sum(share * _CRITICAL[name] / _X0[name] for name, share in _share.items()) / _inverse_x0
)
"""Critical energy of the mixture, about 8.3 MeV."""

SCALE_MEV: Final = 21.2
"""Energy of multiple scattering in the definition of the Moliere radius."""
MOLIERE_CM: Final = SCALE_MEV * X0_CM / CRITICAL_MEV
"""About 2.5 cm."""

SAMPLING_FREQUENCY: Final = X0_CM / 0.166
"""X0 over the thickness of one lead foil with its fibres (11 foils make 1.83 cm)."""
E_OVER_MIP: Final = 1.0 / (1.0 + 0.007 * (_CHARGE["lead"] - _CHARGE["fibre"]))
"""Response to showers over that to minimum ionising particles (hep-ex/0001020)."""
