"""Stages and labelled dataset of overcomplete recovery."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

import jax
import numpy as np
import xarray as xr

import tms_physics as tp
from theory import linear_flow, mean_field
from theory.bounds import (
    compressed_sensing_density,
    compressed_sensing_dimensions,
    linear_recovered,
)

from ._networks import Size, minimised, trained
from ._seriation import order
from ._sweep import Stage

if TYPE_CHECKING:
    from .overcomplete import Config

KINDS = ("minimised", "trained")
THRESHOLDS = np.round(np.arange(0.5, 0.995, 0.01), 2)
_RTOL = 1e-6  # of the loss while it is minimised; the end is judged to 1e-8
_BETWEEN = 3  # steps of theory's curves from one density to the next
_CELL = ("network", "density", "start")
_ONE = {"units": "1"}


def stages(config: "Config") -> tuple[Stage, Stage]:
    """A network a cell: all starts of a density next to each other, the same in both stages."""
    cells = {"density": np.repeat(config.axis(), config.starts)}
    size = Size(config.features, config.dimensions)
    exact = functools.partial(
        minimised, size=size, seed=config.seed, evaluations=config.evaluations, rtol=_RTOL
    )
    sampled = functools.partial(
        trained,
        size=size,
        seed=config.seed,
        steps=config.steps,
        batch=config.batch,
        learning_rate=config.learning_rate,
    )
    return Stage("minimised", cells, exact, 1), Stage("trained", cells, sampled, 1)


def build(
    config: "Config", exact: Mapping[str, np.ndarray], sampled: Mapping[str, np.ndarray]
) -> xr.Dataset:
    """R² of every feature of every network, ΣR², counts, sorted Gram matrices, and theory."""
    data = {}
    for name, more in (
        ("W", ("hidden", "feature")),
        ("b", ("feature",)),
        ("outputs", ("feature",)),
        ("loss", ()),
        ("error", ()),
        ("result", ()),
    ):
        both = np.stack([_grid(config, each[name]) for each in (exact, sampled)])
        data[name] = ((*_CELL, *more), both, _TEXTS[name])
    data["converged"] = (("density", "start"), _grid(config, exact["converged"]).astype(np.int8))
    ratio = config.dimensions / config.features
    attrs = {
        "linear_bound": config.dimensions,
        "compressed_sensing_density": compressed_sensing_density(ratio),
    }
    dataset = xr.Dataset(data, _coordinates(config), attrs)
    dataset["converged"].attrs["long_name"] = "1 where the minimised loss no longer falls"
    dataset = dataset.merge(_recovery(dataset))
    return dataset.merge(_grams(dataset)).merge(_theory(config))


_TEXTS = {
    "W": {"long_name": "weights"} | _ONE,
    "b": {"long_name": "biases"} | _ONE,
    "outputs": {"long_name": "loss of each output, E(x_i - x'_i)²"} | _ONE,
    "loss": {"long_name": "exact population loss"} | _ONE,
    "error": {"long_name": "estimated error of the loss"} | _ONE,
    "result": {"long_name": "0 where the network is finite"},
}


def _grid(config: "Config", rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows).reshape(config.densities, config.starts, *rows.shape[1:])


def _coordinates(config: "Config") -> dict[str, tuple]:
    return {
        "network": ("network", list(KINDS)),
        "density": ("density", config.axis(), {"long_name": "density p"} | _ONE),
        "threshold": ("threshold", THRESHOLDS, {"long_name": "threshold on R²"} | _ONE),
    }


def _recovery(dataset: xr.Dataset) -> xr.Dataset:
    """R², its sum n - L/V with the error of the loss over V, and counts of R² >= threshold."""
    variance = linear_flow.feature_variance(dataset["density"])
    shape = dataset["outputs"].shape
    spread = np.broadcast_to(variance[:, None, None], shape[1:])
    rows = np.broadcast_to(spread, shape).reshape(-1, shape[-1])
    values = jax.vmap(tp.recovery)(dataset["outputs"].values.reshape(rows.shape), rows)
    r2 = np.asarray(values).reshape(shape)
    counts = np.sum(r2[..., None] >= dataset["threshold"].values, axis=-2)
    scale = variance[:, None]
    total = shape[-1] - dataset["loss"].values / scale
    found = {
        "recovery": ((*_CELL, "feature"), r2, {"long_name": "R² of each feature"} | _ONE),
        "recovery_sum": (_CELL, total, {"long_name": "sum of R²"} | _ONE),
        "recovery_sum_error": (
            _CELL,
            dataset["error"].values / scale,
            {"long_name": "estimated error of the sum of R²"} | _ONE,
        ),
        "recovered": (
            (*_CELL, "threshold"),
            counts,
            {"long_name": "features with R² at or above the threshold"} | _ONE,
        ),
    }
    return xr.Dataset(found)


def _grams(dataset: xr.Dataset) -> xr.Dataset:
    """WᵀW of the lowest minimised network of each density, related features side by side."""
    ours = dataset.sel(network="minimised")
    best = ours["loss"].fillna(np.inf).argmin("start").values
    grams = []
    for k, start in enumerate(best):
        W = ours["W"].values[k, start]
        at = order(W) if np.isfinite(W).all() else np.arange(W.shape[1])
        grams.append((W.T @ W)[np.ix_(at, at)])
    text = {"long_name": "WᵀW of the best minimised network, features sorted"} | _ONE
    return xr.Dataset({"gram": (("density", "sorted", "sorted_too"), np.array(grams), text)})


def _theory(config: "Config") -> xr.Dataset:
    """Curves over a finer density axis: mean field and compressed sensing; the linear model."""
    n, m = config.features, config.dimensions
    ratio = m / n
    fine = np.geomspace(*config.density, _BETWEEN * (config.densities - 1) + 1)
    stored = [mean_field.partial_storage_loss(ratio, p) for p in fine]
    values = {
        "mean_field_sum": (fine, stored, "sum of R² of the mean field, features may be dropped"),
        "equal_mean_field_sum": (
            fine,
            [mean_field.loss(ratio, p).loss for p in fine],
            "sum of R² of the mean field, all features alike",
        ),
    }
    dataset = {
        name: (
            "curve_density",
            n - n * np.array(losses) / linear_flow.feature_variance(p),
            {"long_name": text} | _ONE,
        )
        for name, (p, losses, text) in values.items()
    }
    dataset["compressed_sensing_dimensions"] = (
        "curve_density",
        compressed_sensing_dimensions(n, n * fine),
        {"long_name": "dimensions for exact recovery by a linear program, k = n p"} | _ONE,
    )
    dataset["linear_recovered"] = (
        "threshold",
        linear_recovered(n, m, THRESHOLDS),
        {"long_name": "most features of a linear model at or above the threshold"} | _ONE,
    )
    dataset["linear_sum"] = ("density", _linear_sums(config), {"long_name": _LINEAR} | _ONE)
    coordinate = ("curve_density", fine, {"long_name": "density p"} | _ONE)
    return xr.Dataset(dataset, {"curve_density": coordinate})


_LINEAR = "sum of R² of the best linear model, a random projection of rank m"


def _linear_sums(config: "Config") -> np.ndarray:
    rng = np.random.default_rng(config.seed)
    rows = np.linalg.qr(rng.normal(size=(config.features, config.dimensions)))[0].T
    return np.array([linear_flow.recovery(rows, density=p).sum() for p in config.axis()])
