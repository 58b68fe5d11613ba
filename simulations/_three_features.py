"""Three features in two dimensions: its solvers, compiled once and called chunk by chunk.

A state is the row of W (2, 3), row by row, and b. Its Hessians cost a hundred times those of two
features in one dimension, and a batch waits for its slowest row. So rows go through the programs
in short segments, those that are done making room for others, and only distinct ends are examined
for stability.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tms_physics as tp
from tms_physics.dynamics.result import NOT_POLISHED, SADDLE

from . import _programs as programs
from . import _three_programs as compiled
from ._programs import ESCAPES, Rows
from ._system import System
from ._three_states import distinct_in_cells, folded, oriented, seeds

DESCENT_ROWS, FLOW_ROWS, TRAIN_ROWS = 1024, 512, 36
_SEGMENTS, _FLOW_SEGMENTS = 25, 100  # how often a row may go through a program

energies = functools.partial(programs.energies, n=3)
starts = functools.partial(programs.starts, n=3, m=2)


@functools.cache
def prepare_flow() -> None:
    """Compile `flow` in the background."""
    programs.beside(compiled.flow)


def _taken(cells: Rows, which: np.ndarray) -> Rows:
    names = ("density", "relative_importance", "last_density")
    return {name: cells[name][which] for name in names if name in cells}


def _in_lanes(program: Any, cells: Rows, y: np.ndarray, which: np.ndarray, lanes: int) -> Rows:
    """A program on some rows, as often as it takes; the last batch is padded."""
    parts: list[Rows] = []
    for first in range(0, len(which), lanes):
        batch = np.resize(which[first : first + lanes], lanes)
        out = program(energies(_taken(cells, batch)), jnp.asarray(y[batch]))
        parts.append({name: np.asarray(values) for name, values in out.items()})
    return {name: np.concatenate([part[name] for part in parts])[: len(which)] for name in parts[0]}


def _pooled(
    build: Callable[[], Any], cells: Rows, y: np.ndarray, *, lanes: int, segments: int
) -> Rows:
    """Every row through a program until it is no longer `going`, in full batches of `lanes`.

    Each batch takes the rows that have had the fewest segments so far, so that the slow ones end
    up together and no others wait for them.
    """
    state, done = np.array(y), np.zeros(len(y), int)
    out: Rows = {}
    going = np.ones(len(y), bool)
    while going.any():
        waiting = np.flatnonzero(going)
        which = waiting[np.argsort(done[waiting], kind="stable")][:lanes]
        part = _in_lanes(build(), cells, state, which, lanes)
        for name, values in part.items():
            out.setdefault(name, np.zeros((len(y), *values.shape[1:]), values.dtype))
            out[name][which] = values
        state[which] = part["state"]
        done[which] += 1
        going[which] = part["going"] & (done[which] < segments)
    return out


def _once_each(solve: Callable[[Rows], Rows], cells: Rows) -> Rows:
    """`solve` without the copies of the last row that fill up a chunk."""
    _, first, back = np.unique(cells["index"], return_index=True, return_inverse=True)
    out = solve({name: values[first] for name, values in cells.items()})
    return {name: values[back] for name, values in out.items()}


def descend(cells: Rows) -> Rows:
    """Minimise each row from `start`; of ends that agree, one is examined for stability.

    `minimum` tells minima from other stationary states; neither is a failure of the search.
    """
    return _once_each(_descend, cells)


def lowest(cells: Rows) -> Rows:
    """`descend`, but only the lowest minimum of each cell is examined and marked `minimum`."""
    return _once_each(lambda rows: _descend(rows, only_lowest=True), cells)


def _descend(cells: Rows, *, only_lowest: bool = False) -> Rows:
    out = _pooled(compiled.descent, cells, cells["start"], lanes=compiled.LANES, segments=_SEGMENTS)
    stationary = out["gradient_norm"] <= compiled.TOLERANCE
    out["state"] = folded(out["state"])
    out["invariant"] = SYSTEM.invariants(out["state"])
    groups = distinct_in_cells(cells, out, stationary)
    examine = _examine_lowest if only_lowest else _examine_all
    out |= examine(cells, out["state"], groups)
    del out["going"]
    return out | {"result": np.where(stationary, 0, NOT_POLISHED).astype(np.int32)}


Groups = list[list[np.ndarray]]  # for each cell, the rows of each distinct end, lowest first


def _examine(cells: Rows, states: np.ndarray, groups: list[np.ndarray], out: Rows) -> None:
    """Stability and phase of the first row of each group, written to all its rows."""
    if groups:
        first = np.array([group[0] for group in groups])
        found = _in_lanes(compiled.stability(), cells, states, first, compiled.EXAMINED)
        for name, values in found.items():
            for group, value in zip(groups, values, strict=True):
                out[name][group] = value


def _unexamined(count: int) -> Rows:
    return {
        "curvature": np.full(count, np.nan),
        "minimum": np.zeros(count, bool),
        "phase": np.full(count, -1, np.int32),
    }


def _examine_all(cells: Rows, states: np.ndarray, groups: Groups) -> Rows:
    out = _unexamined(len(states))
    _examine(cells, states, [group for cell in groups for group in cell], out)
    return out


def _examine_lowest(cells: Rows, states: np.ndarray, groups: Groups) -> Rows:
    """From the lowest end of each cell upwards, until a minimum is met."""
    out = _unexamined(len(states))
    left = groups
    while left := [cell for cell in left if cell]:
        _examine(cells, states, [cell[0] for cell in left], out)
        left = [cell[1:] for cell in left if not out["minimum"][cell[0][0]]]
    return out


def flow(cells: Rows, *, seed: int) -> Rows:
    """Gradient flow of the exact loss from Xavier starts.

    As with two features: a flow can end for good at a state that attracts from one side only,
    such as a dropped feature. It is moved along the most unstable direction, `escapes` counts it.
    """
    return _once_each(lambda rows: _flow(rows, seed), cells)


def _flow(cells: Rows, seed: int) -> Rows:
    def follow(which: np.ndarray, y: np.ndarray) -> Rows:
        rows = _taken(cells, which)
        return _pooled(compiled.flow, rows, y, lanes=compiled.FLOWS, segments=_FLOW_SEGMENTS)

    count = len(cells["index"])
    out = follow(np.arange(count), np.asarray(starts(seed, cells["index"])))
    escapes = np.zeros(count, np.int32)
    for _ in range(ESCAPES):
        stuck = np.flatnonzero(out["result"] == SADDLE)
        if not len(stuck):
            break
        moved = (out["state"] + np.asarray(programs.kick(out)))[stuck]
        for name, values in follow(stuck, moved).items():
            out[name][stuck] = values
        escapes[stuck] += 1
    phase = _phases(folded(out["state"]))
    for name in ("direction", "going"):
        del out[name]
    basin = {"basin_loss": out["loss"], "basin_state": out["state"]}
    return out | basin | {"phase": phase, "escapes": escapes}


def _phases(states: np.ndarray) -> np.ndarray:
    return np.asarray(
        jax.vmap(lambda y: tp.three_feature_phase(compiled.params(y)[0]))(jnp.asarray(states))
    )


def train(cells: Rows, *, seed: int, steps: int, batch: int) -> Rows:
    """AdamW on samples, then the minimum of the exact loss in whose basin it ended."""
    y0 = starts(seed, cells["index"])
    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed + 1), cells["index"])
    end = compiled.training(len(y0), steps, batch)(energies(cells), y0, keys)
    out = jax.tree.map(np.asarray, end)
    return programs.trained_ends(out, descend(cells | {"start": out["state"]}))


SYSTEM = System(
    features=3,
    hidden=2,
    phase_names=tp.THREE_PHASE_NAMES,
    parameters="W row by row, b",
    descent_rows=DESCENT_ROWS,
    flow_rows=FLOW_ROWS,
    train_rows=TRAIN_ROWS,
    chunks_at_once=lambda: 1,
    prepare_flow=prepare_flow,
    descend=descend,
    lowest=lowest,
    flow=flow,
    train=train,
    seeds=seeds,
    oriented=oriented,
    folded=folded,
    mirrored=lambda rows, r: rows,
)
