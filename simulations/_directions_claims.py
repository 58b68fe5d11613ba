"""What Elhage et al. 2022 say of features as directions, line by line, against a run.

Values of n > m are [near minima of the exact loss, trained], means over starts; intervals are the
spread over both kinds and all starts.
"""

from typing import Any

import numpy as np
import xarray as xr
from scipy.stats import norm

from ._claims import claim, spread
from ._directions_angles import almost_orthogonal, signs
from ._directions_scores import all_at_least, both, extremes, filtered, scores

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
        *almost_orthogonal(dataset),
        *signs(dataset),
        *_filters(dataset),
        *_checks(dataset),
    ]


def _access(dataset: xr.Dataset) -> list[dict[str, Any]]:
    n, m = dataset.sizes["feature"], dataset.sizes["hidden"]
    _, sparse = extremes(dataset)
    p = f"{n} features in {m} dimensions, p = {float(sparse['density']):g}"
    detection, probe = sparse["detection"].mean("feature"), sparse["probe"].mean("feature")
    own = sparse["recovery"].mean("feature")
    sums = dataset["probe"].sum("feature")
    ranks = np.round(sums)
    fitted = dataset["fitted_probe"].sum("feature")
    value, interval = both(detection)
    lines = [
        claim(
            f"{p}: a threshold on W_i·h tells an active feature from an inactive one, mean chance "
            f"of the right order; agrees if at least {DETECTED} everywhere",
            value,
            paper="features are directions",
            agrees=all_at_least(detection, DETECTED),
            interval=interval,
        )
    ]
    value, interval = both(probe)
    lines.append(
        claim(
            f"{p}: the best linear probe recovers the values of all features, mean R²; agrees if "
            f"at least {RECOVERED}",
            value,
            paper="linearly accessible",
            agrees=all_at_least(probe, RECOVERED),
            interval=interval,
        )
    )
    value, interval = both(sums)
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
    value, interval = both(fitted)
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
    value, interval = both(own)
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


def _filters(dataset: xr.Dataset) -> list[dict[str, Any]]:
    _, sparse = extremes(dataset)
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
        value, interval = both(values)
        found.append(
            claim(
                f"{p} {what}",
                value,
                paper="ReLU and negative biases filter out interference",
                agrees=all_at_least(values, least),
                interval=interval,
            )
        )
    value, interval = both(first - full)
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
    value, interval = both(ratio)
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
                f"{limit:.2f}, which a right theory does in {1 - CHANCE:.0%} of runs",
                float(np.max(np.abs(z))),
                paper=None,
                agrees=bool(np.max(np.abs(z)) <= limit),
                interval=spread(z),
            )
        )
    return found
