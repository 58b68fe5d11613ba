"""What Elhage et al. 2022 say of features as directions, line by line, against a run.

Values of n > m are [near minima of the exact loss, trained], means over starts; intervals are the
spread over both kinds and all starts.
"""

from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import norm

from theory.linear_flow import feature_variance

from ._claims import claim, spread
from ._directions_dataset import KINDS

DETECTED = 0.95  # of `theory.interference.detection`
RECOVERED = 0.5  # R²
ORTHOGONAL = 1e-6
FILTERED = 0.9  # of the interference of the linear read-out
CHANCE = 0.01  # that all z-scores together are as large, if theory is right


def claims(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """One line for each statement, those of theory and its checks included."""
    return [
        *_access(dataset),
        *_orthogonality(dataset),
        *_almost(dataset),
        *_signs(dataset),
        *_filters(dataset),
        *_checks(dataset),
    ]


def filtered(at: xr.Dataset) -> tuple[xr.DataArray, xr.DataArray]:
    """Share of the linear read-out's interference that each read-out lacks; and to first order.

    The first order in p is of ReLU with the network's bias, its linear share included: p/3 Σ G_ij².
    """
    total = at["interference"].sum("feature")
    linear = total.sel(read_out="linear", drop=True)
    p = at["density"]
    first = at["sparse_interference"].sum("feature") / (linear * (p / 3) / (p / 3 - p**2 / 4))
    return 1 - total / linear, 1 - first


def scores(dataset: xr.Dataset) -> dict[str, np.ndarray]:
    """(on samples - exact) / standard error, of every network; NaN where there is no scatter."""
    value = dataset["value_error"].sum("feature")
    rest = dataset["interference"].sum("feature")
    variance = feature_variance(dataset["density"].values)
    missed = (1 - dataset["probe"]).sum("feature") * xr.DataArray(variance, dims="density")
    exact = {
        "loss": value + rest,
        "interference": rest,
        "probe": missed,
        "detection": dataset["detection"].mean("feature"),
    }
    found = {}
    for name, theirs in exact.items():
        error = dataset[f"sampled_{name}_error"]
        z = (dataset[f"sampled_{name}"] - theirs) / error.where(error > 0)
        found[name] = z.values.ravel()
    return found


def _both(values: xr.DataArray) -> tuple[list[float], tuple[float, float] | None]:
    """Means over starts of either kind, and the spread."""
    return [float(values.sel(network=kind).mean()) for kind in KINDS], spread(values.values.ravel())


def _yes(values: xr.DataArray, least: float) -> bool | None:
    """Whether all are at least this; None where some are and some are not, or none is there."""
    array = values.values.ravel()
    array = array[np.isfinite(array)]
    above = array >= least
    return None if not array.size or (above.any() and not above.all()) else bool(above.all())


def _extremes(dataset: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    order = np.argsort(dataset["density"].values)
    return dataset.isel(density=order[-1]), dataset.isel(density=order[0])


def _access(dataset: xr.Dataset) -> list[dict[str, Any]]:
    n, m = dataset.sizes["feature"], dataset.sizes["hidden"]
    _, sparse = _extremes(dataset)
    p = f"{n} features in {m} dimensions, p = {float(sparse['density']):g}"
    detection, probe = sparse["detection"].mean("feature"), sparse["probe"].mean("feature")
    own = sparse["recovery"].mean("feature")
    sums = dataset["probe"].sum("feature")
    ranks = np.round(sums)
    fitted = dataset["fitted_probe"].sum("feature")
    value, interval = _both(detection)
    lines = [
        claim(
            f"{p}: a threshold on W_i·h tells an active feature from an inactive one, mean chance "
            f"of the right order; agrees if at least {DETECTED} everywhere",
            value,
            paper="features are directions",
            agrees=_yes(detection, DETECTED),
            interval=interval,
        )
    ]
    value, interval = _both(probe)
    lines.append(
        claim(
            f"{p}: the best linear probe recovers the values of all features, mean R²; agrees if "
            f"at least {RECOVERED}",
            value,
            paper="linearly accessible",
            agrees=_yes(probe, RECOVERED),
            interval=interval,
        )
    )
    value, interval = _both(sums)
    lines.append(
        claim(
            f"sum of R² of the best linear probes is rank W, at most m = {m}, at every density; "
            "agrees if within 1e-9",
            value,
            paper=None,
            agrees=bool(np.nanmax(np.abs(sums - ranks)) < 1e-9 and np.nanmax(sums) < m + 1e-9),
            interval=interval,
        )
    )
    value, interval = _both(fitted)
    lines.append(
        claim(
            "the same of least squares fitted on samples, judged on others; agrees if nowhere "
            "above it by more than 5 %",
            value,
            paper=None,
            agrees=bool(np.nanmax(fitted / sums) <= 1.05),
            interval=interval,
        )
    )
    value, interval = _both(own)
    lines.append(
        claim(
            f"{p}: mean R² of the network's own rectified output is above that of the best linear "
            "probe; agrees if in every network",
            value,
            paper=None,
            agrees=bool((own > probe).all()),
            interval=interval,
        )
    )
    return lines


def _orthogonality(dataset: xr.Dataset) -> list[dict[str, Any]]:
    counts = ", ".join(str(int(n)) for n in dataset["count"].values)
    p = dataset["fewer_density"].values
    start = (
        f"{counts} features in {dataset.sizes['hidden']} dimensions, p from {p.max():g} to "
        f"{p.min():g}, {dataset.sizes['seed']} starts: "
    )
    moved = float(dataset["fewer_moved"].max())
    found = []
    for name, what in (("overlap", "|W_i·W_j|, i ≠ j"), ("norm_error", "|‖W_i‖ - 1|")):
        ends = dataset[f"fewer_{name}"]
        exact, polished = (ends.sel(stage=stage).values for stage in ("exact", "polished"))
        found.append(
            claim(
                f"{start}largest {what}, polished; agrees if at most {ORTHOGONAL:g} in every "
                f"network (minima of the exact loss, before: up to {np.max(exact):.1e}; the "
                f"polish moves no entry of WᵀW by more than {moved:.1e})",
                float(np.max(polished)),
                paper=0,
                agrees=bool(np.max(polished) <= ORTHOGONAL),
                interval=spread(polished.ravel()),
            )
        )
    return found


def _almost(dataset: xr.Dataset) -> list[dict[str, Any]]:
    _, sparse = _extremes(dataset)
    m = dataset.sizes["hidden"]
    p = f"p = {float(sparse['density']):g}"
    over = sparse["cosine_mean_square"] / sparse["cosine_least_mean_square"]
    value, interval = _both(over)
    chance = float((dataset["random_mean_square"] / dataset["random_least_mean_square"]).min())
    found = [
        claim(
            f"{p}: mean of cos² of stored features over Welch's bound; agrees if below every set "
            f"of random directions ({chance:.4g} or more)",
            value,
            paper="almost orthogonal",
            agrees=bool((over < chance).all()),
            interval=interval,
        )
    ]
    largest = np.maximum(sparse["cosine_largest"], -sparse["cosine_smallest"])
    value, interval = _both(largest)
    least = float(np.maximum(dataset["random_largest"], -dataset["random_smallest"]).min())
    bound, packed = (float(dataset[f"{name}_coherence"]) for name in ("welch", "packed"))
    found.append(
        claim(
            f"{p}: largest |cos| of stored features; agrees if below every set of random "
            f"directions ({least:.3f} or more; Welch's bound {bound:.3f}, found by descent on "
            f"angles alone {packed:.3f})",
            value,
            paper="almost orthogonal",
            agrees=bool((largest < least).all()),
            interval=interval,
        )
    )
    within = 0.3
    if np.any(dataset["epsilon"].values == within):
        at = dataset.sel(epsilon=within)
        counts = [float(at[name]) for name in ("almost_orthogonal_count", "most_directions")]
        found.append(
            claim(
                f"directions in {m} dimensions with all |cos| <= {within}: random ones prove so "
                "many, and bounds allow no more than; what exp(m) says depends on ε",
                counts,
                paper="exp(m)",
                agrees=None,
            )
        )
    return found


def _signs(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """ReLU filters negative sums: does it show in the cosines, sparse and dense?"""
    dense, sparse = _extremes(dataset)
    random = 1 - dataset["random_positive"].values
    low, high = float(random.min()), float(random.max())
    negative, both = 1 - sparse["cosine_positive"], 1 - dense["cosine_positive"]
    skewness, least = sparse["cosine_skewness"], float(dataset["random_skewness"].min())
    ps, pd = (f"p = {float(at['density']):g}: " for at in (sparse, dense))
    cheaper = "negative interference is cheaper"
    share = "share of Σcos² in negative cosines; agrees if"
    third = "mean of cos³ over (mean of cos²)^1.5; agrees if"
    return [
        claim(sentence, _both(values)[0], paper=paper, agrees=agrees, interval=_both(values)[1])
        for sentence, values, paper, agrees in (
            (
                f"{ps}{share} above every set of random directions ({high:.3f})",
                negative,
                cheaper,
                bool((negative > high).all()),
            ),
            (
                f"{pd}{share} in the range of random directions ({low:.3f} to {high:.3f})",
                both,
                None,
                bool(((both >= low) & (both <= high)).all()),
            ),
            (
                f"{ps}{third} below every set of random directions ({least:.3f})",
                skewness,
                cheaper,
                bool((skewness < least).all()),
            ),
        )
    ]


def _filters(dataset: xr.Dataset) -> list[dict[str, Any]]:
    _, sparse = _extremes(dataset)
    share, first = filtered(sparse)
    p = f"p = {float(sparse['density']):g}: share of the linear read-out's interference"
    bare, full = (
        share.sel(read_out=f"relu_{name}_bias", drop=True) for name in ("without", "with")
    )
    found = []
    for values, what, least in (
        (bare, "that ReLU without bias filters out; agrees if at least one half", 0.5),
        (full, f"that ReLU and bias filter out; agrees if at least {FILTERED}", FILTERED),
    ):
        value, interval = _both(values)
        found.append(
            claim(
                f"{p} {what}",
                value,
                paper="ReLU and negative biases filter out interference",
                agrees=_yes(values, least),
                interval=interval,
            )
        )
    value, interval = _both(first - full)
    found.append(
        claim(
            f"{p} filtered with bias, first order in p less exact; agrees if within 0.02",
            value,
            paper=None,
            agrees=bool((abs(first - full) <= 0.02).all()),
            interval=interval,
        )
    )
    error = sparse["value_error"].sum("feature")
    ratio = error.sel(read_out="relu_with_bias") / error.sel(read_out="relu_without_bias")
    value, interval = _both(ratio)
    found.append(
        claim(
            f"p = {float(sparse['density']):g}: error of the mean response with bias over that "
            "without",
            value,
            paper="none given",
            agrees=None,
            interval=interval,
        )
    )
    return found


def _checks(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """All z-scores together: the largest of so many normal ones has a known law."""
    found = []
    for name, z in scores(dataset).items():
        z = z[np.isfinite(z)]
        if not z.size:
            continue
        limit = float(norm.isf((1 - (1 - CHANCE) ** (1 / z.size)) / 2))
        found.append(
            claim(
                f"exact {name} against samples, largest |z| of {z.size}; agrees if at most "
                f"{limit:.2f}, passed by chance in {1 - CHANCE:.0%} of runs",
                float(np.max(np.abs(z))),
                paper=None,
                agrees=bool(np.max(np.abs(z)) <= limit),
                interval=spread(z),
            )
        )
    return found
