"""The dataset of the benchmark's times and losses, and its numbers."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

_COLUMNS = {
    "adamw_seconds": ("adamw", "seconds", "AdamW, all its steps", "s"),
    "adamw_loss": ("adamw", "loss", "exact loss where AdamW ends", "loss"),
    "exact_seconds": ("exact", "seconds", "L-BFGS to its end", "s"),
    "seconds_to_that_loss": ("exact", "seconds_to_that_loss", "L-BFGS to AdamW's loss", "s"),
    "exact_loss": ("exact", "loss", "exact loss where L-BFGS ends", "loss"),
}


def build(measured: Mapping[str, Any]) -> xr.Dataset:
    """One row a start; settings, machine and versions of the measurement as attributes."""
    starts = measured["starts"]
    rates = sorted(starts[0]["adamw"]["losses_of_rates"], key=float)
    adamw = [[each["adamw"]["losses_of_rates"][rate] for rate in rates] for each in starts]
    data: dict[str, Any] = {}
    for name, (who, entry, text, unit) in _COLUMNS.items():
        values = np.array([each[who][entry] for each in starts], float)
        data[name] = ("start", values, {"long_name": text, "units": unit})
    data["adamw_loss_of_rate"] = (("start", "learning_rate"), np.array(adamw, float))
    coords = {
        "start": ("start", [each["seed"] for each in starts], {"long_name": "seed"}),
        "learning_rate": ("learning_rate", [float(rate) for rate in rates]),
    }
    attributes = {
        "settings": json.dumps(measured["settings"]),
        "machine": json.dumps(measured["machine"]),
        "seconds_to_compile": measured["seconds_to_compile"],
        "target_time_ratio": measured["target_time_ratio"],
    }
    return xr.Dataset(data, coords, attributes)


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Ratios of the times, and by how much the loss is lower."""
    ratio = (dataset["seconds_to_that_loss"] / dataset["adamw_seconds"]).values
    lower = (1 - dataset["exact_loss"] / dataset["adamw_loss"]).values
    return {
        "median_time_ratio": float(np.median(ratio)),
        "largest_time_ratio": float(ratio.max()),
        "target_time_ratio": float(dataset.attrs["target_time_ratio"]),
        "median_loss_lower_by": float(np.median(lower)),
        "machine": json.loads(dataset.attrs["machine"]),
    }


def table(dataset: xr.Dataset) -> str:
    """One line."""
    numbers = summary(dataset)
    return (
        f"L-BFGS on the exact loss reaches AdamW's in {numbers['median_time_ratio']:.2f} of its "
        f"time (median of {dataset.sizes['start']} starts, at most "
        f"{numbers['largest_time_ratio']:.2f})."
    )
