"""Plateaus of D* and lines of D_i in numbers: for the summary file, and for the terminal."""

from typing import Any

import numpy as np
import xarray as xr

from theory.numeric import bracketed_root

from ._uniform_dataset import KINDS, STATES, equal, pairs

LINES = {"1": 1.0, "3/4": 0.75, "2/3": 2 / 3, "1/2": 0.5, "2/5": 0.4, "3/8": 0.375, "0": 0.0}
TOLERANCES = (0.002, 0.005, 0.01)
PLATEAU = (0.02, 0.05)
_STORED = 0.1  # ‖W_i‖² above which a feature is stored
_SIDE = 3.0  # chance is judged between 1 and so many tolerances from a line
_NEAR = 0.02  # a feature this near to a line has a distance to it


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """All numbers of the run."""
    return {
        "features": dataset.sizes["feature"],
        "dimensions": dataset.sizes["hidden"],
        "networks_that_converged": int(dataset["converged"].sum()),
        "densities": [_network(dataset.isel(density=k)) for k in range(dataset.sizes["density"])],
        "plateaus": {kind: plateaus(dataset.sel(kind=kind)) for kind in KINDS},
        "lines": {kind: _lines(dataset.sel(kind=kind)) for kind in KINDS},
        "median_distance_to_a_line": {kind: _sharpness(dataset.sel(kind=kind)) for kind in KINDS},
        "pairs_beat_mean_field_between": crossings(dataset),
        "largest_relative_error_of_the_loss": float((dataset["error"] / dataset["loss"]).max()),
    }


def _network(at: xr.Dataset) -> dict[str, Any]:
    n, m, p = at.sizes["feature"], at.sizes["hidden"], float(at["density"])
    theirs = {"mean_field": equal(n, m, p)} | ({"pairs": pairs(n, m, p)} if p < 1 else {})
    return {
        "density": p,
        "converged": bool(at["converged"]),
        "evaluations": int(at["evaluations"]),
        "theory": {k: {"loss": v[0], "dimensions_per_feature": v[1]} for k, v in theirs.items()},
    } | {kind: _numbers(at.sel(kind=kind)) for kind in KINDS}


def _numbers(at: xr.Dataset) -> dict[str, Any]:
    return {
        "loss": float(at["loss"]),
        "dimensions_per_feature": float(at["dimensions_per_feature"]),
        "stored": int(np.sum(_stored(at))),
        "sum_of_dimensionalities": float(at["dimensionality"].sum()),
        "on_lines": {name: _on(at, name, value, TOLERANCES[1]) for name, value in LINES.items()},
    }


def _stored(at: xr.Dataset) -> np.ndarray:
    return at["norm"].values ** 2 > _STORED


def _on(at: xr.Dataset, name: str, value: float, tolerance: float) -> int:
    return int(np.sum(np.abs(_candidates(at, name) - value) <= tolerance))


def _candidates(at: xr.Dataset, name: str) -> np.ndarray:
    """D_i of the stored features; of all of them for the line 0."""
    values = at["dimensionality"].values
    return values.ravel() if name == "0" else values[_stored(at)]


def plateaus(at: xr.Dataset) -> list[dict[str, Any]]:
    """Densities between which |D* - v| <= tolerance v, with the neighbours just outside.

    The longest run of neighbouring densities; None where there is none, or no neighbour.
    """
    order = np.argsort(-at["density"].values)
    p, stars = at["density"].values[order], at["dimensions_per_feature"].values[order]
    out = []
    for value in (1.0, 0.5):
        for tolerance in PLATEAU:
            first, last = _longest(np.abs(stars - value) <= tolerance * value)
            inside = [float(p[first]), float(p[last - 1])] if last > first else None
            before = float(p[first - 1]) if inside and first > 0 else None
            after = float(p[last]) if inside and last < len(p) else None
            entry = {"plateau": value, "relative_tolerance": tolerance, "inside": inside}
            out.append(entry | {"before": before, "after": after})
    return out


def _longest(inside: np.ndarray) -> tuple[int, int]:
    """Ends of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    runs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
    return max(runs, key=lambda run: run[1] - run[0], default=(0, 0))


def _lines(at: xr.Dataset) -> dict[str, Any]:
    """Features on each line at each tolerance, over all densities, and how many by chance."""
    return {
        name: [
            {"tolerance": width, "on": _on(at, name, value, width)}
            | {"expected_by_chance": by_chance(_candidates(at, name), value, width)}
            for width in TOLERANCES
        ]
        for name, value in LINES.items()
    }


def by_chance(values: np.ndarray, line: float, width: float) -> float:
    """How many of the values would lie within a width of a line without any attraction to it.

    As dense as between 1 and 3 widths from it, where no other line is nearer than one width and
    D_i is between 0 and 1. None nearby: 0, an estimate with an error of about one feature.
    """
    others = [other for other in LINES.values() if other != line]
    near = [(line - width, line + width)]
    taken = near + [(other - width, other + width) for other in others]
    low, high = max(line - _SIDE * width, 0.0), min(line + _SIDE * width, 1.0)
    grid = np.linspace(low, high, 3001)
    free = float(np.mean(_outside(grid, taken))) * (high - low)
    beside = int(np.sum(_outside(values, taken) & (values >= low) & (values <= high)))
    own = min(line + width, 1.0) - max(line - width, 0.0)
    return beside * own / free if free > 0 else np.nan


def _outside(values: np.ndarray, intervals: list[tuple[float, float]]) -> np.ndarray:
    inside = [(values >= low) & (values <= high) for low, high in intervals]
    return ~np.any(inside, axis=0)


def _sharpness(at: xr.Dataset) -> dict[str, Any]:
    """Median distance to the nearest line between 3/8 and 3/4, of the features near to one.

    Values spread evenly would have half of the reach.
    """
    lines = np.array([value for value in LINES.values() if 0 < value < 1])
    values = at["dimensionality"].values[_stored(at)]
    distance = np.min(np.abs(values[:, None] - lines), axis=1)
    distance = distance[distance <= _NEAR]
    median = float(np.median(distance)) if len(distance) else np.nan
    return {"reach": _NEAR, "features": len(distance), "median": median}


def crossings(dataset: xr.Dataset) -> list[float]:
    """Densities at which m exact pairs and the mean field have the same loss, densest first."""
    n, m = dataset.sizes["feature"], dataset.sizes["hidden"]
    gap = -dataset["line_loss"].sel(state="pairs") + dataset["line_loss"].sel(state="mean_field")
    p = dataset["line_density"].values
    turns = np.flatnonzero(np.diff(np.sign(gap.values)))

    def difference(log: float) -> float:
        return pairs(n, m, np.exp(log))[0] - equal(n, m, np.exp(log))[0]

    ends = np.log(p)
    roots = [bracketed_root(difference, ends[k], ends[k + 1]) for k in turns]
    return [float(np.exp(root)) for root in roots]


def table(dataset: xr.Dataset) -> str:
    """A line for each density, then one for each line of D_i."""
    numbers = summary(dataset)
    lines = [
        "density   D* minimum  trained   pairs  mean field   loss minimum    trained    stored",
    ]
    for entry in numbers["densities"]:
        theirs = entry["theory"]
        star = [theirs[k]["dimensions_per_feature"] if k in theirs else np.nan for k in STATES]
        found, network = entry["minimum"], entry["trained"]
        lines.append(
            f"{entry['density']:7.4f} {found['dimensions_per_feature']:11.4f} "
            f"{network['dimensions_per_feature']:8.4f} {star[0]:8.4f} {star[1]:9.4f} "
            f"{found['loss']:15.6g} {network['loss']:11.6g} {found['stored']:7d}"
        )
    for name in LINES:
        entries = [numbers["lines"][kind][name][1] for kind in ("minimum", "trained")]
        counts = (f"{e['on']} on it, {e['expected_by_chance']:.1f} by chance" for e in entries)
        lines.append(f"D_i = {name:4} within {TOLERANCES[1]}: minima {'; trained '.join(counts)}")
    between = ", ".join(f"{p:.4f}" for p in numbers["pairs_beat_mean_field_between"])
    lines.append(f"pairs and mean field cross at the densities {between or 'none'}")
    return "\n".join(lines)
