"""Losses over the hidden dimension, of networks and of theory."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from theory import mean_field
from theory.linear_flow import feature_variance

from ._networks import Size, densities, minimised, trained
from ._sweep import Stage

if TYPE_CHECKING:
    from .scaling import Config

_STORED = 0.5  # ‖W_i‖² above which a feature is stored
_LOSS = {"long_name": "exact loss, summed over features", "units": "1"}
_COUNT = {"long_name": f"features with squared norm above {_STORED}", "units": "1"}


def first_density(config: "Config", slope: float) -> float:
    """p_1 of p_i = p_1 i^-α with Σ p_i as the config says."""
    return config.active / float(densities(Size(config.n, 1), 1.0, slope).sum())


def _size(config: "Config") -> Size:
    return Size(config.n, max(config.hidden))


def trained_stage(config: "Config") -> Stage:
    """One cell for each slope, weight decay and m."""
    axes = (config.slope, config.weight_decay, config.hidden)
    slope, decay, hidden = (axis.ravel() for axis in np.meshgrid(*axes, indexing="ij"))
    cells = {
        "density": np.array([first_density(config, a) for a in slope]),
        "slope": slope,
        "weight_decay": decay,
        "hidden": hidden,
    }
    options = {"steps": config.steps, "batch": config.batch, "learning_rate": config.learning_rate}
    solve = functools.partial(trained, size=_size(config), seed=config.seed, **options)
    return Stage("trained", cells, solve, 1)


def equal_stage(config: "Config") -> Stage:
    """One cell for each m."""
    hidden = np.array(config.hidden)
    cells = {"density": np.full(len(hidden), config.equal_density), "hidden": hidden}
    options = {"evaluations": config.evaluations, "rtol": config.rtol}
    solve = functools.partial(minimised, size=_size(config), seed=config.seed, **options)
    return Stage("equal", cells, solve, 1)


def build(
    config: "Config", networks: Mapping[str, np.ndarray], equal: Mapping[str, np.ndarray]
) -> xr.Dataset:
    """Losses with the numbers of stored features, and the losses of theory beside them."""
    shape = (len(config.slope), len(config.weight_decay), len(config.hidden))
    cell = ("slope", "weight_decay", "hidden")
    data: dict[str, Any] = {
        "loss": (cell, networks["loss"].reshape(shape), _LOSS),
        "error": (cell, networks["error"].reshape(shape), {"long_name": "estimated error of it"}),
        "stored": (cell, _stored(networks["W"]).reshape(shape), _COUNT),
        "overlap": (cell, _overlap(networks["W"]).reshape(shape), _OVERLAP),
        "equal_loss": ("hidden", equal["loss"], _LOSS),
        "equal_stored": ("hidden", _stored(equal["W"]), _COUNT),
        "equal_overlap": ("hidden", _overlap(equal["W"]), _OVERLAP),
        "equal_converged": ("hidden", equal["converged"].astype(int), {"long_name": "converged"}),
        "linear_loss": (("slope", "hidden"), _linear(config), _LOSS | {"model": "linear"}),
    }
    for name, values in _mean_field(config).items():
        data[name] = ("hidden", values, _LOSS)
    coords = {
        "slope": ("slope", list(config.slope), {"long_name": "α of the densities", "units": "1"}),
        "weight_decay": ("weight_decay", list(config.weight_decay), {"long_name": "λ of AdamW"}),
        "hidden": ("hidden", list(config.hidden), {"long_name": "hidden dimensions m"}),
    }
    attrs = {"n": config.n, "equal_density": config.equal_density, "active": config.active}
    return xr.Dataset(data, coords, attrs)


_OVERLAP = {"long_name": "mean squared cosine between stored features", "units": "1"}


def _stored(W: np.ndarray) -> np.ndarray:
    return np.sum(np.sum(W**2, axis=1) > _STORED, axis=-1)


def _overlap(W: np.ndarray) -> np.ndarray:
    """Mean of (Ŵ_i·Ŵ_j)² over pairs of stored features, 1/m for random directions; NaN if alone."""
    out = np.full(len(W), np.nan)
    for k, each in enumerate(W):
        kept = each[:, np.sum(each**2, axis=0) > _STORED]
        count = kept.shape[1]
        if count > 1:
            unit = kept / np.linalg.norm(kept, axis=0)
            out[k] = (np.sum((unit.T @ unit) ** 2) - count) / (count * (count - 1))
    return out


def _linear(config: "Config") -> np.ndarray:
    """Σ_{i>m} v_i: the linear model keeps the m features of largest variance v = p/3 - p²/4."""
    rows = []
    for slope in config.slope:
        p = densities(Size(config.n, 1), first_density(config, slope), slope)
        variance = np.sort(feature_variance(p))[::-1]
        rows.append([variance[m:].sum() for m in config.hidden])
    return np.array(rows)


def _mean_field(config: "Config") -> dict[str, np.ndarray]:
    n, p = config.n, config.equal_density
    ratios = [m / n for m in config.hidden]
    return {
        "mean_field_loss": np.array([n * mean_field.loss(ratio, p).loss for ratio in ratios]),
        "partial_storage_loss": n
        * np.array([mean_field.partial_storage_loss(ratio, p) for ratio in ratios]),
    }
