"""The dataset of the benchmark's times and losses, and its numbers."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

STARTS = {"exact": "the same start", "crystal": "a start with the order of a sharp arrangement"}
_ENTRIES = {
    "seconds": ("seconds", "L-BFGS to its end, from {}", "s"),
    "seconds_to_that_loss": ("seconds_to_that_loss", "L-BFGS to AdamW's loss, from {}", "s"),
    "loss": ("loss", "exact loss where L-BFGS ends, from {}", "loss"),
}


def _columns(measured: Mapping[str, Any]) -> dict[str, tuple[str, str, str, str]]:
    """Name -> who, entry, text, unit; not every size has a start with order."""
    columns = {
        "adamw_seconds": ("adamw", "seconds", "AdamW, all its steps", "s"),
        "adamw_loss": ("adamw", "loss", "exact loss where AdamW ends", "loss"),
    }
    for start, words in STARTS.items():
        if all(start in each for each in measured["starts"]):
            for name, (entry, text, unit) in _ENTRIES.items():
                columns[f"{start}_{name}"] = (start, entry, text.format(words), unit)
    return columns


def build(measured: Mapping[str, Any]) -> xr.Dataset:
    """One row a start; settings, machine and versions of the measurement as attributes."""
    starts = measured["starts"]
    rates = sorted(starts[0]["adamw"]["losses_of_rates"], key=float)
    adamw = [[each["adamw"]["losses_of_rates"][rate] for rate in rates] for each in starts]
    data: dict[str, Any] = {}
    for name, (who, entry, text, unit) in _columns(measured).items():
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
        "target_loss_lower_by": measured["target_loss_lower_by"],
    }
    return xr.Dataset(data, coords, attributes)


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """For either start ratios of the times, and by how much the loss is lower."""
    numbers: dict[str, Any] = {
        name: float(dataset.attrs[name]) for name in ("target_time_ratio", "target_loss_lower_by")
    }
    for start in _starts(dataset):
        ratio = (dataset[f"{start}_seconds_to_that_loss"] / dataset["adamw_seconds"]).values
        lower = (1 - dataset[f"{start}_loss"] / dataset["adamw_loss"]).values
        numbers[start] = {
            "median_time_ratio": float(np.median(ratio)),
            "largest_time_ratio": float(ratio.max()),
            "median_loss_lower_by": float(np.median(lower)),
            "least_loss_lower_by": float(lower.min()),
        }
    return numbers | {"machine": json.loads(dataset.attrs["machine"])}


def _starts(dataset: xr.Dataset) -> list[str]:
    return [start for start in STARTS if f"{start}_loss" in dataset]


def table(dataset: xr.Dataset) -> str:
    """One line for either start."""
    numbers = summary(dataset)
    return "\n".join(
        f"From {STARTS[start]}, L-BFGS on the exact loss reaches AdamW's in"
        f" {numbers[start]['median_time_ratio']:.2f} of its time (median of"
        f" {dataset.sizes['start']} starts, at most {numbers[start]['largest_time_ratio']:.2f}) and"
        f" ends {numbers[start]['median_loss_lower_by']:.2%} lower (at least"
        f" {numbers[start]['least_loss_lower_by']:.2%})."
        for start in _starts(dataset)
    )
