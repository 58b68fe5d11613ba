"""The plateaus that exact energies predict: for the summary file, and the terminal."""

from typing import Any

import numpy as np
import xarray as xr


def plateaus(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Which piece saves most per dimension, from dense to sparse, and up to which density p."""
    names, density = dataset["plateau_piece"].values, dataset["plateau_density"].values
    share = dataset["dimensions"] / dataset["features"]
    return [
        {
            "piece": str(name),
            "below_density": float(p),
            "dimensionality": float(share.sel(piece=name)),
            "gain": float(np.interp(-p, -dataset["density"], dataset["gain"].sel(piece=name))),
        }
        for name, p in zip(names, density, strict=True)
    ]


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """The sequence of best pieces; where the mean field saves more than all of them; errors."""
    above = dataset["mean_field_gain"].values > dataset["gain"].max("piece").values
    p, error = dataset["density"].values, dataset["error"] / dataset["dropped_loss"]
    return {
        "plateaus": plateaus(dataset),
        "densities_where_the_mean_field_saves_more": p[above].tolist(),
        "largest_error_over_dropped_loss": float(error.max()),
        "largest_slope": float(dataset["slope"].max()),
    }


def table(dataset: xr.Dataset) -> str:
    """One line a plateau."""
    lines = ["piece             D_i     best below p   saves per dimension"]
    lines += [
        f"{row['piece']:<18}{row['dimensionality']:<8.4f}{row['below_density']:<15.4f}"
        f"{row['gain']:.4f} of a dropped feature's loss"
        for row in plateaus(dataset)
    ]
    return "\n".join(lines)
