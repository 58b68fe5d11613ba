"""The two stages of the learning dynamics: the flow with its saddles, and the trained networks."""

import functools
from typing import TYPE_CHECKING, Any

import jax.numpy as jnp
import numpy as np

from . import _learning_flow as flows
from . import _learning_training as training
from ._learning_saddles import KEPT, Landscape, examined
from ._networks import Size
from ._sweep import Stage

if TYPE_CHECKING:
    from .learning_dynamics import Config

Rows = dict[str, Any]
FIRST_TIME = 1.0
PLATEAUS = 32  # kept at most
_SAVED = 150  # states of a training


def stages(config: "Config") -> tuple[Stage, Stage]:
    """One flow; one cell for each trainer."""
    flow = functools.partial(_flow, config)
    train = functools.partial(_train, config)
    names = np.arange(len(training.TRAINERS))
    return (
        Stage("flow", {"seed": np.array([config.seed])}, flow, 1),
        Stage("trained", {"trainer": names}, train, 1),
    )


def size(config: "Config") -> Size:
    return Size(config.features, config.hidden, config.decay)


def times(config: "Config") -> np.ndarray:
    """0, then equal factors from 1 to the last time."""
    return np.concatenate([[0.0], np.geomspace(FIRST_TIME, config.last_time, config.times - 1)])


def _flow(config: "Config", cells: Rows) -> Rows:
    own, ratio = size(config), config.plateau_ratio
    y0 = flows.start(own, config.scale, config.seed)
    limits = {"last_time": config.last_time, "step": config.step}
    path = flows.followed(y0, own, config.density, **limits)
    ends = flows.plateaus(path["speeds"], ratio)[:PLATEAUS]
    got: Rows = {"plateaus": len(ends), "ends": np.full((3, PLATEAUS), np.nan)}
    got["ends"][:, : len(ends)] = path["times"][ends.T]
    got["entered_states"] = np.full((PLATEAUS, len(y0)), np.nan)
    got["left_speeds"] = np.full(PLATEAUS, np.nan)
    if len(ends):
        got["entered_states"][: len(ends)] = path["states"][ends[:, 0]]
        got["left_speeds"][: len(ends)] = path["speeds"][ends[:, 2]]
    kept = np.unique(np.searchsorted(path["times"], times(config)).clip(max=len(path["times"]) - 1))
    kept = kept[np.minimum(np.arange(config.times), len(kept) - 1)]  # padded by the last one
    got |= {name: path[name][kept] for name in ("times", "states", "energies", "speeds")}
    got |= {"end": path["states"][-1], "result": path["result"]}
    land = landscape(own, config.density)
    rows = [examined(land, *path["states"][each]) for each in ends]
    got |= _padded(rows, len(y0))
    return {name: np.asarray(value)[None] for name, value in got.items()}


def landscape(own: Size, density: float) -> Landscape:
    weights, p = jnp.asarray(own.importance), jnp.full(own.n, density)
    slope, bend = flows.loss_and_gradient(own.n), flows.hessian(own.n)
    return Landscape(
        lambda y: np.asarray(slope(jnp.asarray(y), weights, p)[1]),
        lambda y: np.asarray(bend(jnp.asarray(y), weights, p)),
        own.m,
        own.n,
    )


def _padded(rows: list[Rows], length: int) -> Rows:
    """What is known of each saddle, padded to 32 rows."""
    blank = {
        "saddle": np.full(length, np.nan),
        "index": 0,
        "index_entering": 0,
        "eigenvalues": np.full(KEPT, np.nan),
        "eigenvalues_entering": np.full(KEPT, np.nan),
    }
    names = ("gradient", "moved", "amplitude", "leaving_share", "predicted", "predicted_all")
    names += ("unsettled", "rate", "left_amplitude")
    blank |= dict.fromkeys(names, np.nan)
    padded = rows + [blank] * (PLATEAUS - len(rows))
    return {f"saddle_{name}": np.array([row[name] for row in padded]) for name in blank}


def _train(config: "Config", cells: Rows) -> Rows:
    own, k = size(config), int(cells["trainer"][0])
    rate = (config.adam_rate, config.sgd_rate)[k]
    steps = (config.adam_steps, int(np.ceil(config.last_time / config.sgd_rate)))[k]
    kept = training.save_steps(steps, _SAVED)
    y0 = flows.start(own, config.scale, config.seed)
    states = training.path(
        training.TRAINERS[k], y0, own, config.density,
        rate=rate, kept=kept, batch=config.batch, seed=config.seed,
    )  # fmt: skip
    slope = flows.loss_and_gradient(own.n)
    weights, p = jnp.asarray(own.importance), jnp.full(own.n, config.density)
    losses = np.array([float(slope(jnp.asarray(y), weights, p)[0]) for y in states])
    rows = np.arange(_SAVED + 1)
    last = np.minimum(rows, len(kept) - 1)  # padded by the last state
    return {
        "states": states[last][None],
        "energies": losses[last][None],
        "times": (rate * kept)[last][None],
        "result": np.array([int(not np.all(np.isfinite(losses)))]),
    }
