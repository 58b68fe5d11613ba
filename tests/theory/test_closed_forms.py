"""Ansatz boundary, stability limit, small-density slope: laws and high-precision checks."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy.optimize import minimize_scalar

from tests.theory.independent import dropped, two_feature_loss
from theory.numeric import mpmath_function
from theory.population_loss import positive_part_feature_loss
from theory.symbols import model_symbols
from theory.two_features import (
    acute_onset,
    ansatz_boundary,
    dedicated_coexistence,
    dedicated_first_order_line,
    dedicated_stability_limit,
    small_density_slope,
    weak_strong_coexistence,
    weak_strong_first_order_line,
)
from theory.two_features.closed_forms import (
    acute_bias_slope,
    critical_bias_slope,
    interference,
    small_density_state,
)
from theory.two_features.excess import (
    ACUTE,
    ANTIPODAL,
    density,
    first_bias_slope,
    importance,
    second_density,
)
from theory.two_features.normal_form import second_order_form

CURVES = (
    acute_onset,
    ansatz_boundary,
    dedicated_stability_limit,
    dedicated_first_order_line,
    weak_strong_first_order_line,
)


def test_ansatz_boundary_is_where_the_two_ansatz_losses_meet() -> None:
    p = np.linspace(0.01, 4 / 7, 50)
    r = ansatz_boundary(p)
    np.testing.assert_allclose(r * (p / 3 - p**2 / 4), (1 + r) * p**2 / 6, rtol=1e-13)
    assert ansatz_boundary(4 / 7) == pytest.approx(1.0, rel=1e-15)
    assert np.isnan(ansatz_boundary(0.6))


def _rest(p: sp.Symbol, q: sp.Symbol, beta: sp.Symbol, r: sp.Symbol) -> sp.Expr:
    """The parts of the second-order form that do not depend on the sense of w₂."""
    gain = 2 * (q / 3 - q**2 / 4) - (p / 3 - p**2 / 4)
    return p * (beta**2 - q * beta + q / 3) - 3 * p / 4 * (beta - q / 2) ** 2 - r * gain


def test_antipodal_second_order_form_is_the_one_in_the_docstring() -> None:
    p, q, beta, r = density, second_density, first_bias_slope, importance
    silent = (1 - p) * ((1 - q) * beta**2 + q * beta**3 / 3)
    form = second_order_form(ANTIPODAL)
    assert sp.expand(form - silent - _rest(p, q, beta, r)) == 0


def test_acute_second_order_form_is_the_one_in_the_docstring() -> None:
    p, q, s, r = density, second_density, sp.Symbol("s", real=True), importance
    form = second_order_form(ACUTE).subs(first_bias_slope, -s)
    silent = (1 - p) * q * (1 - s) ** 3 / 3
    assert sp.expand(form - silent - _rest(p, q, s, r)) == 0


@pytest.mark.parametrize("side", [ANTIPODAL, ACUTE])
def test_critical_direction_is_stationary(side: int) -> None:
    derivative = second_order_form(side).diff(first_bias_slope)
    slope = sp.lambdify((density, second_density, first_bias_slope), derivative)
    p, q = np.meshgrid(np.linspace(0.01, 1.0, 50), np.linspace(0.01, 1.0, 49))
    beta = critical_bias_slope(p, q) if side == ANTIPODAL else -acute_bias_slope(p, q)
    np.testing.assert_allclose(slope(p, q, beta), 0.0, atol=1e-14)


@pytest.mark.parametrize(
    ("limit", "side"), [(dedicated_stability_limit, ANTIPODAL), (acute_onset, ACUTE)]
)
def test_limit_is_the_least_second_order_form_over_its_slope_in_r(
    limit: Callable, side: int
) -> None:
    """Minimised over β at many pairs of densities; infinite where nothing is gained."""
    form = sp.lambdify(
        (first_bias_slope, density, second_density), second_order_form(side).subs(importance, 0)
    )
    for p, q in np.random.default_rng(1).uniform(0.02, 1.0, (50, 2)):
        gain = 2 * (q / 3 - q**2 / 4) - (p / 3 - p**2 / 4)
        bounds = (0.0, 1.0) if side == ANTIPODAL else (-1.0, 0.0)
        least = minimize_scalar(form, bounds=bounds, args=(p, q), options={"xatol": 1e-9}).fun
        expected = least / gain if gain > 0 else np.inf
        assert float(limit(p, second_density=q)) == pytest.approx(expected, rel=1e-11)


def test_acute_onset_at_equal_densities_is_rational() -> None:
    """s* = 1/2 there, so r = (5 + 8p - 9p²)/(16 - 12p): 5/16 at p → 0, 1 at p = 1."""
    p = np.linspace(1e-9, 1.0, 200)
    np.testing.assert_allclose(acute_bias_slope(p), 0.5, rtol=1e-12)
    expected = (5 + 8 * p - 9 * p**2) / (16 - 12 * p)
    np.testing.assert_allclose(acute_onset(p), expected, rtol=1e-12)
    assert float(acute_onset(1.0)) == pytest.approx(1.0, rel=1e-15)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.7, 1.0])
def test_stability_limit_against_high_precision_minimisation(p: float) -> None:
    """The loss itself, in its other form, at a step of 1e-13 from dedicated, best over the rest."""
    with mpmath.workdps(100):
        limit = _limit_by_minimisation(p)
    assert limit == pytest.approx(float(dedicated_stability_limit(p)), rel=1e-10)


def _limit_by_minimisation(p: float) -> float:
    step = mpmath.mpf(10) ** -13
    p_exact = mpmath.mpf(p)
    row = _mp_row_loss()

    def parts(a: object, beta: object, gamma: object) -> tuple[object, object]:
        u, v = 1 + a * step, step
        first = row(u * u, -u * v, beta * step, p_exact)
        second = row(v * v, -u * v, p_exact / 2 + gamma * step, p_exact)
        return first / step**2, (second - p_exact / 3 + p_exact**2 / 4) / step**2

    # The second row is r (γ² - pγ + ...): best at γ = p/2; the first row alone fixes a and β.
    gamma = p_exact / 2
    gradient = [
        lambda a, beta: mpmath.diff(lambda x: parts(x, beta, gamma)[0], a, h=mpmath.mpf(10) ** -6),
        lambda a, beta: mpmath.diff(lambda x: parts(a, x, gamma)[0], beta, h=mpmath.mpf(10) ** -6),
    ]
    start = (3 * p / 8, p / 3)
    a, beta = mpmath.findroot(gradient, start, tol=1e-16, solver="mdnewton")
    first, second = parts(a, beta, gamma)
    return float(-first / second)


def _mp_row_loss() -> Callable[..., object]:
    """E(x_i - x'_i)² from (g_ii, g_ij, b_i, p) in its positive-part form."""
    symbols = model_symbols(2)
    p = symbols.density[0]
    loss = positive_part_feature_loss(symbols.gram[0], symbols.bias[0], (p, p), 0)
    return mpmath_function((*symbols.gram[0], symbols.bias[0], p), loss)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("side", [-1, 1])
def test_stability_changes_sign_at_the_limit(p: float, side: int) -> None:
    """One-sided curvature along the critical direction, from quadrature."""
    r = float(dedicated_stability_limit(p)) * (1 + 0.01 * side)
    step, beta = 1e-4, float(critical_bias_slope(p))
    a = 3 * p / 8 - 3 * beta / 4
    y = np.array([1 + a * step, -step, beta * step, p / 2 * (1 + step)])
    assert np.sign(two_feature_loss(y, p, r)[0] - r * dropped(p)) == -side


def test_acute_direction_goes_unstable_later() -> None:
    p = np.linspace(0.001, 0.999, 999)
    assert np.all(acute_onset(p) > dedicated_stability_limit(p))


def test_limits_of_the_stability_limit() -> None:
    assert dedicated_stability_limit(1.0) == pytest.approx(1.0, rel=1e-15)
    assert dedicated_stability_limit(1e-9) / 1e-9 == pytest.approx(1.0, rel=1e-8)
    assert np.all(np.diff(dedicated_stability_limit(np.linspace(0.001, 1, 500))) > 0)


def test_small_density_slope_is_closed_and_stationary() -> None:
    assert sp.simplify(small_density_slope() - (2 + sp.sqrt(2)) / 8) == 0
    slope, weight = small_density_state()
    v = sp.Symbol("v", positive=True)
    loss = interference() + slope * (1 - v**2) ** 2 / 3
    assert sp.simplify(loss.subs(v, weight) - slope / 3) == 0
    assert sp.simplify(loss.diff(v).subs(v, weight)) == 0


def test_slope_is_the_limit_of_the_line() -> None:
    """Richardson extrapolation of r(p)/p from p = h, h/2, h/4."""
    p = 1e-3 / 2.0 ** np.arange(3)
    ratio = dedicated_first_order_line(p) / p
    first = 2 * ratio[1:] - ratio[:-1]
    limit = (4 * first[1] - first[0]) / 3
    assert limit == pytest.approx(float(small_density_slope()), abs=1e-9)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("p", [0.0, -0.1, 1.2, np.nan, np.inf])
def test_invalid_density_is_an_error(curve: Callable, p: float) -> None:
    with pytest.raises(ValueError, match=rf"Argument `p` must be in \(0, 1\], but is {p}."):
        curve([0.5, p])


@pytest.mark.parametrize("curve", CURVES)
def test_curves_are_vectorised(curve: Callable) -> None:
    p = np.linspace(0.05, 1.0, 12).reshape(3, 4)
    values = curve(p)
    assert values.shape == p.shape
    assert values.dtype == np.float64
    scalars = [float(curve(float(x))) for x in p.ravel()]
    np.testing.assert_array_equal(values.ravel(), scalars)
    assert np.nanmax(values) <= 1.0
    assert np.nanmin(values) > 0.0


def test_coexistence_rejects_an_invalid_density() -> None:
    for function in (dedicated_coexistence, weak_strong_coexistence):
        with pytest.raises(ValueError, match="Argument `p`"):
            function(0.0)
