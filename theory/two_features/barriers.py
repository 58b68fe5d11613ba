"""Barriers at equal densities: the saddles between states that are local minima together."""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_broadcast, check_density, check_positive
from theory.numeric import RootNotFound, bracketed_root
from theory.two_features.closed_forms import near_dedicated
from theory.two_features.curve import state_coordinates
from theory.two_features.equations import Vector
from theory.two_features.excess import ACUTE, Family, antipodal
from theory.two_features.folds import at_weight
from theory.two_features.normal_form import normal_form
from theory.two_features.states import State, dropped_feature_loss, state_at

_SMALL_JUMP = 0.02  # below, and at small densities, the one saddle is bracketed in |w₂|
_SMALL_DENSITY = 1e-3
_SMALLEST_JUMP = 1e-5  # below, the leading order in the jump is more exact than rounding


def acute_barrier(p: ArrayLike, r: ArrayLike) -> NDArray[np.float64]:
    """Loss to climb from the lowest acute minimum out of the acute states, exact.

    Between w₁w₂ > 0 and w₁w₂ <= 0 lies w₁w₂ = 0, where one feature is dropped: the loss is at
    least min(1, r)(p/3 - p²/4), that of the better dedicated state, so no path costs less than

        min(1, r)(p/3 - p²/4) - L_acute.

    Where r > `acute_onset` (for r <= 1; the mirror image has 1/r) the dedicated state is unstable
    towards acute ones, so the path over it costs no more and it is the saddle of the passage; it
    goes on to antipodal states if also r > `dedicated_stability_limit`. Between
    `acute_stability_limit` and `acute_onset`, at high density, dedicated is stable towards acute
    and an acute saddle between the two takes its place. NaN where no acute state is a local
    minimum.
    Raises ValueError for a density outside (0, 1] or an r that is not positive and finite.
    Source: derived here.
    """
    barrier = np.vectorize(_acute_barrier, otypes=[float])
    p, r = check_density(p, "p"), check_positive("r", r)
    check_broadcast(p=p, r=r)
    return barrier(p, r)


def saddle_between(p: float, r: float, low: State, high: State) -> State:
    """The highest antipodal saddle at (p, r) with |w₂| between those of two antipodal states."""
    family, least, most = antipodal(p), abs(low.weights[1]), abs(high.weights[1])
    if least == 0.0 and (most < _SMALL_JUMP or p < _SMALL_DENSITY):
        return _saddle_below_tie(family, r, _row(high, family, r))
    saddles = [state_at(y, family, r) for y in state_coordinates(family, r) if least < y[0] < most]
    saddles = [state for state in saddles if not state.stable]
    if not saddles:
        raise RootNotFound(f"No saddle was found between the two states at density {p}.")
    return max(saddles, key=lambda state: state.excess)


def _saddle_below_tie(family: Family, r: float, tie: Vector) -> State:
    """The one saddle between dedicated and an antipodal state in coexistence with it.

    Next to a tricritical point, where rounding of r would hide it, to leading order in the jump
    v: the loss there is C|w₂|²(|w₂| - v)² with C of `normal_form`, so it has half the weight.
    """
    if tie[0] >= _SMALLEST_JUMP:
        return state_at(_below_tie(family, tie)[:4], family, r)
    half = tie[0] / 2
    state = state_at(_on_curve(family, half, tie)[:4], family, r)
    excess = normal_form(family.density).quartic * half**4
    return replace(state, excess=excess, loss=r * dropped_feature_loss(family.density) + excess)


def _below_tie(family: Family, tie: Vector) -> Vector:
    """The row below the tie with dedicated at which r(v) returns to the r of the tie.

    r falls from its limit at v = 0 and rises through r at the tie, so (φ(v) - φ)/(v - v_tie)
    changes sign between.
    """
    least = 1e-3 * tie[0] if family.density >= _SMALL_DENSITY else tie[0] / 6

    def chord_slope(v: float) -> float:
        return float((_on_curve(family, v, tie)[4] - tie[4]) / (v - tie[0]))

    most = tie[0] * (1 - 1e-3)
    return _on_curve(family, bracketed_root(chord_slope, least, most), tie)


def _on_curve(family: Family, v: float, tie: Vector) -> Vector:
    """The row at |w₂| = v, started between dedicated and the tie."""
    start = np.append(0.0, near_dedicated(family))
    return at_weight(family, v, start + v / tie[0] * (tie - start))


def _row(state: State, family: Family, r: float) -> Vector:
    """The row z = (v, a, β, γ, φ) of a state with w₂ ≠ 0."""
    v, (b1, b2) = abs(state.weights[1]), state.biases
    y = [v, (state.weights[0] - 1) / v, b1 / v, (b2 - family.second_density / 2) / v]
    return np.array([*y, np.arctan(r)])


def _acute_barrier(p: float, r: float) -> float:
    if r > 1:
        return r * _acute_barrier(p, 1 / r)
    family = Family(p, p, ACUTE)
    states = [state_at(y, family, r) for y in state_coordinates(family, r)]
    minima = [state for state in states if state.stable]
    if not minima:
        return np.nan
    lowest = min(minima, key=lambda state: state.excess)
    saddles = [state.excess for state in states if state.weights[1] < lowest.weights[1]]
    return max([0.0, *saddles]) - lowest.excess
