"""Paths out of the acute state, compiled once and called cell by cell.

A cell is an ensemble of replicas at one density, relative importance, temperature and step. Each
starts at the acute minimum, and starts again there when it has crossed.
"""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import tms_physics as tp
from tms_physics._types import Params, Scalar
from tms_physics.dynamics.result import MINIMUM, SOLVER_FAILED

from ._programs import Rows, once, params

EVERY, KEPT = 50, 20  # steps between looks, looks between restarts
BELOW = 5.0  # temperatures below the pass at which a replica counts as across
INSIDE, OVER_1, OVER_2 = range(3)  # where a look finds a replica


@once
def _program() -> Any:
    """`KEPT` looks at each of a batch of paths: where they end and where each look found them."""

    def path(
        energy: tp.PopulationLoss, y: Params, key: jax.Array, heat: Scalar, h: Scalar, line: Scalar
    ) -> tuple[Params, jax.Array]:
        def look(state: Params) -> jax.Array:
            w1, w2 = state[0][0]
            side = jnp.where(w1 * w2 >= 0, INSIDE, jnp.where(w2 < 0, OVER_1, OVER_2))
            return jnp.where(energy(state) < line, side, INSIDE).astype(jnp.int8)

        steps = EVERY * KEPT
        out = tp.langevin(
            energy, y, key=key, temperature=heat, step=h, steps=steps, every=EVERY, observe=look
        )
        return out.final, out.states

    return eqx.filter_jit(eqx.filter_vmap(path, in_axes=(None, 0, 0, None, None, None)))


def ensemble(cells: Rows, *, seed: int, replicas: int) -> Rows:
    """One cell: `crossings` over either pass, and the looks at which one could have been counted.

    A look finds a replica across where w₁w₂ < 0 and the loss is `BELOW` temperatures under the
    pass: the way back is then as rare as e^{-BELOW}. Looks before the age `settled` (in looks since
    the last start) are not counted, nor are crossings at them: what is left is the rate out of the
    quasi-stationary state, whatever the start and wherever the line is drawn.
    """
    cell = {name: values[0] for name, values in cells.items()}
    key = jax.random.fold_in(jax.random.key(seed), cell["index"])
    energy = tp.PopulationLoss(jnp.array([1.0, cell["relative_importance"]]), cell["density"])
    start = jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (replicas, *leaf.shape)),
        params(jnp.asarray(cell["start"]), 2),
    )
    heat, h = jnp.asarray(cell["temperature"]), jnp.asarray(cell["step"])
    line = jnp.asarray(cell["pass_loss"] - BELOW * cell["temperature"])
    y, ages = start, np.zeros(replicas, int)
    crossings, looks, dead = np.zeros(2, int), 0, 0
    for block in range(cell["blocks"]):
        keys = jax.random.split(jax.random.fold_in(key, block), replicas)
        y, places = _program()(energy, y, keys, heat, h, line)
        counted, over, crossed = _count(np.asarray(places), ages, cell["settled"])
        crossings, looks, dead = crossings + over, looks + counted, dead + _dead(y)
        y = jax.tree.map(lambda new, old: _where(crossed, old, new), y, start)  # noqa: B023
        ages = np.where(crossed, 0, ages + KEPT)
    finite = all(bool(jnp.all(jnp.isfinite(leaf))) for leaf in jax.tree.leaves(y))
    return {
        "crossings": crossings[None],
        "looks": np.array([looks]),
        "dead": np.array([dead]),
        "result": np.array([MINIMUM if finite else SOLVER_FAILED], np.int32),
    }


def _count(
    places: np.ndarray, ages: np.ndarray, settled: int
) -> tuple[int, np.ndarray, np.ndarray]:
    """Looks that count, crossings over either pass at them, and which replicas crossed at all."""
    found = places != INSIDE
    crossed = found.any(axis=1)
    first = np.where(crossed, found.argmax(axis=1), KEPT)
    look = np.arange(KEPT)
    counted = (look <= first[:, None]) & (ages[:, None] + look >= settled)
    over = [int(np.sum(counted & (places == side))) for side in (OVER_1, OVER_2)]
    return int(counted.sum()), np.array(over), crossed


def _where(chosen: np.ndarray, yes: jax.Array, no: jax.Array) -> jax.Array:
    return jnp.where(jnp.asarray(chosen).reshape(-1, *[1] * (no.ndim - 1)), yes, no)


def _dead(y: Params) -> int:
    """How many replicas have an output that is never active: trapped where the loss is flat."""
    w, b = np.asarray(y[0])[:, 0], np.asarray(y[1])
    reach = b + np.maximum(w[:, :, None] * w[:, None, :], 0).sum(axis=2)
    return int(np.any(reach <= 0, axis=1).sum())
