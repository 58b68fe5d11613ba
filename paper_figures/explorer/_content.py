"""The numbers of the page: read from datasets, rounded, ready for JSON. Nothing is computed."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr

from .. import _hulls

DIGITS, FEW = 8, 6  # significant, of losses and energies, and of all else
ROUNDING = f"losses and energies to {DIGITS} significant digits, all else to {FEW}"
_DECIMALS = 6  # of positions on the sphere
_BELOW = 1e-9  # relative difference of losses that is more than rounding
_TIGHT = 1e-8  # distance from a tight frame that counts as none
_COLOURS = 17

# name of the line in the dataset, label, style
_LINES = (
    ("line_first_order", "first order", "solid"),
    ("line_continuous", "continuous", "dotted"),
    ("line_weak_strong", "first order, weak | strong antipodal", "dashed"),
    ("line_exchange", "broken exchange symmetry", "broken"),
)


def phase(dataset: xr.Dataset) -> dict[str, Any]:
    """Axes, local minima of every cell lowest first, boundaries; dense and small r first.

    A minimum is [phase, loss, excess, w₁, w₂, b₁, b₂, whether a ground state].
    """
    dataset = dataset.sortby("density", ascending=False).sortby("relative_importance")
    names = dataset["phase"].attrs["flag_meanings"].split(", ")
    stable = dataset["stable"].values == 1
    columns = np.stack(
        [dataset["phase"].values, dataset["loss"].values, dataset["excess"].values]
        + [dataset[name].isel(feature=i).values for name in ("weights", "bias") for i in (0, 1)]
        + [dataset["ground"].values],
        axis=-1,
    )
    size = np.abs(columns[stable][:, 3:7])
    return {
        "p": rounded(dataset["density"].values, DIGITS),
        "r": rounded(dataset["relative_importance"].values, DIGITS),
        "names": names,
        "cells": [
            [[_state(column) for column in cell[keep]] for cell, keep in zip(*row, strict=True)]
            for row in zip(columns, stable, strict=True)
        ],
        "lines": [_line(dataset, *line) for line in _LINES],
        "colours": _colours(),
        "reach": rounded(1.1 * size.max(), 3),
    }


def _state(column: np.ndarray) -> list[Any]:
    name, loss, *rest, ground = column.tolist()
    return [int(name), rounded(loss, DIGITS), *rounded(rest, FEW), int(ground)]


def _line(dataset: xr.Dataset, name: str, label: str, style: str) -> dict[str, Any]:
    """Points (p, r) of a boundary where it exists."""
    points = np.stack([dataset["line_density"].values, dataset[name].values], axis=1)
    points = points[np.isfinite(points).all(axis=1)]
    return {"label": label, "style": style, "points": rounded(points, FEW)}


def _colours() -> list[list[int]]:
    """Places along matplotlib's cividis, from blue to yellow."""
    shades = mpl.colormaps["cividis"](np.linspace(0, 1, _COLOURS))[:, :3]
    return (255 * shades).round().astype(int).tolist()


def five(dataset: xr.Dataset) -> dict[str, Any]:
    """Both arrangements at every ratio of densities, with their losses and where they cross."""
    return {
        "density": rounded(float(dataset.attrs["density"]), DIGITS),
        "ratio": rounded(dataset["ratio"].values, DIGITS),
        "crossing": rounded(dataset["crossing"].values[0], FEW),
        "limit": rounded(dataset["limit"].values[0], FEW),
        "starts": int(dataset.sizes["start"]),
        "below": _lower(dataset),
        "started": int(dataset.sizes["ground_ratio"]),
        "branches": [_branch(dataset.isel(branch=k)) for k in range(dataset.sizes["branch"])],
    }


def _lower(dataset: xr.Dataset) -> list[float]:
    """Ratios at which a random start ended in a minimum lower than both arrangements."""
    found = dataset["ground_loss"].where(dataset["ground_kind"] == 0).min("start")
    known = dataset["ground_branch_loss"].min("branch")
    return rounded(dataset["ground_ratio"].values[(found < (1 - _BELOW) * known).values], FEW)


def _branch(branch: xr.Dataset) -> dict[str, Any]:
    return {
        "name": str(branch["branch"].values),
        "exists": branch["exists"].values.astype(int).tolist(),
        "loss": rounded(branch["loss"].values, DIGITS),
        "weights": rounded(branch["weights"].values, FEW),
        "bias": rounded(branch["bias"].values, FEW),
    }


def sphere(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """The lowest arrangement of every N that has one: positions, hull, energy, symmetry."""
    found = np.flatnonzero(np.isfinite(dataset["energy"].values))
    return [_size(dataset.isel(size=k)) for k in found]


def _size(at: xr.Dataset) -> dict[str, Any]:
    n = int(at["size"])
    X = at["position"].values[:, :n]
    return {
        "n": n,
        "energy": rounded(float(at["energy"]), DIGITS),
        "reference": rounded(float(at["reference"]), DIGITS),
        "symmetry": str(at["symmetry"].values),
        "order": _whole(float(at["symmetry_order"])),
        "hits": rounded(float(at["hit_rate"]), FEW),
        "interval": rounded(at["interval"].values, FEW),
        "dipole": rounded(float(at["dipole"]), FEW),
        "tight": bool(at["frame_defect"] <= _TIGHT),
        "positions": (X.T.round(_DECIMALS) + 0.0).tolist(),
        "edges": [list(pair) for pair in sorted(_hulls.edges(X))],
    }


def _whole(order: float) -> int | None:
    return int(order) if math.isfinite(order) else None


def rounded(values: float | Sequence[float] | np.ndarray, digits: int) -> Any:
    """Numbers to so many significant digits, None where there is none."""
    array = np.asarray(values, dtype=float)
    if array.ndim:
        return [rounded(each, digits) for each in array]
    number = float(array)
    if not math.isfinite(number):
        return None
    number = float(f"{number:.{digits}g}")
    return int(number) if number.is_integer() and abs(number) < 2**53 else number
