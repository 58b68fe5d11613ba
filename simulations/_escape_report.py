"""The escape in numbers: for the summary file, and as a table for the terminal."""

from typing import Any

import numpy as np
import xarray as xr


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """All numbers of the run; measured ones come with the ends of their 95 % interval."""
    return {
        "points": [_point(dataset.isel(point=k)) for k in range(dataset.sizes["point"])],
        "crossings": int(dataset["crossings"].sum()),
        "dead": int(dataset["dead"].sum()),
    }


def _point(at: xr.Dataset) -> dict[str, Any]:
    heights = [_height(at, x) for x in at["barrier_over_temperature"].values]
    return {
        "density": float(at["density"]),
        "relative_importance": float(at["relative_importance"]),
        "barrier": float(at["barrier"]),
        "slope_over_barrier": [float(at["slope"]), *at["slope_interval"].values],
        "slope_over_barrier_expected": float(at["corrected_slope"]),
        "step": float(at["step"][0]),
        "half_step_over_full_step": _half_over_full(at),
        "heights": heights,
    }


def _half_over_full(at: xr.Dataset) -> list[float]:
    """Rate at half the step over that at the full one, at the lowest barrier."""
    lowest = int(np.argmin(at["barrier_over_temperature"].values))
    full = at.isel(barrier_over_temperature=lowest)
    counts = [float(np.sum(each)) for each in (at["check_crossings"], full["crossings"])]
    if min(counts) == 0:
        return [np.nan] * 3
    ratio = float(at["check_rate"] / full["rate"])
    spread = np.exp(1.96 * np.sqrt(1 / counts[0] + 1 / counts[1]))
    return [ratio, ratio / spread, ratio * spread]


def _height(at: xr.Dataset, x: float) -> dict[str, Any]:
    cell = at.sel(barrier_over_temperature=x)
    kramers, corrected = cell["kramers_rate"], cell["corrected_rate"]
    return {
        "barrier_over_temperature": float(x),
        "temperature": float(cell["temperature"]),
        "crossings": cell["crossings"].values,
        "rate": _with_interval(cell["rate"], cell["interval"], 1.0),
        "over_kramers": _with_interval(cell["rate"], cell["interval"], kramers),
        "over_corrected": _with_interval(cell["rate"], cell["interval"], corrected),
    }


def _with_interval(value: Any, interval: Any, scale: Any) -> list[float]:
    unit = float(scale)
    return [float(value) / unit, *(float(end) / unit for end in interval)]


def table(dataset: xr.Dataset) -> str:
    """A line for each ensemble and each slope."""
    numbers = summary(dataset)
    lines = [
        "  p     r     barrier    ΔL/T  crossings  rate       over Kramers         over exact T"
    ]
    for point in numbers["points"]:
        where = f"{point['density']:5.3g} {point['relative_importance']:5.3g}"
        for entry in point["heights"]:
            crossings = int(np.sum(entry["crossings"]))
            ratios = (_ratio(entry[name]) for name in ("over_kramers", "over_corrected"))
            head = f"{where}  {point['barrier']:.3e} {entry['barrier_over_temperature']:6.3g}"
            lines.append(f"{head} {crossings:9d}  {entry['rate'][0]:.3e}  {'  '.join(ratios)}")
    for point in numbers["points"]:
        where = f"p = {point['density']:.3g}, r = {point['relative_importance']:.3g}"
        slope = _ratio(point["slope_over_barrier"])
        expected = point["slope_over_barrier_expected"]
        half = _ratio(point["half_step_over_full_step"])
        lines.append(
            f"{where}: Arrhenius slope over the barrier {slope}, expected {expected:.3f}; "
            f"half the step: rate x {half}"
        )
    lines.append(f"{numbers['crossings']} crossings; {numbers['dead']} looks at a dead output")
    return "\n".join(lines)


def _ratio(entry: list[float]) -> str:
    value, low, high = entry
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
