"""The solvers under the two-feature simulations: compiled once, called chunk by chunk.

A state of the model with n = 2, m = 1 is the row (w₁, w₂, b₁, b₂). Every function takes and
returns arrays with one row a network, so that a stage of a sweep can hand them its chunks.
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

Rows = dict[str, Any]  # arrays with one row a network
DESCENT_ROWS = 256  # rows of one descent: all stages use the same compiled program
_STEADY = 1e-7  # gradient norm at which a flow counts as steady
_ESCAPES = 3  # how often a network is moved off a saddle before it counts as stuck there


def once(build: Callable[..., Any]) -> Callable[..., Any]:
    """`functools.cache` under a lock: threads that need a program wait for its one compile."""
    cached, lock = functools.cache(build), threading.Lock()

    def locked(*args: Any) -> Any:
        with lock:
            return cached(*args)

    return locked


def params(y: jax.Array) -> Params:
    """(W, b) of the row (w₁, w₂, b₁, b₂)."""
    return y[None, :2], y[2:]


def row(state: Params) -> jax.Array:
    return jnp.concatenate([state[0][0], state[1]])


def energies(cells: Rows) -> tp.PopulationLoss:
    """A batch of energies with importances (1, r) and density p."""
    r = jnp.asarray(cells["relative_importance"])
    importance = jnp.stack([jnp.ones_like(r), r], axis=1)
    return eqx.filter_vmap(tp.PopulationLoss)(importance, jnp.asarray(cells["density"]))


def starts(seed: int, index: np.ndarray) -> jax.Array:
    """Xavier-normal weights and zero biases, by the number of the row."""
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), jnp.asarray(index))
    return jax.vmap(lambda key: row(tp.xavier_normal(2, 1, key=key)))(keys)


def _ends(energy: tp.PopulationLoss, y: jax.Array) -> Rows:
    return {"phase": tp.two_feature_phase(y[None, :2]), "loss": energy(params(y))}


@once
def _flow_program(size: int) -> Any:
    def one(energy: tp.PopulationLoss, y0: jax.Array) -> Rows:
        end = tp.gradient_flow(energy, params(y0), steady=_STEADY, rtol=1e-3)
        y = row(end.final)
        return _ends(energy, y) | {
            "state": y,
            "gradient_norm": end.gradient_norm,
            "curvature": end.curvature,
            "direction": row(end.direction),
            "shift": end.shift,
            "result": end.result.code,
        }

    return _compiled(one, size)


@once
def _descent_program(size: int) -> Any:
    def one(energy: tp.PopulationLoss, y0: jax.Array) -> Rows:
        end = tp.minimise(energy, params(y0))
        y = row(end.state)
        return _ends(energy, y) | {
            "state": y,
            "gradient_norm": end.gradient_norm,
            "curvature": end.curvature,
            "invariant": tp.network_invariant(end.state),
            "minimum": end.result.is_minimum,
            "result": jnp.where(end.result.is_stationary, 0, end.result.code),
        }

    return _compiled(one, size)


@once
def _training_program(size: int, steps: int, batch: int) -> Any:
    def one(energy: tp.PopulationLoss, y0: jax.Array, key: jax.Array) -> Rows:
        def loss(state: Params, x: jax.Array) -> jax.Array:
            model = tp.ReluOutputModel(*state)
            return tp.sampled_loss(model, x, importance=energy.importance)

        features = tp.SparseUniform(energy.density, 2)
        trained, _ = tp.train(loss, params(y0), features.sample, key=key, steps=steps, batch=batch)
        slope = jax.grad(energy)(trained)
        return {
            "state": row(trained),
            "loss": energy(trained),
            "gradient_norm": jnp.linalg.norm(row(slope)),
            "curvature": tp.curvature(energy, trained).value,
        }

    return _compiled(one, size, jax.random.key(0))


def _compiled(one: Callable[..., Rows], size: int, *more: jax.Array) -> Any:
    """The batched program for `size` rows, compiled now."""
    blank = {"density": np.ones(size), "relative_importance": np.ones(size)}
    extra = [jnp.broadcast_to(a, (size, *a.shape)) for a in more]
    program: Any = eqx.filter_jit(eqx.filter_vmap(one))
    return program.lower(energies(blank), jnp.ones((size, 4)), *extra).compile()


@functools.cache
def prepare_flow(size: int) -> None:
    """Compile `flow` for `size` rows in the background, beside what runs now.

    Not in a daemon thread: an interpreter that ends in the middle of a compile crashes.
    """
    threading.Thread(target=_flow_program, args=(size,)).start()


def descend(cells: Rows) -> Rows:
    """Minimise each row from `start` (w₁, w₂, b₁, b₂).

    `minimum` tells minima from other stationary states, such as the dedicated one where it
    attracts from the acute side only; neither is a failure of the search.
    """
    start = jnp.asarray(cells["start"])
    out = _descent_program(len(start))(energies(cells), start)
    return jax.tree.map(np.asarray, out)


def _replaced(old: Rows, new: Rows, where: np.ndarray) -> Rows:
    """Rows of `new` in some places, of `old` in the others."""
    chosen = jnp.asarray(where)
    pick = lambda a, b: jnp.where(chosen.reshape(-1, *[1] * (a.ndim - 1)), b, a)  # noqa: E731
    return jax.tree.map(pick, old, new)


def flow(cells: Rows, *, seed: int) -> Rows:
    """Gradient flow of the exact loss from Xavier starts.

    `escapes` counts the saddles a network was moved off. A flow can end at one for good: the
    dedicated state attracts from the acute side where it repels on the antipodal one. Such a
    network is moved along the most unstable direction, by 1e-4 to 1e-2 as the slope there asks
    for, and goes on, as the noise of a real training would make it.
    """
    energy, y0 = energies(cells), starts(seed, cells["index"])
    program = _flow_program(len(y0))
    end = program(energy, y0)
    escapes = np.zeros(len(y0), np.int32)
    for _ in range(_ESCAPES):
        stuck = np.asarray(end["result"]) == SADDLE
        if not stuck.any():
            break
        length = jnp.clip(10 * _STEADY / jnp.abs(end["curvature"]), 1e-4, 1e-2)
        kick = jnp.where(stuck, length, 0.0)[:, None] * end["direction"]
        end = _replaced(end, program(energy, end["state"] + kick), stuck)
        escapes += stuck
    out = jax.tree.map(np.asarray, end)
    del out["direction"]
    return out | {"escapes": escapes, "basin_loss": out["loss"], "basin_state": out["state"]}


def flow_from(cells: Rows) -> Rows:
    """Gradient flow of the exact loss from `start` (w₁, w₂, b₁, b₂), to wherever it ends.

    Nothing is moved off a saddle: where the exact flow ends at one, `saddle` says so, and that is
    no failure. `result` is the solver's code where the flow has no end.
    """
    start = jnp.asarray(cells["start"])
    out = jax.tree.map(np.asarray, _flow_program(len(start))(energies(cells), start))
    del out["direction"]
    saddle = out["result"] == SADDLE
    return out | {"saddle": saddle, "result": np.where(saddle, MINIMUM, out["result"])}


def train(cells: Rows, *, seed: int, steps: int, batch: int) -> Rows:
    """AdamW on samples, then the minimum of the exact loss in whose basin it ended.

    `loss`, `gradient_norm` and `curvature` are of the exact loss at the trained parameters;
    `phase` and `basin_loss` of that minimum.
    """
    y0 = starts(seed, cells["index"])
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed + 1), cells["index"])
    end = _training_program(len(y0), steps, batch)(energies(cells), y0, keys)
    out = jax.tree.map(np.asarray, end)
    basin = descend(cells | {"start": out["state"]})
    finite = np.isfinite(out["loss"])
    return out | {
        "phase": basin["phase"],
        "basin_loss": basin["loss"],
        "basin_state": basin["state"],
        "shift": np.linalg.norm(basin["state"] - out["state"], axis=1),
        "escapes": np.zeros(len(y0), np.int32),
        "result": np.select(
            [~finite, basin["minimum"], basin["result"] == 0],
            [SOLVER_FAILED, MINIMUM, SADDLE],
            basin["result"],
        ).astype(np.int32),
    }
