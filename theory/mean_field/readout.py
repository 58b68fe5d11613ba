"""Mean field of what a read-out makes of the interference: detection, and what ReLU filters out.

In units of ‖W_i‖² = a the interference is normal with variance κ² = (1/ρ - 1)(p/3 - p²/4). The
exact counterparts, for a given network, are in `theory.interference`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import as_number, check_nonnegative, check_one_density, check_ratio, check_real
from theory.mean_field.gaussian import normal_density, rectified_moments
from theory.mean_field.state import noise, stationary_loss

Array = NDArray[np.float64]
_ROOTS, _SHARES = np.polynomial.legendre.leggauss(40)
_NODES, _WEIGHTS = (_ROOTS + 1) / 2, _SHARES / 2


def detection(ratio: ArrayLike, density: ArrayLike) -> Array:
    """P(s_i of an active x_i > s_i of an inactive one), s_i = W_i·h: the area under the ROC curve.

        ∫_0^1 Φ(u/(√2 κ)) du = Φ(c) - (φ(0) - φ(c))/c,   c = 1/(√2 κ).

    1 at ρ = 1 and 1 - O(√p) as p → 0, where the exact one is 1 - O(p): interference that is absent
    most of the time is not Gaussian. ratio ρ = m/n and density p in (0, 1]; they broadcast. Raises
    ValueError for others. Source: derived here.
    """
    spread = np.sqrt(2) * noise(ratio, density)
    inside = np.where(spread > 0, spread, 1.0)
    upper = rectified_moments(1.0, inside)[1]  # its derivative in the mean is Φ
    return np.where(spread > 0, upper - inside * normal_density(0.0), 1.0)


def parts(a: float, b: float, ratio: float, density: float) -> tuple[float, float]:
    """(value error, interference) of `stationary_loss(a, b, ratio, density)`, their sum.

    E (x - r(x))² and E Var(x' | x), r(x) = E ReLU(a x + b + a κ z) the mean response. The linear
    read-out has the interference a² κ². Arguments and errors as there, all numbers.
    Source: derived here.
    """
    a, b = as_number("a", check_nonnegative("a", a)), check_real("b", b)
    p, rho = check_one_density(density), as_number("ratio", check_ratio(ratio))
    sigma = a * float(noise(rho, p))
    silent = rectified_moments(b, sigma)[1]
    kink = np.clip(-b / a, 0.0, 1.0) if a > 0 else 0.0
    value = (1 - p) * silent**2
    for low, high in ((0.0, kink), (kink, 1.0)):
        u = low + (high - low) * _NODES
        error = u - rectified_moments(a * u + b, sigma)[1]
        value += p * (high - low) * (_WEIGHTS @ error**2)
    return float(value), float(stationary_loss(a, b, rho, p)) - float(value)
