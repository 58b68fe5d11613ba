"""A cut at fixed density: order parameters of the ground state along the relative importance."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from . import _phase_map as phase_map
from ._system import System

if TYPE_CHECKING:
    from .phase_boundary import Config

_POINTS = 81
_WINDOW = (0.3, 3.0)  # what changes lies around r = 1


def cells(config: "Config") -> phase_map.Cells:
    """The cells of the cut."""
    low, high = sorted(config.relative_importance)
    inner = max(low, _WINDOW[0]), min(high, _WINDOW[1])
    low, high = inner if inner[0] < inner[1] else (low, high)
    density, r = np.array([config.cut]), np.geomspace(low, high, _POINTS)
    ratio = config.last_density_ratio
    return phase_map.canonical_cells(density, r, ratio=ratio, mirror=False)


def dataset(config: "Config", system: System, minima: phase_map.Minima) -> xr.Dataset:
    """State, loss and phase along the cut."""
    at = cells(config)
    rows = phase_map.on_grid(system, at, phase_map.lowest(minima))
    n = system.features
    W = rows["state"][0, :, :-n].reshape(-1, system.hidden, n)
    order = "order_relative_importance"
    data = {
        "order_W": ((order, "hidden", "feature"), W, {"long_name": "W of the ground state"}),
        "order_loss": (order, rows["loss"][0], {"long_name": "loss of the ground state"}),
        "order_phase": (order, rows["phase"][0].astype(np.int8), {"long_name": "phase"}),
        "order_result": (order, rows["result"][0].astype(np.int8), {"long_name": "0 where found"}),
    }
    return xr.Dataset(data, {order: at.relative_importance}, {"cut_density": config.cut})
