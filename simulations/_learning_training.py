"""Training on samples from the start of the flow: AdamW and plain stochastic gradient steps."""

import functools
import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from ._networks import Size

TRAINERS = ("AdamW", "SGD")


def save_steps(steps: int, count: int) -> np.ndarray:
    """Numbers of steps at which states are kept: 0, then about `count` equal factors apart."""
    return np.unique(np.concatenate([[0], np.geomspace(1, steps, count).astype(int)]))


@functools.cache
def _segment(n: int, m: int, batch: int, trainer: str) -> tuple[Callable[..., Any], Any]:
    """(y, optimiser's state, its rate, I, p, first step, last step, key) -> (y, state)."""

    def optimiser(rate: Any) -> optax.GradientTransformation:
        return optax.adamw(rate, weight_decay=0.0) if trainer == "AdamW" else optax.sgd(rate)

    def loss(y: jax.Array, x: jax.Array, importance: jax.Array) -> jax.Array:
        W, b = y[: m * n].reshape(m, n), y[m * n :]
        out = jax.nn.relu(jnp.matmul(jnp.matmul(x, W.T), W) + b[None])
        return jnp.mean(jnp.sum(importance[None] * (x - out) ** 2, axis=1))

    def run(y: Any, state: Any, rate: Any, importance: Any, p: Any, at: Any, to: Any, key: Any):
        def step(i: Any, carry: Any) -> Any:
            y, state = carry
            u = jax.random.uniform(jax.random.fold_in(key, i), (batch, n), jnp.float32)
            x = jnp.where(u < p, u / p, 0.0)
            updates, state = optimiser(rate).update(jax.grad(loss)(y, x, importance), state, y)
            return optax.apply_updates(y, updates), state

        return jax.lax.fori_loop(at, to, step, (y, state))

    return jax.jit(run), optimiser


def path(
    trainer: str,
    y0: np.ndarray,
    size: Size,
    density: float,
    *,
    rate: float,
    kept: np.ndarray,
    batch: int,
    seed: int,
) -> np.ndarray:
    """States (K, N) after `kept` (K,) steps on fresh samples, learning rate constant, float32."""
    run, optimiser = _segment(size.n, size.m, batch, trainer)
    y = jnp.asarray(y0, jnp.float32)
    lr, p = jnp.float32(rate), jnp.float32(density)
    state = optimiser(lr).init(y)
    importance, key = jnp.asarray(size.importance, jnp.float32), jax.random.key(seed + 1)
    states = [np.asarray(y, float)]
    for at, to in itertools.pairwise(kept):
        y, state = run(y, state, lr, importance, p, jnp.int32(at), jnp.int32(to), key)
        states.append(np.asarray(y, float))
    return np.stack(states)
