"""All stationary states with two features in use: along a cut, and at one point of the diagram."""

from dataclasses import dataclass

import numpy as np

from theory._checks import check_one_density, check_relative_importance
from theory.two_features.closed_forms import leaves_dedicated
from theory.two_features.curve import curve, first_weight, state_coordinates
from theory.two_features.equations import Vector
from theory.two_features.excess import ACUTE, ANTIPODAL, Family
from theory.two_features.states import State, dedicated_state, dropped_feature_loss, state_at

_ON_DIAGONAL = 1e-9


@dataclass(frozen=True)
class Curve:
    """Every stationary state of one side with |w₂| <= w₁ at given densities, in order of |w₂|.

    relative_importance: r at which each of `states` is stationary. It starts at the stability limit
    of dedicated on that side, where |w₂| = 0; at equal densities it ends within a grid step of the
    diagonal w₁ = |w₂|, at r = 1. Where it rises with |w₂| the states are minima, where it falls
    saddles: its turns are the metastable ends.
    """

    density: float
    relative_importance: Vector
    states: tuple[State, ...]


def antipodal_curve(p: float, *, second_density: float | None = None) -> Curve:
    """All stationary states with w₁ >= -w₂ > 0 at density p, whatever r, parametrised by |w₂|.

    For each w₂ on a grid, refined where r changes fast, ∇L = 0 is solved for (w₁, b₁, b₂, r): a
    cut through the diagram with its stable and unstable branches in one sweep. Good for p >= 1e-5.
    `second_density`: that of feature 2, by default p as well.
    Raises ValueError for a density outside (0, 1], RootNotFound where the curve cannot be followed
    to the diagonal: rounding (p near 1e-6 and below), or a second feature so sparse that dedicated
    never turns unstable and no curve leaves it; the mirror model has it then.
    Source: derived here.
    """
    return _curve(_family(p, second_density, ANTIPODAL))


def acute_curve(p: float, *, second_density: float | None = None) -> Curve:
    """All stationary states with w₁ >= w₂ > 0 at density p; good for p >= 1e-7.

    Otherwise as `antipodal_curve`.
    """
    return _curve(_family(p, second_density, ACUTE))


def antipodal_states(p: float, r: float, *, second_density: float | None = None) -> list[State]:
    """Stationary states with w₁ > 0 > w₂ at density p and relative importance r, lowest first.

    Minima and the saddles between them: where the curve of `antipodal_curve` passes r, and where
    that of the mirror model passes 1/r (states with |w₂| > w₁). The turns of the
    curves are among its points, so a pair of states about to merge is found; two turns within one
    step (30 % of |w₂| below 0.04, 0.012 above) could be missed. Dead states, whose outputs
    are all zero, are not counted as antipodal.
    `second_density`: that of feature 2, by default p as well.
    Raises ValueError for a density outside (0, 1] or an r that is not positive and finite,
    RootNotFound as `antipodal_curve`. Source: derived here.
    """
    return _states(_family(p, second_density, ANTIPODAL), check_relative_importance(r, "r"))


def acute_states(p: float, r: float, *, second_density: float | None = None) -> list[State]:
    """Stationary states with w₁ > 0 and w₂ > 0, lowest first; otherwise as `antipodal_states`."""
    return _states(_family(p, second_density, ACUTE), check_relative_importance(r, "r"))


def dedicated_states(
    p: float, r: float, *, second_density: float | None = None
) -> tuple[State, State]:
    """The dedicated states of feature 1 and of feature 2: stationary at every p and r.

    w = (1, 0), b = (0, q/2) with q the density of feature 2, and the mirror image; `stable` says
    where they are local minima. Raises ValueError as `antipodal_states`. Source: derived here.
    """
    return _dedicated(_family(p, second_density, ANTIPODAL), check_relative_importance(r, "r"))


def ground_state(p: float, r: float, *, second_density: float | None = None) -> State:
    """The state of lowest loss at density p and relative importance r, up to w → -w.

    The lowest of the dedicated states of either feature, all `antipodal_states` and, where the
    densities differ, all `acute_states`; at equal densities an acute state is never the lowest.
    Arguments and errors as in `antipodal_states`. Source: derived here.
    """
    family, r = _family(p, second_density, ANTIPODAL), check_relative_importance(r, "r")
    states = [*_dedicated(family, r), *_states(family, r)]
    if family.density != family.second_density:
        states += _states(Family(family.density, family.second_density, ACUTE), r)
    return min(states, key=lambda state: state.loss)


def _family(p: float, second_density: float | None, side: int) -> Family:
    first = check_one_density(p, "p")
    second = (
        first if second_density is None else check_one_density(second_density, "second_density")
    )
    return Family(first, second, side)


def _curve(family: Family) -> Curve:
    rows = [row for row in curve(family) if row[0] <= first_weight(row) and row[4] < np.pi / 2]
    r = np.tan([row[4] for row in rows])
    states = (state_at(row[:4], family, r) for row, r in zip(rows, r, strict=True))
    return Curve(family.density, r, tuple(states))


def _states(family: Family, r: float) -> list[State]:
    mirror = _mirror(family)
    if not leaves_dedicated(mirror):
        whole = [state_at(y, family, r) for y in state_coordinates(family, r, whole=True)]
        return sorted(whole, key=lambda state: state.loss)
    if not leaves_dedicated(family):
        return [_mirrored(state, family, r) for state in _states(mirror, 1 / r)]
    own = [state_at(y, family, r) for y in state_coordinates(family, r)]
    other = [state_at(y, mirror, 1 / r) for y in state_coordinates(mirror, 1 / r)]
    states = [state for state in own if _ratio(state) <= 1 + _ON_DIAGONAL]
    states += [_mirrored(state, family, r) for state in other if _ratio(state) < 1 - _ON_DIAGONAL]
    return sorted(states, key=lambda state: state.loss)


def _dedicated(family: Family, r: float) -> tuple[State, State]:
    own, other = dedicated_state(family, r), dedicated_state(_mirror(family), 1 / r)
    return own, _mirrored(other, family, r)


def _mirror(family: Family) -> Family:
    return Family(family.second_density, family.density, family.side)


def _ratio(state: State) -> float:
    return abs(state.weights[1]) / state.weights[0]


def _mirrored(state: State, family: Family, r: float) -> State:
    """The state of the model with importances (1, r), from its mirror image in that of (1, 1/r)."""
    loss, side = r * state.loss, float(family.side)
    return State(
        weights=(side * state.weights[1], side * state.weights[0]),
        biases=(state.biases[1], state.biases[0]),
        loss=loss,
        excess=loss - r * dropped_feature_loss(family.second_density),
        loss_slope=state.loss - state.loss_slope / r,
        stable=state.stable,
    )
