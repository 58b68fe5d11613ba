"""The learning dynamics in numbers: for the summary file, and as a table for the terminal."""

from typing import Any

import numpy as np
import xarray as xr

_JUMP = 0.25  # change of D_i from one saddle to the next that counts as a jump


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """The plateaus with their saddles, the jumps of D_i between them, the ends of all paths."""
    rows = [_plateau(dataset.isel(plateau=k)) for k in range(dataset.sizes["plateau"])]
    covered = [row["ratio"] for row in rows if row["covered"]]
    ratios = np.array([row["ratio"] for row in rows if row["ratio"] is not None], float)
    good = ratios[np.isfinite(ratios) & (ratios > 0)]
    return {
        "plateaus": rows,
        "covered_ratios": covered,
        "largest_change_at_tenth_of_rtol": _largest(
            [row["change_at_tenth_of_rtol"] for row in rows]
        ),
        "crossings": _crossings(dataset),
        "equal_features": _equal(dataset),
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
        "index": int(at["index"]) if np.isfinite(at["gradient"]) else None,  # None: not examined
        "eigenvalues": eigenvalues[np.isfinite(eigenvalues)],
        "index_entering_side": int(at["index_entering"]),
        "eigenvalues_entering_side": entering[np.isfinite(entering)],
        "rate": float(at["rate"]),
        "mode_unsettled_by": float(at["unsettled"]),
        "leaving_amplitude": float(at["left_amplitude"]),
        "feature_grown": int(at["grown"]),
        "theory_rate": float(at["theory_rate"]),
        "predicted_length_theory": float(at["predicted_theory"]),
        "ratio_theory": float(at["predicted_theory"]) / length,
        "saddle_gradient": float(at["gradient"]),
        "saddle_moved": float(at["moved"]),
        "entering_amplitude": float(at["amplitude"]),
        "leaving_share_in_unstable_directions": float(at["leaving_share"]),
        "measured_length": length,
        "predicted_length": predicted,
        "ratio": predicted / length,
        "covered": bool(at["covered"]),
        "kink": float(at["kink"]),
        "change_at_tenth_of_rtol": abs(float(at["tight_length"]) / length - 1),
        "predicted_length_all_modes": float(at["predicted_all"]),
        "ratio_all_modes": float(at["predicted_all"]) / length,
    }


def _largest(values: list[float]) -> float | None:
    return max(values) if values else None


def _crossings(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """When features are stored (their squared norm passes 1/2)."""
    n = dataset.sizes["feature"]
    entries, times = dataset["crossing_entry"].values, dataset["crossing_time"].values
    rising = dataset["crossing_upwards"].values
    return [
        {"time": float(t), "feature": int(i) - n + 1, "stored": bool(up)}
        for t, i, up in zip(times, entries, rising, strict=True)
        if i >= n
    ]


def _equal(dataset: xr.Dataset) -> dict[str, Any]:
    """Two triangles: where they are nearest to a prism, and how the flow ends."""
    off, angle = dataset["triangles_off"].values, dataset["twist"].values
    formed = off < 0.03
    first = int(np.argmax(formed)) if formed.any() else len(off) - 1
    last = dataset.isel(equal_time=-1)
    return {
        "plateaus": [list(map(float, ends)) for ends in zip(
            dataset["equal_entered"].values, dataset["equal_left"].values, strict=True)],
        "two_triangles_from_time": float(dataset["equal_time"][first]),
        "twist_then": float(angle[first]),
        "dimensionality_then": dataset["equal_dimensionality"][first].values,
        "final_twist": float(last["twist"]),
        "final_octahedron_off": float(last["octahedron_off"]),
        "final_dimensionality": last["equal_dimensionality"].values,
        "final_loss": float(last["equal_loss"]),
    }  # fmt: skip


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
    lines = ["  entered     left    index  rate λ      theory       length  by mode  by theory"]
    for row in numbers["plateaus"]:
        fastest = row["rate"]
        index = "-" if row["index"] is None else row["index"]
        lines.append(
            f"{row['entered']:9.2f} {row['left']:9.2f} {index:>5}   {fastest:.3e}  "
            f"{row['theory_rate']:.3e}  {row['measured_length']:8.2f} "
            f"{row['predicted_length']:8.2f} {row['predicted_length_theory']:8.2f}  "
            f"stored {row['stored'].tolist()}"
        )
    ends = ", ".join(f"{name} {loss:.6f}" for name, loss in numbers["trained_final_loss"].items())
    lines.append(f"final loss: flow {numbers['final_loss']:.6f}, {ends}")
    return "\n".join(lines)
