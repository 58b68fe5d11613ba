"""Metastable ends against folds of the quadrature loss, and the laws they obey."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import brentq, fsolve

from tests.theory.independent import hessian, two_feature_loss
from theory.two_features import (
    State,
    acute_onset,
    acute_stability_limit,
    acute_stability_limits,
    acute_states,
    acute_tricritical_point,
    antipodal_states,
    dedicated_first_order_line,
    dedicated_stability_limit,
    strong_stability_limit,
    symmetric_stability_density,
    tricritical_points,
    weak_cusp,
    weak_stability_limits,
    weak_strong_first_order_line,
)
from theory.two_features.equations import stationary
from theory.two_features.excess import Family, density
from theory.two_features.fold_tables import (
    acute_high_turns,
    small_density_fold,
    strong_turns,
    weak_high_turns,
)
from theory.two_features.folds import tangent
from theory.two_features.normal_form import acute_third_order


def weak_low(p: object) -> np.ndarray:
    return weak_stability_limits(p)[0]


def weak_high(p: object) -> np.ndarray:
    return weak_stability_limits(p)[1]


def acute_high(p: object) -> np.ndarray:
    return acute_stability_limits(p)[1]


# Limit, density, states on that side, sense of r in which the minimum exists.
FOLDS = [
    *((strong_stability_limit, p, antipodal_states, 1) for p in (0.05, 0.3, 0.6, 0.7)),
    *((weak_low, p, antipodal_states, 1) for p in (0.3, 0.45, 0.9, 0.98)),
    *((weak_high, p, antipodal_states, -1) for p in (0.3, 0.5, 0.8, 0.98)),
    *((acute_stability_limit, p, acute_states, 1) for p in (0.92, 0.98)),
    *((acute_high, p, acute_states, -1) for p in (0.05, 0.5, 0.9)),
]


def _coordinates(state: State) -> np.ndarray:
    return np.array([*state.weights, *state.biases])


def _first_dominated(states: list[State]) -> list[State]:
    return [state for state in states if abs(state.weights[1]) < state.weights[0] * (1 - 1e-6)]


def _merging(limit: Callable, p: float, states: Callable, sense: int) -> np.ndarray:
    """A start near the fold: the minimum and the saddle, 0.1 % inside, that are closest."""
    r = float(limit(p)) * (1 + sense * 1e-3)
    near = sorted(_first_dominated(states(p, r)), key=lambda state: abs(state.weights[1]))
    pairs = [pair for pair in itertools.pairwise(near) if pair[0].stable ^ pair[1].stable]
    gap = min(pairs, key=lambda pair: abs(pair[0].weights[1] - pair[1].weights[1]))
    return np.mean([_coordinates(state) for state in gap], axis=0)


@pytest.mark.parametrize(("limit", "p", "states", "sense"), FOLDS)
def test_limit_is_a_fold_of_the_quadrature_loss(
    limit: Callable, p: float, states: Callable, sense: int
) -> None:
    """∇L = 0 and one vanishing curvature, solved without the theory's equations."""
    r = float(limit(p))
    start = np.append(_merging(limit, p, states, sense), r * (1 + sense * 3e-4))

    def conditions(unknowns: np.ndarray) -> np.ndarray:
        y, r = unknowns[:4], float(unknowns[4])
        curvatures = np.linalg.eigvalsh(hessian(y, p, r))
        return np.append(two_feature_loss(y, p, r)[1], curvatures[0])

    fold = fsolve(conditions, start, xtol=1e-12)
    np.testing.assert_allclose(conditions(fold), 0.0, atol=1e-9)
    assert fold[4] == pytest.approx(r, abs=1e-8)
    assert np.linalg.eigvalsh(hessian(fold[:4], p, r))[1] > 1e-3 * p


@pytest.mark.parametrize(("limit", "p", "states", "sense"), FOLDS)
def test_a_minimum_and_a_saddle_appear_at_the_limit(
    limit: Callable, p: float, states: Callable, sense: int
) -> None:
    r = float(limit(p))
    inside, outside = (
        _first_dominated(states(p, r * (1 + side * 2e-4))) for side in (sense, -sense)
    )
    assert len(inside) == len(outside) + 2
    assert sum(s.stable for s in inside) == sum(s.stable for s in outside) + 1


def test_symmetric_state_loses_stability_against_exchange() -> None:
    """The part of the Hessian odd under exchange, by quadrature at r = 1."""

    def least_odd_curvature(p: float) -> float:
        def symmetric(y: np.ndarray) -> np.ndarray:
            gradient = two_feature_loss(np.array([y[0], -y[0], y[1], y[1]]), p, 1.0)[1]
            return np.array([gradient[0] - gradient[1], gradient[2] + gradient[3]])

        w, b = fsolve(symmetric, [0.755, 0.33], xtol=1e-13)
        odd = np.array([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]) / np.sqrt(2)
        return np.linalg.eigvalsh(odd @ hessian(np.array([w, -w, b, b]), p, 1.0) @ odd.T)[0]

    p = symmetric_stability_density()
    assert brentq(least_odd_curvature, 0.70, 0.72, xtol=1e-12) == pytest.approx(p, abs=1e-8)
    assert strong_stability_limit(p) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("p", [0.010809965933780145, 0.018646383094263, 0.3, 0.9])
def test_symmetric_acute_state_is_unstable_whatever_rounding_does(p: float) -> None:
    """Its biases vanish: a kink. Beside it, where b₁ > 0 > b₂, the quadrature loss curves down."""
    states = acute_states(p, 1.0)
    (state,) = [s for s in states if s.weights[0] == pytest.approx(s.weights[1], rel=1e-9)]
    assert not state.stable
    assert [s.stable for s in states].count(True) == 2  # one on either side of it
    beside = _coordinates(state) + np.array([0.0, 0.0, 1e-5, -1e-5])
    curvatures, modes = np.linalg.eigh(hessian(beside, p, 1.0))
    assert curvatures[0] < 0
    assert modes[2, 0] * modes[3, 0] < 0


def test_strong_limit_reaches_the_diagonal_with_exponent_three_halves() -> None:
    gap = 1 - strong_stability_limit(symmetric_stability_density() - np.array([4e-5, 1e-5]))
    assert np.log2(gap[0] / gap[1]) / 2 == pytest.approx(1.5, abs=0.01)


def test_slope_of_the_strong_limit_at_small_density() -> None:
    """(4 + √7)/16, by Richardson extrapolation of r/p from p = h, h/2, h/4."""
    slope, weight = small_density_fold()
    assert sp.simplify(slope - (4 + sp.sqrt(7)) / 16) == 0
    assert sp.simplify(weight - (4 - sp.sqrt(7)) / 3) == 0
    p = 1e-3 / 2.0 ** np.arange(3)
    ratio = strong_stability_limit(p) / p
    first = 2 * ratio[1:] - ratio[:-1]
    assert (4 * first[1] - first[0]) / 3 == pytest.approx(float(slope), abs=1e-9)
    assert strong_stability_limit(1e-12) / 1e-12 == pytest.approx(float(slope), rel=1e-12)


def test_weak_limits_meet_in_a_cusp_at_a_kink() -> None:
    """Their gap opens with the square of the distance, and the state there has z₂ = 0 at (1, 0)."""
    p, r = weak_cusp()
    low, high = weak_stability_limits(p + np.array([2e-3, 1e-3]))
    assert np.log2((high - low)[0] / (high - low)[1]) == pytest.approx(2.0, abs=0.01)
    assert weak_low(p) == pytest.approx(r, abs=1e-12)
    assert np.isnan(weak_low(p - 1e-9))
    middle = float(np.mean(weak_stability_limits(p + 0.05)))
    weak = _first_dominated(antipodal_states(p + 0.05, middle))
    assert [state.stable for state in weak].count(True) == 2


def test_cusp_against_the_quadrature_loss() -> None:
    """The density at which the state at the kink z₂ = 0 has a vanishing curvature."""
    p, r = weak_cusp()
    start = np.array([1.01, -0.12, 0.001, 0.12, r])

    def kink_state(p: float) -> np.ndarray:
        def conditions(unknowns: np.ndarray) -> np.ndarray:
            y, r = unknowns[:4], float(unknowns[4])
            return np.append(two_feature_loss(y, p, r)[1], y[3] + y[0] * y[1])

        return fsolve(conditions, start, xtol=1e-13)

    def curvature(p: float) -> float:
        *y, r = kink_state(p)
        return float(np.linalg.eigvalsh(hessian(np.array(y), p, float(r), 1e-8))[0])

    found = brentq(curvature, p - 0.02, p + 0.02, xtol=1e-9)
    assert found == pytest.approx(p, abs=1e-6)
    assert kink_state(p)[4] == pytest.approx(r, abs=1e-8)


def test_acute_tricritical_point_is_a_root_of_a_cubic() -> None:
    p, r = acute_tricritical_point()
    assert acute_third_order() == sp.factor(
        density * (27 * density**3 - 51 * density**2 + 16 * density + 7) / 96
    )
    assert 27 * p**3 - 51 * p**2 + 16 * p + 7 == pytest.approx(0.0, abs=1e-14)
    assert r == acute_onset(p)


@pytest.mark.parametrize(
    ("low", "start", "end", "sense"),
    [
        (weak_low, dedicated_stability_limit, tricritical_points()[0][0], -1),
        (weak_low, dedicated_stability_limit, tricritical_points()[1][0], 1),
        (acute_stability_limit, acute_onset, acute_tricritical_point()[0], 1),
    ],
)
def test_lower_limits_touch_the_limits_of_dedicated(
    low: Callable, start: Callable, end: float, sense: int
) -> None:
    """On the first-order side the gap opens with the square of the distance; on the other none."""
    p = end + sense * np.array([2e-3, 1e-3])
    gap = start(p) - low(p)
    assert np.all(gap > 0)
    assert np.log2(gap[0] / gap[1]) == pytest.approx(2.0, abs=0.05)
    assert low(end - sense * 1e-3) == start(end - sense * 1e-3)


def test_acute_and_antipodal_are_images_where_features_are_always_active() -> None:
    """At p = 1, x₂ → 1 - x₂ turns w₂ into -w₂."""
    assert np.array(acute_stability_limits(1.0)) == pytest.approx(
        np.array(weak_stability_limits(1.0)), abs=1e-13
    )


def test_acute_limits_at_small_density() -> None:
    """The lower one is 5/16; the upper one has a limit with a finite slope."""
    assert acute_stability_limit(1e-12) == pytest.approx(5 / 16, abs=1e-12)
    high = acute_high(np.array([1e-12, 1e-6, 2e-6]))
    assert high[1] - high[0] == pytest.approx(high[2] - high[1], rel=0.2)
    assert 1 < high[0] < 1.2


def test_limits_are_continuous_and_ordered() -> None:
    p = np.linspace(0.002, 1.0, 250)
    strong, (low, high) = strong_stability_limit(p), weak_stability_limits(p)
    line, between = dedicated_first_order_line(p), weak_strong_first_order_line(p)
    acute, acute_top = acute_stability_limits(p)
    for smaller, larger in [
        (low, high),
        (low, dedicated_stability_limit(p)),
        (strong, between),
        (between, high),
        (acute, acute_onset(p)),
        (acute, acute_top),
    ]:
        known = np.isfinite(smaller) & np.isfinite(larger)
        assert np.all(smaller[known] <= larger[known] + 1e-15)
    assert np.all(strong[p < 0.51] < line[p < 0.51])
    assert np.all(acute_top > 1)
    for curve in (strong, low, high, acute, acute_top):
        assert np.nanmax(np.abs(np.diff(curve))) < 0.02
    np.testing.assert_array_equal(np.isfinite(strong), p <= symmetric_stability_density())
    np.testing.assert_array_equal(np.isfinite(high), p >= weak_cusp()[0])
    assert np.all(np.isfinite(acute))


def test_a_limit_is_solved_at_the_density_asked() -> None:
    """No interpolation: the conditions of a fold hold at densities between those of the table."""
    for turns, p in (
        (strong_turns(), 0.31371),
        (weak_high_turns(), 0.6613),
        (acute_high_turns(), 0.4242),
    ):
        row = turns.row(p)
        family = Family(p, p, turns.side)
        assert abs(tangent(family, row)[4]) < 1e-7
        residual, _ = stationary(family, float(np.tan(row[4])))(row[:4])
        np.testing.assert_allclose(residual, 0.0, atol=1e-13)
