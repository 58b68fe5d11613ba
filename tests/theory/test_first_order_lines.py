"""First-order lines: against equal losses found by independent minimisation, and their ends."""

from collections.abc import Sequence

import mpmath
import numpy as np
import pytest
from scipy.optimize import brentq

from tests.theory.independent import dropped, minimise, two_feature_loss
from theory.numeric import mpmath_function
from theory.population_loss import positive_part_feature_loss
from theory.symbols import model_symbols
from theory.two_features import (
    Coexistence,
    State,
    antipodal_states,
    critical_end_point,
    dedicated_coexistence,
    dedicated_first_order_line,
    dedicated_stability_limit,
    symmetry_breaking_density,
    tricritical_points,
    triple_point,
    weak_strong_coexistence,
    weak_strong_first_order_line,
)
from theory.two_features.excess import ANTIPODAL
from theory.two_features.normal_form import third_order

STRONG_STARTS = ([1.0, -0.7, 0.02, 0.1], [0.95, -0.8, 0.1, 0.2])


def _lowest(starts: Sequence[Sequence[float]], p: float, r: float) -> float:
    return min(minimise(start, p, r).fun for start in starts)


@pytest.mark.parametrize("p", [0.03, 0.2, 0.4, 0.5, 0.9, 1.0])
def test_dedicated_line_against_equal_losses(p: float) -> None:
    line = float(dedicated_first_order_line(p))
    other_state = _states_of(dedicated_coexistence(p))[1]
    start, width = _nudged(other_state), min(3e-4, 0.01 * other_state.weights[1] ** 2)

    def difference(r: float) -> float:
        other = minimise(start, p, r)
        assert other.x[1] < -0.01
        return other.fun - r * dropped(p)

    root = brentq(difference, line - width, line + width, xtol=1e-12)
    assert root == pytest.approx(line, abs=1e-8)


@pytest.mark.parametrize("p", [0.56, 0.62, 0.68])
def test_weak_strong_line_against_equal_losses(p: float) -> None:
    line = float(weak_strong_first_order_line(p))
    starts = [_nudged(state) for state in _states_of(weak_strong_coexistence(p))]

    def difference(r: float) -> float:
        weak, strong = (minimise(start, p, r) for start in starts)
        assert strong.x[1] < weak.x[1] - 0.1
        return strong.fun - weak.fun

    root = brentq(difference, line - 3e-4, line + 3e-4, xtol=1e-12)
    assert root == pytest.approx(line, abs=1e-8)


def _nudged(state: State) -> np.ndarray:
    """A start near the state but not at it."""
    return np.array([*state.weights, *state.biases]) * 1.02


def _states_of(pair: Coexistence | None) -> tuple[State, State]:
    assert pair is not None
    return pair.low_state, pair.high_state


@pytest.mark.parametrize("p", [0.02, 0.3, 0.5117, 0.515, 0.85, 1.0])
def test_dedicated_coexistence_is_what_it_says(p: float) -> None:
    pair = dedicated_coexistence(p)
    assert pair is not None
    assert pair.low_state.weights == (1.0, 0.0)
    _assert_coexistence(pair)


@pytest.mark.parametrize("p", [0.512, 0.55, 0.65, 0.7, 0.706])
def test_weak_strong_coexistence_is_what_it_says(p: float) -> None:
    pair = weak_strong_coexistence(p)
    assert pair is not None
    _assert_coexistence(pair)


def _assert_coexistence(pair: Coexistence) -> None:
    """Stationary by quadrature, equal losses, both stable, slopes by finite differences."""
    p, r = pair.density, pair.relative_importance
    for state in (pair.low_state, pair.high_state):
        y = np.array([*state.weights, *state.biases])
        loss, gradient = two_feature_loss(y, p, r)
        assert loss == pytest.approx(pair.loss, rel=1e-13)
        np.testing.assert_allclose(gradient, 0.0, atol=1e-13)
        assert state.excess == pytest.approx(loss - r * dropped(p), abs=1e-15)
        slope = two_feature_loss(y, p, r + 1)[0] - loss
        assert state.loss_slope == pytest.approx(slope, rel=1e-12)
        assert state.stable
    assert pair.jump > 0
    assert pair.latent_loss > 0


def test_three_states_meet_at_the_triple_point() -> None:
    p, r = triple_point()
    strong, weak = dedicated_first_order_line([p - 1e-12, p])
    assert strong == pytest.approx(weak, abs=1e-11)
    assert weak_strong_first_order_line(p) == pytest.approx(r, abs=1e-12)
    pair = weak_strong_coexistence(p)
    assert pair is not None
    for state in _states_of(pair):
        assert state.excess == pytest.approx(0.0, abs=1e-15)


def test_critical_end_point_against_equal_losses() -> None:
    """Where the strong tie crosses the stability limit, by quadrature; near the triple point."""
    p, r = critical_end_point()

    def difference(p: float) -> float:
        limit = float(dedicated_stability_limit(p))
        return _lowest(STRONG_STARTS, p, limit) - limit * dropped(p)

    crossing = brentq(difference, p - 1e-3, p + 1e-3, xtol=1e-10)
    assert crossing == pytest.approx(p, abs=1e-7)
    assert float(dedicated_stability_limit(crossing)) == pytest.approx(r, abs=1e-7)
    triple = triple_point()
    assert 0 < p - triple[0] < 1e-5
    assert 0 < r - triple[1] < 1e-5


def test_weak_state_beats_a_stable_dedicated_state_certified(mp_digits: None) -> None:
    """Below the lower tricritical point: a point with L < r V while dedicated is locally stable.

    Forty digits and the other form of the loss, so it is no rounding: the change there is of first
    order, with a jump below 0.004.
    """
    p, r = triple_point()
    p = p + 1e-4
    limit, line = float(dedicated_stability_limit(p)), float(dedicated_first_order_line(p))
    assert line < limit
    pair = dedicated_coexistence(p)
    assert pair is not None
    assert 0 < pair.jump < 0.004
    r = (line + limit) / 2
    excess = _mp_loss(pair.high_state, p, r) - r * (mpmath.mpf(p) / 3 - mpmath.mpf(p) ** 2 / 4)
    assert float(excess) < 0
    assert abs(float(excess)) > 1e-16


def _mp_loss(state: State, p: float, r: float) -> mpmath.mpf:
    symbols = model_symbols(2)
    density = symbols.density[0]
    loss = positive_part_feature_loss(symbols.gram[0], symbols.bias[0], (density, density), 0)
    row = mpmath_function((*symbols.gram[0], symbols.bias[0], density), loss)
    (w1, w2), (b1, b2) = (map(mpmath.mpf, pair) for pair in (state.weights, state.biases))
    return row(w1 * w1, w1 * w2, b1, mpmath.mpf(p)) + r * row(w2 * w2, w1 * w2, b2, mpmath.mpf(p))


def test_domains() -> None:
    (lower, _), (upper, _) = tricritical_points()
    triple, breaking = triple_point()[0], symmetry_breaking_density()
    inside = [1e-12, 1e-6, 0.3, triple, lower - 1e-9, upper + 1e-9, 1.0]
    assert np.all(np.isfinite(dedicated_first_order_line(inside)))
    assert np.all(np.isnan(dedicated_first_order_line([lower, 0.6, upper])))
    assert np.all(np.isfinite(weak_strong_first_order_line([triple, 0.6, breaking])))
    assert np.all(np.isnan(weak_strong_first_order_line([0.3, triple - 1e-9, breaking + 1e-9, 1])))
    assert dedicated_coexistence(0.6) is None
    assert weak_strong_coexistence(0.3) is None


def test_lines_are_continuous_and_ordered() -> None:
    """Ties come before dedicated goes unstable; the strong state wins after the weak one."""
    p = np.linspace(0.001, 1.0, 400)
    line, limit = dedicated_first_order_line(p), dedicated_stability_limit(p)
    known = np.isfinite(line)
    assert np.all(line[known] < limit[known])
    assert np.nanmax(np.abs(np.diff(line))) < 0.01
    strong = weak_strong_first_order_line(p)
    there = np.isfinite(strong)
    assert np.all(strong[there] >= limit[there])


def test_dedicated_line_touches_the_limit_tangentially_at_the_tricritical_points() -> None:
    """The gap closes like the square of the distance, and |w₂| like the distance."""
    (lower, _), (upper, _) = tricritical_points()
    for end, side in ((lower, -1), (upper, 1)):
        p = end + side * np.array([1e-3, 2e-3])
        gap = dedicated_stability_limit(p) - dedicated_first_order_line(p)
        assert np.log2(gap[1] / gap[0]) == pytest.approx(2.0, abs=0.05)
        jumps = [pair.jump for pair in map(dedicated_coexistence, p) if pair is not None]
        assert np.log2(jumps[1] / jumps[0]) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("p", [0.55, 0.7, 0.8])
def test_weak_state_grows_linearly_where_the_change_is_continuous(p: float) -> None:
    """v = 2V δ/(3B), excess -4V³δ³/(27B²) at δ = r - r_limit: exponents 1 and 3."""
    limit, step = float(dedicated_stability_limit(p)), 1e-7
    cubic, dropped_loss = float(third_order(np.array(p), ANTIPODAL)), dropped(p)
    weak = antipodal_states(p, limit + step)[0]
    weight = 2 * dropped_loss * step / (3 * cubic)
    assert -weak.weights[1] == pytest.approx(weight, rel=2e-3)
    assert weak.excess == pytest.approx(-dropped_loss * step * weight**2 / 3, rel=2e-3)


def test_symmetry_breaks_discontinuously() -> None:
    p = symmetry_breaking_density()
    assert weak_strong_first_order_line(p) == pytest.approx(1.0, abs=1e-12)
    minima = [state for state in antipodal_states(p, 1.0) if state.stable]
    assert len(minima) == 3
    assert np.ptp([state.loss for state in minima]) < 1e-14
    symmetric = [s for s in minima if s.weights[0] == pytest.approx(-s.weights[1], abs=1e-9)]
    assert len(symmetric) == 1


def test_symmetry_breaking_density_against_equal_losses() -> None:
    p = symmetry_breaking_density()
    starts = [0.92, -0.52, 0.2, 0.42], [0.755, -0.755, 0.33, 0.33]

    def difference(p: float) -> float:
        weak, symmetric = (minimise(start, p, 1.0).fun for start in starts)
        return weak - symmetric

    assert brentq(difference, p - 1e-3, p + 1e-3, xtol=1e-11) == pytest.approx(p, abs=1e-8)
