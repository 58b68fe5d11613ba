"""The basic results in numbers: for the summary file, and as a table for the terminal."""

from typing import Any

import numpy as np
import xarray as xr

_SAME = 1e-3  # relative excess up to which a start counts as having found the best


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Criteria, then counts and losses of every system at every density."""
    attrs = dataset.attrs
    return {
        "criteria": {
            "represented": f"norm >= {attrs['represented']:g}",
            "in_superposition": f"represented and interference >= {attrs['superposed']:g}",
            "recovered": f"R² >= {attrs['recovered']:g}",
            "starts_with_best": f"minimised to at most {_SAME:g} above the best, relatively",
        },
        "systems": [_system(dataset, int(n)) for n in np.atleast_1d(attrs["sizes"])],
    }


def _system(dataset: xr.Dataset, n: int) -> dict[str, Any]:
    own = {
        str(name).removeprefix(f"n{n}_"): values
        for name, values in dataset.data_vars.items()
        if str(name).startswith(f"n{n}_")
    }
    return {
        "features": n,
        "dimensions": own["W"].sizes[f"n{n}_hidden"],
        "densities": [
            _density(
                {k: v.isel(density=i) if "density" in v.dims else v for k, v in own.items()},
                float(p),
                dataset.attrs,
            )
            for i, p in enumerate(dataset["density"].values)
        ],
    }


def _density(at: dict[str, xr.DataArray], p: float, attrs: dict[str, Any]) -> dict[str, Any]:
    represented = at["norm"].values >= attrs["represented"]
    shared = represented & (at["interference"].values >= attrs["superposed"])
    losses, linear = at["loss"].values, float(at["linear_loss"])
    best, trained = float(at["best_loss"]), at["trained_loss"].values
    return {
        "density": p,
        "represented": int(represented.sum()),
        "in_superposition": int(shared.sum()),
        "recovered": int(np.sum(at["recovery"].values >= attrs["recovered"])),
        "recovery_sum": float(at["recovery"].sum()),
        "loss": best,
        "error": float(at["best_error"]),
        "linear_loss": linear,
        "loss_over_linear": best / linear,
        "starts": len(losses),
        "converged": int(at["converged"].sum()),
        "starts_with_best": int(np.sum(losses <= best * (1 + _SAME))),
        "best_minimised_over_best": float(np.nanmin(losses) / best),
        "worst_minimised_over_best": float(np.nanmax(losses) / best),
        "best_trained_over_best": float(np.nanmin(trained) / best),
        "median_trained_over_best": float(np.nanmedian(trained) / best),
    }


def table(dataset: xr.Dataset) -> str:
    """A line for each density of each system."""
    numbers = summary(dataset)
    lines = []
    for system in numbers["systems"]:
        n, m = system["features"], system["dimensions"]
        lines.append(f"n = {n}, m = {m}")
        lines.append(
            "     p  represented  in superposition  R²>=.5   loss        /linear  "
            "minimised  trained"
        )
        lines += [_line(entry) for entry in system["densities"]]
    criteria = "; ".join(
        f"{name.replace('_', ' ')}: {rule}" for name, rule in list(numbers["criteria"].items())[:2]
    )
    return "\n".join([*lines, criteria])


def _line(entry: dict[str, Any]) -> str:
    counts = f"{entry['represented']:11d}  {entry['in_superposition']:16d}  {entry['recovered']:6d}"
    kinds = f"{entry['best_minimised_over_best']:9.4f}  {entry['best_trained_over_best']:7.4f}"
    ratios = f"{entry['loss_over_linear']:7.4f}  {kinds}"
    return f"{entry['density']:6.3g}  {counts}   {entry['loss']:.4e}  {ratios}"
