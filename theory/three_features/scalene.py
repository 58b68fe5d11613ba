"""Scalene states: all three features different. They branch off isosceles ones."""

import functools

import numpy as np

from theory.numeric import RootNotFound
from theory.three_features.curve import follow, solve, with_turns
from theory.three_features.families import (
    ISOSCELES,
    SCALENE,
    in_gauge,
    stationary_on_plane,
)
from theory.three_features.isosceles import (
    bifurcation,
    exchange_zeros,
    isosceles_curve,
    room_in_r,
)
from theory.three_features.loss import Matrix, Model, Vector

_FIRST = 5e-3  # distance of the first scalene state from the isosceles one


@functools.lru_cache(maxsize=32)
def scalene_curves(model: Model) -> tuple[Matrix, ...]:
    """Curves of rows (u, r) that leave the isosceles curve where it turns exchange-unstable.

    Of the two mirror images under exchange of features 1 and 2 one is followed, until two features
    are orthogonal. States on no such curve would be missed.
    """
    rows = isosceles_curve(model)
    points = [bifurcation(model, rows[k], rows[k + 1]) for k in exchange_zeros(model)]
    curves = [_leaving(model, *point) for point in points]
    return tuple(rows for rows in curves if len(rows) > 1)


def _leaving(model: Model, row: Vector, direction: Vector) -> Matrix:
    """The scalene curve from a bifurcation on; the bifurcation itself is its first row."""
    y = ISOSCELES @ row[:-1]
    first, second = (_row(in_gauge(y + step * direction), row[-1]) for step in (0.0, _FIRST))
    away = (second - first) / np.linalg.norm(second - first)
    try:
        start = solve(stationary_on_plane(SCALENE, model, second, away), second)
    except RootNotFound:
        return first[None]
    within = room_in_r(model)

    def room(row: Vector) -> float:
        """Also how far two features are from orthogonal."""
        W = (SCALENE @ row[:-1])[:6].reshape(2, 3)
        return float(min(-(W.T @ W)[np.triu_indices(3, 1)].max(), within(row)))

    rows = follow(SCALENE, model, start, start - first, room)
    return np.concatenate([first[None], with_turns(SCALENE, model, rows)])


def _row(y: Vector, r: float) -> Vector:
    return np.append(SCALENE.T @ y / np.sum(SCALENE**2, axis=0), r)
