"""Training on samples: convergence, weight decay, reproducibility."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tms_physics import ReluOutputModel, SparseUniform, population_loss, sampled_loss, train

CENTRE = jnp.array([0.3, -0.2])


def _distance(params: jax.Array, x: jax.Array) -> jax.Array:
    return jnp.mean(jnp.sum((params[None] - x) ** 2, axis=1))


def _around_centre(*, key: jax.Array) -> jax.Array:
    return CENTRE + 0.1 * jax.random.normal(key, (2,))


def _trained(seed: int = 0, **options: float) -> tuple[jax.Array, jax.Array]:
    settings = {"steps": 400, "batch": 64, "learning_rate": 1e-2} | options
    return train(_distance, jnp.zeros(2), _around_centre, key=jax.random.key(seed), **settings)


def test_converges_on_a_quadratic() -> None:
    """To the mean, within the noise of a few steps; the loss ends at the variance 2 × 0.01."""
    params, losses = _trained(weight_decay=0.0)
    np.testing.assert_allclose(params, CENTRE, atol=0.02)
    assert losses.shape == (400,)
    assert np.mean(losses[-50:]) == pytest.approx(0.02, rel=0.1)


def test_weight_decay_alone_shrinks_geometrically() -> None:
    """Without a gradient each step multiplies by 1 - learning rate × weight decay."""
    params, _ = train(
        lambda params, x: 0.0 * jnp.sum(params) * jnp.sum(x),
        jnp.array([1.0, -2.0]),
        _around_centre,
        key=jax.random.key(0),
        steps=20,
        batch=1,
        learning_rate=0.1,
        weight_decay=0.5,
    )
    np.testing.assert_allclose(params, np.array([1.0, -2.0]) * 0.95**20, rtol=1e-12)


def test_weight_decay_pulls_to_zero() -> None:
    free, _ = _trained(weight_decay=0.0)
    pulled, _ = _trained(weight_decay=5.0)
    assert np.all(np.abs(pulled) < 0.95 * np.abs(free))


def test_equal_keys_give_equal_results() -> None:
    once, again, other = _trained(3), _trained(3), _trained(4)
    np.testing.assert_array_equal(once[1], again[1])
    np.testing.assert_array_equal(once[0], again[0])
    assert not np.array_equal(once[1], other[1])


def test_every_step_sees_fresh_examples() -> None:
    _, losses = _trained(weight_decay=0.0, learning_rate=1e-12, steps=50, batch=1)
    assert len(np.unique(losses)) == 50


def test_a_batch_of_networks_learns_the_exact_loss() -> None:
    """Below the loss of the best constant, judged by the exact loss."""
    features, p = SparseUniform(0.3, 2), 0.3

    def loss(params: tuple, x: jax.Array) -> jax.Array:
        return sampled_loss(ReluOutputModel(*params), x, importance=1.0)

    def one(key: jax.Array) -> jax.Array:
        start = 0.5 * jax.random.normal(key, (1, 2)), jnp.zeros(2)
        params, _ = train(
            loss, start, features.sample, key=key, steps=500, batch=128, learning_rate=1e-2
        )
        return population_loss(*params, importance=1.0, density=p)

    losses = jax.jit(jax.vmap(one))(jax.random.split(jax.random.key(0), 4))
    assert np.all(losses < 2 * (p / 3 - p**2 / 4))
