"""Branches: losses of stationary states as functions of r at fixed densities."""

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from theory.three_features.blocks import digon_12, digon_13_rows, digon_13_states, dropped
from theory.three_features.curve import row_between
from theory.three_features.families import ISOSCELES, SCALENE, State, state_of
from theory.three_features.isosceles import isosceles_curve
from theory.three_features.loss import Matrix, Model, Vector, loss_at
from theory.three_features.scalene import scalene_curves
from theory.two_features import dedicated_stability_limit

_LARGEST = 1e100  # relative importance up to which states that need no curve are tabulated
_ROWS = 3  # pieces of a curve with fewer rows are dropped


@dataclass(frozen=True)
class Branch:
    """States of one phase between two relative importances; `solve(r)` gives them exactly.

    The table (r, loss, ∂L/∂r), r increasing, only serves to find crossings.
    """

    phase: str
    r: Vector
    loss: Vector
    slope: Vector
    solve: Callable[[float], State]

    def table_loss(self, r: Vector) -> Vector:
        """Loss by Hermite interpolation, infinite outside."""
        inside = CubicHermiteSpline(self.r, self.loss, self.slope, extrapolate=False)(r)
        return np.where(np.isnan(inside), np.inf, inside)

    def covers(self, r: float) -> bool:
        """Whether the branch has a state at r."""
        return bool(self.r[0] <= r <= self.r[-1])


@functools.lru_cache(maxsize=32)
def branches(model: Model) -> tuple[Branch, ...]:
    """Every branch known at these densities: block states, isosceles and scalene ones.

    Dropped is left out beyond its stability limit, and pieces of curves on which states are not
    even minima within their family (those on which r falls along isosceles curves).
    """
    isosceles = [piece for piece in _pieces(isosceles_curve(model)) if _rises(piece)]
    pairs, *scalene = (
        [piece if _rises(piece) else piece[::-1] for piece in _pieces(rows)]
        for rows in (digon_13_rows(model), *scalene_curves(model))
    )
    return (
        _dropped(model),
        _digon_12(model),
        *(_digon_13(model, rows) for rows in pairs),
        *(_of_family(ISOSCELES, "isosceles", model, rows) for rows in isosceles),
        *(_of_family(SCALENE, "scalene", model, rows) for rows in itertools.chain(*scalene)),
    )


def _dropped(model: Model) -> Branch:
    p, q = model.density, model.last_density
    limit = float(dedicated_stability_limit(p, second_density=q))
    r = np.array([0.0, min(limit, _LARGEST)])
    slope = np.full(2, dropped(model, 1.0).loss)
    return Branch("dropped", r, r * slope, slope, lambda r: dropped(model, r))


def _digon_12(model: Model) -> Branch:
    state = digon_12(model)
    loss = np.full(2, state.loss)
    return Branch("digon 12", np.array([0.0, _LARGEST]), loss, np.zeros(2), lambda r: state)


def _digon_13(model: Model, rows: Matrix) -> Branch:
    loss, slope, r = rows.T
    table = CubicHermiteSpline(r, loss, slope)

    def solve(importance: float) -> State:
        states = digon_13_states(model, importance)
        return min(states, key=lambda state: abs(state.loss - float(table(importance))))

    return Branch("digon 13", r, loss, slope, solve)


def _of_family(basis: Matrix, phase: str, model: Model, rows: Matrix) -> Branch:
    losses = [loss_at(basis @ row[:-1], model, float(row[-1])) for row in rows]
    value, slope = (np.array([getattr(at, name) for at in losses]) for name in ("value", "value_r"))
    r = rows[:, -1]

    def solve(importance: float) -> State:
        k = int(np.clip(np.searchsorted(r, importance), 1, len(r) - 1))
        row = row_between(basis, model, rows[k - 1], rows[k], importance)
        return state_of(basis, row[:-1], model, importance)

    return Branch(phase, r, value, slope, solve)


def _pieces(rows: Matrix) -> list[Matrix]:
    """Pieces of a curve on which r, the last column, is monotone."""
    rising = np.diff(rows[:, -1]) > 0
    turns = np.flatnonzero(rising[1:] != rising[:-1]) + 1
    edges = [0, *turns, len(rows) - 1]
    pieces = (rows[a : b + 1] for a, b in itertools.pairwise(edges))
    return [piece for piece in pieces if len(piece) >= _ROWS]


def _rises(rows: Matrix) -> bool:
    return bool(rows[-1, -1] > rows[0, -1])
