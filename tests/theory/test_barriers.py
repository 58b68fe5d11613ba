"""Saddles on the first-order lines and the escape from acute states."""

import numpy as np
import pytest

from tests.theory.independent import dropped, hessian, minimise, two_feature_loss
from theory.two_features import (
    Coexistence,
    acute_barrier,
    acute_onset,
    acute_stability_limits,
    dedicated_coexistence,
    normal_form,
    symmetry_breaking_density,
    tricritical_points,
    triple_point,
    weak_strong_coexistence,
)
from theory.two_features.closed_forms import interference, second_weight, small_density_slope
from theory.two_features.excess import ACUTE

LOWER, UPPER = (point[0] for point in tricritical_points())


def _pair(line: str, p: float) -> Coexistence:
    pair = (dedicated_coexistence if line == "dedicated" else weak_strong_coexistence)(p)
    assert pair is not None
    return pair


PAIRS = [
    *(("dedicated", p) for p in (0.02, 0.15, 0.3, 0.5, 0.5117, 0.9, 1.0)),
    *(("weak-strong", p) for p in (0.512, 0.55, 0.65, 0.705)),
]


@pytest.mark.parametrize(("line", "p"), PAIRS)
def test_saddle_is_stationary_of_index_one_and_as_high_as_the_barrier(line: str, p: float) -> None:
    pair = _pair(line, p)
    r, y = pair.relative_importance, np.array([*pair.saddle.weights, *pair.saddle.biases])
    loss, gradient = two_feature_loss(y, p, r)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-12)
    assert pair.barrier > 0
    assert pair.barrier == pytest.approx(loss - pair.loss, abs=1e-15)
    curvatures = np.linalg.eigvalsh(hessian(y, p, r))
    assert curvatures[0] < -1e-8 < 1e-8 < curvatures[1]
    assert not pair.saddle.stable


@pytest.mark.parametrize(("line", "p"), PAIRS[1:6] + PAIRS[8:])
def test_descents_from_the_saddle_end_in_the_two_states(line: str, p: float) -> None:
    pair = _pair(line, p)
    r, y = pair.relative_importance, np.array([*pair.saddle.weights, *pair.saddle.biases])
    down = np.linalg.eigh(hessian(y, p, r))[1][:, 0]
    ends = sorted(abs(minimise(y + step * down, p, r).x[1]) for step in (-0.02, 0.02))
    states = sorted(abs(state.weights[1]) for state in (pair.low_state, pair.high_state))
    assert ends == pytest.approx(states, abs=2e-4)


def test_barrier_at_small_density() -> None:
    """c(v) of a state of weight v is r/p twice on the line: at the tie and at v = 1 - 1/√2.

    barrier/p² → I(v) + c((1 - v²)² - 1)/3, to first order in p.
    """
    v = 1 - 1 / np.sqrt(2)
    slope = float(small_density_slope())
    limit = float(interference().subs(second_weight, v)) + slope * ((1 - v**2) ** 2 - 1) / 3
    for p in (1e-9, 1e-6, 1e-5, 1e-4, 2e-3):
        pair = _pair("dedicated", p)
        assert pair.barrier / p**2 == pytest.approx(limit, rel=40 * p)
        assert -pair.saddle.weights[1] == pytest.approx(v, abs=2 * p + 1e-8)


@pytest.mark.parametrize("end", [LOWER, UPPER])
@pytest.mark.parametrize("distance", [3e-4, 1e-5, 3e-6, 1e-9])
def test_barrier_of_a_small_jump(end: float, distance: float) -> None:
    """Next to a tricritical point the loss is C v²(v - jump)²: half the weight, C jump⁴/16."""
    pair = _pair("dedicated", end + (distance if end == UPPER else -distance))
    assert abs(pair.saddle.weights[1]) / pair.jump == pytest.approx(0.5, rel=3 * pair.jump + 1e-5)
    height = normal_form(end).quartic * pair.jump**4 / 16
    assert pair.barrier == pytest.approx(height, rel=10 * pair.jump + 20 * distance + 1e-5)


def test_the_barrier_is_the_same_on_both_lines_at_the_triple_point() -> None:
    p = triple_point()[0]
    strong, both = _pair("dedicated", p - 1e-9), _pair("weak-strong", p)
    assert strong.barrier == pytest.approx(both.barrier, rel=1e-6)


def test_barriers_are_continuous() -> None:
    p = np.linspace(0.002, 0.5, 40)
    scaled = np.array([_pair("dedicated", x).barrier / x**2 for x in p])
    assert np.max(np.abs(np.diff(scaled, 2))) < 3e-4
    _pair("weak-strong", symmetry_breaking_density())


def test_acute_barrier_is_what_minimisation_says() -> None:
    for p, r in ((0.02, 0.6), (0.3, 0.8), (0.5, 1.0), (0.7, 0.9), (0.3, 1.05)):
        start = [0.85, 0.55, -0.1, 0.1 * p] if r <= 1 else [0.55, 0.85, 0.1 * p, -0.1]
        end = minimise(start, p, r)
        assert end.x[0] * end.x[1] > 0
        expected = min(1, r) * dropped(p) - end.fun
        assert float(acute_barrier(p, r)) == pytest.approx(expected, abs=1e-12)


def test_dedicated_is_left_towards_both_sides_where_it_is_the_saddle() -> None:
    """Descents along w₂ = ±δ end in the acute minimum and on the antipodal side."""
    p, r = 0.3, 0.7
    acute = minimise([1.0, 0.02, -0.01, p / 2], p, r)
    assert acute.x[1] > 0.1
    assert float(acute_barrier(p, r)) == pytest.approx(r * dropped(p) - acute.fun, abs=1e-12)
    assert minimise([1.0, -0.02, 0.001, p / 2], p, r).x[1] < -0.1


def test_no_path_is_lower() -> None:
    """With w₂ = 0 or w₁ = 0 no loss is below that of the better dedicated state."""
    rng = np.random.default_rng(3)
    for p, r in ((0.1, 0.5), (0.6, 1.2)):
        for y in rng.normal(size=(200, 4)) * [1.0, 1.0, 0.3, 0.3]:
            y[rng.integers(2)] = 0.0
            assert two_feature_loss(y, p, r)[0] >= min(1, r) * dropped(p) - 1e-15


def test_acute_barrier_domain_and_mirror() -> None:
    for p in (0.05, 0.5, 0.93, 1.0):
        low, high = map(float, acute_stability_limits(p))
        assert np.isnan(acute_barrier(p, low - 1e-6))
        assert np.isnan(acute_barrier(p, 1 / low + 1e-6))
        assert acute_barrier(p, low * (1 + 1e-3)) >= 0
        r = (1 + low) / 2
        assert acute_barrier(p, 1 / r) == pytest.approx(acute_barrier(p, r) / r, rel=1e-12)
        assert high > 1
        assert acute_barrier(p, 1.0) > 0


def test_acute_barrier_vanishes_with_the_cube_at_the_onset() -> None:
    """4V'³δ³/(27B²) of the normal form towards the acute side."""
    p, delta = 0.4, 1e-6
    form = normal_form(p, side=ACUTE)
    expected = 4 * form.quadratic**3 * delta**3 / (27 * form.cubic**2)
    barrier = float(acute_barrier(p, float(acute_onset(p)) + delta))
    assert barrier == pytest.approx(expected, rel=1e-3)


def test_an_acute_saddle_takes_over_at_high_density() -> None:
    """Between the acute limit and the onset, dedicated is stable towards the acute side."""
    p = 1.0
    low, onset = float(acute_stability_limits(p)[0]), float(acute_onset(p))
    r = (low + onset) / 2
    start = minimise([0.9, 0.45, -0.15, 0.1], p, r)
    assert start.x[1] > 0.2
    assert float(acute_barrier(p, r)) > r * dropped(p) - start.fun


@pytest.mark.parametrize(
    ("p", "r", "message"),
    [
        (0.0, 0.5, r"Argument `p` must be in \(0, 1\], but is 0.0."),
        (0.5, -1.0, "Argument `r` must be positive and finite, but is -1.0."),
    ],
)
def test_wrong_arguments_are_named(p: float, r: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        acute_barrier(p, r)
