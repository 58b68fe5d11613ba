"""The loss of three features in two dimensions: against quadrature and its own symmetries."""

import numpy as np
import pytest

from tests.theory.independent import Array, loss_and_gradient, row_loss
from theory.three_features.loss import Model, loss_at
from theory.three_features.output import output_loss

MODELS = [Model(0.3, 0.3), Model(0.9, 0.2), Model(0.05, 1.0), Model(1.0, 1.0)]


def state(rng: np.random.Generator) -> Array:
    """A random (W, b) near the norms and biases of optima, by rows."""
    return np.concatenate([rng.normal(size=6), rng.normal(scale=0.3, size=3)])


def with_coupling(y: Array, coupling: float) -> Array:
    """The same with W₁·W₂ at a given value: W₂ is moved along W₁."""
    W = y[:6].reshape(2, 3).copy()
    W[:, 1] += (coupling - W[:, 0] @ W[:, 1]) / (W[:, 0] @ W[:, 0]) * W[:, 0]
    return np.concatenate([W.ravel(), y[6:]])


def by_quadrature(y: Array, model: Model, r: float) -> tuple[float, Array]:
    importance, density = np.array([1.0, 1.0, r]), np.array(model.densities)
    value, W, b = loss_and_gradient(y[:6].reshape(2, 3), y[6:], importance, density)
    return value, np.concatenate([W.ravel(), b])


def assert_same(y: Array, model: Model, r: float) -> None:
    at, (value, gradient) = loss_at(y, model, r), by_quadrature(y, model, r)
    assert at.value == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(at.gradient, gradient, rtol=0, atol=1e-11 * (1 + value))


@pytest.mark.parametrize("model", MODELS)
def test_random_states_against_quadrature(model: Model) -> None:
    rng = np.random.default_rng(1)
    for _ in range(15):
        assert_same(state(rng), model, float(rng.uniform(0.1, 3.0)))


@pytest.mark.parametrize("coupling", [1.0, 0.1, 0.03, 0.01, 1e-3, 1e-4, 0.0])
@pytest.mark.parametrize("sign", [1, -1])
def test_small_couplings_against_quadrature(coupling: float, sign: int) -> None:
    rng = np.random.default_rng(2)
    for model in MODELS[:2]:
        for _ in range(4):
            assert_same(with_coupling(state(rng), sign * coupling), model, 0.7)


def test_one_coupling_exactly_zero() -> None:
    y = np.array([0.9, 0.0, -0.6, 0.0, 0.8, -0.5, 0.02, 0.03, 0.1])
    W = y[:6].reshape(2, 3)
    assert W[:, 0] @ W[:, 1] == 0.0
    for model in MODELS:
        assert_same(y, model, 0.6)


@pytest.mark.parametrize("size", [0.3, 0.1, 0.03, 0.01, 1e-3])
def test_small_last_weight_against_quadrature(size: float) -> None:
    """All couplings of the last feature vanish at once, as next to the dropped state."""
    y = np.array([1.0, 0.02, -0.7 * size, -0.05, 0.97, -0.6 * size, 0.04 * size, 0.0, 0.15])
    for model in MODELS:
        assert_same(y, model, 0.6)


@pytest.mark.parametrize("size", [0.3, 0.1, 0.03, 0.01, 1e-3])
def test_weight_orthogonal_to_both_others(size: float) -> None:
    """Next to digon 12 both couplings of the last feature are small, its own one is not."""
    y = np.array([0.8, -0.75, 0.0, 0.4 * size, size, -1.0, 0.2, 0.25, size / 2])
    for model in MODELS:
        assert_same(y, model, 1.3)


def test_single_output_against_quadrature() -> None:
    """Couplings of either sign and any size, kinks anywhere, two and three features.

    The own coupling is 0.03 at least: with a smaller one and a kink next to it, digits are lost.
    """
    rng = np.random.default_rng(3)
    for trial in range(60):
        n = 2 + trial % 2
        couplings = rng.choice([-1, 1], n) * 10 ** rng.uniform(-4, 0.3, n)
        couplings[0] = 10 ** rng.uniform(-1.5, 0.3)
        spread = rng.choice([0.3, couplings[1]])
        bias, density = float(spread * rng.normal()), rng.uniform(0.05, 1.0, n)
        found = output_loss(tuple(map(float, couplings)), bias, tuple(map(float, density)))
        value, slope, bias_slope = row_loss(couplings, bias, density, 0)
        assert found.value == pytest.approx(value, rel=1e-11)
        np.testing.assert_allclose(found.gradient, [*slope, bias_slope], rtol=0, atol=1e-11)


@pytest.mark.parametrize("coupling", [None, 0.1, 0.01, 1e-3])
def test_hessian_against_differences_of_the_quadrature(coupling: float | None) -> None:
    """At random states, which lie away from the kinks."""
    rng, step = np.random.default_rng(4), 1e-5
    for _ in range(4):
        model, y = Model(0.6, 0.4), state(rng)
        y = y if coupling is None else with_coupling(y, coupling)
        slopes = [
            (by_quadrature(y + d, model, 0.8)[1] - by_quadrature(y - d, model, 0.8)[1]) / (2 * step)
            for d in step * np.eye(9)
        ]
        np.testing.assert_allclose(loss_at(y, model, 0.8).hessian, slopes, rtol=0, atol=2e-7)


def test_value_gradient_and_hessian_are_linear_in_importance() -> None:
    """`value_r` and the like are what feature 3 adds per unit of importance."""
    y, model = state(np.random.default_rng(5)), Model(0.5, 0.8)
    low, high = loss_at(y, model, 0.5), loss_at(y, model, 1.75)
    for name in ("value", "gradient", "hessian"):
        rise = (getattr(high, name) - getattr(low, name)) / 1.25
        np.testing.assert_allclose(rise, getattr(low, f"{name}_r"), rtol=0, atol=1e-13)


@pytest.mark.parametrize("model", MODELS)
def test_invariance_under_rotation_and_reflection(model: Model) -> None:
    rng = np.random.default_rng(6)
    y, angle = state(rng), float(rng.uniform(0, 2 * np.pi))
    c, s = np.cos(angle), np.sin(angle)
    for turn in (np.array([[c, -s], [s, c]]), np.array([[c, s], [s, -c]])):
        map_y = np.block(
            [[np.kron(turn, np.eye(3)), np.zeros((6, 3))], [np.zeros((3, 6)), np.eye(3)]]
        )
        _assert_covariant(y, map_y, model)


@pytest.mark.parametrize("model", MODELS)
def test_invariance_under_exchange_of_the_first_two_features(model: Model) -> None:
    swap = np.kron(np.eye(3), np.eye(3)[[1, 0, 2]])
    _assert_covariant(state(np.random.default_rng(7)), swap, model)


def _assert_covariant(y: Array, map_y: Array, model: Model) -> None:
    one, other = loss_at(y, model, 0.6), loss_at(map_y @ y, model, 0.6)
    assert other.value == pytest.approx(one.value, rel=1e-12)
    np.testing.assert_allclose(other.gradient, map_y @ one.gradient, rtol=0, atol=1e-12)
    np.testing.assert_allclose(other.hessian, map_y @ one.hessian @ map_y.T, rtol=0, atol=1e-9)
