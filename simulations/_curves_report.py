"""The numbers of the theory curves: for the summary file, and the terminal."""

from typing import Any

import numpy as np
import xarray as xr


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Special points, the error of the ansatz, the largest jumps, the best k-gon, one pair."""
    points = {
        name: dict(zip(("density", "relative_importance"), map(float, value), strict=True))
        for name, value in dataset.attrs.items()
        if name.endswith("_point") or name == "weak_cusp"
    }
    ties = {str(kind): _largest(dataset.sel(tie=kind)) for kind in dataset["tie"].values}
    k, height = dataset["k"].values, dataset["polygon_height"].values
    return {
        "special_points": points,
        "ansatz": _ansatz(dataset),
        "first_order_lines": ties,
        "best_polygon": int(k[np.argmin(height - k)]),
        "unstable_polygons": k[dataset["polygon_least_curvature"].values < 0].tolist(),
        "largest_mean_field_over_linear": float(
            (dataset["ratio_mean_field"] / dataset["ratio_linear"]).max()
        ),
    }


def exact_line(dataset: xr.Dataset) -> np.ndarray:
    """r at which dedicated stops being the ground state, of whatever order; 1 at p = 1."""
    first = dataset["line_dedicated_first_order"].values
    return np.where(np.isfinite(first), first, dataset["line_dedicated_stability"].values)


def _ansatz(dataset: xr.Dataset) -> dict[str, float]:
    """How far r of the ansatz is from the exact line, over it."""
    p, error = dataset["density"].values, dataset["line_ansatz"].values / exact_line(dataset) - 1
    known = np.isfinite(error)
    low, high = int(np.argmin(error[known])), int(np.argmax(error[known]))
    return {
        "at_least_density": float(error[known][0]),
        "lowest": float(error[known][low]),
        "lowest_at": float(p[known][low]),
        "highest": float(error[known][high]),
        "highest_at": float(p[known][high]),
    }


def _largest(at: xr.Dataset) -> dict[str, float]:
    """The largest jump, latent loss and barrier on one line."""
    return {name: float(at[f"tie_{name}"].max()) for name in ("jump", "latent_loss", "barrier")}


def table(dataset: xr.Dataset) -> str:
    """Special points, and what jumps."""
    numbers = summary(dataset)
    rows = [
        f"{name.replace('_', ' '):<28}p = {at['density']:.6f}  r = {at['relative_importance']:.6f}"
        for name, at in numbers["special_points"].items()
    ]
    for kind, most in numbers["first_order_lines"].items():
        values = ", ".join(f"{name.replace('_', ' ')} {x:.3g}" for name, x in most.items())
        rows.append(f"{kind:<28}at most: {values}")
    error = numbers["ansatz"]
    rows.append(
        f"{'ansatz over the exact line':<28}{error['lowest']:+.1%} (p = {error['lowest_at']:.3g})"
        f" to {error['highest']:+.1%} (p = {error['highest_at']:.3g})"
    )
    return "\n".join(rows)
