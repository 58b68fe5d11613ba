"""The basins in numbers: for the summary file, and as a table for the terminal."""

from typing import Any

import numpy as np
import xarray as xr

from ._basins_ends import (
    ACUTE_SIDE,
    ANTIPODAL_SIDE,
    ENDS,
    FAILED,
    HALF_STABLE,
    share,
)

_CELL = ("density", "relative_importance", "scale")


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """All numbers of the run; a probability comes with the ends of its 95 % interval."""
    flows, failed = dataset["end"].size, int(dataset["failed"].sum())
    plane_failed = int(np.sum(dataset["plane_end"] == FAILED))
    return {
        "flows": flows,
        "failed": share(failed, flows),
        "plane_points": dataset["plane_end"].size,
        "plane_points_failed": share(plane_failed, dataset["plane_end"].size),
        "pooled": _pooled(dataset),
        "by_scale": [
            {"scale": float(scale)} | _pooled(dataset.sel(scale=scale))
            for scale in dataset["scale"].values
        ],
        "ends_on_the_side_of_its_start": _sides(dataset),
        "cells": [_cell(dataset, at) for at in np.ndindex(dataset["failed"].shape)],
        "planes": [_plane(dataset.isel(plane=k)) for k in range(dataset.sizes["plane"])],
        "largest_distance_to_theory": dataset.attrs["largest_distance_to_theory"],
        "ends_unknown_to_theory": dataset.attrs["ends_unknown_to_theory"],
        "lowest_relative_excess": _lowest_excess(dataset),
        "largest_shift_of_polish": dataset.attrs["largest_shift_of_polish"],
    }


def _lowest_excess(dataset: xr.Dataset) -> float:
    """Below 0 by more than rounding if a flow ended under the ground state of theory."""
    return float(min(dataset["excess"].min(), dataset["plane_excess"].min()))


def _pooled(dataset: xr.Dataset) -> dict[str, Any]:
    """Probabilities over all flows together, with every cell at the same weight."""
    counts = dataset["count"].values.reshape(-1, len(ENDS)).sum(axis=0)
    ended = int(counts.sum())
    ground = int(dataset["ground_count"].sum())
    return {"ground state": share(ground, ended), "ends": _ends(counts)}


def _ends(counts: np.ndarray) -> dict[str, list[float]]:
    """Probabilities of the ends that occur."""
    ended = int(counts.sum())
    return {ENDS[k]: share(int(counts[k]), ended) for k in np.flatnonzero(counts)}


def _sides(dataset: xr.Dataset) -> dict[str, list[float]]:
    """How often the sign of w₁w₂ is that of the start, where both have one.

    The half-stable state is on the acute side: that is where it attracts from.
    """
    end, sign = dataset["end"].values, np.prod(dataset["start_weights"].values, axis=-1)
    acute, antipodal = np.isin(end, ACUTE_SIDE), np.isin(end, ANTIPODAL_SIDE)
    sides = {"acute": (sign > 0, acute), "antipodal": (sign < 0, antipodal)}
    either = acute | antipodal
    return {
        name: share(int(np.sum(start & kept)), int(np.sum(start & either)))
        for name, (start, kept) in sides.items()
    }


def _cell(dataset: xr.Dataset, at: tuple[int, ...]) -> dict[str, Any]:
    counts = dataset["count"].values[at]
    where = {name: float(dataset[name].values[k]) for name, k in zip(_CELL, at, strict=True)}
    ground = share(int(dataset["ground_count"].values[at]), int(counts.sum()))
    return where | {"ground state": ground, "ends": _ends(counts)}


def _plane(dataset: xr.Dataset) -> dict[str, Any]:
    """Shares of the area of a plane: no sample, so no intervals."""
    end = dataset["plane_end"].values
    found, counts = np.unique(end[end != FAILED], return_counts=True)
    shares = {ENDS[k]: n / counts.sum() for k, n in zip(found, counts, strict=True)}
    return {
        "density": float(dataset["plane_density"]),
        "relative_importance": float(dataset["plane_relative_importance"]),
        "area": shares,
    }


def table(dataset: xr.Dataset) -> str:
    """A dozen lines for the terminal."""
    numbers = summary(dataset)
    entries = {"ground state": numbers["pooled"]["ground state"], **numbers["pooled"]["ends"]}
    lines = [f"{'all cells and scales':36} {'share':>8}   95 % interval"]
    for name, (value, low, high) in entries.items():
        lines.append(f"  {name:34} {value:8.2%}   {low:.2%} to {high:.2%}")
    lines += [_scales(numbers), _half_stable(dataset)]
    kept = numbers["ends_on_the_side_of_its_start"]
    known = [f"{name} {v[0]:.1%}" for name, v in kept.items() if np.isfinite(v[0])]
    lines.append(f"flows that end on the side of their start: {', '.join(known) or 'none'}")
    lines.append(
        f"{numbers['flows']} flows, {int(dataset['failed'].sum())} failed; "
        f"{numbers['plane_points']} points of planes, "
        f"{int(np.sum(dataset['plane_end'] == FAILED))} failed"
    )
    lines.append(
        f"largest distance to a state of theory {numbers['largest_distance_to_theory']:.2g}, "
        f"{numbers['ends_unknown_to_theory']} ends unknown to it"
    )
    return "\n".join(lines)


def _scales(numbers: dict[str, Any]) -> str:
    shares = (f"{e['ground state'][0]:.1%} ({e['scale']:.2g})" for e in numbers["by_scale"])
    return "ground state by scale: " + ", ".join(shares)


def _half_stable(dataset: xr.Dataset) -> str:
    """Where flows end in the half-stable dedicated state most often."""
    shares = dataset["probability"].isel(end_index=HALF_STABLE).mean("scale").fillna(0.0).values
    i, j = np.unravel_index(np.argmax(shares), shares.shape)
    if shares[i, j] == 0:
        return "half-stable dedicated: no flow ends there"
    p, r = dataset["density"].values[i], dataset["relative_importance"].values[j]
    return f"half-stable dedicated at most {shares[i, j]:.1%}, at p = {p:.3g}, r = {r:.3g}"
