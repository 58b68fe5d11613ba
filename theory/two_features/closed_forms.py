"""Closed forms of the two-feature model: ansatz boundary, stability limit, small-density slope."""

import functools
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_density
from theory.numeric import Function, array_function
from theory.truncated_power import TruncatedPower
from theory.two_features.excess import (
    density,
    excess,
    first_bias_slope,
    importance,
    second_bias_slope,
    second_weight,
    weight_slope,
)


def ansatz_boundary(p: ArrayLike) -> NDArray[np.float64]:
    """Boundary between the paper's two fixed ansätze: r = 2p/(4 - 5p).

    Solves r (p/3 - p²/4) = (1 + r) p²/6: dedicated (unit weight, second feature dropped, its bias
    at the mean) against antipodal (unit weights, no bias). Here `p` is the density in (0, 1] and
    the result the relative importance r <= 1; NaN for p > 4/7, where it would exceed 1 (there the
    boundary is r = 1). Not a phase boundary of the model, whose norms and biases are free.
    Raises ValueError for a density outside (0, 1].
    Source: Elhage et al. 2022, Toy Models of Superposition.
    """
    p = check_density(p)
    return np.where(7 * p <= 4, 2 * p / (4 - 5 * np.minimum(p, 4 / 7)), np.nan)


def dedicated_stability_limit(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance above which the dedicated state is no local minimum.

    States: dedicated w = (1, 0), b = (0, p/2), and the antipodal direction w₂ = -δ, b₁ = β δ.
    To second order the loss changes by δ² (f(β) - r V), the changes of w₁ and b₂ at their best:

        f(β) = (1-p)²β² + p(1-p)β³/3 + pβ² - p²β + p²/3 - (3p/4)(β - p/2)²,   V = p/3 - p²/4

    The limit is f(β*)/V at the minimum, the positive root of
    p(1-p)β² + (2(1-p)² + p/2)β = p²/4. Closed form, r = p + O(p²) at small p and 1 at p = 1. The
    acute direction w₂ = +δ goes unstable only at larger r, for every p < 1.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_density(p)
    beta = critical_bias_slope(p)
    change = (1 - p) ** 2 * beta**2 + p * (1 - p) * beta**3 / 3 + p * beta**2
    change += -(p**2) * beta + p**2 / 3 - 3 * p / 4 * (beta - p / 2) ** 2
    return change / (p / 3 - p**2 / 4)


def critical_bias_slope(p: ArrayLike) -> NDArray[np.float64]:
    """β* = b₁/|w₂| in the direction that goes unstable: the root of `dedicated_stability_limit`."""
    p = np.asarray(p, dtype=np.float64)
    q = 2 * (1 - p) ** 2 + p / 2
    return p**2 / 2 / (q + np.sqrt(q**2 + p**3 * (1 - p)))


@functools.cache
def excess_near_dedicated() -> sp.Expr:
    """Q = (L - r V)/v² for small v and 0 < β < 1, free of truncated powers, regular at v = 0."""
    near: Any = excess().replace(TruncatedPower, _power_near_dedicated)
    return near


def _power_near_dedicated(base: Any, power: Any) -> Any:
    """The truncated power as v → 0+: its sign is that of its base there."""
    beta = sp.Symbol("beta", positive=True)
    at_dedicated = base.subs({second_weight: 0, first_bias_slope: beta})
    return sp.S.Zero if at_dedicated.is_negative else base**power


@functools.cache
def second_order_form() -> sp.Expr:
    """f(β) - r V: the loss over δ² around the dedicated state, w₁ and b₂ at their best."""
    form = sp.expand(excess_near_dedicated().subs(second_weight, 0))
    return sp.expand(form.subs(_best_weight_and_bias()))


@functools.cache
def third_order_coefficient() -> sp.Expr:
    """Coefficient of δ³ in the loss around the dedicated state, at the best a and γ.

    At β* and at the stability limit its sign decides the order of the change: positive, the weak
    antipodal state grows continuously, v = 2 V (r - r_limit)/(3 B), so the gain is cubic in the
    distance; negative, the change is of first order; zero, a tricritical point.
    """
    slope = excess_near_dedicated().diff(second_weight).subs(second_weight, 0)
    return sp.expand(slope.subs(_best_weight_and_bias()))


def _best_weight_and_bias() -> Any:
    form: Any = excess_near_dedicated().subs(second_weight, 0)
    unknowns = (weight_slope, second_bias_slope)
    return sp.solve([form.diff(unknown) for unknown in unknowns], unknowns)


@functools.cache
def third_order_function() -> Function:
    """numpy function p -> B(p), the third-order coefficient along the stability limit."""
    coefficient = array_function((density, importance, first_bias_slope), third_order_coefficient())

    def along_limit(p: ArrayLike) -> NDArray[np.float64]:
        p = check_density(p)
        return coefficient(p, dedicated_stability_limit(p), critical_bias_slope(p))

    return along_limit


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
