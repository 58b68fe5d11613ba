"""The turns that end metastable states, each followed in the density from a known end."""

import functools

import numpy as np
import sympy as sp

from theory.numeric import bracketed_root, scalar_function
from theory.two_features.closed_forms import acute_onset, interference, near_dedicated
from theory.two_features.curve import curve
from theory.two_features.dedicated_line import tricritical_points
from theory.two_features.equations import Vector
from theory.two_features.excess import ACUTE, ANTIPODAL, Family, antipodal, density, second_weight
from theory.two_features.folds import (
    Turns,
    follow_turns,
    kink_row,
    symmetric_row,
    tangent,
    turn,
)
from theory.two_features.normal_form import acute_third_order, normal_form

SPARSE = 1e-7  # densities below are taken to leading order


@functools.cache
def symmetric_stability_density() -> float:
    """Density p above which the symmetric antipodal state at r = 1 is no local minimum.

    State: w₁ = -w₂, b₁ = b₂. Equations: ∇L = 0, and the Hessian singular in the directions that
    the exchange of the features reverses: along the curve, dr/dw₂ = 0. Source: derived here.
    """

    def slope(p: float) -> float:
        return float(tangent(antipodal(p), symmetric_row(antipodal(p)))[4])

    return bracketed_root(slope, 0.7, 0.73)


@functools.cache
def acute_tricritical_point() -> tuple[float, float]:
    """(p, r) above which acute no longer grows out of dedicated continuously.

    Equation: the cubic coefficient of `normal_form` towards the acute side vanishes,
    p(27p³ - 51p² + 16p + 7)/96 = 0; r = `acute_onset`. Source: derived here.
    """
    p = bracketed_root(scalar_function([density], acute_third_order()), 0.5, 1.0)
    return p, float(acute_onset(p))


@functools.cache
def small_density_fold() -> tuple[sp.Expr, sp.Expr]:
    """(c, v): lim r/p of `strong_stability_limit` as p → 0 and |w₂| there.

    c(v) = 3 I'(v)/(4v(1 - v²)) with I = `interference` keeps the state with |w₂| = v stationary;
    its minimum is c = (4 + √7)/16 at v = (4 - √7)/3. Source: derived here.
    """
    v = second_weight
    c = 3 * interference().diff(v) / (4 * v * (1 - v**2))
    weights = sp.solve(sp.numer(sp.together(c.diff(v))), v)
    weight = next(root for root in weights if 0 < root < 1)
    return sp.radsimp(sp.simplify(c.subs(v, weight))), weight


@functools.cache
def cusp() -> tuple[float, Vector]:
    """Density and row of `weak_cusp`: the slope dr/dv, greatest at the kink, vanishes there."""

    def slope(p: float) -> float:
        return float(tangent(antipodal(p), kink_row(antipodal(p)))[4])

    p = bracketed_root(slope, 0.2, 0.25)
    return p, kink_row(antipodal(p))


@functools.cache
def strong_turns() -> Turns:
    """From p → 0 to the symmetric state at r = 1; w₁ - |w₂| goes like the root of the distance."""
    end = symmetric_stability_density()

    def parameter(p: float) -> float:
        return -np.sqrt(max(end - p, 0.0))

    densities = end * (1 - np.linspace(1.0, 0.0, 42)[1:-1] ** 2)
    first = turn(antipodal(densities[0]), _small_density_row(densities[0]))
    turns = follow_turns(ANTIPODAL, densities, first, parameter=parameter)
    return turns.with_ends({0.0: _small_density_row(0.0), end: symmetric_row(antipodal(end))})


def _small_density_row(p: float) -> Vector:
    """The strong fold to leading order in p; a and β only matter beyond it."""
    ratio, weight = map(float, small_density_fold())
    return np.array([weight, 0.0, 0.0, -p * weight / 2, p * ratio])


@functools.cache
def weak_high_turns() -> Turns:
    """From p = 1 down to the cusp, beyond the kink."""
    start, row = cusp()
    densities = start + (1 - start) * np.linspace(1.0, 0.04, 41) ** 2
    return follow_turns(ANTIPODAL, densities, _top(antipodal(1.0))).with_ends({start: row})


@functools.cache
def weak_low_turns() -> Turns:
    """From the cusp to the lower tricritical point, before the kink."""
    start, row = cusp()
    densities = np.linspace(start, tricritical_points()[0][0], 31)
    return follow_turns(ANTIPODAL, densities, row, nudge=-1e-4)


@functools.cache
def dense_turns() -> Turns:
    """From the upper tricritical point, where |w₂| = 0, to p = 1."""
    return _from_dedicated(ANTIPODAL, tricritical_points()[1][0])


@functools.cache
def acute_low_turns() -> Turns:
    """From the acute tricritical point, where w₂ = 0, to p = 1."""
    return _from_dedicated(ACUTE, acute_tricritical_point()[0])


def _from_dedicated(side: int, start: float) -> Turns:
    densities = np.linspace(start, 1.0, 22)[1:]
    form, family = normal_form(densities[0], side=side), Family(densities[0], densities[0], side)
    weight = -3 * form.cubic / (8 * form.quartic)
    first = turn(family, np.append(weight, near_dedicated(family)))
    end = np.append(0.0, near_dedicated(Family(start, start, side)))
    return follow_turns(side, densities, first).with_ends({start: end})


@functools.cache
def acute_high_turns() -> Turns:
    """From p = 1 down to the least density; at both ends the top of a curve in r."""
    densities = np.linspace(1.0, 0.01, 31)
    turns = follow_turns(ACUTE, densities, _top(Family(1.0, 1.0, ACUTE)))
    return turns.with_ends({SPARSE: _top(Family(SPARSE, SPARSE, ACUTE))})


def _top(family: Family) -> Vector:
    rows = curve(family)
    return turn(family, rows[np.argmax(rows[:, 4])])
