"""Closed forms of the two-feature model: ansatz boundary, stability limits, small densities."""

import functools

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_broadcast, check_density
from theory.two_features.excess import ANTIPODAL, Family, second_weight

Vector = NDArray[np.float64]


def ansatz_boundary(p: ArrayLike) -> NDArray[np.float64]:
    """Boundary between the paper's two fixed ansätze: r = 2p/(4 - 5p).

    Solves r (p/3 - p²/4) = (1 + r) p²/6: dedicated (unit weight, second feature dropped, its bias
    at the mean) against antipodal (unit weights, no bias). Here `p` is the density in (0, 1] and
    the result the relative importance r <= 1; NaN for p > 4/7, where it would exceed 1 (there the
    boundary is r = 1). Not a phase boundary of the model, whose norms and biases are free.
    Raises ValueError for a density outside (0, 1].
    Source: Elhage et al. 2022, Toy Models of Superposition.
    """
    p = check_density(p, "p")
    return np.where(7 * p <= 4, 2 * p / (4 - 5 * np.minimum(p, 4 / 7)), np.nan)


def dedicated_stability_limit(
    p: ArrayLike, *, second_density: ArrayLike | None = None
) -> NDArray[np.float64]:
    """Relative importance above which the dedicated state is no local minimum.

    States: dedicated w = (1, 0), b = (0, q/2), and the antipodal direction w₂ = -δ, b₁ = β δ, with
    q the density of feature 2 (`second_density`, by default p). To second order the loss changes
    by δ² (f(β) - r V'), the changes of w₁ and b₂ at their best:

        f(β) = (1-p)((1-q)β² + qβ³/3) + p(β² - qβ + q/3) - (3p/4)(β - q/2)²
        V' = 2(q/3 - q²/4) - (p/3 - p²/4)

    The limit is f(β*)/V' at the minimum, the positive root of
    q(1-p)β² + (2(1-p)(1-q) + p/2)β = pq/4; infinite where V' <= 0. At q = p it is r = p + O(p²) at
    small p and 1 at p = 1. The acute direction w₂ = +δ goes unstable only at larger r, for every
    p < 1.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_density(p, "p")
    q = p if second_density is None else check_density(second_density, "second_density")
    check_broadcast(p=p, second_density=q)
    return _limit(antipodal_cost(p, q), p, q)


def acute_onset(p: ArrayLike, *, second_density: ArrayLike | None = None) -> NDArray[np.float64]:
    """Relative importance above which the dedicated state is unstable towards acute states too.

    Direction w₂ = +δ, b₁ = -s δ: as `dedicated_stability_limit` with

        f(s) = (1-p)q(1-s)³/3 + p(s² - qs + q/3) - (3p/4)(s - q/2)²

    at its minimum, the root in (0, 1) of 2(1-p)q u² + p u = p(1 - q/2), u = 1 - s. At q = p it
    tends to 5/16 as p → 0 and to 1 as p → 1.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_density(p, "p")
    q = p if second_density is None else check_density(second_density, "second_density")
    check_broadcast(p=p, second_density=q)
    return _limit(acute_cost(p, q), p, q)


def antipodal_cost(p: ArrayLike, q: ArrayLike) -> Vector:
    """f(β*) of `dedicated_stability_limit`."""
    p, q, beta = np.asarray(p), np.asarray(q), critical_bias_slope(p, q)
    silent = (1 - p) * ((1 - q) * beta**2 + q * beta**3 / 3)
    return silent + p * (beta**2 - q * beta + q / 3) - 3 * p / 4 * (beta - q / 2) ** 2


def acute_cost(p: ArrayLike, q: ArrayLike) -> Vector:
    """f(s*) of `acute_onset`."""
    p, q, s = np.asarray(p), np.asarray(q), acute_bias_slope(p, q)
    silent = (1 - p) * q * (1 - s) ** 3 / 3
    return silent + p * (s**2 - q * s + q / 3) - 3 * p / 4 * (s - q / 2) ** 2


def critical_bias_slope(p: ArrayLike, q: ArrayLike | None = None) -> Vector:
    """β* = b₁/|w₂| in the direction that goes unstable: the root of `dedicated_stability_limit`."""
    p = np.asarray(p, dtype=np.float64)
    q = p if q is None else np.asarray(q, dtype=np.float64)
    half = (1 - p) * (1 - q) + p / 4
    return p * q / 4 / (half + np.sqrt(half**2 + p * q**2 * (1 - p) / 4))


def acute_bias_slope(p: ArrayLike, q: ArrayLike | None = None) -> Vector:
    """s* = -b₁/w₂ in the acute direction that goes unstable: 1 - u of `acute_onset`."""
    p = np.asarray(p, dtype=np.float64)
    q = p if q is None else np.asarray(q, dtype=np.float64)
    rise = 8 * (1 - p) * q * p * (1 - q / 2)
    return 1 - 2 * p * (1 - q / 2) / (p + np.sqrt(p**2 + rise))


def near_dedicated(family: Family) -> Vector:
    """(a, β, γ, φ) in which states of the family leave dedicated: v = 0 of their curve, r = tan φ.

    From the conditions of `dedicated_stability_limit` and `acute_onset`.
    """
    p, q = family.density, family.second_density
    gain = _gain(p, q)
    if family.side == ANTIPODAL:
        beta, cost = critical_bias_slope(p, q), antipodal_cost(p, q)
        return np.array([0.75 * (q / 2 - beta), beta, p / 2, np.arctan2(cost, gain)])
    s, cost = acute_bias_slope(p, q), acute_cost(p, q)
    return np.array([0.75 * (s - q / 2), -s, -p / 2, np.arctan2(cost, gain)])


def leaves_dedicated(family: Family) -> bool:
    """Whether dedicated turns unstable at any r: V' > 0, see `dedicated_stability_limit`."""
    return bool(_gain(family.density, family.second_density) > 0)


def _limit(cost: Vector, p: ArrayLike, q: ArrayLike) -> Vector:
    gain = _gain(p, q)
    return np.where(gain > 0, cost / np.where(gain > 0, gain, 1.0), np.inf)


def _gain(p: ArrayLike, q: ArrayLike) -> Vector:
    """V' = 2(q/3 - q²/4) - (p/3 - p²/4), what a small w₂ saves for feature 2, over δ²."""
    p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    return 2 * (q / 3 - q**2 / 4) - (p / 3 - p**2 / 4)


@functools.cache
def small_density_state() -> tuple[sp.Expr, sp.Expr]:
    """(c, v): r/p and |w₂| of the strong antipodal state where it ties with dedicated, p → 0.

    With r = c p the loss over p² tends to E min(x₁, v x₂)² + c (1 - v²)²/3: interference when both
    are active, and the shrunken second feature. Equal to the dedicated c/3 and stationary in v.
    """
    v, c = second_weight, sp.Symbol("c", positive=True)
    loss = interference() + c * (1 - v**2) ** 2 / 3
    tie = sp.solve(loss - c / 3, c)[0]
    weights = sp.solve(sp.numer(sp.together(loss.diff(v).subs(c, tie))), v)
    weight = next(root for root in weights if 0 < root < 1)
    return sp.radsimp(sp.simplify(tie.subs(v, weight))), weight


def interference() -> sp.Expr:
    """E min(x₁, v x₂)² for two uniform features and v <= 1, integrated by sympy."""
    x1, x2 = sp.symbols("x_1 x_2", positive=True)
    below = sp.integrate(x1**2, (x1, 0, second_weight * x2))
    above = sp.integrate((second_weight * x2) ** 2, (x1, second_weight * x2, 1))
    return sp.expand(sp.integrate(sp.expand(below + above), (x2, 0, 1)))


def small_density_slope() -> sp.Expr:
    """lim r/p of `dedicated_first_order_line` as p → 0: (2 + √2)/8, exact.

    States: dedicated, and strong antipodal with w₂ = -(2 - √2); see `small_density_state` for the
    two equations. Source: derived here.
    """
    return small_density_state()[0]
