"""Isosceles states: every one at given densities, on one curve through the triangle.

At fixed density the curve runs from the dropped state (W₃ → 0, at the stability limit of dedicated)
through the equilateral triangle at r = 1 (for equal densities) to the digon of features 1 and 2
(W₁ and W₂ turn antiparallel, b₃ → 0). Where r grows along it the states are minima among isosceles
ones; it can turn back, and then weak and strong isosceles states coexist as in two features.
"""

import functools
from collections.abc import Callable

import numpy as np

from theory._checks import check_one_density, check_relative_importance
from theory.numeric import RootNotFound, bracketed_root, newton
from theory.three_features.curve import (
    VANISHED,
    follow,
    on_chord,
    row_between,
    tangent,
    with_turns,
)
from theory.three_features.families import (
    ISOSCELES,
    State,
    exchange_curvature,
    state_of,
    stationary,
    stationary_on_plane,
)
from theory.three_features.loss import Matrix, Model, Vector, checked_model
from theory.two_features.states import dropped_feature_loss

_X, _Y, _V = 0, 1, 2  # positions in the coordinates (x, y, v, b₁, b₃)
_LARGEST, _SMALLEST = 10.0, 1e-3  # relative importances beyond which curves are left
_FIRST_DENSITY, _FIRST_NORM, _FIRST_BIAS = 0.7, 0.88, 0.32  # near an equilateral triangle
_DENSITY_STEP = 0.12  # of the logarithm


def triangle(p: float) -> State:
    """The equilateral triangle: three equal features (r = 1) of density p.

    It is a local minimum for every p; the ground state above `triangle_ground_density`.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_one_density(p, "p")
    return state_of(ISOSCELES, _triangle(p), Model(p, p), 1.0)


def isosceles_states(p: float, r: float, *, last_density: float | None = None) -> list[State]:
    """All isosceles stationary states at density p and relative importance r, lowest first.

    Minima and saddles: where the curve of `isosceles_curve` passes r. Those with W₁·W₂ > 0, or with
    W₃ on the side of W₁ and W₂, are not on it; they are never the ground state.
    Raises ValueError for a density outside (0, 1] or an r that is not positive and finite.
    Source: derived here.
    """
    model, r = checked_model(p, last_density), check_relative_importance(r, "r")
    rows = isosceles_curve(model)
    above = rows[:, -1] > r
    found = (
        row_between(ISOSCELES, model, rows[k], rows[k + 1], r)
        for k in np.flatnonzero(above[1:] != above[:-1])
    )
    states = [state_of(ISOSCELES, row[:-1], model, r) for row in found]
    return sorted(states, key=lambda state: state.loss)


def isosceles_stability_limits(
    p: float, *, last_density: float | None = None
) -> tuple[float, float]:
    """The relative importances between which an isosceles state is a local minimum.

    The state with W₁ and W₂ at 120 degrees, at equal densities the triangle at r = 1, is followed
    both ways until the curve turns (a fold) or the state turns unstable against unequal features 1
    and 2; at the ends of the curve it joins dropped or digon 12. Meaningful where that state is
    itself a minimum, as it is at equal densities.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    model = checked_model(p, last_density)
    rows = isosceles_curve(model)
    middle = int(np.argmin(np.sum(np.abs(rows - _equilateral_directions(model)), axis=1)))
    turns = _turns(rows)
    zeros = [(k, bifurcation(model, rows[k], rows[k + 1])[0][-1]) for k in exchange_zeros(model)]
    limits = [(k, rows[k, -1]) for k in turns] + zeros
    low = max((limit for limit in limits if limit[0] < middle), default=(0, rows[0, -1]))
    high = min((limit for limit in limits if limit[0] > middle), default=(0, rows[-1, -1]))
    return float(low[1]), float(high[1])


@functools.lru_cache(maxsize=32)
def isosceles_curve(model: Model) -> Matrix:
    """Rows (x, y, v, b₁, b₃, r) from next to dropped to next to digon 12.

    Or to the ends of the range of r. Raises RootNotFound where the curve breaks off before.
    """
    start, within = _equilateral_directions(model), room_in_r(model)
    forward = tangent(ISOSCELES, model, start)

    def room(row: Vector) -> float:
        return float(min(row[_X], row[_Y], row[_V], within(row)))

    down, up = (follow(ISOSCELES, model, start, sign * forward, room) for sign in (-1, 1))
    for row in (down[-1], up[-1]):
        if room(row) > VANISHED:
            reached = f"density {model.density} could be followed to r = {row[-1]:.4g}"
            raise RootNotFound(f"The isosceles states at {reached}.")
    return with_turns(ISOSCELES, model, np.concatenate([down[:0:-1], up]))


def exchange_zeros(model: Model) -> list[int]:
    """Where the curve turns unstable against unequal features 1 and 2: after these rows."""
    rows = isosceles_curve(model)
    signs = np.array([exchange_curvature(row[:-1], model, row[-1])[0] > 0 for row in rows])
    return [int(k) for k in np.flatnonzero(signs[1:] != signs[:-1])]


def bifurcation(model: Model, low: Vector, high: Vector) -> tuple[Vector, Vector]:
    """(u, r) between two rows where exchange symmetry breaks, and the direction in (W, b).

    Where a kink of the second derivatives hides it, the first of the two rows.
    """

    def curvature(share: float) -> float:
        row = on_chord(ISOSCELES, model, low, high, share)
        return exchange_curvature(row[:-1], model, float(row[-1]))[0]

    try:
        row = on_chord(ISOSCELES, model, low, high, bracketed_root(curvature, 0.0, 1.0))
    except RootNotFound:
        row = low
    return row, exchange_curvature(row[:-1], model, float(row[-1]))[1]


def _turns(rows: Matrix) -> list[int]:
    rising = np.diff(rows[:, -1]) > 0
    return [int(k) for k in np.flatnonzero(rising[1:] != rising[:-1]) + 1]


def _equilateral_directions(model: Model) -> Vector:
    """The row of the curve with W₁ and W₂ at 120 degrees: the triangle for equal densities.

    The angle between W₁ and W₂ goes from 90 to 180 degrees along the curve, so that there is such a
    row at any density of feature 3; r is what it takes. Continued from equal densities.
    """
    normal = np.zeros(6)
    normal[[_X, _Y]] = -1.0, np.sqrt(3)
    row = np.append(_triangle(model.density), 1.0)
    for density in _steps(model.density, model.last_density):
        step = Model(model.density, float(density))
        row = newton(stationary_on_plane(ISOSCELES, step, row, normal), row)
    return row


@functools.lru_cache(maxsize=64)
def _triangle(p: float) -> Vector:
    norm, height = _FIRST_NORM, _FIRST_NORM / 2
    u = np.array([norm * np.sqrt(0.75), height, norm, _FIRST_BIAS, _FIRST_BIAS])
    for density in (_FIRST_DENSITY, *_steps(_FIRST_DENSITY, p)):
        u = newton(stationary(ISOSCELES, Model(density, density), 1.0), u)
    return u


def _steps(low: float, high: float) -> Vector:
    """Densities from `low`, left out, to `high`, close enough for Newton's method."""
    count = int(np.ceil(abs(np.log(high / low)) / _DENSITY_STEP)) + 1
    return np.geomspace(low, high, count)[1:]


def room_in_r(model: Model) -> Callable[[Vector], float]:
    """How far a row is from the ends of the range of r.

    The upper one grows with the r at which dropping feature 3 costs as much as dropping feature 1.
    """
    costs = [dropped_feature_loss(p) for p in (model.density, model.last_density)]
    largest = _LARGEST * max(1.0, costs[0] / costs[1])
    return lambda row: float(min(row[-1] - _SMALLEST, largest - row[-1]))
