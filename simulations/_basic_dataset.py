"""Stages and labelled dataset of the basic results; names of system n begin with `n{n}_`."""

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

import tms_physics as tp
from theory import linear_flow

from ._networks import Size, minimised, trained
from ._sweep import Stage

if TYPE_CHECKING:
    from .basic_results import Config

Arrays = Mapping[str, np.ndarray]
REPRESENTED = 0.5  # norm ‖W_i‖ at and above which a feature counts as represented
SUPERPOSED = 0.1  # interference at and above which a represented feature is in superposition
RECOVERED = 0.5  # R_i² at and above which it counts as recovered
_RTOL = 1e-6  # of the loss while it is minimised; the end is judged to 1e-8
_ONE = {"units": "1"}


def stages(config: "Config") -> list[Stage]:
    """For each system minimised, then trained networks: all starts of a density together."""
    cells = {"density": np.repeat(config.densities, config.starts)}
    found = []
    for n, m, decay in config.systems:
        common = {"size": Size(n, m, decay), "seed": config.seed}
        exact = functools.partial(minimised, **common, evaluations=config.evaluations, rtol=_RTOL)
        sampled = functools.partial(
            trained,
            **common,
            steps=config.steps,
            batch=config.batch,
            learning_rate=config.learning_rate,
        )
        found += [
            Stage(f"minimised_{n}", cells, exact, 1),
            Stage(f"trained_{n}", cells, sampled, 1),
        ]
    return found


def build(config: "Config", results: Sequence[Arrays]) -> xr.Dataset:
    """The best network of every density, its order parameters, and the linear model's.

    The best of all starts, minimised or trained: none is known to be the ground state.
    """
    coordinate = ("density", np.array(config.densities), {"long_name": "density p"} | _ONE)
    attrs = {
        "sizes": [n for n, _, _ in config.systems],
        "represented": REPRESENTED,
        "superposed": SUPERPOSED,
        "recovered": RECOVERED,
    }
    dataset = xr.Dataset(coords={"density": coordinate}, attrs=attrs)
    for (n, m, decay), exact, sampled in zip(
        config.systems, results[0::2], results[1::2], strict=True
    ):
        dataset = dataset.merge(_system(config, Size(n, m, decay), exact, sampled))
    return dataset


def _system(config: "Config", size: Size, exact: Arrays, sampled: Arrays) -> xr.Dataset:
    grid = (len(config.densities), config.starts)
    losses, found = exact["loss"].reshape(grid), _best(grid, exact, sampled)
    W, b, outputs = (found[name] for name in ("W", "b", "outputs"))
    p = np.array(config.densities)
    linear_W = np.eye(size.m, size.n)  # the m most important features, each for itself
    variance = linear_flow.feature_variance(p)
    values = {
        "loss": (("density", "start"), losses),
        "converged": (("density", "start"), exact["converged"].reshape(grid).astype(np.int8)),
        "trained_loss": (("density", "start"), sampled["loss"].reshape(grid)),
        "best_loss": (("density",), found["loss"]),
        "best_error": (("density",), found["error"]),
        "W": (("density", "hidden", "feature"), W),
        "b": (("density", "feature"), b),
        "norm": (("density", "feature"), _each(tp.feature_norms, W)),
        "interference": (("density", "feature"), _each(tp.interference, W)),
        "recovery": (("density", "feature"), 1 - outputs / variance[:, None]),
        "importance": (("feature",), size.importance),
        "linear_W": (("hidden", "feature"), linear_W),
        "linear_b": (("density", "feature"), np.outer(p / 2, np.arange(size.n) >= size.m)),
        "linear_loss": (
            ("density",),
            np.array([linear_flow.linear_optimum(size.m, size.importance, q) for q in p]),
        ),
    }
    named = {}
    for name, (dims, array) in values.items():
        own = [dim if dim in ("density", "start") else f"n{size.n}_{dim}" for dim in dims]
        named[f"n{size.n}_{name}"] = (own, array, {"long_name": _TEXTS[name]} | _ONE)
    return xr.Dataset(named)


def _best(grid: tuple[int, int], exact: Arrays, sampled: Arrays) -> dict[str, np.ndarray]:
    """Of each density, the network of the lowest loss among both kinds."""
    names = ("loss", "error", "W", "b", "outputs")
    both = {
        name: np.concatenate(
            [each[name].reshape(*grid, *each[name].shape[1:]) for each in (exact, sampled)], axis=1
        )
        for name in names
    }
    lowest = np.argmin(np.where(np.isfinite(both["loss"]), both["loss"], np.inf), axis=1)
    return {name: values[np.arange(grid[0]), lowest] for name, values in both.items()}


_TEXTS = {
    "loss": "exact population loss of each minimised network",
    "converged": "1 where the loss no longer falls",
    "trained_loss": "exact population loss of each network trained with AdamW",
    "best_loss": "exact population loss of the best network, minimised or trained",
    "best_error": "estimated error of that loss",
    "W": "weights of the best network",
    "b": "biases of the best network",
    "norm": "norm of each feature",
    "interference": "superposition of each feature, the sum of squared overlaps of the others",
    "recovery": "R² of each feature",
    "importance": "importance",
    "linear_W": "weights of the best linear model",
    "linear_b": "biases of the best linear model",
    "linear_loss": "loss of the best linear model",
}


def _each(observable, W: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(observable(each)) for each in W])
