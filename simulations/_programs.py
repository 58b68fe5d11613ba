"""What every model's solvers share: programs compiled once, rows in and rows out.

A state is a row of numbers, W row by row and then b. Every solver takes and returns arrays with
one row a network, so that a stage of a sweep can hand it its chunks.
"""

import functools
import threading
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import tms_physics as tp
from tms_physics._types import Params
from tms_physics.dynamics.result import MINIMUM, SADDLE, SOLVER_FAILED

from ._devices import TRACING, SideBySide

Rows = dict[str, Any]  # arrays with one row a network
STEADY = 1e-7  # gradient norm at which a flow counts as steady
ESCAPES = 3  # how often a network is moved off a saddle before it counts as stuck there


def once(build: Callable[..., Any]) -> Callable[..., Any]:
    """`functools.cache` under a lock: threads that need a program wait for its one compile."""
    cached, lock = functools.cache(build), threading.Lock()

    def locked(*args: Any) -> Any:
        with lock:
            return cached(*args)

    return locked


def params(y: jax.Array, n: int) -> Params:
    """(W, b) of a row."""
    return y[:-n].reshape(-1, n), y[-n:]


def row(state: Params) -> jax.Array:
    return jnp.concatenate([jnp.ravel(state[0]), state[1]])


def energies(cells: Rows, n: int) -> tp.PopulationLoss:
    """A batch of energies: importances (1, ..., 1, r), densities (p, ..., p, q); q = p if none."""
    r, p = jnp.asarray(cells["relative_importance"]), jnp.asarray(cells["density"])
    others = [jnp.ones_like(r)] * (n - 1)
    importance = jnp.stack([*others, r], axis=1)
    q = jnp.asarray(cells.get("last_density", cells["density"]))
    density = jnp.stack([p] * (n - 1) + [q], axis=1)
    return eqx.filter_vmap(tp.PopulationLoss)(importance, density)


def starts(seed: int, index: np.ndarray, n: int, m: int) -> jax.Array:
    """Xavier-normal weights and zero biases, by the number of the row."""
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), jnp.asarray(index))
    return jax.vmap(lambda key: row(tp.xavier_normal(n, m, key=key)))(keys)


def side_by_side(one: Callable[..., Rows], n: int, m: int, size: int) -> SideBySide:
    """The program of `one(energy, y)` for `size` rows on each device of this process."""
    return SideBySide(one, size, energies(_blank(size), n), jnp.ones((size, n * m + n)))


def _blank(size: int) -> Rows:
    return {name: np.ones(size) for name in ("density", "relative_importance")}


def compiled(one: Callable[..., Rows], n: int, m: int, size: int, *more: jax.Array) -> Any:
    """The program of `one(energy, y, ...)` for `size` rows on one device, compiled now."""
    extra = [jnp.broadcast_to(a, (size, *a.shape)) for a in more]
    program: Any = eqx.filter_jit(eqx.filter_vmap(one))
    with TRACING:
        lowered = program.lower(energies(_blank(size), n), jnp.ones((size, n * m + n)), *extra)
    return lowered.compile()


def beside(build: Callable[..., Any], *args: Any) -> None:
    """Compile a program in the background, beside what runs now.

    Not in a daemon thread: an interpreter that ends in the middle of a compile crashes.
    """
    threading.Thread(target=build, args=args).start()


def replaced(old: Rows, new: Rows, where: np.ndarray) -> Rows:
    """Rows of `new` in some places, of `old` in the others."""
    chosen = jnp.asarray(where)
    pick = lambda a, b: jnp.where(chosen.reshape(-1, *[1] * (a.ndim - 1)), b, a)  # noqa: E731
    return jax.tree.map(pick, old, new)


def kick(end: Rows) -> jax.Array:
    """Off a saddle along its most unstable direction, by 1e-4 to 1e-2 as the slope asks for."""
    length = jnp.clip(10 * STEADY / jnp.abs(jnp.asarray(end["curvature"])), 1e-4, 1e-2)
    return length[:, None] * jnp.asarray(end["direction"])


def training(
    energy: tp.PopulationLoss, y0: jax.Array, key: jax.Array, *, steps: int, batch: int
) -> tuple[Params, Rows]:
    """AdamW on samples: the trained (W, b), and the exact loss and its gradient there."""
    n = energy.density.shape[0]

    def loss(state: Params, x: jax.Array) -> jax.Array:
        model = tp.ReluOutputModel(*state)
        return tp.sampled_loss(model, x, importance=energy.importance)

    sample = tp.SparseUniform(energy.density, n).sample
    trained, _ = tp.train(loss, params(y0, n), sample, key=key, steps=steps, batch=batch)
    slope = jax.grad(energy)(trained)
    numbers = {
        "state": row(trained),
        "loss": energy(trained),
        "gradient_norm": jnp.linalg.norm(row(slope)),
    }
    return trained, numbers


def trained_ends(out: Rows, basin: Rows) -> Rows:
    """Trained networks with the minimum of the exact loss in whose basin they ended.

    `loss`, `gradient_norm` and `curvature` are of the exact loss at the trained parameters;
    `phase` and `basin_loss` of that minimum.
    """
    finite = np.isfinite(out["loss"])
    return out | {
        "phase": basin["phase"],
        "basin_loss": basin["loss"],
        "basin_state": basin["state"],
        "shift": np.linalg.norm(basin["state"] - out["state"], axis=1),
        "escapes": np.zeros(len(finite), np.int32),
        "result": np.select(
            [~finite, basin["minimum"], basin["result"] == 0],
            [SOLVER_FAILED, MINIMUM, SADDLE],
            basin["result"],
        ).astype(np.int32),
    }
