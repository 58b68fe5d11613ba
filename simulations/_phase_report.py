"""The phase diagram in numbers: for the summary file, and as a table for the terminal."""

import json
from typing import Any

import numpy as np
import xarray as xr

import tms_physics as tp
from tms_physics.dynamics.result import SENTENCES

_NAMED = 20  # cells named one by one in the summary
_MISS = 1e-9  # a cell misses where its best network is this far above the ground state, relatively
_OUTLIER = 0.01
_FAR = 0.1  # a network that moves further on its way to the minimum had not settled there


def _share(hits: int, of: int) -> dict[str, Any]:
    low, high = tp.wilson_interval(np.array(hits), of)
    return {"count": hits, "of": of, "share": hits / of, "interval_95": [low, high]}


def _names(dataset: xr.Dataset) -> tuple[str, ...]:
    return tp.PHASE_NAMES if dataset.sizes["feature"] == 2 else tp.THREE_PHASE_NAMES


def ends(dataset: xr.Dataset) -> dict[str, dict[str, Any]]:
    """How the networks ended: ground state, metastable by phase, unknown, saddle, not converged."""
    result, basin = dataset["result"].values, dataset["basin"].values
    phase, total = dataset["phase"].values, result.size
    found = result == 0
    counts = {"ground state": np.sum(found & (basin == 0))}
    for index, name in enumerate(_names(dataset)):
        count = np.sum(found & (basin > 0) & (phase == index))
        if count:
            counts[f"metastable, {name}"] = count
    counts["minimum not among the references"] = np.sum(found & (basin < 0))
    counts["at a saddle"] = np.sum(result == 1)
    counts["not converged"] = np.sum(result > 1)
    return {name: _share(int(count), total) for name, count in counts.items()}


def _best(dataset: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Relative excess of the best network's basin in each cell, and which start it is."""
    loss = dataset["basin_loss"].where(dataset["result"] == 0, np.inf).values
    exact = dataset["exact_loss"].values[..., None]
    excess = (loss - exact) / exact
    return excess.min(axis=-1), excess.argmin(axis=-1)


def _misses(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Cells whose best network is not the ground state, and why."""
    excess, start = _best(dataset)
    starts = json.loads(dataset.attrs["config"])["reference_starts"]
    rows = []
    for i, j in np.argwhere(~(excess <= _MISS)):
        at = (i, j, start[i, j])
        share = dataset["exact_hits"].values[i, j] / starts
        reason = (
            f"no network ended in the ground state, nor did {1 - share:.0%} of random starts"
            if np.isfinite(excess[i, j])
            else "no network converged to a minimum: "
            + SENTENCES[int(dataset["result"].values[at])]
        )
        rows.append(_where(dataset, at) | {"relative_excess": excess[i, j], "reason": reason})
    return rows


def _outliers(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """Networks more than 1 % above the minimum in whose basin they ended, worst first, and why."""
    own = dataset["loss"] - dataset["basin_loss"]
    relative = (own / dataset["basin_loss"]).where(dataset["result"] == 0, 0.0).values
    found = np.argwhere(relative > _OUTLIER)
    rows = []
    for at in sorted(map(tuple, found), key=lambda at: -relative[at]):
        waits = float(dataset["shift"].values[at]) > _FAR
        why = (
            f"still at a stationary state with curvature {dataset['curvature'].values[at]:.2g}"
            if waits
            else f"noise of the last steps, {own.values[at]:.2g} on a small loss"
        )
        rows.append(_where(dataset, at) | {"relative_excess": relative[at], "reason": why})
    return rows


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """All numbers of the run."""
    excess, _ = _best(dataset)
    misses = _misses(dataset)
    gap = np.abs(dataset["loss"].values - dataset["exact_loss"].values[..., None])
    gap = np.where(dataset["result"].values == 0, gap, np.nan)
    worst = np.unravel_index(np.nanargmax(gap), gap.shape) if np.isfinite(gap).any() else None
    own = (dataset["loss"] - dataset["basin_loss"]) / dataset["basin_loss"]
    difference = dataset["check_difference"].values
    against_theory = abs(dataset["map_loss"] / dataset["map_theory_loss"] - 1)
    below = dataset["basin_loss"].values - dataset["exact_loss"].values[..., None]
    return {
        "networks": ends(dataset),
        "networks_moved_off_a_saddle": int(np.sum(dataset["escapes"].values > 0)),
        "cells_with_ground_state": _share(int(np.sum(excess <= _MISS)), excess.size),
        "cells_that_miss": misses,
        "largest_loss_difference": None if worst is None else gap[worst],
        "largest_loss_difference_at": None if worst is None else _where(dataset, worst),
        "median_relative_excess_over_own_minimum": float(own.median()),
        "largest_relative_excess_over_own_minimum": float(own.max()),
        "networks_far_above_own_minimum": _outliers(dataset)[:_NAMED],
        "largest_distance_to_reference": np.nanmax(
            np.append(dataset["distance"].where(dataset["basin"] >= 0).values, 0.0)
        ),
        "lowest_minus_ground_state": np.nanmin(np.append(below, 0.0)),
        "largest_shift_of_polish": float(dataset["shift"].max()),
        "map_cells": dataset["map_loss"].size,
        "map_cells_failed": int(np.sum(dataset["map_result"].values)),
        "map_cells_off_theory": int(dataset["map_off_theory"].sum()),
        "largest_relative_difference_to_theory": float(against_theory.max()),
        "largest_relative_difference_to_theory_at": _map_place(dataset, against_theory),
        "checked_cells": difference.size,
        "checked_cells_where_more_starts_found_less": int(np.sum(difference > 1e-12)),
        "largest_check_difference": np.max(difference),
        "points": {
            name: dataset.attrs[name]
            for name in dataset.attrs
            if name.endswith("_point") or name == "small_density_slope"
        },
        **_hysteresis(dataset),
    }


def _hysteresis(dataset: xr.Dataset) -> dict[str, Any]:
    """The ends of the loop, where the cut is one."""
    if "cut_first_order" not in dataset.attrs:
        return {}
    numbers = {
        "density": dataset.attrs["cut_density"],
        "first_order": dataset.attrs["cut_first_order"],
        "dedicated_stable_below": dataset.attrs["cut_stability"],
        "antipodal_stable_above": float(dataset["cut_relative_importance"].min()),
    }
    return {"hysteresis": numbers}


def _map_place(dataset: xr.Dataset, values: xr.DataArray) -> dict[str, float]:
    """Where on the map a quantity is largest."""
    at = values.argmax(...)
    names = ("density", "relative_importance")
    return {name: float(dataset[f"map_{name}"][at[f"map_{name}"]]) for name in names}  # type: ignore[index]


def _where(dataset: xr.Dataset, at: tuple) -> dict[str, Any]:
    i, j, _ = at
    names = _names(dataset)
    return {
        "density": dataset["density"].values[i],
        "relative_importance": dataset["relative_importance"].values[j],
        "phase": names[int(dataset["phase"].values[at])],
        "ground_state": names[int(dataset["exact_phase"].values[i, j])],
    }


def table(dataset: xr.Dataset) -> str:
    """A dozen lines for the terminal."""
    numbers = summary(dataset)
    lines = [f"{'networks':44} {'count':>7} {'share':>8}   95 % interval"]
    for name, entry in numbers["networks"].items():
        low, high = entry["interval_95"]
        lines.append(
            f"  {name:42} {entry['count']:7d} {entry['share']:8.2%}   {low:.2%} to {high:.2%}"
        )
    cells = numbers["cells_with_ground_state"]
    best = f"{cells['count']} of {cells['of']} ({cells['share']:.1%})"
    lines.append(f"{'cells whose best network is the ground state':44} {best}")
    if (at := numbers["largest_loss_difference_at"]) is not None:
        lines.append(
            f"{'largest |loss - exact|':44} {numbers['largest_loss_difference']:.3g} at "
            f"p = {at['density']:.3g}, r = {at['relative_importance']:.3g}: "
            f"{at['phase']}, ground state {at['ground_state']}"
        )
    own = numbers["median_relative_excess_over_own_minimum"]
    most = numbers["largest_relative_excess_over_own_minimum"]
    lines.append(f"{'excess over own minimum, relative':44} median {own:.2g}, largest {most:.2g}")
    lines.append(
        f"{'exact map':44} {numbers['map_cells']} cells, {numbers['map_cells_failed']} failed, "
        f"{numbers['map_cells_off_theory']} off theory's boundaries; {numbers['checked_cells']} "
        f"checked, {numbers['checked_cells_where_more_starts_found_less']} found too high"
    )
    at = numbers["largest_relative_difference_to_theory_at"]
    lines.append(
        f"{'largest |numerics / theory - 1| of the loss':44} "
        f"{numbers['largest_relative_difference_to_theory']:.2g} at "
        f"p = {at['density']:.3g}, r = {at['relative_importance']:.3g}"
    )
    return "\n".join(lines)
