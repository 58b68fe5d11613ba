"""Stage of the symmetric pieces, and the labelled dataset of what they save per dimension."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.interpolate import CubicSpline

from theory import mean_field
from theory.linear_flow import feature_variance

from . import _plateaus_pieces as pieces
from ._sweep import Stage

if TYPE_CHECKING:
    from .dimension_plateaus import Config

_FINE = 20_001  # densities at which the best piece is told


def stage(config: "Config") -> Stage:
    """One cell a density."""
    return Stage("pieces", {"density": densities(config)}, pieces.solve, 1)


def densities(config: "Config") -> np.ndarray:
    """From 1 down: a third of them evenly to halfway, the others evenly in the logarithm."""
    few = config.densities // 3
    middle = max(0.5, (1 + config.lowest) / 2)
    dense = np.linspace(1.0, middle, few, endpoint=False)
    return np.append(dense, np.geomspace(middle, config.lowest, config.densities - few))


def build(config: "Config", found: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Norms, biases, losses; gain of each piece per dimension over V = p/3 - p²/4; mean field."""
    p = stage(config).cells["density"]
    dropped = feature_variance(p)
    per = pieces.FEATURES / pieces.DIMENSIONS
    gain = per * (1 - found["loss"] / dropped[:, None])
    at = ("density", "piece")
    texts = {
        "norm": "norm of each feature",
        "bias": "bias of each feature",
        "loss": "exact loss per feature",
        "dimensionality": "D_i",
    }
    data: dict[str, Any] = {name: (at, found[name], {"long_name": t}) for name, t in texts.items()}
    star = {"long_name": "D* = m/|W|^2 of a space filled with the piece"}
    data |= {
        "gain": (at, gain, {"long_name": "loss saved per dimension over that of a dropped one"}),
        "dimensions_per_feature": (at, 1 / (per * found["norm"] ** 2), star),
        "dropped_loss": ("density", dropped, {"long_name": "loss of a dropped feature"}),
        "error": ("density", found["error"], {"long_name": "error of all losses together"}),
        "slope": ("density", found["slope"], {"long_name": "largest slope of loss/p left"}),
        "result": ("density", found["result"], {"long_name": "0 where it settled"}),
        "dimensions": ("piece", pieces.DIMENSIONS, {"long_name": "dimensions of the piece"}),
        "features": ("piece", pieces.FEATURES, {"long_name": "features of the piece"}),
    }
    data |= _mean_field(p) | _plateaus(p, gain)
    coords = {
        "density": ("density", p, {"long_name": "density p"}),
        "piece": ("piece", list(pieces.PIECES)),
    }
    return xr.Dataset(data, coords)


def _plateaus(p: np.ndarray, gain: np.ndarray) -> dict[str, Any]:
    """The best pieces from dense to sparse, and the density at which each begins to be best.

    Cubic splines of the gains in ln p; p falls.
    """
    fine = np.linspace(np.log(p[-1]), 0.0, _FINE)
    best = CubicSpline(np.log(p[::-1]), gain[::-1])(fine).argmax(axis=1)[::-1]
    first = np.append(0, np.flatnonzero(np.diff(best)) + 1)
    begin = np.exp(fine[::-1][first])
    names = np.array(list(pieces.PIECES))[best[first]]
    return {
        "plateau_piece": ("plateau", names, {"long_name": "best piece, dense to sparse"}),
        "plateau_density": ("plateau", begin, {"long_name": "below it the piece is the best"}),
    }


def _mean_field(p: np.ndarray) -> dict[str, Any]:
    """At the ratio where it saves most for a dimension, `theory.mean_field.storage_ratio`."""
    ratio = np.array([mean_field.storage_ratio(float(x)) for x in p])
    states = [mean_field.loss(float(r), float(x)) for r, x in zip(ratio, p, strict=True)]
    loss, a = np.array([state.loss for state in states]), np.array([state.a for state in states])
    values = {
        "mean_field_ratio": (ratio, "m/n of the stored features in the mean field"),
        "mean_field_gain": ((1 - loss / feature_variance(p)) / ratio, "gain of the mean field"),
        "mean_field_dimensions_per_feature": (ratio / a, "D* of the mean field"),
    }
    return {name: ("density", x, {"long_name": text}) for name, (x, text) in values.items()}
