"""The learning dynamics in numbers: for the summary file, and as a table for the terminal."""

from typing import Any

import numpy as np
import xarray as xr

_JUMP = 0.25  # change of D_i from one saddle to the next that counts as a jump


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """The plateaus with their saddles, the jumps of D_i between them, the ends of all paths."""
    rows = [_plateau(dataset.isel(plateau=k)) for k in range(dataset.sizes["plateau"])]
    ratios = np.array([row["ratio"] for row in rows if row["ratio"] is not None], float)
    good = ratios[np.isfinite(ratios) & (ratios > 0)]
    return {
        "plateaus": rows,
        "jumps": _jumps(dataset),
        "median_factor_off": float(np.median(np.exp(np.abs(np.log(good))))) if len(good) else None,
        "final_dimensionality": dataset["dimensionality"].isel(time=-1).values,
        "final_loss": float(dataset["loss"][-1]),
        "final_gradient": float(dataset["speed"][-1]),
        "trained_final_loss": {
            str(name): float(dataset["trained_loss"].sel(trainer=name)[-1])
            for name in dataset["trainer"].values
        },
    }


def _plateau(at: xr.Dataset) -> dict[str, Any]:
    length, predicted = float(at["length"]), float(at["predicted"])
    eigenvalues = at["eigenvalues"].values
    entering = at["eigenvalues_entering"].values
    return {
        "entered": float(at["entered"]),
        "left": float(at["left"]),
        "stored": np.flatnonzero(at["saddle_norm"].values ** 2 > 0.5) + 1,
        "dimensionality": at["saddle_dimensionality"].values,
        "index": int(at["index"]),
        "eigenvalues": eigenvalues[np.isfinite(eigenvalues)],
        "index_entering_side": int(at["index_entering"]),
        "eigenvalues_entering_side": entering[np.isfinite(entering)],
        "free_rate": float(at["free_rate"]),
        "paired_rate": float(at["paired_rate"]),
        "saddle_gradient": float(at["gradient"]),
        "saddle_moved": float(at["moved"]),
        "entering_amplitude": float(at["amplitude"]),
        "leaving_share_in_unstable_directions": float(at["leaving_share"]),
        "measured_length": length,
        "predicted_length": predicted,
        "ratio": predicted / length,
        "predicted_length_free_growth": float(at["predicted_free"]),
        "ratio_free_growth": float(at["predicted_free"]) / length,
    }


def _jumps(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Features whose D_i differs by more than 0.25 between one saddle (or the end) and the next."""
    last = dataset["dimensionality"].isel(time=-1).values
    levels = np.concatenate([dataset["saddle_dimensionality"].values, last[None]])
    stored = np.concatenate(
        [dataset["saddle_norm"].values ** 2 > 0.5, (dataset["norm"][-1].values ** 2 > 0.5)[None]]
    )
    levels = np.where(stored, levels, 0.0)
    return [
        {
            "after_plateau": k + 1,
            "feature": int(i) + 1,
            "from": float(levels[k, i]),
            "to": float(levels[k + 1, i]),
        }
        for k, i in np.argwhere(np.abs(np.diff(levels, axis=0)) > _JUMP)
    ]


def table(dataset: xr.Dataset) -> str:
    """A line for each plateau."""
    numbers = summary(dataset)
    lines = [
        "  entered     left    index  fastest λ   4 I v      paired     length  predicted ratio"
    ]
    for row in numbers["plateaus"]:
        fastest = -min(row["eigenvalues"], default=np.nan)
        lines.append(
            f"{row['entered']:9.2f} {row['left']:9.2f} {row['index']:5d}   {fastest:.3e}  "
            f"{row['free_rate']:.3e}  {row['paired_rate']:.3e}  {row['measured_length']:8.2f} "
            f"{row['predicted_length']:8.2f}  {row['ratio']:.3f}; stored {list(row['stored'])}"
        )
    ends = ", ".join(f"{name} {loss:.6f}" for name, loss in numbers["trained_final_loss"].items())
    lines.append(f"final loss: flow {numbers['final_loss']:.6f}, {ends}")
    return "\n".join(lines)
