"""Two features in one dimension: its solvers, compiled once and called chunk by chunk.

A state is the row (w₁, w₂, b₁, b₂).
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tms_physics as tp
from tms_physics.dynamics.result import MINIMUM as MINIMUM
from tms_physics.dynamics.result import SADDLE
from tms_physics.observables.phases import DEDICATED_1, DEDICATED_2

from . import _programs as programs
from ._devices import chunks_at_once
from ._programs import ESCAPES, STEADY, Rows, once, row
from ._system import System

DESCENT_ROWS = 256  # rows of one descent: all stages use the same compiled program
FLOW_ROWS, TRAIN_ROWS = 128, 36
_DEAD_BIAS = -0.2

params = functools.partial(programs.params, n=2)
energies = functools.partial(programs.energies, n=2)
starts = functools.partial(programs.starts, n=2, m=1)


def _ends(energy: tp.PopulationLoss, y: jax.Array) -> Rows:
    return {"phase": tp.two_feature_phase(y[None, :2]), "loss": energy(params(y))}


@once
def _flow_program(size: int) -> Any:
    """For `size` rows on each device, as `_descent_program`."""

    def one(energy: tp.PopulationLoss, y0: jax.Array) -> Rows:
        end = tp.gradient_flow(energy, params(y0), steady=STEADY, rtol=1e-3)
        y = row(end.final)
        return _ends(energy, y) | {
            "state": y,
            "gradient_norm": end.gradient_norm,
            "curvature": end.curvature,
            "direction": row(end.direction),
            "shift": end.shift,
            "result": end.result.code,
        }

    return programs.side_by_side(one, 2, 1, size)


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

    return programs.side_by_side(one, 2, 1, size)


@once
def _training_program(size: int, steps: int, batch: int) -> Any:
    def one(energy: tp.PopulationLoss, y0: jax.Array, key: jax.Array) -> Rows:
        trained, numbers = programs.training(energy, y0, key, steps=steps, batch=batch)
        return numbers | {"curvature": tp.curvature(energy, trained).value}

    return programs.compiled(one, 2, 1, size, jax.random.key(0))


@functools.cache
def prepare_flow() -> None:
    """Compile `flow` in the background."""
    programs.beside(_flow_program, FLOW_ROWS)


def descend(cells: Rows) -> Rows:
    """Minimise each row from `start` (w₁, w₂, b₁, b₂).

    `minimum` tells minima from other stationary states, such as the dedicated one where it
    attracts from the acute side only; neither is a failure of the search.
    """
    start = jnp.asarray(cells["start"])
    return _descent_program(min(len(start), DESCENT_ROWS))(energies(cells), start)


def flow(cells: Rows, *, seed: int) -> Rows:
    """Gradient flow of the exact loss from Xavier starts.

    `escapes` counts the saddles a network was moved off. A flow can end at one for good: the
    dedicated state attracts from the acute side where it repels on the antipodal one. Such a
    network is moved along the most unstable direction, by 1e-4 to 1e-2 as the slope there asks
    for, and goes on, as the noise of a real training would make it.
    """
    energy, index = energies(cells), cells["index"]
    chunks = range(0, len(index), FLOW_ROWS)  # one after the other: their shape decides the bits
    y0 = jnp.concatenate([starts(seed, index[k : k + FLOW_ROWS]) for k in chunks])
    program = _flow_program(min(len(y0), FLOW_ROWS))
    end = program(energy, y0)
    escapes = np.zeros(len(y0), np.int32)
    for _ in range(ESCAPES):
        stuck = np.asarray(end["result"]) == SADDLE
        if not stuck.any():
            break
        moved = end["state"] + jnp.where(stuck[:, None], programs.kick(end), 0.0)
        end = programs.replaced(end, program(energy, moved), stuck)
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
    out = _flow_program(min(len(start), FLOW_ROWS))(energies(cells), start)
    del out["direction"]
    saddle = out["result"] == SADDLE
    return out | {"saddle": saddle, "result": np.where(saddle, MINIMUM, out["result"])}


def train(cells: Rows, *, seed: int, steps: int, batch: int) -> Rows:
    """AdamW on samples, then the minimum of the exact loss in whose basin it ended."""
    y0 = starts(seed, cells["index"])
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed + 1), cells["index"])
    end = _training_program(len(y0), steps, batch)(energies(cells), y0, keys)
    out = jax.tree.map(np.asarray, end)
    return programs.trained_ends(out, descend(cells | {"start": out["state"]}))


def seeds(p: float, q: float) -> np.ndarray:
    """Starts beside the dedicated states, on both sides, and in their dead families.

    Random starts seldom end in these: the weak antipodal state has a small basin, and a feature
    whose bias is so low that it never fires stays dead.
    """

    def beside(bias: float) -> np.ndarray:
        near = [[1.0, w, 0.0, bias / 2] for w in (-0.3, -0.1, -0.02, 0.1)]
        return np.array([*near, [1.0, 0.0, 0.0, _DEAD_BIAS]])

    return np.concatenate([beside(q), beside(p)[:, [1, 0, 3, 2]]])


def sign_fixed(states: np.ndarray) -> np.ndarray:
    """w and -w are one network: make the first non-zero weight positive."""
    lead = np.where(states[:, :1] != 0, states[:, :1], states[:, 1:2])
    sign = np.where(lead < 0, -1.0, 1.0)
    return np.hstack([states[:, :2] * sign, states[:, 2:]])


def mirrored(rows: Rows, r: np.ndarray) -> Rows:
    """Rows of the model with importances (1, r), from those of its mirror image in (1, 1/r).

    The exchange of the two features, for equal densities: states (w₁, w₂, b₁, b₂) become
    (w₂, w₁, b₂, b₁) and losses are multiplied by r.
    """
    out = rows | {name: r * rows[name] for name in {"loss", "theory"} & rows.keys()}
    if "state" in rows:
        out["state"] = rows["state"][..., [1, 0, 3, 2]]
    if "phase" in rows:
        first, second = (rows["phase"] == phase for phase in (DEDICATED_1, DEDICATED_2))
        out["phase"] = np.select([first, second], [DEDICATED_2, DEDICATED_1], rows["phase"])
    return out


SYSTEM = System(
    features=2,
    hidden=1,
    phase_names=tp.PHASE_NAMES,
    parameters="w₁, w₂, b₁, b₂",
    descent_rows=DESCENT_ROWS,
    flow_rows=FLOW_ROWS,
    train_rows=TRAIN_ROWS,
    chunks_at_once=chunks_at_once,
    prepare_flow=prepare_flow,
    descend=descend,
    lowest=descend,
    flow=flow,
    train=train,
    seeds=seeds,
    oriented=sign_fixed,
    folded=lambda states: states,
    mirrored=mirrored,
)
