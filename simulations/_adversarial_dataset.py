"""Stage and labelled dataset of vulnerability over the density."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

import tms_physics as tp
from theory.adversarial import mean_field_vulnerability

from ._adversarial_networks import solve
from ._sweep import Stage

if TYPE_CHECKING:
    from .adversarial import Config

KINDS = ("trained", "minimum")
ATTACKS = ("all inputs", "feature", "worst")
_LINE_POINTS = 25
_NETWORK = {
    "loss": "exact loss, summed over features",
    "error": "estimated error of the loss",
    "radius": "norm of the attack",
    "halved": "vulnerability to attacks on features with half the norm",
    "answering": "share of outputs that answer one attack on all inputs",
    "one_output": "vulnerability of the most vulnerable open output alone, mean of inputs",
    "bound": "upper bound of every vulnerability",
    "first_order": "share of the first order in what attacks on features add",
    "open_share": "share of outputs that are open, weighted with the squared norm",
}
_ATTACKED = {
    "vulnerability": "vulnerability, (L' - L) over that without superposition",
    "standard_error": "its standard error, 0 where it is exact",
}


def stage(config: "Config") -> Stage:
    """One cell for each density and seed."""
    p = np.repeat(np.geomspace(*config.density, config.densities), config.seeds)
    return Stage("networks", {"density": p}, functools.partial(solve, config=config), 1)


def build(config: "Config", rows: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Networks, their vulnerabilities and D*, and the mean field over a grid of densities."""
    shape = (config.densities, config.seeds)

    def grid(name: str) -> np.ndarray:
        """(kind, density, seed, ...)."""
        values = np.asarray(rows[name])
        return np.moveaxis(values.reshape(*shape, *values.shape[1:]), 2, 0)

    network = ("kind", "density", "seed")
    W = grid("W")
    stars = [float(tp.dimensions_per_feature(each)) for each in W.reshape(-1, config.m, config.n)]
    data: dict[str, Any] = {
        "weights": ((*network, "hidden", "feature"), W, _text("weights W")),
        "bias": ((*network, "feature"), grid("b"), _text("biases b")),
        "features_per_dimension": (
            network,
            1 / np.reshape(stars, W.shape[:3]),
            _text("features per dimension, 1/D*"),
        ),
        "converged": (network[1:], rows["converged"].reshape(shape).astype(int), _text("1 if so")),
        "result": (network[1:], rows["result"].reshape(shape), _text("0 where all is finite")),
    }
    data |= {name: (network, grid(name), _text(text)) for name, text in _NETWORK.items()}
    attacked = (*network, "attack")
    data |= {name: (attacked, grid(name), _text(text)) for name, text in _ATTACKED.items()}
    coords = {
        "kind": ("kind", list(KINDS)),
        "attack": ("attack", list(ATTACKS)),
        "density": ("density", np.geomspace(*config.density, config.densities), _text("density p")),
    }
    return xr.Dataset(data, coords).merge(mean_field_lines(config.n, config.m, config.density))


def mean_field_lines(n: int, m: int, ends: tuple[float, float]) -> xr.Dataset:
    """1/D*, answering share and vulnerability to one attack on all inputs, of the mean field."""
    p = np.geomspace(max(ends), min(ends), _LINE_POINTS)
    states = [mean_field_vulnerability(n, m, float(x)) for x in p]
    values = {
        "line_features_per_dimension": [1 / state.dimensions_per_feature for state in states],
        "line_open_share": [state.open_share for state in states],
        "line_vulnerability": [state.vulnerability for state in states],
    }
    data = {
        name: ("line_density", np.array(line), _text(f"{name[5:].replace('_', ' ')}, mean field"))
        for name, line in values.items()
    }
    return xr.Dataset(data, {"line_density": ("line_density", p, _text("density p"))})


def _text(long_name: str) -> dict[str, str]:
    return {"long_name": long_name, "units": "1"}
