"""Ground states of three features in two dimensions, and the transitions between them."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from theory._checks import check_positive, check_relative_importance
from theory.numeric import RootNotFound, bracketed_root
from theory.three_features.branches import Branch, branches
from theory.three_features.families import State
from theory.three_features.loss import Model, Vector, checked_model
from theory.three_features.tilt import digon_12_stability_limit

_GRID = 1200
_CLOSE = 1e-7  # losses of the table that are closer are solved for exactly
_ROUNDING = 1e-14  # of a difference of losses
_TOUCH = 1e-6  # largest error of tabulated losses; branches that end further apart do not touch
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
    RootNotFound where a curve cannot be followed (see `theory.two_features.antipodal_curve`) or a
    state that may be the lowest cannot be solved for. Source: derived here.
    """
    model, r = checked_model(p, last_density), check_relative_importance(r, "r")
    known = branches(model)
    table = np.array([branch.table_loss(np.array([r]))[0] for branch in known])
    states = [known[k].solve(r) for k in np.flatnonzero(table <= table.min() + _TOUCH)]
    return min(states, key=lambda state: state.loss)


def transitions(
    p: float,
    *,
    last_density: float | None = None,
    relative_importance: tuple[float, float] = (_LOWEST_R, _HIGHEST_R),
) -> list[Transition]:
    """All changes of the ground state at density p for r in a range, in the order of r.

    Losses of all branches are tabulated in r; where the lowest one changes, the equation of equal
    losses is solved with both states stationary. A change is continuous where a branch begins on
    the ground state: dropped, at its stability limit, or an isosceles state where exchange
    symmetry breaks. Losses are compared to 1e-14: the narrow strips of weak digon 13 that begin at
    the tricritical points of two features are resolved from about 0.005 away from them in p; a
    phase narrower than 0.6 % of r with the same phase on both sides can be missed.
    Arguments and errors as in `ground_state`. Source: derived here.
    """
    model = checked_model(p, last_density)
    ends = check_positive("relative_importance", relative_importance)
    if ends.shape != (2,):
        raise ValueError(
            f"Argument `relative_importance` must have shape (2,), but has shape {ends.shape}."
        )
    low, high = map(float, ends)
    grid = np.geomspace(low, high, _GRID)
    known = branches(model)
    winner = _lowest(known, grid)
    changes = np.flatnonzero(winner[1:] != winner[:-1])
    found: list[Transition] = []
    for k in changes:
        found += _changes(winner[k], winner[k + 1], float(grid[k]), float(grid[k + 1]), model)
    return found


def _changes(below: int, above: int, low: float, high: float, model: Model) -> list[Transition]:
    """All changes from one branch, lowest at `low`, to another, lowest at `high`.

    Where a third branch is lower in between, it comes in between.
    """
    known = branches(model)
    meeting = _meeting(known[below], known[above], low, high)
    for r in (meeting.r, float(known[below].r[-1]), float(known[above].r[0])):
        third = _lowest(known, np.array([r]))[0] if low < r < high else below
        if third in (below, above):
            continue
        if _loss(known[third], r) < min(_loss(known[k], r) for k in (below, above)) - _ROUNDING:
            halves = (below, third, low, r), (third, above, r, high)
            return [change for half in halves for change in _changes(*half, model)]
    return [_transition(known[below], known[above], meeting, model)]


def _lowest(known: tuple[Branch, ...], grid: Vector) -> np.ndarray:
    """Which branch is lowest at each r; near ties are decided by the states themselves."""
    losses = np.array([branch.table_loss(grid) for branch in known])
    winner = np.argmin(losses, axis=0)
    close = losses <= losses.min(axis=0) + _CLOSE
    for k in np.flatnonzero(close.sum(axis=0) > 1):
        exact = [_loss(known[b], grid[k]) if close[b, k] else np.inf for b in range(len(known))]
        winner[k] = int(np.argmin(exact))
    return winner


class _Meeting(NamedTuple):
    """Where two branches meet: at equal losses, or where one ends, `gap` apart."""

    r: float
    tie: bool
    gap: float


def _meeting(below: Branch, above: Branch, low: float, high: float) -> _Meeting:
    start, end = max(low, float(above.r[0])), min(high, float(below.r[-1]))
    if start >= end:
        return _Meeting(start, False, abs(_gap(below, above)))

    def difference(r: float) -> float:
        return _loss(below, r) - _loss(above, r)

    first, last = difference(start), difference(end)
    if first > -_ROUNDING or last < _ROUNDING:
        return _Meeting(start, False, min(abs(first), abs(last)))
    return _Meeting(bracketed_root(difference, start, end), True, 0.0)


def _transition(below: Branch, above: Branch, meeting: _Meeting, model: Model) -> Transition:
    """The change from one branch to another where they meet."""
    if meeting.gap > _TOUCH:
        names = f"{below.phase} and {above.phase}"
        raise RootNotFound(f"States between {names} were not found near r = {meeting.r:.6g}.")
    if not meeting.tie:
        return _continuous(below, above, meeting.r, model)
    ends = below.solve(meeting.r), above.solve(meeting.r)
    return Transition(model.density, meeting.r, *ends, continuous=False)


def _gap(below: Branch, above: Branch) -> float:
    """Difference of the losses where one branch ends and, a little later, the other begins."""
    step = float(above.r[0] - below.r[-1])
    return float(below.loss[-1] + step * below.slope[-1] - above.loss[0])


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
    return branch.solve(r).loss if branch.covers(r) else np.inf
