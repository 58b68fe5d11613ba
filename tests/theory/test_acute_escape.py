"""The escape from acute states: its form at the kink against the loss, its limits and mirror."""

import re

import numpy as np
import pytest

from tests.theory.independent import dropped, hessian, two_feature_loss
from theory.passage import passage_weight
from theory.two_features import acute_barrier, acute_escape, acute_onset, acute_rate_at
from theory.two_features.escape import W2, dedicated_form

POINTS = [(0.1, 0.8), (0.3, 0.9), (0.5, 1.0)]


@pytest.mark.parametrize(("p", "r"), [*POINTS, (0.3, 1 / 0.9)])
def test_the_form_is_the_second_order_of_the_loss_on_every_side_of_the_kink(
    p: float, r: float
) -> None:
    """2 (L - rV)/t² → Q, with an error of first order in t; gradients vanish at the kink."""
    origin, rng = np.array([1.0, 0.0, 0.0, p / 2]), np.random.default_rng(0)
    loss, gradient = two_feature_loss(origin, p, r)
    assert loss == pytest.approx(r * dropped(p), rel=1e-14)
    np.testing.assert_allclose(gradient, 0, atol=1e-15)
    for v in rng.normal(size=(24, 4)):
        exact = float(dedicated_form(v[:, None], p, r)[0])
        errors = []
        for t in (1e-3, 5e-4):
            value = 2 * (two_feature_loss(origin + t * v, p, r)[0] - loss) / t**2
            errors.append(value - exact)
        assert abs(2 * errors[1] - errors[0]) < 1e-4
        assert abs(errors[1]) < 0.05


def test_the_form_is_continuous_and_homogeneous() -> None:
    rng = np.random.default_rng(1)
    v = rng.normal(size=(4, 50))
    np.testing.assert_allclose(
        dedicated_form(3 * v, 0.3, 0.9), 9 * dedicated_form(v, 0.3, 0.9), rtol=1e-12
    )
    for w, b in ((0.0, -0.7), (0.0, 0.7), (0.4, -0.4), (-0.4, 0.0)):
        at = np.array([[0.2], [w], [b], [0.1]])
        near = dedicated_form(at + np.array([0, 1e-9, 1e-9, 0])[:, None], 0.3, 0.9)
        assert near == pytest.approx(dedicated_form(at, 0.3, 0.9), abs=1e-8)


@pytest.mark.parametrize(("p", "r"), POINTS[1:])
def test_wells_and_barriers_are_those_of_the_diagram(p: float, r: float) -> None:
    escape = acute_escape(p, r)
    assert escape is not None
    assert escape.barrier == pytest.approx(float(acute_barrier(p, r)), rel=1e-12)
    for state, matrix, well in zip(escape.minima, escape.hessians, escape.wells, strict=True):
        loss, gradient = two_feature_loss(state, p, r)
        assert well == pytest.approx(loss, rel=1e-13)
        np.testing.assert_allclose(gradient, 0, atol=1e-11)
        np.testing.assert_allclose(matrix, hessian(state, p, r), atol=1e-8)
    assert np.all(np.diff(escape.wells) >= -1e-15)
    np.testing.assert_allclose(escape.passes, np.array([r, 1]) * dropped(p), rtol=1e-14)


def test_equal_features_have_equal_passes_and_wells() -> None:
    escape = acute_escape(0.5, 1.0)
    assert escape is not None
    assert escape.pass_weights[0] == pytest.approx(escape.pass_weights[1], rel=1e-9)
    assert escape.well_weights[0] == pytest.approx(escape.well_weights[1], rel=1e-6)
    low, high = escape.rates(escape.barrier / 4)
    assert low == pytest.approx(high, rel=1e-6)


def test_the_mirror_image_has_the_same_rates() -> None:
    """Exchange of the features: L at 1/r is L/r, so rates at T/r are r times smaller."""
    p, r, heat = 0.3, 0.9, 2e-4
    here, there = acute_escape(p, r), acute_escape(p, 1 / r)
    assert here is not None
    assert there is not None
    expected = here.rates(heat)[::-1] / r
    np.testing.assert_allclose(there.rates(heat / r), expected, rtol=1e-3)


def test_no_rate_where_dedicated_is_no_saddle_of_the_escape() -> None:
    assert acute_escape(0.3, float(acute_onset(0.3)) * 0.999) is None
    assert np.isnan(acute_rate_at(0.3, 0.3, 1e-4, lambda y: y[0]))


@pytest.mark.parametrize(("p", "r"), [(0.1, 0.8), (0.3, 0.9)])
def test_smooth_halves_in_series_miss_the_passage(p: float, r: float) -> None:
    """Hessians on the two valleys, as if the saddle were smooth on each side: 30 to 60 % too low.

    At w₂ = 0 the loss is softer in b₁ than on either valley. So the kink cannot be left out.
    """
    series = []
    for sign in (-1.0, 1.0):
        v, step = _valley(p, r, sign), 1e-4
        shifts = step * np.eye(4)
        form = lambda x: float(dedicated_form(x[:, None], p, r)[0])  # noqa: E731
        matrix = [
            [form(v + a + b) - form(v + a - b) - form(v - a + b) + form(v - a - b) for b in shifts]
            for a in shifts
        ]
        values = np.linalg.eigvalsh(np.array(matrix) / (8 * step**2))
        assert values[0] < 0 < values[1]
        series.append(2 * np.pi * -values[0] / np.sqrt(-np.prod(values)))
    halves = 2 / (1 / series[0] + 1 / series[1])
    exact = passage_weight(lambda x: dedicated_form(x, p, r), 4, W2)
    assert 0.35 < halves / exact < 0.75


def _valley(p: float, r: float, sign: float) -> np.ndarray:
    """Where the form is least at w₂ = ±1: by Newton's method with differences, from inside."""
    from scipy.optimize import minimize

    def at(x: np.ndarray) -> float:
        return float(dedicated_form(np.insert(x, 1, sign)[:, None], p, r)[0])

    start = np.array([0.0, -0.5 if sign > 0 else 0.05, 0.0])
    return np.insert(minimize(at, start, method="BFGS", tol=1e-9).x, 1, sign)


def test_the_passage_has_converged() -> None:
    """In the degree of the trial functions and in the points, to 1 % (from above in the former)."""
    for p, r in POINTS:
        form = lambda v, p=p, r=r: dedicated_form(v, p, r)  # noqa: E731
        values = [passage_weight(form, 4, W2, degree=d) for d in (1, 2, 3)]
        assert values[0] > values[1] > values[2] > 0.99 * values[1]
        more = passage_weight(form, 4, W2, power=14)
        assert more == pytest.approx(values[2], rel=1e-2)


@pytest.mark.parametrize(
    ("p", "r", "message"),
    [
        (0.0, 0.5, "`p` must be in (0, 1], but is 0.0."),
        (0.5, -1.0, "`r` must be positive and finite, but is -1.0."),
    ],
)
def test_wrong_arguments_are_named(p: float, r: float, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {message}")):
        acute_escape(p, r)


def test_temperatures_are_checked() -> None:
    escape = acute_escape(0.3, 0.9)
    assert escape is not None
    with pytest.raises(ValueError, match="`temperature` must be positive and finite, but is 0"):
        escape.rates(0.0)
    with pytest.raises(ValueError, match="`temperature` must be positive and finite, but is -1"):
        acute_rate_at(0.3, 0.9, -1.0, lambda y: y[0])
