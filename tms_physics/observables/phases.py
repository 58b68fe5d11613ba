"""Phases of two features in one dimension, by exact predicates on w = (w₁, w₂)."""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from .._checks import check_shape, network
from .._types import Weights

DEAD, DEDICATED_1, DEDICATED_2, ANTIPODAL, ACUTE = range(5)

PHASE_NAMES = ("dead", "dedicated to 1", "dedicated to 2", "antipodal", "acute")


def two_feature_phase(W: Weights) -> Int[Array, ""]:
    """The phase of W (1, 2) as an index into `PHASE_NAMES`.

    dead: w₁ = w₂ = 0; dedicated to 1: w₂ = 0; dedicated to 2: w₁ = 0; antipodal: w₁w₂ < 0;
    acute: w₁w₂ > 0. Exact, without tolerance: `gradient_flow` and `ground_states` leave vanishing
    parameters at exactly zero. Raises `ValueError` for other shapes.
    """
    weights, _ = network(W)
    check_shape("W", weights, "(1, 2)", weights.shape == (1, 2))
    first, second = weights[0, 0], weights[0, 1]
    alone = jnp.where(first != 0, DEDICATED_1, jnp.where(second != 0, DEDICATED_2, DEAD))
    pair = jnp.where((first > 0) == (second > 0), ACUTE, ANTIPODAL)
    return jnp.where((first == 0) | (second == 0), alone, pair)
