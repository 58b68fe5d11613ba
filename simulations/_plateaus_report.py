"""The plateaus that exact energies predict: for the summary file, and the terminal."""

from typing import Any

import numpy as np
import xarray as xr


def plateaus(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Which piece saves most per dimension, from dense to sparse, and up to which density p.

    Between two densities of the grid the change is where straight lines through the logarithms of
    p cross.
    """
    p, gain = dataset["density"].values, dataset["gain"].values
    best, names = gain.argmax(axis=1), dataset["piece"].values
    changes = [0, *(np.flatnonzero(np.diff(best)) + 1).tolist()]
    out = []
    for k in changes:
        to = float(p[0]) if k == 0 else _crossing(p, gain[:, best[k - 1]] - gain[:, best[k]], k)
        piece = dataset.isel(piece=int(best[k]))
        share = float(piece["dimensions"] / piece["features"])
        row = {"piece": str(names[best[k]]), "below_density": to, "dimensionality": share}
        out.append(row | {"gain": float(gain[k, best[k]])})
    return out


def _crossing(p: np.ndarray, gap: np.ndarray, k: int) -> float:
    share = gap[k - 1] / (gap[k - 1] - gap[k])
    return float(np.exp(np.log(p[k - 1]) + share * np.log(p[k] / p[k - 1])))


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
