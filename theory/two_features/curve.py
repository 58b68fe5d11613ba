"""All stationary states of one family at given densities, as a curve that leaves dedicated.

The loss is linear in r, so the equations of a state are F₁ + r F₂ = 0. The curve is followed in
z = (v, a, β, γ, φ), φ = arctan(r) the angle of (1, r) ∝ (cos φ, sin φ), by arc length: it may turn
back in any of these, and passes through r = ∞ where densities differ. Angles above π/2 belong to
no importance and are passed over.
"""

import functools

import numpy as np

from theory.numeric import RootNotFound, bracketed_root, newton
from theory.two_features.closed_forms import near_dedicated
from theory.two_features.equations import Vector, stationary_on_plane
from theory.two_features.excess import Family

_FIRST = 1e-6  # |w₂| of the first point
_LEAST = 1e-6  # shortest step, in units of `_units`
_MAX_POINTS = 3000
_GONE = 0.01  # w₁ at which the whole curve has come to the other dedicated state


@functools.lru_cache(maxsize=64)
def curve(family: Family, whole: bool = False) -> Vector:
    """Rows z = (v, a, β, γ, φ) of stationary states, from dedicated to the first with |w₂| > w₁.

    The mirror model has the others. Or, if `whole`, on to where w₁ or r vanishes. The dedicated
    state itself, v = 0, is left out. Where r turns back between two steps, the turn is a row too,
    unless it is at a kink.
    Raises RootNotFound where rounding breaks the curve off before it ends.
    """
    across = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    start = np.append(0.0, near_dedicated(family))
    least = min(_FIRST, 0.01 * family.second_density)  # the kink z₂ = 0 begins at v ~ q/2
    first = start + least * across
    first = newton(stationary_on_plane(family, first, across), first)
    rows, step, direction = [start, first], 0.5, (first - start) / least
    ended = _vanished if whole else _crossed
    while not ended(rows[-1]) and len(rows) < _MAX_POINTS and step > _LEAST:
        last, scale = rows[-1], 1.0 / _units(rows[-1], family)
        direction = direction / np.linalg.norm(direction * scale)
        row = _next(family, last, step * direction, direction * scale**2)
        if row is None or np.linalg.norm((row - last) * scale) > 2 * step:
            step /= 2
            continue
        before, direction = direction, _onward(family, row, row - last)
        if before[4] * direction[4] < 0 and len(rows) > 1:
            rows += _turn(family, last, row)
        rows.append(row)
        step = min(1.5 * step, 1.0)
    if not ended(rows[-1]):
        reached = f"density {family.density} could be followed to |w₂| = {rows[-1][0]:.2g}"
        raise RootNotFound(f"The stationary states at {reached}.")
    return np.array(rows[1:])


def _units(row: Vector, family: Family) -> Vector:
    """The longest step in each coordinate: 30 % of |w₂| and at most 0.012, 10 % of r, 0.05."""
    weight = min(0.3 * max(row[0], min(_FIRST, 0.01 * family.second_density)), 0.012)
    angle = 0.1 * max(abs(row[4]), family.density)
    return np.array([weight, 0.05, 0.05, 0.05, min(angle, 0.05)])


def state_coordinates(family: Family, r: float, *, whole: bool = False) -> list[Vector]:
    """Coordinates y = (v, a, β, γ) of the states at which the curve passes r, in its order."""
    rows, angle = curve(family, whole), np.arctan(r)
    above = rows[:, 4] > angle
    crossings = np.flatnonzero(above[1:] != above[:-1])
    return [_between(rows[k], rows[k + 1], family, angle) for k in crossings]


def on_chord(family: Family, low: Vector, high: Vector, share: float) -> Vector:
    """The point of the curve beside a point of the chord between two of its points."""
    point = low + share * (high - low)
    return newton(stationary_on_plane(family, point, high - low), point)


def first_weight(row: Vector) -> float:
    """w₁ of a row of the curve."""
    return float(1.0 + row[0] * row[1])


def _between(low: Vector, high: Vector, family: Family, angle: float) -> Vector:
    """The state at an angle between two of the curve; bracketed, so that kinks cannot cycle it."""

    def difference(share: float) -> float:
        return float(on_chord(family, low, high, share)[4] - angle)

    return on_chord(family, low, high, bracketed_root(difference, 0.0, 1.0))[:4]


def _next(family: Family, last: Vector, step: Vector, normal: Vector) -> Vector | None:
    try:
        return newton(stationary_on_plane(family, last + step, normal), last + step, max_steps=12)
    except RootNotFound:
        return None


def _onward(family: Family, row: Vector, chord: Vector) -> Vector:
    """The tangent of the curve, in the sense of the last chord: it can turn at once at a kink."""
    normal = chord / _units(row, family) ** 2
    _, jacobian = stationary_on_plane(family, row, normal)(row)
    return np.asarray(
        np.linalg.solve(jacobian, np.append(np.zeros(4), normal @ chord)), dtype=float
    )


def _turn(family: Family, low: Vector, high: Vector) -> list[Vector]:
    """The point between two of the curve at which r turns back; none where it is at a kink.

    There the tangent jumps and Newton's method does not settle; its neighbours serve.
    """

    def slope(share: float) -> float:
        return float(_onward(family, on_chord(family, low, high, share), high - low)[4])

    try:
        return [on_chord(family, low, high, bracketed_root(slope, 0.0, 1.0))]
    except RootNotFound:
        return []


def _crossed(row: Vector) -> bool:
    return bool(row[0] > first_weight(row))


def _vanished(row: Vector) -> bool:
    return bool(row[4] < 0.0 or first_weight(row) < _GONE)
