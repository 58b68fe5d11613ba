"""Networks of many features, one after the other: minima of the exact loss, and trained ones.

n, m, the importances and the settings are those of the stage. A cell is a `density` p and, where
it has these columns,

- `slope` α: feature i = 1, ..., n has the density p i^-α,
- `hidden`: only so many of the m dimensions are used; the other rows of W start at 0 and stay,
  as ∂L/∂W = W (...), so that one compiled program serves all,
- `W` and `b` to start from instead of random weights,
- `weight_decay` λ of training.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
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
_TINY = 1e-8  # beside norms that are divided by


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


def loss_and_slope(
    W: np.ndarray, b: np.ndarray, size: Size, density: float, rtol: float
) -> tuple[float, np.ndarray]:
    """The exact loss of features of one density, and ∂L/∂b (n,)."""
    slope = _value_and_slope(size.n, size.m, rtol)
    p, weights = jnp.asarray(np.full(size.n, density)), jnp.asarray(size.importance)
    value, gradient = slope(jnp.asarray(np.concatenate([np.ravel(W), b])), weights, p)
    return float(value), np.asarray(gradient)[W.size :]


def start(size: Size, seed: int, index: int) -> tuple[jax.Array, jax.Array]:
    """Xavier-normal weights and zero biases, by the number of the cell."""
    key = jax.random.fold_in(jax.random.key(seed), index)
    return tp.xavier_normal(size.n, size.m, key=key)


def minimised(cells: Rows, *, size: Size, seed: int, evaluations: int, rtol: float) -> Rows:
    """L-BFGS on the exact loss, at most so many evaluations.

    Gives W, b, the exact loss with its error estimate, the loss of each output, the evaluations
    spent, whether it converged (the loss no longer falls), result 1 where something is not finite.
    """
    slope = _value_and_slope(size.n, size.m, rtol)

    def one(cell: _Cell) -> Rows:
        p, weights = jnp.asarray(cell.density), jnp.asarray(size.importance)
        scale = float(size.importance @ cell.density) / 3

        def at(y: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = slope(jnp.asarray(y), weights, p)
            return float(value) / scale, np.asarray(gradient) / scale

        y0 = np.concatenate([np.ravel(cell.start[0]), cell.start[1]])
        options = {"maxcor": _MEMORY, "maxfun": evaluations, "maxiter": evaluations}
        end = minimize(at, y0, jac=True, method="L-BFGS-B", options=options | _STOP)
        m, n = size.m, size.n
        out = judged(end.x[: m * n].reshape(m, n), end.x[m * n :], size, cell.density)
        return out | {"evaluations": end.nfev, "converged": bool(end.success)}

    return _stacked(one(cell) for cell in _each(cells, size, seed))


def trained(
    cells: Rows, *, size: Size, seed: int, steps: int, batch: int, learning_rate: float
) -> Rows:
    """AdamW on fresh samples (learning rate η falling to 0), judged by the exact loss.

    Weight decay is decoupled from the gradient and acts on W alone: each step takes η λ W off W
    for λ >= 0, and η |λ| (1 - 1/‖W_i‖) W_i for λ < 0, which pulls norms to 1 (Liu et al. 2025,
    arXiv 2505.10465, who move between weak and strong superposition by it).
    """
    program = _training(size.n, size.m, steps, batch, learning_rate)

    def one(cell: _Cell) -> Rows:
        key = jax.random.fold_in(jax.random.key(seed + 1), cell.index)
        given = (size.importance, cell.density, np.asarray(cell.weight_decay))
        W, b = program(cell.start, *map(jnp.asarray, given), key)
        return judged(np.asarray(W), np.asarray(b), size, cell.density)

    return _stacked(one(cell) for cell in _each(cells, size, seed))


@functools.cache
def _training(n: int, m: int, steps: int, batch: int, learning_rate: float) -> Callable[..., Any]:
    schedule = optax.linear_schedule(learning_rate, 0.0, steps)
    optimiser = optax.adam(schedule)

    def run(params: Any, importance: Any, density: Any, weight_decay: Any, key: Any) -> Any:
        def loss(y: Any, x: jax.Array) -> jax.Array:
            W, b = y
            hidden = jnp.matmul(x, W.T)
            error = x - jax.nn.relu(jnp.matmul(hidden, W) + b[None])
            return jnp.mean(jnp.sum(importance[None] * error**2, axis=1))

        def step(carry: Any, now: Any) -> Any:
            (y, state), (key, rate) = carry, now
            u = jax.random.uniform(key, (batch, n), jnp.float32)
            x = jnp.where(u < density[None], u / density[None], 0.0)
            updates, state = optimiser.update(jax.grad(loss)(y, x), state)
            W, b = jax.tree.map(jnp.add, y, updates)
            return ((W - rate * _decayed(y[0], weight_decay), b), state), None

        single = functools.partial(jnp.asarray, dtype=jnp.float32)
        start, importance, density = jax.tree.map(single, (params, importance, density))
        weight_decay, rates = single(weight_decay), single(schedule(jnp.arange(steps)))
        keys = jax.random.split(key, steps)
        return jax.lax.scan(step, (start, optimiser.init(start)), (keys, rates))[0][0]

    return jax.jit(run)


def _decayed(W: jax.Array, weight_decay: jax.Array) -> jax.Array:
    norms = jnp.linalg.norm(W, axis=0, keepdims=True) + _TINY
    return jnp.abs(weight_decay) * jnp.where(weight_decay >= 0, W, W * (1 - 1 / norms))


def judged(W: np.ndarray, b: np.ndarray, size: Size, density: float | np.ndarray) -> Rows:
    """W, b and the exact losses of a network; one density or one for each feature."""
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


def densities(size: Size, density: float, slope: float = 0.0) -> np.ndarray:
    """p_i = p i^-α (n,), i = 1, ..., n, for the density p and the slope α."""
    return density * np.arange(1, size.n + 1) ** -float(slope)


@dataclass(frozen=True)
class _Cell:
    index: int
    density: np.ndarray
    start: tuple[np.ndarray, np.ndarray]
    weight_decay: float


def _each(cells: Rows, size: Size, seed: int) -> Iterator[_Cell]:
    for k, index in enumerate(map(int, cells["index"])):
        at = {name: values[k] for name, values in cells.items()}
        p = densities(size, float(at["density"]), at.get("slope", 0.0))
        first = (at["W"], at["b"]) if "W" in at else _start(at, size, seed, index)
        yield _Cell(index, p, first, float(at.get("weight_decay", 0.0)))


def _start(at: Rows, size: Size, seed: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """`start` in the dimensions that the cell uses, zeros in the others."""
    hidden = int(at.get("hidden", size.m))
    W, b = start(dataclasses.replace(size, m=hidden), seed, index)
    return np.concatenate([W, np.zeros((size.m - hidden, size.n))]), np.asarray(b)


def _stacked(rows: Any) -> Rows:
    rows = list(rows)
    return {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
