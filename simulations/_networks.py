"""Networks of many features, one after the other: minima of the exact loss, and trained ones.

A cell is a density and, if it says so, a seed of its own; n, m, the importances and the settings
are those of the stage.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.optimize import minimize

import tms_physics as tp

Rows = dict[str, Any]
FAILED = 1
_MEMORY = 20  # pairs of L-BFGS
_STOP = {"ftol": 1e-10, "gtol": 1e-7}  # of the loss over Σ I_i p_i/3: sparse losses are tiny


@dataclass(frozen=True)
class Size:
    """n features of importance I_i = decay^i in m dimensions."""

    n: int
    m: int
    decay: float = 1.0

    @functools.cached_property
    def importance(self) -> np.ndarray:
        return self.decay ** np.arange(self.n, dtype=float)


@functools.cache
def _value_and_slope(n: int, m: int, rtol: float) -> Callable[..., Any]:
    def value(flat: jax.Array, importance: jax.Array, density: jax.Array) -> jax.Array:
        W, b = flat[: m * n].reshape(m, n), flat[m * n :]
        return tp.PopulationLoss(importance, density, rtol)((W, b))

    return jax.jit(jax.value_and_grad(value))


def start(size: Size, seed: int, index: int) -> tuple[jax.Array, jax.Array]:
    """Xavier-normal weights and zero biases, by the number of the cell."""
    key = jax.random.fold_in(jax.random.key(seed), index)
    return tp.xavier_normal(size.n, size.m, key=key)


def minimised(cells: Rows, *, size: Size, seed: int, evaluations: int, rtol: float) -> Rows:
    """L-BFGS on the exact loss from a random start, at most so many evaluations.

    Gives W, b, the exact loss with its error estimate, the loss of each output, the evaluations
    spent, whether it converged (the loss no longer falls), result 1 where something is not finite.
    """
    slope = _value_and_slope(size.n, size.m, rtol)

    def one(density: float, index: int) -> Rows:
        p = jnp.full(size.n, density)
        weights = jnp.asarray(size.importance)
        scale = float(np.sum(size.importance)) * density / 3

        def at(y: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = slope(jnp.asarray(y), weights, p)
            return float(value) / scale, np.asarray(gradient) / scale

        W, b = start(size, seed, index)
        y0 = np.concatenate([np.ravel(W), b])
        options = {"maxcor": _MEMORY, "maxfun": evaluations, "maxiter": evaluations}
        end = minimize(at, y0, jac=True, method="L-BFGS-B", options=options | _STOP)
        m, n = size.m, size.n
        out = judged(end.x[: m * n].reshape(m, n), end.x[m * n :], size, density)
        return out | {"evaluations": end.nfev, "converged": bool(end.success)}

    return _stacked(one(p, i) for p, i in _each(cells))


def trained(
    cells: Rows, *, size: Size, seed: int, steps: int, batch: int, learning_rate: float
) -> Rows:
    """AdamW on fresh samples (learning rate falling to 0, no weight decay), judged exactly."""
    program = _training(size.n, size.m, steps, batch, learning_rate)

    def one(density: float, index: int) -> Rows:
        key = jax.random.fold_in(jax.random.key(seed + 1), index)
        params = start(size, seed, index)
        W, b = program(params, jnp.asarray(size.importance), jnp.full(size.n, density), key)
        return judged(np.asarray(W), np.asarray(b), size, density)

    return _stacked(one(p, i) for p, i in _each(cells))


@functools.cache
def _training(n: int, m: int, steps: int, batch: int, learning_rate: float) -> Callable[..., Any]:
    optimiser = optax.adam(optax.linear_schedule(learning_rate, 0.0, steps))

    def run(params: Any, importance: jax.Array, density: jax.Array, key: jax.Array) -> Any:
        def loss(y: Any, x: jax.Array) -> jax.Array:
            W, b = y
            hidden = jnp.matmul(x, W.T)
            error = x - jax.nn.relu(jnp.matmul(hidden, W) + b[None])
            return jnp.mean(jnp.sum(importance[None] * error**2, axis=1))

        def step(carry: Any, key: jax.Array) -> Any:
            y, state = carry
            u = jax.random.uniform(key, (batch, n), jnp.float32)
            x = jnp.where(u < density[None], u / density[None], 0.0)
            updates, state = optimiser.update(jax.grad(loss)(y, x), state)
            return (optax.apply_updates(y, updates), state), None

        start = jax.tree.map(lambda a: a.astype(jnp.float32), params)
        importance, density = importance.astype(jnp.float32), density.astype(jnp.float32)
        keys = jax.random.split(key, steps)
        return jax.lax.scan(step, (start, optimiser.init(start)), keys)[0][0]

    return jax.jit(run)


def judged(W: np.ndarray, b: np.ndarray, size: Size, density: float) -> Rows:
    """W, b and the exact losses of a network."""
    W, b = np.asarray(W, float), np.asarray(b, float)
    if not (np.isfinite(W).all() and np.isfinite(b).all()):
        nothing = np.full(size.n, np.nan)
        return _network(W, b, np.nan, np.nan, nothing, FAILED)
    got = tp.evaluate_population(W, b, importance=size.importance, density=density)
    return _network(W, b, float(got.loss), float(got.error), np.asarray(got.outputs), 0)


def _network(
    W: np.ndarray, b: np.ndarray, loss: float, error: float, outputs: np.ndarray, result: int
) -> Rows:
    return {"W": W, "b": b, "loss": loss, "error": error, "outputs": outputs, "result": result}


def _each(cells: Rows) -> list[tuple[float, int]]:
    return list(zip(map(float, cells["density"]), map(int, cells["index"]), strict=True))


def _stacked(rows: Any) -> Rows:
    rows = list(rows)
    return {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
