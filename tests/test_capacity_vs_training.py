"""`theory.capacity` against networks trained on samples: who shares a dimension, and how much."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import tms_physics as tp
from theory import capacity

BATCH, STEPS, RATE = 1024, 3000, 0.03


def _features(key: jax.Array, n: int, kurtosis: float) -> jax.Array:
    """x = ±√κ with probability 1/κ, else 0: symmetric, of variance 1 and kurtosis κ."""
    sign, active = jax.random.split(key)
    shape = (BATCH, n)
    x = jax.random.rademacher(sign, shape) * np.sqrt(kurtosis)
    return jnp.where(jax.random.uniform(active, shape) < 1 / kurtosis, x, 0.0)


def trained(W: jax.Array, value: jax.Array, kurtosis: float, key: jax.Array) -> jax.Array:
    """Weights of ŷ = Σ_k (W x)_k² + c after AdamW on fresh samples, its rate decayed to 0."""
    method = optax.adamw(optax.cosine_decay_schedule(RATE, STEPS), weight_decay=0.0)
    start = (W, jnp.sum(value) - jnp.sum(W**2))

    def loss(params: tuple, x: jax.Array) -> jax.Array:
        w, c = params
        return jnp.mean((jnp.sum((x @ w.T) ** 2, axis=1) + c - x**2 @ value) ** 2)

    def step(carry: tuple, at: jax.Array) -> tuple:
        params, state = carry
        slope = jax.grad(loss)(params, _features(at, len(value), kurtosis))
        change, state = method.update(slope, state, params)
        return (optax.apply_updates(params, change), state), None

    keys = jax.random.split(key, STEPS)
    return jax.lax.scan(step, (start, method.init(start)), keys)[0][0][0]


@pytest.fixture(scope="module")
def sweep() -> dict[float, np.ndarray]:
    """At κ = 6 (sharing for ratios from 0.4 to 2.5): W (starts, 2) for each ratio v_2/v_1."""
    ratios = np.array([0.15, 0.3, 0.6, 1.0, 1.8, 3.5])
    starts = 0.5 * jax.random.normal(jax.random.key(0), (len(ratios), 3, 1, 2))
    values = jnp.stack([jnp.ones(len(ratios)), jnp.asarray(ratios)], axis=1)
    keys = jax.random.split(jax.random.key(1), (len(ratios), 3))
    over_starts = jax.vmap(lambda W, v, k: trained(W, v, 6.0, k), (0, None, 0))
    ends = jax.jit(jax.vmap(over_starts))(starts, values, keys)
    return {float(r): np.asarray(W)[:, 0] for r, W in zip(ratios, ends, strict=True)}


def test_trained_squares_and_capacities_are_those_of_the_ground_state(sweep) -> None:
    """To 0.03 of the larger value: what noise is left as the rate decays."""
    for ratio, networks in sweep.items():
        known = capacity.ground_state(1.0, ratio, 6.0)
        np.testing.assert_allclose(
            networks**2, [known.squares] * 3, rtol=0, atol=0.03 * max(1, ratio)
        )
        for W in networks:
            np.testing.assert_allclose(
                tp.feature_dimensionality(jnp.asarray(W[None])), known.capacities, atol=0.05
            )


def test_features_share_where_theory_says(sweep) -> None:
    low, high = capacity.shared_range(6.0)  # type: ignore[misc]
    for ratio, networks in sweep.items():
        shares = np.min(networks**2, axis=1) > 0.03 * max(1, ratio)
        assert np.all(shares == (low < ratio < high))


def test_below_the_triple_point_training_keeps_the_feature_it_starts_with() -> None:
    """κ = 2: both single features are minima where v_2/v_1 is between 1/2 and 2."""
    assert capacity.coexistence_range(2.0) == (0.5, 2.0)
    starts = jnp.array([[[0.9, 0.05]], [[0.05, 0.9]]])
    value, keys = jnp.array([1.0, 0.8]), jax.random.split(jax.random.key(2))
    ends = jax.jit(jax.vmap(lambda W, k: trained(W, value, 2.0, k)))(starts, keys)
    np.testing.assert_allclose(np.asarray(ends)[:, 0] ** 2, [[1, 0], [0, 0.8]], atol=0.03)
