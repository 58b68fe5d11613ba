"""All antipodal states: along a cut at fixed density, and at one point of the diagram."""

import functools
from dataclasses import dataclass

import numpy as np

from theory._checks import check_density, check_relative_importance
from theory.numeric import RootNotFound, bracketed_root, newton
from theory.two_features.closed_forms import critical_bias_slope, dedicated_stability_limit
from theory.two_features.equations import Vector, stationary_at_weight
from theory.two_features.states import State, antipodal_state, dropped_feature_loss

_WEIGHTS = np.concatenate([np.geomspace(1e-6, 0.02, 40)[:-1], np.linspace(0.02, 1.2, 120)])
_LEAST_STEP = 1e-10
_ON_DIAGONAL = 1e-9


@dataclass(frozen=True)
class AntipodalCurve:
    """Every stationary antipodal state with |w₂| <= w₁ at one density, in order of |w₂|.

    relative_importance: r at which each of `states` is stationary. It starts at the stability limit
    of dedicated, where |w₂| = 0, and ends within a grid step of the diagonal w₁ = -w₂, at r = 1.
    Where it rises with |w₂| the states are minima, where it falls saddles: its turns are the
    metastable ends.
    """

    density: float
    relative_importance: Vector
    states: tuple[State, ...]


def antipodal_curve(p: float) -> AntipodalCurve:
    """All stationary states with w₁ >= -w₂ > 0 at density p, whatever r, parametrised by |w₂|.

    For each w₂ on a grid, refined where r changes fast, ∇L = 0 is solved for (w₁, b₁, b₂, r): a
    cut through the diagram with its stable and unstable branches in one sweep. Good for p >= 1e-4.
    Raises ValueError for a density outside (0, 1], RootNotFound where rounding breaks the curve off
    before the diagonal (p near 1e-5 and below). Source: derived here.
    """
    p = float(check_density(p))
    curve = [root for root in _curve(p) if root[0] <= _first_weight(root)]
    states = tuple(antipodal_state(root[:4], p, float(root[4])) for root in curve)
    return AntipodalCurve(p, np.array([root[4] for root in curve]), states)


def antipodal_states(p: float, r: float) -> list[State]:
    """Stationary states with w₁ > 0 > w₂ at density p and relative importance r, lowest first.

    Minima and the saddles between them: where the curve of `antipodal_curve` passes r, and where
    that of the mirror model passes 1/r (states with |w₂| > w₁). A pair of states closer together
    in |w₂| than the grid (30 % below 0.02, 0.01 above) can be missed. Dead states, whose outputs
    are all zero, are not counted as antipodal.
    Raises ValueError for a density outside (0, 1] or an r that is not positive and finite,
    RootNotFound as `antipodal_curve`.
    Source: derived here.
    """
    p, r = float(check_density(p)), check_relative_importance(r)
    own = [antipodal_state(y, p, r) for y in _roots(p, r)]
    mirror = [antipodal_state(y, p, 1 / r) for y in _roots(p, 1 / r)]
    states = [state for state in own if _ratio(state) <= 1 + _ON_DIAGONAL]
    states += [_mirrored(state, p, r) for state in mirror if _ratio(state) < 1 - _ON_DIAGONAL]
    return sorted(states, key=lambda state: state.loss)


def _roots(p: float, r: float) -> list[Vector]:
    """Coordinates y of the states at which the curve passes r."""
    curve = _curve(p)
    above = curve[:, 4] > r
    crossings = np.flatnonzero(above[1:] != above[:-1])
    return [_state_between(curve[k], curve[k + 1], p, r) for k in crossings]


def _state_between(low: Vector, high: Vector, p: float, r: float) -> Vector:
    """The state at r between two of the curve; bracketed, so that kinks cannot make it cycle."""

    def state(v: float) -> Vector:
        start = low[1:] + (high[1:] - low[1:]) * (v - low[0]) / (high[0] - low[0])
        return np.append(v, newton(stationary_at_weight(p, v), start))

    v = bracketed_root(lambda v: float(state(v)[4]) - r, float(low[0]), float(high[0]))
    return state(v)[:4]


@functools.lru_cache(maxsize=64)
def _curve(p: float) -> Vector:
    """Rows (v, a, β, γ, r), from dedicated to a little beyond the diagonal; dedicated left out."""
    beta, limit = float(critical_bias_slope(p)), float(dedicated_stability_limit(p))
    rows = [np.array([0.0, 3 * p / 8 - 3 * beta / 4, beta, p / 2, limit])]
    for v in _WEIGHTS:
        if not _extend(rows, p, v) or v > 1.05 * _first_weight(rows[-1]):
            break
    if rows[-1][0] < _first_weight(rows[-1]):
        reached = f"|w₂| = {rows[-1][0]:.2g}"
        raise RootNotFound(f"The antipodal states at density {p} could be followed to {reached}.")
    return np.array(rows[1:])


def _extend(rows: list[Vector], p: float, v: float) -> bool:
    """Follows the curve to v, halving the step where r would change by more than a fifth."""
    last = rows[-1]
    try:
        root = newton(stationary_at_weight(p, v), last[1:])
    except RootNotFound:
        root = None
    if root is not None and abs(root[3] - last[4]) < 0.2 * last[4]:
        rows.append(np.append(v, root))
        return True
    middle = (last[0] + v) / 2
    return v - last[0] > _LEAST_STEP and _extend(rows, p, middle) and _extend(rows, p, v)


def _first_weight(root: Vector) -> float:
    return float(1.0 + root[0] * root[1])


def _ratio(state: State) -> float:
    return -state.weights[1] / state.weights[0]


def _mirrored(state: State, p: float, r: float) -> State:
    """The state of the model with importances (1, r), from its mirror image in that of (1, 1/r)."""
    loss = r * state.loss
    return State(
        weights=(-state.weights[1], -state.weights[0]),
        biases=(state.biases[1], state.biases[0]),
        loss=loss,
        excess=loss - r * dropped_feature_loss(p),
        loss_slope=state.loss - state.loss_slope / r,
        stable=state.stable,
    )
