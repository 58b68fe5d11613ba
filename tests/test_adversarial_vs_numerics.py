"""`theory.adversarial` against attacks of `tms_physics` and its exact loss."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import adversarial, mean_field
from tms_physics import (
    arrangements,
    dimensions_per_feature,
    feature_attack,
    feature_dimensionality,
    linear_attack,
    linear_population_loss,
    worst_attack,
)

FRAMES = {
    "digon": arrangements.digon(),
    "pentagon": arrangements.polygon(5),
    "tetrahedron": arrangements.simplex(3),
    "octahedron": arrangements.cross_polytope(3),
    "cube": arrangements.cube(3),
}


@pytest.mark.parametrize("name", FRAMES)
def test_outputs_of_frames_are_as_sensitive_as_features_per_dimension(name: str) -> None:
    W = FRAMES[name]
    star = float(dimensions_per_feature(W))
    np.testing.assert_allclose(adversarial.sensitivity(W) ** 2, 1 / star, rtol=1e-12)
    np.testing.assert_allclose(feature_dimensionality(W), star, rtol=1e-12)


def test_both_solutions_of_a_piece_agree() -> None:
    """Maximum of the primal problem (JAX) and minimum of its dual (numpy)."""
    rng = np.random.default_rng(2)
    solve = jax.jit(lambda M, r: linear_attack(M, r, radius=0.4))
    for _ in range(10):
        M, r = rng.normal(size=(6, 4)), rng.normal(size=6)
        delta = np.asarray(solve(M, r))
        primal = np.sum((M @ delta + r) ** 2)
        assert adversarial.piece_maximum(M, r, 0.4) == pytest.approx(primal, rel=1e-12)


@pytest.fixture(scope="module")
def changes() -> Callable[..., np.ndarray]:
    """What the best attack on a feature and the worst one add, (2, inputs)."""

    @jax.jit
    def one(W: jax.Array, b: jax.Array, x: jax.Array, radius: jax.Array) -> jax.Array:
        attacks = (
            lambda row: feature_attack(W, b, row, radius=radius),
            lambda row: worst_attack(W, b, row, radius=radius),
        )
        return jnp.stack([jax.vmap(attack)(x).change for attack in attacks])

    return lambda *given: np.asarray(one(*map(jnp.asarray, given)))


def inputs(n: int, p: float) -> np.ndarray:
    u = np.random.default_rng(3).random((32, n))
    return np.where(u < p, u / p, 0.0)


def test_without_superposition_every_attack_adds_its_square(changes: Callable) -> None:
    """W = (1, 0), b = (0, p/2), three of six dropped: the denominator is ε² for every input."""
    p, radius = 0.3, 0.17
    W = np.concatenate([np.eye(3), np.zeros((3, 3))], axis=1)
    b = np.concatenate([np.zeros(3), np.full(3, p / 2)])
    np.testing.assert_allclose(changes(W, b, inputs(6, p), radius), radius**2, rtol=1e-12)


def test_one_active_digon_has_vulnerability_two(changes: Callable) -> None:
    """One output is open and exact, s² = 2, as long as the attack does not open the other."""
    x = np.zeros((32, 6))
    x[:, 0] = np.linspace(0.3, 1, 32)
    W = arrangements.cross_polytope(3)
    order = [0, 3, 1, 4, 2, 5]
    found = changes(W[:, order], np.zeros(6), x, 0.1)
    np.testing.assert_allclose(found / 0.1**2, 2.0, rtol=1e-12)


def test_attacks_stay_below_the_bound(changes: Callable) -> None:
    rng = np.random.default_rng(4)
    W, b, x = 0.7 * rng.normal(size=(3, 6)), -0.3 * rng.random(6), inputs(6, 0.4)
    sigma = np.linalg.norm(W, 2) ** 2
    length = np.linalg.norm(np.maximum(x @ W.T @ W + b, 0) - x, axis=1)
    feature, worst = changes(W, b, x, 0.2)
    assert np.all(feature <= worst + 1e-12)
    assert np.all(worst <= 2 * sigma * length * 0.2 + (sigma * 0.2) ** 2)


def test_one_attack_on_open_outputs_has_the_vulnerability_of_frames() -> None:
    """All outputs open, so linear: (L(δ) + L(-δ) - 2 L)/(2 ε²) = 1/D*² exactly."""
    radius = 0.2
    for W in (arrangements.polygon(5), arrangements.cube(3)):
        A, b = W.T @ W, np.zeros(W.shape[1])
        shift = radius * A @ A[0] / np.linalg.norm(A[0])
        plus, minus, without = (
            float(linear_population_loss(W, b + k * shift, importance=1.0, density=0.3))
            for k in (1, -1, 0)
        )
        found = (plus + minus - 2 * without) / (2 * radius**2)
        star = float(dimensions_per_feature(W))
        expected = float(adversarial.frame_vulnerability(star, 1.0))
        assert found == pytest.approx(expected, rel=1e-9)


def test_one_attack_on_hadamard_networks_has_the_vulnerability_of_the_mean_field() -> None:
    """Weights that the mean field describes at n → ∞, here n = 64, on 20,000 samples."""
    n, m, p, radius = 64, 32, 0.3, 0.05
    state = mean_field.loss(m / n, p)
    assert m / n > mean_field.storage_ratio(p)
    rng = np.random.default_rng(0)
    W = mean_field.hadamard_weights(n, m, state.a, rng=rng)
    b = mean_field.hidden_bias(state.bias, W, density=p)
    A = W.T @ W
    shift = radius * A @ A[0] / np.linalg.norm(A[0])
    u = rng.random((20_000, n))
    x = np.where(u < p, u / p, 0.0)
    z = x @ A + b
    plus, minus, without = (
        np.sum((np.maximum(z + k * shift, 0) - x) ** 2) / len(x) for k in (1, -1, 0)
    )
    found = (plus + minus - 2 * without) / (2 * radius**2)
    expected = adversarial.mean_field_vulnerability(n, m, p).vulnerability
    assert found == pytest.approx(expected, rel=0.05)
