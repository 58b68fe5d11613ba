"""States without biases: against quadrature, random starts, exact root counts, and symmetry."""

from collections.abc import Callable

import jax
import numpy as np
import pytest
import sympy as sp
from scipy.optimize import minimize

import tms_physics as tp
from tests.theory.zero_bias import loss_and_gradient, profile
from theory.two_features import no_bias
from theory.two_features.no_bias.curves import fold
from theory.two_features.no_bias.profile import (
    Side,
    density,
    importance,
    linear_coefficient,
    loss,
    quadratic_coefficient,
    ratio,
    scale,
    stationarity,
)

Array = np.ndarray
SIDES = list(Side)
LIMIT = no_bias.antipodal_stability_limit


def random_points(seed: int, count: int) -> Array:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(0.02, 1.0, count), 10 ** rng.uniform(-1.5, 0.5, count)])


@pytest.mark.parametrize("side", SIDES)
def test_derived_loss_against_quadrature(side: Side) -> None:
    function = sp.lambdify((ratio, scale, density, importance), loss(side))
    rng = np.random.default_rng(0)
    for u, s, p, r in rng.uniform(0.05, 1.0, (20, 4)):
        w = np.sqrt(s) * np.array([1.0, int(side) * u])
        assert function(u, s, p, r) == pytest.approx(loss_and_gradient(w, p, r)[0], rel=1e-13)


@pytest.mark.parametrize("side", SIDES)
def test_the_loss_is_quadratic_in_the_scale_with_positive_coefficients(side: Side) -> None:
    b, c = linear_coefficient(side), quadratic_coefficient(side)
    dead = (1 + importance) * density / 3
    assert sp.expand(loss(side) - (dead - 2 * b * scale + c * scale**2)) == 0
    u, p, r = np.meshgrid(*[np.linspace(0.01, 1, 30)] * 2, [0.0, 0.1, 1.0, 10.0, 1e3])
    for coefficient in (b, c):
        assert np.all(sp.lambdify((ratio, density, importance), coefficient)(u, p, r) > 0)


def test_stationarity_is_the_one_in_the_docstrings() -> None:
    u, p, r = ratio, density, importance
    square = p * u**5 * (16 * (1 - p) + 3 * p * u)
    line = 128 * (1 + u) - 8 * p * (u**4 + u**3 + u**2 + 25 * u + 16)
    line = (1 - u) * (line - p**2 * u * (u**4 - 7 * u**3 + 2 * u**2 + 10 * u - 144))
    constant = p * (64 - 48 * u + p * (3 * u**4 - 16 * u**3 + 36 * u**2 - 36))
    antipodal = square * r**2 + line * r - constant
    confused = 12 * p * r * (u**4 - 1) + r * (16 * (1 - r) + 9 * p**2 * (1 + r)) * u**3
    confused += (16 * (1 - r) - 9 * p**2 * (1 + r)) * u
    for side, form in ((Side.ANTIPODAL, -antipodal), (Side.CONFUSED, confused)):
        quotient = sp.cancel(stationarity(side) / form)
        assert quotient.is_number
        assert quotient > 0


@pytest.mark.parametrize("side", SIDES)
def test_minus_the_stationarity_has_one_change_of_sign_in_powers_of_r(side: Side) -> None:
    """So exactly one positive r: c₂, c₁ >= 0 > c₀, up to rounding at the zeros of c₁."""
    u, p = np.meshgrid(np.linspace(1e-3, 1, 400), np.linspace(1e-3, 1, 400))
    quadratic = sp.Poly(-stationarity(side), importance)
    c2, c1, c0 = (sp.lambdify((ratio, density), c)(u, p) for c in quadratic.all_coeffs())
    assert c2.min() >= 0
    assert c1.min() >= -1e-15
    assert c0.max() < 0


@pytest.mark.parametrize("p", ["1/1000", "1/10", "1/2", "29/50", "4/5", "1"])
def test_the_antipodal_curve_turns_once(p: str) -> None:
    """Exact count at rational p: real roots in u of the resultant of P(u, r) and ∂P/∂u."""
    polynomial = stationarity(Side.ANTIPODAL).subs(density, sp.Rational(p))
    resultant = sp.resultant(polynomial, polynomial.diff(ratio), importance)
    roots = sp.Poly(resultant, ratio).intervals(eps=sp.Rational(1, 10**12), inf=0, sup=1)
    middles = [float(sum(interval) / 2) for interval, _ in roots]
    u = np.array([u for u in middles if 0 < u < 1])
    r = no_bias.importance_at_antipodal(float(sp.Rational(p)), u)
    slope = sp.lambdify((ratio, importance), polynomial.diff(ratio))(u, r)
    turns = u[np.abs(slope) < 1e-8 * float(sp.Rational(p))]
    assert turns == pytest.approx([fold(float(sp.Rational(p)))[0]], abs=1e-10)


@pytest.mark.parametrize("side", SIDES)
def test_importance_is_where_a_state_has_its_ratio(side: Side) -> None:
    at = {
        Side.ANTIPODAL: no_bias.importance_at_antipodal,
        Side.CONFUSED: no_bias.importance_at_confused,
    }
    p = np.linspace(0.05, 1.0, 8)[:, None]
    u = np.linspace(0.1, 0.99, 9)
    r = at[side](p, u)
    assert r.shape == (8, 9)
    for (i, j), value in np.ndenumerate(r):
        gradient = loss_and_gradient(
            _at_best_scale(int(side) * u[j], p[i, 0], value), p[i, 0], value
        )
        np.testing.assert_allclose(gradient[1], 0.0, atol=1e-13)


def _at_best_scale(t: float, p: float, r: float) -> Array:
    side = Side.CONFUSED if t > 0 else Side.ANTIPODAL
    b, c = (
        coefficient(side).subs({ratio: abs(t), density: p, importance: r})
        for coefficient in (linear_coefficient, quadratic_coefficient)
    )
    return np.sqrt(float(b / c)) * np.array([1.0, t])


@pytest.mark.parametrize(("p", "r"), random_points(1, 12))
def test_states_are_stationary_with_the_loss_and_slope_they_state(p: float, r: float) -> None:
    for state in [*no_bias.antipodal_states(p, r), no_bias.confused_state(p, r)]:
        value, gradient = loss_and_gradient(state.weights, p, r)
        assert state.loss == pytest.approx(value, abs=1e-15, rel=1e-13)
        assert state.excess == pytest.approx(value - r * p / 3, abs=1e-15, rel=1e-12)
        np.testing.assert_allclose(gradient, 0.0, atol=1e-13)
        raised = loss_and_gradient(state.weights, p, r + 1)[0]
        assert state.loss_slope == pytest.approx(raised - value, abs=1e-14)


@pytest.mark.parametrize(
    ("p", "r"), [(0.3, 0.16), (0.5, 0.33), (0.8, 0.97), (1.0, 0.8), (1.0, 1.3)]
)
def test_stable_means_positive_curvature(p: float, r: float) -> None:
    states = [*no_bias.antipodal_states(p, r), no_bias.confused_state(p, r)]
    assert {state.stable for state in states} == {True, False}
    for state in states:
        step = 1e-5 * np.eye(2)
        up, down = (
            np.array([loss_and_gradient(state.weights + s * d, p, r)[1] for d in step])
            for s in (1, -1)
        )
        assert (np.linalg.eigvalsh((up - down) / 2e-5)[0] > 0) == state.stable


@pytest.mark.parametrize(("p", "r"), random_points(2, 8))
def test_mirror_symmetry(p: float, r: float) -> None:
    """States at (p, 1/r) are those at (p, r) with the features exchanged, losses over r."""
    pairs = [(no_bias.confused_state(p, r), no_bias.confused_state(p, 1 / r))]
    pairs += zip(no_bias.antipodal_states(p, r), no_bias.antipodal_states(p, 1 / r), strict=True)
    for state, image in pairs:
        assert image.loss * r == pytest.approx(state.loss, rel=1e-12)
        exchanged = np.abs(state.weights[::-1])
        assert np.abs(image.weights) == pytest.approx(exchanged, rel=1e-10)
        assert image.stable == state.stable
        assert image.name == state.name


@pytest.fixture(scope="module")
def numeric_loss() -> Callable[[Array, float, float], tuple[float, Array]]:
    """The JAX loss at zero bias with its gradient: another evaluation, sharing no code."""

    def at(w: jax.Array, p: jax.Array, r: jax.Array) -> jax.Array:
        weights = jax.numpy.stack([jax.numpy.ones_like(r), r])
        return tp.population_loss(w[None], jax.numpy.zeros(2), importance=weights, density=p)

    compiled = jax.jit(jax.value_and_grad(at))

    def call(w: Array, p: float, r: float) -> tuple[float, Array]:
        value, gradient = compiled(jax.numpy.asarray(w), jax.numpy.asarray(p), jax.numpy.asarray(r))
        return float(value), np.asarray(gradient)

    return call


@pytest.mark.parametrize(("p", "r"), random_points(3, 16))
def test_random_starts_end_in_the_states_and_none_below(
    numeric_loss: Callable, p: float, r: float
) -> None:
    """Losses of all ends are those of a minimum or, one-sidedly stable, of a dropped state."""
    states = [*no_bias.antipodal_states(p, r), no_bias.confused_state(p, r)]
    known = [state.loss for state in states if state.stable] + [r * p / 3, p / 3]
    starts = np.random.default_rng(4).normal(size=(16, 2))
    ends = [
        minimize(numeric_loss, w, args=(p, r), jac=True, method="BFGS", options={"gtol": 1e-10}).fun
        for w in starts
    ]
    assert min(ends) == pytest.approx(no_bias.ground_state(p, r).loss, abs=1e-11)
    assert all(min(abs(end - value) for value in known) < 1e-6 for end in ends)


@pytest.mark.parametrize(("p", "r"), random_points(5, 6))
def test_confused_is_the_best_linear_model_with_positive_weights(p: float, r: float) -> None:
    """From second moments alone: tr(D (1 - w wᵀ) Σ (1 - w wᵀ)ᵀ), no ReLU."""
    moments = np.array([[p / 3, p**2 / 4], [p**2 / 4, p / 3]])

    def linear(w: Array) -> float:
        rest = np.eye(2) - np.outer(w, w)
        return float(np.trace(np.diag([1.0, r]) @ rest @ moments @ rest.T))

    best = minimize(linear, [0.7, 0.7], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 0})
    state = no_bias.confused_state(p, r)
    assert best.x == pytest.approx(state.weights, abs=1e-6)
    assert best.fun == pytest.approx(state.loss, rel=1e-12)


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_confused_at_small_importance(p: float) -> None:
    r = 1e-6
    state = no_bias.confused_state(p, r)
    assert state.excess / r**2 == pytest.approx(-3 * p**3 / (16 - 9 * p**2), rel=1e-5)
    assert state.ratio / r == pytest.approx(12 * p / (16 - 9 * p**2), rel=1e-5)


@pytest.mark.parametrize("p", [0.1, 0.4, 0.7, 1.0])
def test_dropped_has_a_kink(p: float) -> None:
    """One-sided slopes in the ratio at the best scale, by quadrature; no state of its own."""
    r, step = 0.6, 1e-6
    state = no_bias.dropped_state(p, r)
    assert state.loss == pytest.approx(loss_and_gradient(state.weights, p, r)[0])
    up, down = (profile(sign * step, p, r) - state.loss for sign in (1, -1))
    assert up / step == pytest.approx(-r * p**2 / 2, rel=1e-4)
    assert abs(down) < 1e-9
    assert not state.stable


@pytest.mark.parametrize("p", [0.1, 0.4, 0.7])
def test_dropped_stability_limit_is_where_the_antipodal_curvature_changes_sign(p: float) -> None:
    limit = float(no_bias.dropped_stability_limit(p))
    for factor in (0.9, 1.1):
        r, step = factor * limit, 1e-3
        bend = (profile(-step, p, r) - r * p / 3) / step**2
        expected = p / 3 * (p - 9 * p**2 / 16 - 2 * r * (1 - p))
        assert bend == pytest.approx(expected, rel=0.02)
        assert np.sign(bend) == np.sign(1 - factor)


@pytest.mark.parametrize("p", [0.05, 0.3, 0.6, 0.9, 1.0])
def test_antipodal_minimum_ends_at_its_stability_limit(p: float) -> None:
    """Above, a minimum and a saddle; below, the profile by quadrature rises all the way."""
    limit = float(LIMIT(p))
    u = np.linspace(0.02, 1.0, 99)
    for factor, minima in ((0.999, 0), (1.01, 1)):
        rises = np.diff([profile(-x, p, factor * limit) for x in u]) > 0
        assert int(np.sum(rises[1:] & ~rises[:-1])) == minima
        states = [s for s in no_bias.antipodal_states(p, factor * limit) if s.ratio > -1]
        assert [state.stable for state in states] == [True, False][: 2 * minima]


def test_there_is_one_antipodal_minimum_up_to_r_1_at_every_density() -> None:
    for p in np.linspace(0.02, 1.0, 25):
        for r in np.linspace(float(LIMIT(p)) * (1 + 1e-9), 1.0, 20):
            stable = [s for s in no_bias.antipodal_states(p, r) if s.stable]
            assert len(stable) == 1
            assert -1 - 1e-12 < stable[0].ratio < 0
