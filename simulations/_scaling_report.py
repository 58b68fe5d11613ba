"""Exponents of the loss in the hidden dimension: for the summary file, and for the terminal."""

from typing import Any

import numpy as np
import xarray as xr

from theory import mean_field

_RESAMPLES = 2000
_SMALL = 0.125  # m/n up to which an exponent is fitted as well


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Each curve with its exponents -d ln L/d ln m."""
    m, n = dataset["hidden"].values, int(dataset.attrs["n"])
    curves = []
    for slope in dataset["slope"].values:
        at = dataset.sel(slope=slope)
        linear = {"slope": float(slope), "model": "linear, exact", "predicted": float(slope) - 1}
        curves.append(linear | exponents(m, at["linear_loss"].values, n))
        for decay in at["weight_decay"].values:
            one = at.sel(weight_decay=decay)
            names = {"slope": float(slope), "model": "trained", "weight_decay": float(decay)}
            curves.append(names | _counts(one, "") | exponents(m, one["loss"].values, n))
    return {
        "hidden": m,
        "features": n,
        "power_laws": curves,
        "equal_densities": _equal(dataset, m, n),
        "largest_relative_error_of_the_loss": float((dataset["error"] / dataset["loss"]).max()),
    }


def _counts(at: xr.Dataset, kind: str) -> dict[str, Any]:
    names = ("stored", "overlap")
    return {name: at[f"{kind}{name}"].values for name in names}


def _equal(dataset: xr.Dataset, m: np.ndarray, n: int) -> dict[str, Any]:
    density = float(dataset.attrs["equal_density"])
    loss = dataset["equal_loss"].values
    theirs = {name: dataset[f"{name}_loss"].values for name in ("mean_field", "partial_storage")}
    return {
        "density": density,
        "converged": int(dataset["equal_converged"].sum()),
        "minima": _counts(dataset, "equal_") | exponents(m, loss, n),
        "minima_over": {name: loss / values for name, values in theirs.items()},
        **{name: exponents(m, values, n) for name, values in theirs.items()},
        "mean_field_local_exponent": [-mean_field.scaling_exponent(x / n, density) for x in m],
    }


def exponents(m: np.ndarray, loss: np.ndarray, n: int) -> dict[str, Any]:
    """-d ln L/d ln m by least squares with a 95 % interval, over all m and m <= n/8, and locally.

    The interval is from resampled points (pairs bootstrap): it covers the scatter and the bend of
    the curve, not the choice of the range of m. None with fewer than three points.
    """
    small = m <= _SMALL * n
    return {
        "loss": loss,
        "exponent": fitted(m, loss),
        "exponent_up_to_n/8": fitted(m[small], loss[small]),
        "local_exponents": -np.diff(np.log(loss)) / np.diff(np.log(m)),
    }


def fitted(m: np.ndarray, loss: np.ndarray) -> list[float] | None:
    """The exponent with the ends of its interval."""
    if len(m) < 3:
        return None
    x, y = np.log(m), np.log(loss)
    rng = np.random.default_rng(0)
    picks = rng.integers(len(m), size=(_RESAMPLES, len(m)))
    slopes = [_slope(x[pick], y[pick]) for pick in picks if len(set(pick.tolist())) > 1]
    low, high = np.quantile(slopes, [0.025, 0.975])
    return [_slope(x, y), float(low), float(high)]


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    off = x - x.mean()
    return -float(np.sum(off * y) / np.sum(off**2))


def table(dataset: xr.Dataset) -> str:
    """A line for each curve."""
    numbers = summary(dataset)
    lines = ["exponent of m, all m                 m <= n/8               local; stored"]
    for curve in numbers["power_laws"]:
        decay = f", λ = {curve['weight_decay']:g}" if "weight_decay" in curve else ""
        lines.append(_line(f"α = {curve['slope']:g}, {curve['model']}{decay}", curve))
    equal = numbers["equal_densities"]
    lines.append(_line(f"p = {equal['density']:g} for all, minima", equal["minima"]))
    for name in ("mean_field", "partial_storage"):
        lines.append(_line(name.replace("_", " "), equal[name]))
    ratio = ", ".join(f"{x:.3f}" for x in equal["minima_over"]["partial_storage"])
    lines.append(f"minima over partial storage: {ratio}")
    return "\n".join(lines)


def _line(name: str, curve: dict[str, Any]) -> str:
    fits = (curve["exponent"], curve["exponent_up_to_n/8"])
    texts = ("-" if f is None else f"{f[0]:.2f} ({f[1]:.2f} to {f[2]:.2f})" for f in fits)
    local = " ".join(f"{x:.2f}" for x in curve["local_exponents"])
    stored = "; " + " ".join(map(str, curve["stored"])) if "stored" in curve else ""
    return f"{name:28} {'  '.join(texts)}  {local}{stored}"
