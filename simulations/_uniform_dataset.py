"""Networks of equal features over the density, and what theory has beside them."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

import tms_physics as tp
from theory import mean_field, two_features
from theory.linear_flow import feature_variance

from ._networks import Rows, Size, minimised, trained
from ._sweep import Stage

if TYPE_CHECKING:
    from .uniform_superposition import Config

KINDS = ("trained", "minimum")
_LINE_POINTS = 25
_DENSEST = 0.98  # at p = 1 pairs are no better than any other m features


def stage(config: "Config") -> Stage:
    """One cell for each density."""
    p = np.geomspace(*config.density, config.densities)
    return Stage("networks", {"density": p}, functools.partial(networks, config=config), 1)


def networks(cells: Rows, *, config: "Config") -> Rows:
    """A trained network and the lower of two minima of the exact loss, polished, for each cell.

    `minimum_losses` are those from random weights and from the trained network after half of the
    evaluations.
    """
    size, seed = Size(config.n, config.m), config.seed
    descend = functools.partial(minimised, size=size, seed=seed, rtol=config.rtol)
    options = {"steps": config.steps, "batch": config.batch, "learning_rate": config.learning_rate}
    network = trained(cells, size=size, seed=seed, **options)
    half = config.evaluations // 2
    ends = [
        descend(given, evaluations=half)
        for given in (cells, cells | {name: network[name] for name in ("W", "b")})
    ]
    losses = np.stack([end["loss"] for end in ends], axis=1)
    lower = np.argmin(np.where(np.isfinite(losses), losses, np.inf), axis=1)
    best = {name: np.stack([end[name] for end in ends], axis=1) for name in ("W", "b")}
    best = {name: values[np.arange(len(lower)), lower] for name, values in best.items()}
    minimum = descend(cells | best, evaluations=config.evaluations)
    names = ("W", "b", "loss", "error")
    both = {name: np.stack([network[name], minimum[name]], axis=1) for name in names}
    spent = sum(end["evaluations"] for end in (*ends, minimum))
    return both | {
        "minimum_losses": losses,
        "evaluations": spent,
        "converged": minimum["converged"],
        "result": np.maximum(network["result"], minimum["result"]),
    }


def build(config: "Config", stage: Stage, rows: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Norms and dimensionalities of every feature, D* and losses of every network, and theory."""
    p = stage.cells["density"]
    W = np.moveaxis(rows["W"], 1, 0)
    flat = W.reshape(-1, config.m, config.n)
    per_feature = {
        "dimensionality": [tp.feature_dimensionality(each) for each in flat],
        "norm": [tp.feature_norms(each) for each in flat],
    }
    network, shape = ("kind", "density"), W.shape[:2]
    data: dict[str, Any] = {
        name: ((*network, "feature"), np.reshape(np.array(values), (*shape, -1)), _TEXTS[name])
        for name, values in per_feature.items()
    }
    stars = np.array([tp.dimensions_per_feature(each) for each in flat]).reshape(shape)
    data["dimensions_per_feature"] = (network, stars, _TEXTS["dimensions_per_feature"])
    data["weights"] = ((*network, "hidden", "feature"), W, _TEXTS["weights"])
    data["bias"] = ((*network, "feature"), np.moveaxis(rows["b"], 1, 0), _TEXTS["bias"])
    for name in ("loss", "error"):
        data[name] = (network, rows[name].T, _TEXTS[name])
    data["minimum_losses"] = (("density", "start"), rows["minimum_losses"], _TEXTS["loss"])
    for name in ("evaluations", "converged", "result"):
        data[name] = ("density", rows[name].astype(int), _TEXTS[name])
    coords = {
        "kind": ("kind", list(KINDS)),
        "start": ("start", ["random", "trained"]),
        "density": ("density", p, {"long_name": "density p", "units": "1"}),
    }
    return xr.Dataset(data, coords).merge(theory_lines(config.n, config.m, config.density))


_TEXTS = {
    "dimensionality": {"long_name": "dimensionality of the feature", "units": "1"},
    "norm": {"long_name": "norm of the feature", "units": "1"},
    "dimensions_per_feature": {"long_name": "dimensions per feature, m over squared norm of W"},
    "weights": {"long_name": "weights W", "units": "1"},
    "bias": {"long_name": "biases b", "units": "1"},
    "loss": {"long_name": "exact loss, summed over features", "units": "1"},
    "error": {"long_name": "estimated error of the loss", "units": "1"},
    "evaluations": {"long_name": "evaluations of the exact loss", "units": "1"},
    "converged": {"long_name": "1 where the loss no longer fell", "units": "1"},
    "result": {"long_name": "0 where all is finite", "units": "1"},
}
STATES = ("pairs", "mean_field")


def theory_lines(n: int, m: int, ends: tuple[float, float]) -> xr.Dataset:
    """Losses and D* of `state` over a grid of densities, for the two states of theory."""
    p = np.geomspace(min(max(ends), _DENSEST), min(ends), _LINE_POINTS)
    values = np.array([[state(n, m, float(x)) for x in p] for state in (pairs, equal)])
    lines = {"line_loss": (0, "loss"), "line_dimensions_per_feature": (1, "D*")}
    data = {
        name: (("state", "line_density"), values[:, :, k], {"long_name": f"{text} of theory"})
        for name, (k, text) in lines.items()
    }
    coords = {
        "line_density": ("line_density", p, {"long_name": "density p", "units": "1"}),
        "state": ("state", list(STATES)),
    }
    return xr.Dataset(data, coords)


@functools.cache
def pairs(n: int, m: int, p: float) -> tuple[float, float]:
    """Loss and D* of m exact pairs in dimensions of their own, all other features dropped."""
    state = two_features.ground_state(p, 1.0)
    dropped = (n - 2 * m) * float(feature_variance(p))
    return m * state.loss + dropped, 1 / float(np.sum(np.square(state.weights)))


@functools.cache
def equal(n: int, m: int, p: float) -> tuple[float, float]:
    """Loss and D* of the mean field with the best share of the features dropped.

    `theory.mean_field.partial_storage_loss`, with the share that it stores.
    """
    ratio = max(m / n, mean_field.storage_ratio(p))
    state, dropped = mean_field.loss(ratio, p), float(feature_variance(p))
    loss = n * dropped - m / ratio * (dropped - state.loss)
    return loss, ratio / state.a
