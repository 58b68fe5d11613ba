"""Metastable ends: where strong, weak and acute states stop being local minima at equal densities.

Each is a turn of the curve of stationary states, where a minimum merges with a saddle, or the
point at which the state shrinks into the dedicated one.
"""

import functools
from collections.abc import Callable

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_density
from theory.numeric import bracketed_root
from theory.two_features.closed_forms import (
    acute_onset,
    dedicated_stability_limit,
    interference,
    near_dedicated,
)
from theory.two_features.curve import curve
from theory.two_features.dedicated_line import tricritical_points
from theory.two_features.equations import Vector
from theory.two_features.excess import (
    ACUTE,
    ANTIPODAL,
    Family,
    density,
    second_weight,
)
from theory.two_features.folds import (
    Turns,
    follow_turns,
    kink_row,
    symmetric_row,
    tangent,
    turn,
)
from theory.two_features.normal_form import acute_third_order, normal_form

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]
_SPARSE = 1e-7  # densities below are taken to leading order


def strong_stability_limit(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance below which the strong antipodal state is no local minimum.

    State: strong antipodal, w₁ > -w₂ > 0, which merges with a saddle there. Equations: ∇L = 0 in
    (w₁, w₂, b₁, b₂) and dr/dw₂ = 0 along the curve of stationary states. It ends at
    `symmetric_stability_density`, where it reaches w₁ = -w₂ and r = 1; NaN above. Relative error
    below 1e-10; for p < 1e-7 the leading order `small_density_fold` times p, relative error 2e-7.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    return np.vectorize(_strong, otypes=[float])(check_density(p))


def weak_stability_limits(p: ArrayLike) -> Pair:
    """(low, high): between these r the weak antipodal state is a local minimum.

    State: weak antipodal, w₁ > -w₂ > 0 with the smaller |w₂|. Equations: as
    `strong_stability_limit`. high: it merges with the saddle before strong, which exists from
    `weak_cusp` on; beyond r = 1 where above 1, the metastable end across the diagonal. low: it
    merges with the saddle next to dedicated, outside the two `tricritical_points`, and grows out
    of dedicated at `dedicated_stability_limit` between them. NaN below the cusp, where strong is
    the only antipodal minimum. Error below 1e-10.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_density(p)
    return _vectorised(_weak_low)(p), _vectorised(_weak_high)(p)


def acute_stability_limit(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance r <= 1 below which there is no acute local minimum: the lower end.

    State: acute, w₁ >= w₂ > 0. Up to `acute_tricritical_point` it grows out of dedicated at
    `acute_onset`; above, it merges with a saddle before. Equations of that: ∇L = 0 in
    (w₁, w₂, b₁, b₂) and dr/dw₂ = 0 along the curve. Error below 1e-10.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    return _vectorised(_acute_low)(check_density(p))


def acute_stability_limits(p: ArrayLike) -> Pair:
    """(low, high): between these r the acute state with w₁ > w₂ > 0 is a local minimum.

    low is `acute_stability_limit`. high > 1: there it merges with a saddle, which comes from the
    symmetric state at r = 1, unstable for every density. Exchanged, an acute state with w₂ > w₁
    is a local minimum for r between 1/high and 1/low. Error below 1e-10; for p < 1e-7 the value
    at 1e-7, relative error 3e-8.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_density(p)
    return acute_stability_limit(p), _vectorised(_acute_high)(p)


@functools.cache
def symmetric_stability_density() -> float:
    """Density p above which the symmetric antipodal state at r = 1 is no local minimum.

    State: w₁ = -w₂, b₁ = b₂. Equations: ∇L = 0, and the Hessian singular in the directions that
    the exchange of the features reverses: along the curve, dr/dw₂ = 0. Source: derived here.
    """

    def slope(p: float) -> float:
        return float(tangent(_antipodal(p), symmetric_row(_antipodal(p)))[4])

    return bracketed_root(slope, 0.7, 0.73)


@functools.cache
def weak_cusp() -> tuple[float, float]:
    """(p, r) at which the weak antipodal state appears: its two limits meet in a cusp.

    State: antipodal with b₂ = -w₁w₂, so that z₂ = 0 where x = (1, 0); there d²r/dw₂² jumps from
    one sign to the other. Equations: ∇L = 0, that kink, and dr/dw₂ = 0 along the curve of
    stationary states. Because of the kink both |w₂| leave linearly in p and the gap between the
    limits opens like the square, in place of the powers 1/2 and 3/2 of a smooth cusp.
    Source: derived here.
    """
    p, row = _cusp()
    return p, float(np.tan(row[4]))


@functools.cache
def acute_tricritical_point() -> tuple[float, float]:
    """(p, r) above which acute no longer grows out of dedicated continuously.

    Equation: the cubic coefficient of `normal_form` towards the acute side vanishes,
    p(27p³ - 51p² + 16p + 7)/96 = 0; r = `acute_onset`. Source: derived here.
    """
    roots = sp.Poly(sp.numer(acute_third_order()), density).real_roots()
    p = float(next(root for root in roots if 0 < root < 1))
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


def _vectorised(function: Callable[[float], float]) -> Callable[..., NDArray[np.float64]]:
    return np.vectorize(function, otypes=[float])


def _antipodal(p: float) -> Family:
    return Family(p, p, ANTIPODAL)


def _strong(p: float) -> float:
    if p > symmetric_stability_density():
        return np.nan
    if p < _SPARSE:
        return p * float(small_density_fold()[0])
    return _strong_turns().relative_importance(p)


def _weak_low(p: float) -> float:
    (lower, _), (upper, _) = tricritical_points()
    if p < _cusp()[0]:
        return np.nan
    if lower <= p <= upper:
        return float(dedicated_stability_limit(p))
    return (_dense_turns if p > upper else _weak_low_turns)().relative_importance(p)


def _weak_high(p: float) -> float:
    return np.nan if p < _cusp()[0] else _weak_high_turns().relative_importance(p)


def _acute_low(p: float) -> float:
    if p <= acute_tricritical_point()[0]:
        return float(acute_onset(p))
    return _acute_low_turns().relative_importance(p)


def _acute_high(p: float) -> float:
    return _acute_high_turns().relative_importance(max(p, _SPARSE))


@functools.cache
def _cusp() -> tuple[float, Vector]:
    """Density and row of `weak_cusp`: the slope dr/dv, greatest at the kink, vanishes there."""

    def slope(p: float) -> float:
        return float(tangent(_antipodal(p), kink_row(_antipodal(p)))[4])

    p = bracketed_root(slope, 0.2, 0.25)
    return p, kink_row(_antipodal(p))


@functools.cache
def _strong_turns() -> Turns:
    """From p → 0 to the symmetric state at r = 1; w₁ - |w₂| goes like the root of the distance."""
    end = symmetric_stability_density()

    def parameter(p: float) -> float:
        return -np.sqrt(max(end - p, 0.0))

    densities = end * (1 - np.linspace(1.0, 0.0, 42)[1:-1] ** 2)
    first = turn(_antipodal(densities[0]), _small_density_row(densities[0]))
    turns = follow_turns(ANTIPODAL, densities, first, parameter=parameter)
    return turns.with_ends({0.0: _small_density_row(0.0), end: symmetric_row(_antipodal(end))})


def _small_density_row(p: float) -> Vector:
    """The strong fold to leading order in p; a and β only matter beyond it."""
    ratio, weight = map(float, small_density_fold())
    return np.array([weight, 0.0, 0.0, -p * weight / 2, p * ratio])


@functools.cache
def _weak_high_turns() -> Turns:
    """From p = 1 down to the cusp, beyond the kink."""
    start, row = _cusp()
    densities = start + (1 - start) * np.linspace(1.0, 0.04, 41) ** 2
    return follow_turns(ANTIPODAL, densities, _top(_antipodal(1.0))).with_ends({start: row})


@functools.cache
def _weak_low_turns() -> Turns:
    """From the cusp to the lower tricritical point, before the kink."""
    start, row = _cusp()
    densities = np.linspace(start, tricritical_points()[0][0], 31)
    return follow_turns(ANTIPODAL, densities, row, nudge=-1e-4)


@functools.cache
def _dense_turns() -> Turns:
    """From the upper tricritical point, where |w₂| = 0, to p = 1."""
    return _from_dedicated(ANTIPODAL, tricritical_points()[1][0])


@functools.cache
def _acute_low_turns() -> Turns:
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
def _acute_high_turns() -> Turns:
    """From p = 1 down to the least density; at both ends the top of a curve in r."""
    densities = np.linspace(1.0, 0.01, 31)
    turns = follow_turns(ACUTE, densities, _top(Family(1.0, 1.0, ACUTE)))
    return turns.with_ends({_SPARSE: _top(Family(_SPARSE, _SPARSE, ACUTE))})


def _top(family: Family) -> Vector:
    rows = curve(family)
    return turn(family, rows[np.argmax(rows[:, 4])])
