"""The loss along the order parameter: |w₂| held, everything else at its best."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_nonnegative, check_one_density, check_relative_importance
from theory.numeric import System, newton
from theory.two_features.closed_forms import near_dedicated
from theory.two_features.equations import Vector
from theory.two_features.excess import Family, antipodal, excess_at

_STEP = 0.02  # of |w₂| between two solutions, each the start of the next


def energy_profile(p: float, r: float, weights: ArrayLike) -> NDArray[np.float64]:
    """L - L_dedicated at density p and relative importance r over |w₂|, on the antipodal side.

    weights: values v ≥ 0 of |w₂|, of any shape; the result has that shape. At each,

        min over (w₁, b₁, b₂) of L((w₁, -v), b) - r (p/3 - p²/4),

    the minimum that grows out of dedicated (w₁ = 1, v = 0), followed in v: ∇L = 0 in the three.
    Minima of the profile in v are local minima of the loss, its maxima are saddles with one
    direction of descent: the double well of a first-order line, with the barrier of
    `Coexistence.barrier` at its tie. Good up to |w₂| = w₁.
    Raises ValueError for a density outside (0, 1], an r that is not positive and finite and a
    negative weight; RootNotFound far beyond w₁. Source: derived here.
    """
    family, r = antipodal(check_one_density(p, "p")), check_relative_importance(r, "r")
    wanted = check_nonnegative("weights", weights)
    found = dict(zip(*_followed(family, r, np.unique(wanted)), strict=True))
    return np.vectorize(found.__getitem__, otypes=[float])(wanted)


def _followed(family: Family, r: float, weights: Vector) -> tuple[list[float], list[float]]:
    inner, at, out = near_dedicated(family)[:3], 0.0, []
    for v in map(float, weights):
        for between in np.linspace(at, v, int(np.ceil((v - at) / _STEP)) + 1)[1:]:
            inner = newton(_at_weight(family, r, float(between)), inner)
        at = v
        out.append(v**2 * excess_at(np.append(v, inner), family, r).value if v else 0.0)
    return list(map(float, weights)), out


def _at_weight(family: Family, r: float, v: float) -> System:
    """(a, β, γ): stationary at |w₂| = v."""

    def system(inner: Vector) -> tuple[Vector, Vector]:
        at = excess_at(np.append(v, inner), family, r)
        return at.gradient[1:], at.hessian[1:, 1:]

    return system
