"""Directions in numbers: the claims, then every density, for the file and for the terminal."""

from typing import Any

import numpy as np
import xarray as xr

from ._claims import lines
from ._directions_claims import claims
from ._directions_dataset import KINDS
from ._directions_scores import filtered, scores


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Claims first; means and [least, largest] over starts of everything else."""
    return {
        "features": dataset.sizes["feature"],
        "dimensions": dataset.sizes["hidden"],
        "claims": claims(dataset),
        "largest_z_scores": {
            name: float(np.nanmax(np.abs(z))) for name, z in scores(dataset).items()
        },
        "networks_checked": int((dataset["result"] == 0).sum()),
        "bounds": _bounds(dataset),
        "random_directions": {
            name: _spread(dataset[f"random_{name}"].values)
            for name in ("mean_square", "largest", "smallest", "positive", "skewness")
        },
        "densities": [_density(dataset.isel(density=k)) for k in range(dataset.sizes["density"])],
        "fewer_features": [
            _fewer(dataset.isel(count=k, fewer_density=j))
            for k in range(dataset.sizes["count"])
            for j in range(dataset.sizes["fewer_density"])
        ],
    }


def _spread(values: np.ndarray) -> list[float]:
    """Mean, least and largest of the finite values."""
    array = np.asarray(values, float).ravel()
    array = array[np.isfinite(array)]
    return [float(array.mean()), float(array.min()), float(array.max())] if array.size else []


def _bounds(dataset: xr.Dataset) -> dict[str, Any]:
    names = ("welch_count", "most_directions", "almost_orthogonal_count")
    shown = [e for e in (0.2, 0.3, 0.5, 0.8) if np.any(dataset["epsilon"].values == e)]
    counts = {str(e): {name: float(dataset[name].sel(epsilon=e)) for name in names} for e in shown}
    finite = {
        e: {name: value if np.isfinite(value) else None for name, value in each.items()}
        for e, each in counts.items()
    }
    keys = ("welch_coherence", "coherence_bound", "packed_coherence")
    return {name: float(dataset[name]) for name in keys} | {"directions_within": finite}


def _density(at: xr.Dataset) -> dict[str, Any]:
    p = float(at["density"])
    here = int(np.argmin(np.abs(np.log(at["curve_density"].values / p))))
    return {
        "density": p,
        "mean_field_detection": float(at["mean_field_detection"][here]),
        "mean_field_filtered": float(at["mean_field_filtered"][here]),
    } | {kind: _network(at.sel(network=kind)) for kind in KINDS}


def _network(at: xr.Dataset) -> dict[str, Any]:
    shares, first = filtered(at)
    value, rest = (at[name].sum("feature") for name in ("value_error", "interference"))
    mean = {
        name: _spread(at[name].mean("feature").values)
        for name in (
            "probe",
            "fitted_probe",
            "recovery",
            "detection",
            "sparse_detection",
            "precision",
        )
    }
    return {
        "loss": _spread(at["loss"].values),
        "mean_over_features": mean,
        "cosines": {
            str(name).removeprefix("cosine_"): _spread(at[name].values)
            for name in at.data_vars
            if str(name).startswith("cosine_")
        },
        "read_outs": {
            str(name): {
                "value_error": _spread(value.sel(read_out=name).values),
                "interference": _spread(rest.sel(read_out=name).values),
                "filtered": _spread(shares.sel(read_out=name).values),
            }
            for name in at["read_out"].values
        },
        "filtered_to_first_order": _spread(first.values),
    } | {
        name: _spread(at[name].values)
        for name in ("mean_direction", "sum_of_directions", "coupling_over_threshold")
    }


def _fewer(at: xr.Dataset) -> dict[str, Any]:
    names = ("overlap", "norm_error", "loss")
    ends = {
        f"{name}_{stage}": _spread(at[f"fewer_{name}"].sel(stage=stage).values)
        for name in names
        for stage in at["stage"].values
    }
    return {
        "features": int(at["count"]),
        "density": float(at["fewer_density"]),
        "moved": _spread(at["fewer_moved"].values),
    } | ends


def table(dataset: xr.Dataset) -> str:
    """The claims, then a line for each density and kind of network."""
    numbers = summary(dataset)
    out = lines(numbers["claims"])
    out.append(
        "      p  network    R² probe  R² network  detection  cos² rms  filtered, bias 0  and b"
    )
    for entry in numbers["densities"]:
        out += [f"{entry['density']:7.4f}  {kind:9}  {_line(entry[kind])}" for kind in KINDS]
    return "\n".join(out)


def _line(entry: dict[str, Any]) -> str:
    if not entry["loss"]:
        return "failed"
    mean = entry["mean_over_features"]
    shares = [
        entry["read_outs"][name]["filtered"] for name in ("relu_without_bias", "relu_with_bias")
    ]
    rms = entry["cosines"]["mean_square"]
    return (
        f"{mean['probe'][0]:8.3f}  {mean['recovery'][0]:10.3f}  {mean['detection'][0]:9.4f}  "
        f"{np.sqrt(rms[0]) if rms else np.nan:8.3f}  {shares[0][0]:16.3f}  {shares[1][0]:5.3f}"
    )
