"""Where the dedicated state stops being the ground state discontinuously, and the ends of that."""

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_density, check_one_density
from theory.numeric import System, bracketed_root
from theory.two_features.closed_forms import (
    critical_bias_slope,
    dedicated_stability_limit,
    small_density_state,
)
from theory.two_features.coexistence import Coexistence
from theory.two_features.continuation import Branch, follow
from theory.two_features.equations import Vector, tie_with_dedicated
from theory.two_features.excess import ANTIPODAL, antipodal
from theory.two_features.normal_form import normal_form, third_order
from theory.two_features.states import dedicated_state, state_at

Point = tuple[float, float]
_SMALL_DENSITY = 1e-8  # below, the leading order in p has more digits than the equations


def dedicated_first_order_line(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance at which the ground state leaves dedicated discontinuously.

    States: dedicated w = (1, 0), b = (0, p/2), and an antipodal state that ties with it.
    Equations: ∇L = 0 in (w₁, w₂, b₁, b₂) and L = r (p/3 - p²/4), five unknowns with r.
    Three pieces of density have such a line, the others give NaN: up to the triple point the other
    state is strong antipodal; from there to the lower tricritical point it is weak antipodal, with
    a jump below 0.004 in |w₂|; above the upper tricritical point, up to p = 1, it is the antipodal
    state that grows out of weak. Between the tricritical points dedicated gives way continuously,
    at `dedicated_stability_limit`. Error below 1e-14; for p < 1e-8 the leading order
    `small_density_slope` times p, relative error 1.3 p.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    return np.vectorize(_relative_importance, otypes=[float])(check_density(p, "p"))


def dedicated_coexistence(p: float) -> Coexistence | None:
    """The two states on `dedicated_first_order_line` at density p; None where there is no line.

    Raises ValueError for a density outside (0, 1].
    """
    p = check_one_density(p, "p")
    root = _root(p)
    if root is None:
        return None
    *y, r = map(float, root)
    low = dedicated_state(antipodal(p), r)
    return Coexistence(p, r, low, state_at(np.array(y), antipodal(p), r), low.loss)


@functools.cache
def tricritical_points() -> tuple[Point, Point]:
    """The two (p, r) at which the change from dedicated to weak antipodal turns first order.

    The first-order side is below the first point and above the second. Equations: the stability
    limit of dedicated, and a third-order coefficient of the loss that vanishes there.
    Source: derived here.
    """
    grid = np.linspace(0.01, 1.0, 100)
    signs = np.sign(third_order(grid, ANTIPODAL))
    lower, upper = (
        bracketed_root(lambda p: normal_form(p).cubic, grid[k], grid[k + 1])
        for k in np.flatnonzero(signs[1:] != signs[:-1])
    )
    return _on_limit(lower), _on_limit(upper)


def tricritical_point() -> Point:
    """(p, r) of the upper tricritical point, above which dedicated ends discontinuously again."""
    return tricritical_points()[1]


@functools.cache
def triple_point() -> Point:
    """(p, r) at which dedicated, weak antipodal and strong antipodal have the same loss.

    Equations: both antipodal states stationary and tied with dedicated. Source: derived here.
    """
    last = tricritical_points()[0][0]

    def difference(p: float) -> float:
        return float(strong_branch().root(p)[4] - weak_branch().root(p)[4])

    p = bracketed_root(difference, float(weak_branch().table_parameter[0]), last - 1e-3)
    return p, float(weak_branch().root(p)[4])


@functools.cache
def critical_end_point() -> Point:
    """(p, r) where the stability limit of dedicated meets its tie with strong antipodal.

    The line of continuous changes, `dedicated_stability_limit`, ends there on the first-order
    line. Equations: dedicated marginal, strong antipodal stationary, equal losses.
    In finer detail the continuous line ends before, at the lower tricritical point: between the
    two, weak antipodal ties with dedicated less than 1e-5 in r before dedicated turns unstable, a
    first-order change with a jump below 0.004 in |w₂|; the three states meet at `triple_point`,
    3.4e-6 in p and 8.5e-6 in r below this point. Source: derived here.
    """
    first, last = triple_point()[0], tricritical_points()[0][0]

    def difference(p: float) -> float:
        return float(strong_branch().root(p)[4]) - float(dedicated_stability_limit(p))

    return _on_limit(bracketed_root(difference, first - 1e-3, (first + last) / 2))


@functools.cache
def strong_branch() -> Branch:
    """Roots (v, a, β, γ, r): strong antipodal tied with dedicated, from p → 0 past its end."""
    densities = np.linspace(0.01, tricritical_points()[0][0], 52)
    branch = follow(_tie, float, densities, small_density_root(densities[0]))
    return Branch(
        branch.system,
        branch.parameter,
        np.append(0.0, branch.table_parameter),
        np.vstack([small_density_root(0.0), branch.table_roots]),
    )


def small_density_root(p: float) -> Vector:
    """(v, a, β, γ, r) of `strong_branch` to leading order in p; a and β only matter beyond it."""
    slope, weight = (float(value) for value in small_density_state())
    return np.array([weight, 0.0, 0.0, -p * weight / 2, p * slope])


@functools.cache
def weak_branch() -> Branch:
    """Roots (v, a, β, γ, r): weak antipodal tied with dedicated, below the lower tricritical."""
    end = tricritical_points()[0][0]
    return _from_tricritical(end, np.linspace(end, end - 0.02, 12))


@functools.cache
def dense_branch() -> Branch:
    """Roots (v, a, β, γ, r): antipodal tied with dedicated, above the upper tricritical point."""
    end = tricritical_points()[1][0]
    return _from_tricritical(end, np.linspace(end, 1.0, 30))


def _from_tricritical(end: float, densities: Vector) -> Branch:
    """A branch whose |w₂| grows from 0 at the tricritical density `end` = densities[0]."""
    beta = float(critical_bias_slope(end))
    at_end = np.array([0.0, 3 * end / 8 - 3 * beta / 4, beta, end / 2, _on_limit(end)[1]])
    start = at_end + np.array([1e-3, 0.0, 0.0, 0.0, 0.0])
    rest = follow(_tie, float, densities[1:], start)
    s = np.append(end, rest.table_parameter)
    roots = np.vstack([at_end, rest.table_roots])
    order = np.argsort(s)
    return Branch(rest.system, rest.parameter, s[order], roots[order])


def _tie(p: float) -> System:
    return tie_with_dedicated(antipodal(p))


def _on_limit(p: float) -> Point:
    return p, float(dedicated_stability_limit(p))


def _root(p: float) -> Vector | None:
    (lower, _), (upper, _) = tricritical_points()
    if lower <= p <= upper:
        return None
    if p > upper:
        return dense_branch().root(p)
    if p >= triple_point()[0]:
        return weak_branch().root(p)
    return strong_branch().root(p) if p > _SMALL_DENSITY else small_density_root(p)


def _relative_importance(p: float) -> float:
    root = _root(p)
    return np.nan if root is None else float(root[4])
