"""Training on samples: stochastic gradient steps with fresh examples at every step."""

from collections.abc import Callable

import equinox as eqx
import jax
import optax
from jaxtyping import Array, Float

from .._checks import (
    check_callable,
    check_count,
    check_key,
    check_not_negative,
    check_positive,
    check_scalar_valued,
    real_state,
)
from .._memory import check_memory
from .._types import Key, Scalar, State


def train(
    loss: Callable[[State, Array], Scalar],
    params: State,
    sample: Callable[..., Array],
    *,
    key: Key,
    steps: int = 10_000,
    batch: int = 1024,
    learning_rate: float = 1e-3,
    weight_decay: float = 1e-2,
) -> tuple[State, Float[Array, " steps"]]:
    """Train by AdamW on fresh samples, with the settings of the toy-models paper as defaults.

    Elhage et al. 2022 (companion notebook): AdamW, learning rate 1e-3 without schedule, batches
    of 1024 fresh examples, 10,000 steps, and the customary weight decay 1e-2 (decoupled: each
    step multiplies the parameters by 1 - learning_rate × weight_decay). The end keeps the noise
    of the last steps: judge it by the exact loss.

    **Arguments:** `loss(params, x)`: scalar on a batch x (batch, ...); `params`: start, any
    pytree; `sample(key=key)`: one example; `key`: PRNG key; `steps`, `batch` ≥ 1;
    `learning_rate` > 0; `weight_decay` ≥ 0. Returns the trained parameters and the batch losses
    (steps,). jit- and vmap-able. Raises `ValueError` for values out of range.
    """
    check_count("steps", steps)
    check_count("batch", batch)
    check_positive("learning_rate", learning_rate)
    check_not_negative("weight_decay", weight_decay)
    check_key("key", key)
    check_callable(loss=loss, sample=sample)
    real_state("params", params)
    _check_sizes(loss, params, sample, key, steps, batch)
    optimiser = optax.adamw(learning_rate, weight_decay=weight_decay)

    def step(carry: tuple[State, optax.OptState], at: Key) -> tuple[tuple, Scalar]:
        current, state = carry
        x = jax.vmap(lambda k: sample(key=k))(jax.random.split(at, batch))
        value, gradient = jax.value_and_grad(loss)(current, x)
        updates, state = optimiser.update(gradient, state, current)
        return (optax.apply_updates(current, updates), state), value

    keys = jax.random.split(key, steps)
    (trained, _), losses = jax.lax.scan(step, (params, optimiser.init(params)), keys)
    return trained, losses


def _check_sizes(
    loss: Callable[[State, Array], Scalar],
    params: State,
    sample: Callable[..., Array],
    key: Key,
    steps: int,
    batch: int,
) -> None:
    """Raise `ValueError` for a batch or steps beyond memory, or a loss that is no real number."""
    one = eqx.filter_eval_shape(lambda k: sample(key=k), key)
    check_memory("batch", batch, lambda count: 32 * one.size * count)
    check_memory("steps", steps, lambda count: 32 * count)
    examples = jax.ShapeDtypeStruct((batch, *one.shape), one.dtype)
    check_scalar_valued("loss", loss, params, examples)
