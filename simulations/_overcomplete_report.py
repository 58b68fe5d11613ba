"""Overcomplete recovery in numbers: for the summary file, and as a table for the terminal."""

from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import t as student

_LEVEL = 0.95
_THEORY = ("mean_field_sum", "equal_mean_field_sum", "compressed_sensing_dimensions")
_SHOWN = (0.5, 0.7, 0.8, 0.9, 0.95, 0.99)


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """All numbers of the run; means over starts with the ends of their 95 % interval."""
    entries = [_density(dataset.isel(density=k)) for k in range(dataset.sizes["density"])]
    return {
        "features": dataset.sizes["feature"],
        "dimensions": dataset.sizes["hidden"],
        "linear_bound": dataset.attrs["linear_bound"],
        "largest_difference_of_linear_model_to_its_bound": float(
            np.abs(dataset["linear_sum"] - dataset.attrs["linear_bound"]).max()
        ),
        "compressed_sensing_density": dataset.attrs["compressed_sensing_density"],
        "linear_bound_of_recovered": dict(
            zip(map(str, _SHOWN), _at(dataset["linear_recovered"]), strict=True)
        ),
        "densities": entries,
    }


def _density(at: xr.Dataset) -> dict[str, Any]:
    p = float(at["density"])
    here = int(np.argmin(np.abs(np.log(at["curve_density"].values / p))))
    bound = at.attrs["linear_bound"]
    return {
        "density": p,
        "mean_active": p * at.sizes["feature"],
        "converged": int(at["converged"].sum()),
        **{name: _network(at.sel(network=name), bound) for name in at["network"].values},
        **{name: float(at[name].isel(curve_density=here)) for name in _THEORY},
    }


def _network(at: xr.Dataset, bound: float) -> dict[str, Any]:
    """ΣR² and the answers: has the best start more than the linear bound, have all, has the mean?

    The first is certain up to the error of the exact loss, and is the evidence: networks above the
    bound exist. The last says so of starts in general: "yes" where the interval lies above.
    """
    good = at["result"].values == 0
    sums, error = at["recovery_sum"].values[good], at["recovery_sum_error"].values[good]
    if not len(sums):
        return {"starts": 0}
    mean, low, high = interval(sums)
    verdict = "yes" if low > bound else "no" if high < bound else "undecided"
    counts = at["recovered"].sel(threshold=list(_SHOWN)).values[good]
    return {
        "starts": len(sums),
        "recovery_sum": [mean, low, high],
        "recovery_sum_range": [sums.min(), sums.max()],
        "recovery_sum_error": error.max(),
        "best_start_exceeds": bool(np.max(sums - error) > bound),
        "every_start_exceeds": bool(np.min(sums - error) > bound),
        "mean_exceeds": verdict,
        "recovered": {
            str(threshold): [float(each.mean()), int(each.min()), int(each.max())]
            for threshold, each in zip(_SHOWN, counts.T, strict=True)
        },
    }


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Mean and 95 % interval of Student; of one value, the interval is everything."""
    mean, count = float(np.mean(values)), len(values)
    if count == 1:
        return mean, -np.inf, np.inf
    half = student.ppf((1 + _LEVEL) / 2, count - 1) * np.std(values, ddof=1) / np.sqrt(count)
    return mean, mean - half, mean + half


def _at(values: xr.DataArray) -> list[int]:
    return [int(value) for value in values.sel(threshold=list(_SHOWN))]


def table(dataset: xr.Dataset) -> str:
    """A line for each density and kind of network."""
    numbers = summary(dataset)
    n, m = numbers["features"], numbers["dimensions"]
    heads = "".join(f"  R²>={threshold:g}" for threshold in _SHOWN)
    lines = [f"      p  network    sum of R² (95 % interval)      > {m}?     {heads}"]
    for entry in numbers["densities"]:
        for name in ("minimised", "trained"):
            lines.append(f"{entry['density']:7.4f}  {name:9}  {_line(entry[name])}")
    counts = "".join(f"{value:9d}" for value in numbers["linear_bound_of_recovered"].values())
    lines.append(f"{'':9}{'linear':9}  at most {m}{'':35}{counts}")
    where = numbers["compressed_sensing_density"]
    lines.append(f"a linear program would decode {n} features from {m} below p = {where:.3g}")
    return "\n".join(lines)


def _line(entry: dict[str, Any]) -> str:
    if not entry["starts"]:
        return "failed"
    mean, low, high = entry["recovery_sum"]
    counts = "".join(f"{value[0]:9.1f}" for value in entry["recovered"].values())
    text = f"{mean:7.3f} ({low:7.3f} to {high:7.3f})"
    return f"{text:28}  {entry['mean_exceeds']:9}{counts}"
