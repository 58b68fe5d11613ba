"""Stationary states of a family followed in the relative importance, by arc length."""

from collections.abc import Callable

import numpy as np

from theory.numeric import RootNotFound, System, bracketed_root, newton
from theory.three_features.families import stationary_on_plane
from theory.three_features.loss import Matrix, Model, Vector

_STEP, _LEAST = 0.03, 1e-7
_VANISHED = 1e-3
_MAX_POINTS = 1500


def follow(
    basis: Matrix, model: Model, start: Vector, direction: Vector, room: Callable[[Vector], float]
) -> Matrix:
    """Rows (u, r) from `start` on, towards `direction`, until next to where `room(row)` vanishes.

    Never beyond: steps that make it negative are halved. Or until a dead end.
    """
    rows, step = [start], _STEP / 4
    direction = direction / np.linalg.norm(direction)
    while room(rows[-1]) > _VANISHED and len(rows) < _MAX_POINTS and step > _LEAST:
        last = rows[-1]
        row = _next(basis, model, last + step * direction, direction)
        if row is None or room(row) < 0.0 or np.linalg.norm(row - last) > 2 * step:
            step /= 2
            continue
        turn = (row - last) / np.linalg.norm(row - last)
        if turn @ direction < 0.9 and step > 1e-3:
            step /= 2
            continue
        rows.append(row)
        direction, step = turn, min(1.5 * step, _STEP)
    return np.array(rows)


def tangent(basis: Matrix, model: Model, row: Vector) -> Vector:
    """Unit tangent of the curve at a row (u, r), with r growing."""
    return _unit_tangent(basis, model, row, np.append(np.zeros(len(row) - 1), 1.0))


def solve(system: System, start: Vector) -> Vector:
    """A root near `start`, to the rounding of the loss where couplings are small."""
    return newton(system, start, residual_tolerance=1e-10)


def on_chord(basis: Matrix, model: Model, low: Vector, high: Vector, share: float) -> Vector:
    """The point of the curve beside a point of the chord between two of its points."""
    point = low + share * (high - low)
    return solve(stationary_on_plane(basis, model, point, high - low), point)


def row_between(basis: Matrix, model: Model, low: Vector, high: Vector, r: float) -> Vector:
    """The row at r between two rows of a curve, between whose r it lies."""

    def difference(share: float) -> float:
        return float(on_chord(basis, model, low, high, share)[-1]) - r

    ends = difference(0.0), difference(1.0)
    if ends[0] * ends[1] >= 0.0:  # at an end, to rounding
        return low if abs(ends[0]) < abs(ends[1]) else high
    return on_chord(basis, model, low, high, bracketed_root(difference, 0.0, 1.0))


def slopes(basis: Matrix, model: Model, rows: Matrix) -> Vector:
    """dr along the unit tangent at each row."""
    steps = np.gradient(rows, axis=0)
    return np.array(
        [slope_at(basis, model, row, step) for row, step in zip(rows, steps, strict=True)]
    )


def slope_at(basis: Matrix, model: Model, row: Vector, towards: Vector) -> float:
    """dr along the unit tangent, in the sense of `towards`."""
    return float(_unit_tangent(basis, model, row, towards)[-1])


def with_turns(basis: Matrix, model: Model, rows: Matrix) -> Matrix:
    """The same curve with its turning points in r as rows, so that r is monotone between them.

    One that a kink of the second derivatives keeps from being solved for is left out: the branches
    on both sides then end at rows a little before it.
    """
    if len(rows) < 2:
        return rows
    slope = slopes(basis, model, rows)
    places = np.flatnonzero(slope[1:] * slope[:-1] < 0)
    found = [(k + 1, _turn(basis, model, rows[k], rows[k + 1])) for k in places]
    turns = [(place, turn) for place, turn in found if turn is not None]
    return np.insert(rows, *zip(*turns, strict=True), axis=0) if turns else rows


def _turn(basis: Matrix, model: Model, low: Vector, high: Vector) -> Vector | None:
    """The row between two at which r is stationary along the curve."""

    def slope(share: float) -> float:
        row = on_chord(basis, model, low, high, share)
        return slope_at(basis, model, row, high - low)

    try:
        return on_chord(basis, model, low, high, bracketed_root(slope, 0.0, 1.0))
    except RootNotFound:
        return None


def _unit_tangent(basis: Matrix, model: Model, row: Vector, towards: Vector) -> Vector:
    _, jacobian = stationary_on_plane(basis, model, row, towards)(row)
    direction = np.linalg.solve(jacobian, np.append(np.zeros(len(row) - 1), 1.0))
    return direction / np.linalg.norm(direction)


def _next(basis: Matrix, model: Model, point: Vector, normal: Vector) -> Vector | None:
    try:
        return solve(stationary_on_plane(basis, model, point, normal), point)
    except RootNotFound:
        return None
