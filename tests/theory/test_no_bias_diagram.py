"""The diagram without biases: the boundary, its limits and special points, and its errors."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy.optimize import brentq, minimize

from tests.theory.zero_bias import loss_and_gradient, profile
from theory.numeric import mpmath_function
from theory.population_loss import positive_part_feature_loss
from theory.symbols import model_symbols
from theory.two_features import no_bias, small_density_slope
from theory.two_features.no_bias.closed_forms import small_density_excess
from theory.two_features.no_bias.profile import density

Array = np.ndarray
CURVES = (no_bias.boundary, no_bias.antipodal_stability_limit, no_bias.dropped_stability_limit)
END = float(no_bias.symmetric_density())
P_ON_LINE = [0.02, 0.2, 0.4, 0.52, 0.54, 0.58]


def minimum_near(w: Array, p: float, r: float) -> float:
    options = {"gtol": 1e-13}
    found = minimize(loss_and_gradient, w, args=(p, r), jac=True, method="BFGS", options=options)
    assert np.sign(found.x[1]) == np.sign(w[1])
    return found.fun


def pair_at(p: float) -> no_bias.Coexistence:
    pair = no_bias.coexistence(p)
    assert pair is not None
    return pair


@pytest.mark.parametrize("p", P_ON_LINE)
def test_boundary_against_equal_losses(p: float) -> None:
    pair, line = pair_at(p), float(no_bias.boundary(p))
    starts = [1.02 * np.array(state.weights) for state in (pair.antipodal, pair.confused)]

    def difference(r: float) -> float:
        antipodal, confused = (minimum_near(start, p, r) for start in starts)
        return antipodal - confused

    root = brentq(difference, line * (1 - 3e-3), line * (1 + 3e-3), xtol=1e-12)
    assert root == pytest.approx(line, abs=1e-8)


@pytest.mark.parametrize("p", P_ON_LINE)
def test_signs_on_both_sides_of_the_boundary_at_fifty_digits(p: float) -> None:
    """The other form of the loss, its minima by findroot: the tie lies within 1e-11 of r."""
    pair = pair_at(p)
    loss = _mp_loss()
    for side in (-1, 1):
        with mpmath.workdps(50):
            r = mpmath.mpf(pair.relative_importance) * (1 + side * mpmath.mpf("1e-11"))
            antipodal, confused = (
                _mp_minimum(loss, state.weights, mpmath.mpf(p), r)
                for state in (pair.antipodal, pair.confused)
            )
            assert mpmath.sign(antipodal - confused) == -side


def _mp_minimum(loss: Callable, start: tuple[float, float], p: object, r: object) -> object:
    def gradient(a: object, b: object) -> list[object]:
        return [mpmath.diff(lambda *w: loss(*w, p, r), (a, b), n) for n in ((1, 0), (0, 1))]

    root = mpmath.findroot(gradient, start, tol=1e-32)
    return loss(*root, p, r)


def _mp_loss() -> Callable[..., object]:
    """(w₁, w₂, p, r) -> L in its positive-part form, at mpmath's precision."""
    symbols = model_symbols(2)
    p = symbols.density[0]
    row = positive_part_feature_loss(symbols.gram[0], sp.S.Zero, (p, p), 0)
    at = mpmath_function((*symbols.gram[0], p), row)
    return lambda a, b, p, r: at(a * a, a * b, p) + r * at(b * b, a * b, p)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.58, 0.6, 0.8, 1.0])
def test_ground_state_changes_at_the_boundary_only(p: float) -> None:
    line = float(no_bias.boundary(p))
    for r in np.geomspace(1e-3, 1.0, 60):
        expected = "antipodal" if r > line else "confused"
        assert no_bias.ground_state(p, float(r)).name == expected


@pytest.mark.parametrize("p", P_ON_LINE)
def test_coexistence_is_what_it_says(p: float) -> None:
    pair = pair_at(p)
    r = pair.relative_importance
    assert r == float(no_bias.boundary(p))
    for state in (pair.confused, pair.antipodal):
        assert state.stable
        assert state.loss == pytest.approx(pair.loss, abs=1e-15)
    assert pair.jump > 0.5
    assert pair.barrier > 0
    step = 1e-5 * r
    below, here, above = (no_bias.ground_state(p, r + k * step).loss for k in (-1, 0, 1))
    assert pair.latent_loss == pytest.approx((2 * here - below - above) / step, rel=1e-3)


@pytest.mark.parametrize("p", P_ON_LINE)
def test_slope_of_the_boundary_is_the_ratio_of_the_kinks(p: float) -> None:
    """Clausius-Clapeyron: dr/dp times the kink in r is the kink in p, by quadrature."""
    pair, step = pair_at(p), 1e-6
    slope = float(np.diff(no_bias.boundary([p - step, p + step]))[0]) / (2 * step)
    r = pair.relative_importance
    up, down = (
        loss_and_gradient(pair.antipodal.weights, p + s, r)[0]
        - loss_and_gradient(pair.confused.weights, p + s, r)[0]
        for s in (step, -step)
    )
    assert slope * pair.latent_loss == pytest.approx((up - down) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("p", P_ON_LINE)
def test_barrier_is_the_top_of_the_lowest_path(p: float) -> None:
    """Highest point of the best loss over the ratios between the states, by quadrature."""
    pair = pair_at(p)
    r = pair.relative_importance
    ratios = np.linspace(pair.antipodal.ratio, 0.0, 501)
    top = max(profile(t, p, r) for t in ratios) - pair.loss
    assert pair.barrier == pytest.approx(top, rel=1e-4)


def test_ridge_point() -> None:
    p, r = no_bias.ridge_point()
    assert float(no_bias.boundary(p)) == pytest.approx(r, rel=1e-12)
    assert float(no_bias.dropped_stability_limit(p)) == pytest.approx(r, rel=1e-12)
    assert [pair_at(p + s).top.name for s in (-1e-3, 1e-3)] == ["antipodal", "dropped"]


def test_limits_at_small_density() -> None:
    """Richardson extrapolation of r/p and barrier/p² from p = h, h/2, h/4."""
    p = 1e-3 / 2.0 ** np.arange(3)
    barriers = np.array([pair_at(x).barrier for x in p]) / p**2
    for values, limit in (
        (no_bias.boundary(p) / p, no_bias.small_density_slope()),
        (no_bias.antipodal_stability_limit(p) / p, no_bias.small_density_stability_slope()),
        (barriers, no_bias.small_density_barrier()),
    ):
        first = 2 * values[1:] - values[:-1]
        assert (4 * first[1] - first[0]) / 3 == pytest.approx(float(limit), abs=1e-9)


def test_slopes_are_in_order_and_the_first_is_that_with_free_biases() -> None:
    slopes = no_bias.small_density_stability_slope(), no_bias.small_density_slope()
    assert slopes[0] < slopes[1] < sp.Rational(1, 2)
    assert sp.simplify(slopes[1] - small_density_slope()) == 0
    assert sp.simplify(slopes[0] - (4 + sp.sqrt(7)) / 16) == 0
    assert sp.simplify(no_bias.small_density_barrier() - (10 - 7 * sp.sqrt(2)) / 96) == 0


def test_small_density_excess_is_the_one_in_the_docstring() -> None:
    u, c = sp.symbols("u c", positive=True)
    form = u**2 / 3 - u**3 / 6 - c * (2 * u**2 - u**4) / 3
    assert sp.expand(small_density_excess() - form) == 0


@pytest.mark.parametrize("p", [1e-15, 1e-12, 1e-8])
def test_boundary_keeps_its_digits_at_small_density(p: float) -> None:
    slope = float(no_bias.boundary(p)) / p
    assert slope == pytest.approx(float(no_bias.small_density_slope()), rel=2 * p + 1e-13)
    assert float(no_bias.boundary(1e-300)) / 1e-300 == pytest.approx(slope, rel=1e-7)


def test_symmetric_losses_are_those_of_the_states_and_meet_at_the_closed_density() -> None:
    for p in (0.1, 0.5, 0.7, 1.0):
        states = no_bias.antipodal_states(p, 1.0)[0], no_bias.confused_state(p, 1.0)
        squares = (8 - 5 * p) / (8 - 6 * p), 0.5
        for state, form, square in zip(states, no_bias.symmetric_losses(), squares, strict=True):
            assert state.loss == pytest.approx(float(form.subs(density, p)), rel=1e-13)
            assert np.array(state.weights) ** 2 == pytest.approx(square, rel=1e-12)
            assert state.loss_slope == pytest.approx(state.loss / 2, rel=1e-12)
    assert sp.simplify(no_bias.symmetric_density() - 4 * (10 - sp.sqrt(14)) / 43) == 0
    antipodal, confused = no_bias.symmetric_losses()
    assert sp.simplify((antipodal - confused).subs(density, no_bias.symmetric_density())) == 0
    form = density**2 / 3 - density**3 / (24 * (4 - 3 * density))
    assert sp.cancel(antipodal - form) == 0


def test_the_boundary_ends_vertically_at_r_1() -> None:
    """p = END - K (ln r)²: K from Richardson extrapolation in the root of the distance to END."""
    distance = 1e-3 / 4.0 ** np.arange(4)
    values = distance / np.log(no_bias.boundary(END - distance)) ** 2
    for factor in (2, 4, 8):
        values = (factor * values[1:] - values[:-1]) / (factor - 1)
    assert values[0] == pytest.approx(float(no_bias.end_curvature()), rel=1e-6)
    assert no_bias.end_curvature() > 0
    assert pair_at(END - 1e-12).latent_loss == pytest.approx(0.0, abs=1e-6)
    assert pair_at(END - 1e-12).jump == pytest.approx(2.0, abs=1e-4)


def test_end_latent_loss_is_the_kink_in_density() -> None:
    step = 1e-6
    below, here, above = (no_bias.ground_state(END + k * step, 1.0).loss for k in (-1, 0, 1))
    kink = (2 * here - below - above) / step
    assert float(no_bias.end_latent_loss()) == pytest.approx(kink, rel=1e-4)
    assert sp.simplify(no_bias.end_latent_loss() - (4 * sp.sqrt(14) - 14) / 3) == 0


def test_curves_are_in_order() -> None:
    """Antipodal exists on its boundary; every curve rises; NaN exactly where there is none."""
    p = np.linspace(0.001, 1.0, 400)
    boundary, antipodal, dropped = (curve(p) for curve in CURVES)
    np.testing.assert_array_equal(np.isnan(boundary), p > END)
    np.testing.assert_array_equal(np.isnan(dropped), p > (8 - 4 * np.sqrt(2)) / 3)
    line = ~np.isnan(boundary)
    assert np.all(antipodal[line] < boundary[line])
    assert np.all(antipodal[~np.isnan(dropped)] < dropped[~np.isnan(dropped)])
    for values in (boundary, antipodal, dropped):
        assert np.all(np.diff(values[~np.isnan(values)]) > 0)
        assert np.nanmax(values) <= 1.0


@pytest.mark.parametrize("curve", CURVES)
def test_curves_are_vectorised(curve: Callable) -> None:
    p = np.linspace(0.05, 1.0, 12).reshape(3, 4)
    values = curve(p)
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, [[float(curve(float(x))) for x in row] for row in p])


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("p", [0.0, -0.1, 1.2, np.nan, np.inf])
def test_invalid_density_is_an_error(curve: Callable, p: float) -> None:
    with pytest.raises(ValueError, match=rf"Argument `p` must be in \(0, 1\], but is {p}."):
        curve([0.5, p])


def test_wrong_arguments_are_named() -> None:
    for function in (no_bias.antipodal_states, no_bias.confused_state, no_bias.dropped_state):
        with pytest.raises(ValueError, match="Argument `p`"):
            function(0.0, 0.5)
        with pytest.raises(ValueError, match="Argument `r`"):
            function(0.5, -1.0)
    for function in (no_bias.importance_at_antipodal, no_bias.importance_at_confused):
        with pytest.raises(ValueError, match=r"Argument `u` must be in \(0, 1\], but is 1.5."):
            function(0.5, [0.5, 1.5])
    with pytest.raises(ValueError, match="Argument `p`"):
        no_bias.coexistence(2.0)
    assert no_bias.coexistence(0.7) is None
