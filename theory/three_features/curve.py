"""Stationary states of a family followed in the relative importance, by arc length."""

from collections.abc import Callable

import numpy as np

from theory.numeric import RootNotFound, System, bounded_minimum, bracketed_root, newton
from theory.three_features.families import stationary, stationary_on_plane
from theory.three_features.loss import Matrix, Model, Vector

_STEP, _LEAST = 0.03, 1e-7
VANISHED = 1e-3
_MAX_POINTS = 1500
_FLAT = 0.1  # slope of r along a curve below which it is searched for two turns in one step


def follow(
    basis: Matrix, model: Model, start: Vector, direction: Vector, room: Callable[[Vector], float]
) -> Matrix:
    """Rows (u, r) from `start` on, towards `direction`, until next to where `room(row)` vanishes.

    Never beyond: steps that make it negative are halved. Or until a dead end.
    """
    rows, step = [start], _STEP / 4
    direction = direction / np.linalg.norm(direction)
    while room(rows[-1]) > VANISHED and len(rows) < _MAX_POINTS and step > _LEAST:
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
    for end in (low, high):
        if end[-1] == r:  # solved before, and at a bifurcation not to be solved again
            return end
    quick = _row_at(basis, model, low, high, r)
    return _bracketed_row(basis, model, low, high, r) if quick is None else quick


def _row_at(basis: Matrix, model: Model, low: Vector, high: Vector, r: float) -> Vector | None:
    """By Newton's method at r from the chord, if it ends beside the chord."""
    chord = high - low
    point = low + (r - low[-1]) / chord[-1] * chord
    try:
        u = newton(stationary(basis, model, r), point[:-1], max_steps=8, residual_tolerance=1e-10)
    except RootNotFound:
        return None
    row, size = np.append(u, r), np.linalg.norm(chord)
    near = np.linalg.norm(row - point) <= size / 2 and 0.0 <= (row - low) @ chord <= size**2
    return row if near else None


def _bracketed_row(basis: Matrix, model: Model, low: Vector, high: Vector, r: float) -> Vector:
    def difference(share: float) -> float:
        return float(on_chord(basis, model, low, high, share)[-1]) - r

    ends = difference(0.0), difference(1.0)
    if ends[0] * ends[1] >= 0.0:  # at an end, to rounding
        return low if abs(ends[0]) < abs(ends[1]) else high
    return on_chord(basis, model, low, high, bracketed_root(difference, 0.0, 1.0))


def slopes(basis: Matrix, model: Model, rows: Matrix) -> Vector:
    """dr along the unit tangent at each row."""
    steps: Matrix = np.array(np.gradient(rows, axis=0))
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
    rows = _with_steepest(basis, model, rows)
    slope = slopes(basis, model, rows)
    places = np.flatnonzero(slope[1:] * slope[:-1] < 0)
    found = [(k + 1, _turn(basis, model, rows[k], rows[k + 1])) for k in places]
    turns = [(place, turn) for place, turn in found if turn is not None]
    return np.insert(rows, *zip(*turns, strict=True), axis=0) if turns else rows


def steepest(
    basis: Matrix, model: Model, low: Vector, high: Vector, sense: float = 1.0
) -> tuple[float, Vector]:
    """The least dr, times `sense`, along the unit tangent between two rows, and its row."""

    def slope(share: float) -> float:
        return sense * slope_at(basis, model, on_chord(basis, model, low, high, share), high - low)

    share, least = bounded_minimum(slope, 0.0, 1.0)
    return least, on_chord(basis, model, low, high, share)


def _with_steepest(basis: Matrix, model: Model, rows: Matrix) -> Matrix:
    """With a row between two turns where both lie within one step."""
    slope = slopes(basis, model, rows)
    size, found = np.abs(slope), []
    for k in range(1, len(rows) - 1):
        same = np.ptp(np.sign(slope[k - 1 : k + 2])) == 0
        if same and size[k] < _FLAT and size[k] <= min(size[k - 1], size[k + 1]):
            found += _between_turns(basis, model, rows, k, float(np.sign(slope[k])))
    return np.insert(rows, *zip(*found, strict=True), axis=0) if found else rows


def _between_turns(
    basis: Matrix, model: Model, rows: Matrix, k: int, sense: float
) -> list[tuple[int, Vector]]:
    """A row beside row k at which r runs back, and its place; none if there is none."""
    low, high = rows[k - 1], rows[k + 1]
    try:
        least, row = steepest(basis, model, low, high, sense)
    except RootNotFound:
        return []
    after = (row - rows[k]) @ (high - low) > 0.0
    return [(k + int(after), row)] if least < 0.0 else []


def _turn(basis: Matrix, model: Model, low: Vector, high: Vector) -> Vector | None:
    """The row between two at which r is stationary along the curve."""

    def slope(share: float) -> float:
        row = on_chord(basis, model, low, high, share)
        return slope_at(basis, model, row, high - low)

    try:
        if slope(0.0) * slope(1.0) >= 0.0:
            return None
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
