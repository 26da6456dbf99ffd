"""The mean longitudinal profile of an electromagnetic shower, fitted to all events at once.

dE/dt = E b (b t)^(a-1) exp(-b t) / Gamma(a) with the depth t in X0 along the shower's axis
(E. Longo, I. Sestili, Nucl. Instrum. Meth. 128 (1975) 283), which is what AMS fits (C. Adloff et
al., Nucl. Instrum. Meth. A 714 (2013) 147). Within the calorimeter the shares of the layers are
proportional to exp((a-1) ln t - b t): a multinomial model, linear in ln t and t, whose likelihood
is concave, so that a few Newton steps find its maximum (P. McCullagh, J. A. Nelder, Generalized
Linear Models, 2nd ed. 1989, ch. 5). There the means of ln t and t are those of the deposits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rootml_ams.geometry import LAYER_X0, LAYERS

Floats = npt.NDArray[np.floating[Any]]

DEPTHS: Final = (np.arange(LAYERS) + 0.5) * LAYER_X0
"""Middle of each layer below the front face, X0."""
QUANTA: Final = 1000.0
"""So many independent deposits make a shower: a choice that sets the weight of the prior and the
scale of chi2."""
PRIOR: Final = ((4.0, 4.0), (0.5, 0.4))
"""Mean and standard deviation of a - 1 and b (1/X0) before an event is seen. Wide for electrons
of any energy; they keep a shower in one layer from being infinitely steep."""
STEPS: Final = 7
DEEPEST: Final = 2 * LAYERS * LAYER_X0
"""Maxima below, far outside the calorimeter, count as there, X0."""
_LARGEST_STEP = (3.0, 0.5)
_LEAST = 1e-3
"""Added to the shares in the denominator of chi2: the least that a layer's variance is."""
_TERMS = np.stack([np.log(DEPTHS), -DEPTHS], axis=1)
_PRODUCTS = (_TERMS[:, :, None] * _TERMS[:, None, :]).reshape(LAYERS, 4)
_MEAN, _SPREAD = np.array(PRIOR).T
_WEIGHT = 1 / (QUANTA * _SPREAD**2)


@dataclass(frozen=True)
class Profile:
    """Fitted profiles, (n,) each where nothing else is said."""

    a: Floats
    """Shape; above 1 the profile rises before it falls."""
    b: Floats
    """Scale, 1/X0 along the axis."""
    maximum: Floats
    """Depth (a - 1) / b of the maximum along the axis, X0: from 0 to :data:`DEEPEST`."""
    chi2: Floats
    """Chi square of the layers over degrees of freedom, in units of :data:`QUANTA`."""
    excess: Floats
    """Share of each layer in the deposits above the fitted one, (n, 18)."""


def fit_profiles(share: Floats, secant: Floats) -> Profile:
    """Fit the shares (n, 18) of the layers in the deposits; ``secant`` (n,) of the axis's angle.

    Always finite, whatever the shares are.
    """
    seen = share @ _TERMS
    found = np.tile(_MEAN, (len(share), 1))
    for _ in range(STEPS):
        fitted = _shares(found)
        mean = fitted @ _TERMS
        spread = (fitted @ _PRODUCTS).reshape(-1, 2, 2) - mean[:, :, None] * mean[:, None, :]
        slope = seen - mean - _WEIGHT * (found - _MEAN)
        step = np.linalg.solve(spread + np.diag(_WEIGHT), slope[..., None])[..., 0]
        found = found + np.clip(step, -np.array(_LARGEST_STEP), _LARGEST_STEP)
    fitted = _shares(found)
    rise, fall = found.T
    return Profile(
        a=rise + 1,
        b=fall / secant,
        maximum=np.clip(secant * rise / np.maximum(fall, 1e-3), 0, DEEPEST),
        chi2=QUANTA * ((share - fitted) ** 2 / (fitted + _LEAST)).sum(axis=1) / (LAYERS - 3),
        excess=share - fitted,
    )


def _shares(found: Floats) -> Floats:
    """Shares of the layers (n, 18) for a - 1 and b, (n, 2)."""
    exponent = found @ _TERMS.T
    height = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    shares: Floats = height / height.sum(axis=1, keepdims=True)
    return shares
