"""The loss on a batch of examples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tms_physics import LinearModel, sampled_loss

X = np.array([[0.5, 0.0], [1.0, 0.25], [0.0, 0.0]])


def test_is_the_mean_over_examples_of_the_weighted_sum_over_features() -> None:
    importance = np.array([2.0, 0.5])
    value = sampled_loss(lambda x: x + 1.0, X, importance=importance)
    assert value == pytest.approx(2.5, rel=1e-15)
    silent = sampled_loss(lambda x: 0 * x, X, importance=importance)
    assert silent == pytest.approx((2 * 1.25 + 0.5 * 0.0625) / 3, rel=1e-15)


def test_perfect_models_lose_nothing() -> None:
    assert sampled_loss(LinearModel(np.eye(2)), X, importance=1.0) == 0.0


def test_one_importance_stands_for_equal_ones() -> None:
    model = LinearModel(np.array([[1.0, -0.5]]))
    assert sampled_loss(model, X, importance=3.0) == pytest.approx(
        float(sampled_loss(model, X, importance=np.full(2, 3.0))), rel=1e-15
    )


def test_gradient_is_that_of_the_mean() -> None:
    """A constant output c: ∂/∂c_i = 2 I_i (c_i - mean x_i)."""
    importance, c = np.array([2.0, 0.5]), jnp.array([0.3, -0.1])
    slope = jax.jit(jax.grad(lambda c: sampled_loss(lambda x: c, X, importance=importance)))(c)
    np.testing.assert_allclose(slope, 2 * importance * (c - np.mean(X, axis=0)), rtol=1e-14)
