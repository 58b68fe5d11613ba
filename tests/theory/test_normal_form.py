"""The loss around dedicated: coefficients and exponents against the exact states."""

import numpy as np
import pytest
from scipy.optimize import fsolve

from tests.theory.independent import dropped, two_feature_loss
from theory.two_features import (
    acute_onset,
    acute_states,
    acute_tricritical_point,
    antipodal_states,
    dedicated_coexistence,
    dedicated_stability_limit,
    normal_form,
    tricritical_points,
)
from theory.two_features.excess import ACUTE, ANTIPODAL


def _born(p: float, delta: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """|w₂| and gain of the state that has grown out of dedicated at δ beyond the limit."""
    limit, states = (
        (acute_onset, acute_states)
        if side == ACUTE
        else (dedicated_stability_limit, antipodal_states)
    )
    found = []
    for distance in delta:
        r = float(limit(p)) + distance
        stable = [state for state in states(p, float(r)) if state.stable]
        found.append(min(stable, key=lambda state: abs(state.weights[1])))
    return (
        np.array([abs(state.weights[1]) for state in found]),
        np.array([-state.excess for state in found]),
    )


@pytest.mark.parametrize(
    ("p", "side"),
    [(0.55, ANTIPODAL), (0.7, ANTIPODAL), (0.8, ANTIPODAL), (0.2, ACUTE), (0.6, ACUTE)],
)
def test_exponents_one_and_three_where_the_change_is_continuous(p: float, side: int) -> None:
    form = normal_form(p, side=side)
    assert form.continuous
    delta = np.array([8e-6, 2e-6]) / form.weight_slope
    weight, gain = _born(p, delta, side)
    np.testing.assert_allclose(weight, form.weight_slope * delta, rtol=2e-3)
    expected = 4 * form.quadratic**3 * delta**3 / (27 * form.cubic**2)
    np.testing.assert_allclose(gain, expected, rtol=5e-3)
    assert np.log2(weight[0] / weight[1]) / 2 == pytest.approx(1.0, abs=2e-3)
    assert np.log2(gain[0] / gain[1]) / 2 == pytest.approx(3.0, abs=4e-3)


POINTS = [*((p, ANTIPODAL) for p, _ in tricritical_points()), (acute_tricritical_point()[0], ACUTE)]


@pytest.mark.parametrize(("p", "side"), POINTS)
def test_exponents_one_half_and_two_at_tricritical_points(p: float, side: int) -> None:
    form, delta = normal_form(p, side=side), np.array([4e-8, 1e-8])
    assert form.cubic == pytest.approx(0.0, abs=1e-13)
    weight, gain = _born(p, delta, side)
    np.testing.assert_allclose(
        weight, np.sqrt(form.quadratic * delta / 2 / form.quartic), rtol=5e-3
    )
    np.testing.assert_allclose(gain, form.quadratic**2 * delta**2 / 4 / form.quartic, rtol=5e-3)
    assert np.log2(weight[0] / weight[1]) / 2 == pytest.approx(0.5, abs=2e-3)
    assert np.log2(gain[0] / gain[1]) / 2 == pytest.approx(2.0, abs=4e-3)


def test_cubic_coefficient_changes_sign_at_the_tricritical_points_only() -> None:
    (lower, _), (upper, _) = tricritical_points()
    for p in (0.05, 0.3, lower - 1e-6, upper + 1e-6, 1.0):
        assert not normal_form(p).continuous
    for p in (lower + 1e-6, 0.7, upper - 1e-6):
        assert normal_form(p).continuous
    end = acute_tricritical_point()[0]
    for p in (0.05, 0.5, end - 1e-6):
        assert normal_form(p, side=ACUTE).continuous
    assert not normal_form(end + 1e-6, side=ACUTE).continuous


@pytest.mark.parametrize(
    "p", [tricritical_points()[0][0] - 1e-3, tricritical_points()[1][0] + 1e-3]
)
def test_first_order_side_follows_the_quartic_form(p: float) -> None:
    """Tie at |w₂| = -B/(2C), at B²/(4CV') before the limit."""
    form, pair = normal_form(p), dedicated_coexistence(p)
    assert pair is not None
    assert pair.jump == pytest.approx(-form.cubic / (2 * form.quartic), rel=0.02)
    gap = float(dedicated_stability_limit(p)) - pair.relative_importance
    assert gap == pytest.approx(form.cubic**2 / (4 * form.quartic * form.quadratic), rel=0.02)


@pytest.mark.parametrize("p", [0.6, 0.75])
def test_weight_slope_against_quadrature(p: float) -> None:
    """|w₂|/δ of the root of the quadrature gradient, freed of its lowest errors in δ."""
    form = normal_form(p)
    ratios = []
    for delta in (2e-4, 1e-4, 5e-5):
        start, r = form.weight_slope * delta, form.relative_importance + delta
        y = np.array([1.0, -start, 0.1 * start, p / 2])
        root = fsolve(lambda y, r=r: two_feature_loss(y, p, r)[1], y, xtol=1e-12)
        ratios.append(-root[1] / delta)
    first = 2 * np.array(ratios[1:]) - ratios[:-1]
    assert (4 * first[1] - first[0]) / 3 == pytest.approx(form.weight_slope, rel=2e-3)
    assert form.quadratic == pytest.approx(dropped(p), rel=1e-15)


@pytest.mark.parametrize(
    ("p", "side", "message"),
    [
        (0.0, -1, r"Argument `p` must be in \(0, 1\], but is 0.0."),
        (0.5, 0, "Argument `side` must be -1 or 1, but is 0."),
    ],
)
def test_wrong_arguments_are_named(p: float, side: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        normal_form(p, side=side)
