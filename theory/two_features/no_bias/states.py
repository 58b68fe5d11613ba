"""All states without biases at one point of the diagram."""

from dataclasses import dataclass

import numpy as np

from theory._checks import check_one_density, check_relative_importance
from theory.numeric import bracketed_root
from theory.two_features.no_bias.curves import fold
from theory.two_features.no_bias.profile import Side, functions


@dataclass(frozen=True)
class State:
    """A state w = (w₁, w₂), w₁ > 0 (of the pair ±w), and its loss.

    name: "antipodal", "confused" or "dropped"; excess: loss minus that of dropped, r p/3, free of
    cancellation for r <= 1; loss_slope: ∂L/∂r = E(x₂ - x'₂)²; stable: whether it is a strict local
    minimum.
    """

    name: str
    weights: tuple[float, float]
    loss: float
    excess: float
    loss_slope: float
    stable: bool

    @property
    def ratio(self) -> float:
        """w₂/w₁, the order parameter."""
        return self.weights[1] / self.weights[0]


def antipodal_states(p: float, r: float) -> list[State]:
    """Every stationary state with w₁ > 0 > w₂ at density p, relative importance r, lowest first.

    At most one minimum and two saddles. For r <= 1: the minimum, |w₂| <= w₁, if r is at least
    `antipodal_stability_limit`; the saddle between it and w₂ = 0, if r is also below
    p(16 - 9p)/(32(1 - p)); the saddle towards w₁ = 0, if 1/r is below that. r > 1 is the mirror.
    That the curve r(u) turns only once is checked numerically (and by exact root counts at single
    densities in the tests), not proved for all p. Raises ValueError for a density outside (0, 1] or
    an r that is not positive and finite. Source: derived here; the state is named in readers'
    comments on Elhage et al. 2022.
    """
    p, r = check_one_density(p, "p"), check_relative_importance(r, "r")
    mirror = [*_saddles(p, 1 / r), *(_minima(p, 1 / r) if r > 1 else [])]
    states = [*_saddles(p, r), *(_minima(p, r) if r <= 1 else [])]
    states += [_mirrored(state, p, r) for state in mirror]
    return sorted(states, key=lambda state: state.loss)


def confused_state(p: float, r: float) -> State:
    """The stationary state with both weights positive: exactly one, a minimum, at every p and r.

    The ReLU never cuts there, so it is the state of the linear model with tied weights. For r <= 1
    its ratio is the one positive root, in (0, 1], of the quartic in `importance_at_confused`, whose
    coefficients change sign once; loss p/3 - p²/4 at r = 1, r p/3 - 3p³r²/(16 - 9p²) + O(r³) at
    small r. Raises ValueError as `antipodal_states`. Source: derived here; named as there.
    """
    p, r = check_one_density(p, "p"), check_relative_importance(r, "r")
    return _narrow_confused(p, r) if r <= 1 else _mirrored(_narrow_confused(p, 1 / r), p, r)


def dropped_state(p: float, r: float) -> State:
    """w = (1, 0), loss r p/3: a minimum along w₁, but the loss has a kink in w₂ there.

    It falls like -r p²/2 w₂ for w₂ > 0 and has no slope for w₂ < 0, so `stable` is always False; it
    is a minimum among w₂ <= 0 below `dropped_stability_limit`. Its mirror image (0, 1) has loss
    p/3. Raises ValueError as `antipodal_states`. Source: derived here; named as there.
    """
    p, r = check_one_density(p, "p"), check_relative_importance(r, "r")
    return State("dropped", (1.0, 0.0), r * p / 3, 0.0, p / 3, False)


def ground_state(p: float, r: float) -> State:
    """The state of least loss over all weights: antipodal or confused, never dropped.

    Raises ValueError as `antipodal_states`. Source: derived here.
    """
    states = [*antipodal_states(p, r), confused_state(p, r)]
    return min(states, key=lambda state: state.loss)


def antipodal_minimum(p: float, r: float) -> State:
    """The antipodal minimum for a valid p and `antipodal_stability_limit` <= r <= 1."""
    turn, limit = fold(p)
    return _state(Side.ANTIPODAL, _root(Side.ANTIPODAL, p, r, turn, 1.0), p, r, r > limit)


def _minima(p: float, r: float) -> list[State]:
    """The antipodal minimum with |w₂| <= w₁, if r <= 1 has one."""
    return [antipodal_minimum(p, r)] if r >= fold(p)[1] else []


def _saddles(p: float, r: float) -> list[State]:
    """The saddle between dropped and the antipodal minimum, |w₂| < w₁, if there is one."""
    turn, limit = fold(p)
    if not (r > limit and _rises_from_dropped(p, r)):
        return []
    root = _root(Side.ANTIPODAL, p, r, 0.0, turn)
    return [_state(Side.ANTIPODAL, root, p, r, False)]


def _rises_from_dropped(p: float, r: float) -> bool:
    return functions(Side.ANTIPODAL).slope(0.0, p, r) > 0


def _narrow_confused(p: float, r: float) -> State:
    """The confused state for r <= 1; a Newton step makes its u precise where it is small."""
    at = functions(Side.CONFUSED)
    u = _root(Side.CONFUSED, p, r, 0.0, 1.0)
    u -= at.slope(u, p, r) / at.slope_u(u, p, r)
    return _state(Side.CONFUSED, u, p, r, True)


def _root(side: Side, p: float, r: float, low: float, high: float) -> float:
    """The one zero of d(profile)/du in [low, high]; an end where rounding hides the sign change."""

    def slope(u: float) -> float:
        return functions(side).slope(u, p, r)

    if slope(low) * slope(high) < 0:
        return bracketed_root(slope, low, high)
    return min(low, high, key=lambda u: abs(slope(u)))


def _state(side: Side, u: float, p: float, r: float, stable: bool) -> State:
    at = functions(side)
    weight = float(np.sqrt(at.scale(u, p, r)))
    excess = at.excess(u, p, r)
    return State(
        name=side.name.lower(),
        weights=(weight, int(side) * u * weight),
        loss=r * p / 3 + excess,
        excess=excess,
        loss_slope=at.loss_slope(u, p, r),
        stable=stable,
    )


def _mirrored(state: State, p: float, r: float) -> State:
    """The state of the model with importances (1, r), from its mirror image in that of (1, 1/r)."""
    loss = r * state.loss
    sign = np.sign(state.ratio)
    return State(
        name=state.name,
        weights=(float(sign * state.weights[1]), float(sign * state.weights[0])),
        loss=loss,
        excess=loss - r * p / 3,
        loss_slope=state.loss - state.loss_slope / r,
        stable=state.stable,
    )
