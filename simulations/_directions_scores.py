"""Numbers that the claims on directions share: means of both kinds, shares filtered, z-scores."""

import numpy as np
import xarray as xr

from theory.linear_flow import feature_variance

from ._claims import spread
from ._directions_dataset import KINDS


def filtered(at: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Share of the linear read-out's interference that each read-out lacks; and to first order.

    The first order in p is of ReLU with the network's bias, its linear share included: p/3 Σ G_ij².
    """
    total = at["interference"].sum("feature")
    linear = total.sel(read_out="linear", drop=True)
    p = at["density"]
    first = at["sparse_interference"].sum("feature") / (linear * (p / 3) / (p / 3 - p**2 / 4))
    return 1 - total / linear, 1 - first


def scores(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    """(on samples - exact) / standard error, of every network; NaN where there is no scatter."""
    value = dataset["value_error"].sum("feature")
    rest = dataset["interference"].sum("feature")
    variance = feature_variance(dataset["density"].values)
    missed = (1 - dataset["probe"]).sum("feature") * xr.DataArray(variance, dims="density")
    exact = {
        "loss": value + rest,
        "interference": rest,
        "probe": missed,
        "detection": dataset["detection"].mean("feature"),
    }
    found = {}
    for name, theirs in exact.items():
        error = dataset[f"sampled_{name}_error"]
        z = (dataset[f"sampled_{name}"] - theirs) / error.where(error > 0)
        found[name] = z.values.ravel()
    return found


def both(values: xr.DataArray) -> tuple[list[float], tuple[float, float] | None]:
    """Means over starts of either kind, and the spread."""
    return [float(values.sel(network=kind).mean()) for kind in KINDS], spread(values.values.ravel())


def all_at_least(values: xr.DataArray, least: float) -> bool | None:
    """Whether all are at least this; None where some are and some are not, or none is there."""
    array = values.values.ravel()
    array = array[np.isfinite(array)]
    above = array >= least
    return None if not array.size or (above.any() and not above.all()) else bool(above.all())


def extremes(dataset: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    order = np.argsort(dataset["density"].values)
    return dataset.isel(density=order[-1]), dataset.isel(density=order[0])
