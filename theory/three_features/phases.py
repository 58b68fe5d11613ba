"""Ground states of three features in two dimensions, and the transitions between them."""

from dataclasses import dataclass, replace

import numpy as np

from theory._checks import check_relative_importance
from theory.numeric import RootNotFound, bracketed_root
from theory.three_features.branches import Branch, branches
from theory.three_features.families import State
from theory.three_features.loss import Model, Vector, checked_model
from theory.three_features.tilt import digon_12_stability_limit

_GRID = 1200
_CLOSE = 1e-7  # losses of the table that are closer are solved for exactly
_EQUAL = 1e-11  # difference of loss at which a branch begins or ends on another
_LOWEST_R, _HIGHEST_R = 1e-2, 10.0


@dataclass(frozen=True)
class Transition:
    """The ground state changes at `relative_importance` as r grows at fixed density."""

    density: float
    relative_importance: float
    below: State
    above: State
    continuous: bool

    @property
    def jump(self) -> float:
        """Jump of |W₃|."""
        return float(self.above.norms[2] - self.below.norms[2])

    @property
    def latent_loss(self) -> float:
        """Kink of the minimal loss: its slope dL/dr below minus that above."""
        return self.below.loss_slope - self.above.loss_slope


def ground_state(p: float, r: float, *, last_density: float | None = None) -> State:
    """The state of lowest loss with three features in two dimensions, importances (1, 1, r).

    The lowest of the dropped state, the digons with a single feature, and all isosceles and
    scalene states on the curves of `isosceles_curve` and `scalene_curves`; up to rotation and the
    exchange of features 1 and 2. Densities: p, and `last_density` of feature 3 (by default p).
    Good for p >= 0.01.
    Raises ValueError for a density outside (0, 1] or an r that is not positive and finite;
    RootNotFound where a curve cannot be followed (see `theory.two_features.antipodal_curve`).
    Source: derived here.
    """
    model, r = checked_model(p, last_density), check_relative_importance(r)
    states = [state for branch in branches(model) if (state := _solved(branch, r)) is not None]
    return min(states, key=lambda state: state.loss)


def transitions(
    p: float,
    *,
    last_density: float | None = None,
    relative_importance: tuple[float, float] = (_LOWEST_R, _HIGHEST_R),
) -> list[Transition]:
    """All changes of the ground state with r at density p, in the order of r.

    Losses of all branches are tabulated in r; where the lowest one changes, the equation of equal
    losses is solved with both states stationary. A change is continuous where a branch begins on
    the ground state: dropped, at its stability limit, or an isosceles state where exchange
    symmetry breaks.
    Arguments and errors as in `ground_state`. Source: derived here.
    """
    model = checked_model(p, last_density)
    low, high = (check_relative_importance(r) for r in relative_importance)
    grid = np.geomspace(low, high, _GRID)
    known = branches(model)
    winner = _lowest(known, grid)
    changes = np.flatnonzero(winner[1:] != winner[:-1])
    return [
        _transition(known[winner[k]], known[winner[k + 1]], grid[k], grid[k + 1], model)
        for k in changes
    ]


def _lowest(known: tuple[Branch, ...], grid: Vector) -> np.ndarray:
    """Which branch is lowest at each r; near ties are decided by the states themselves."""
    losses = np.array([branch.table_loss(grid) for branch in known])
    winner = np.argmin(losses, axis=0)
    close = losses <= losses.min(axis=0) + _CLOSE
    for k in np.flatnonzero(close.sum(axis=0) > 1):
        exact = [_loss(known[b], grid[k]) if close[b, k] else np.inf for b in range(len(known))]
        winner[k] = int(np.argmin(exact))
    return winner


def _transition(below: Branch, above: Branch, low: float, high: float, model: Model) -> Transition:
    """The change from one branch to another between two relative importances."""
    start, end = max(low, float(above.r[0])), min(high, float(below.r[-1]))

    def difference(r: float) -> float:
        return _loss(below, r) - _loss(above, r)

    if start >= end or difference(start) > -_EQUAL or difference(end) < _EQUAL:
        return _continuous(below, above, start, model)
    r = bracketed_root(difference, start, end)
    return Transition(model.density, r, below.solve(r), above.solve(r), continuous=False)


def _continuous(below: Branch, above: Branch, start: float, model: Model) -> Transition:
    """One branch begins or ends on the other: the state there belongs to both."""
    if below.phase == "dropped":
        r, state = float(below.r[-1]), below.solve(float(below.r[-1]))
    elif above.phase == "digon 12":
        p, q = model.density, model.last_density
        r, state = digon_12_stability_limit(p, last_density=q), above.solve(start)
    else:
        r, state = start, above.solve(start)
    ends = (replace(state, phase=branch.phase) for branch in (below, above))
    return Transition(model.density, r, *ends, continuous=True)


def _loss(branch: Branch, r: float) -> float:
    state = _solved(branch, r)
    return np.inf if state is None else state.loss


def _solved(branch: Branch, r: float) -> State | None:
    if not branch.covers(r):
        return None
    try:
        return branch.solve(r)
    except RootNotFound:
        return None
