"""Overcomplete recovery: ΣR² and counts against the linear bounds, and Gram matrices."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import NAVY, STYLE
from ._words import listed, number

_LOOK = {  # colour, marker: told apart without colours
    "minimised": (NAVY, "o"),
    "trained": ("#e2a04a", "s"),
}
_NAME = {"minimised": "minimised, exact loss", "trained": "trained, AdamW"}
_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)))
_SHIFT = 0.03  # of the two kinds of network, in decades of p, so that they do not overlap
MAPS = 5
_HALF = 0.5  # of R²: the caption counts the features above the threshold next to it


def draw(dataset: xr.Dataset) -> Figure:
    """ΣR² over density; recovered features over the threshold; maps of WᵀW."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.4, 5.7), layout="constrained")
        shown = _spread(dataset.sizes["density"], MAPS)
        parts = figure.subfigures(2, 1, height_ratios=(1.75, 1), squeeze=False)
        top, bottom = parts[:, 0]
        left, right = top.subplots(1, 2)
        _sums(left, dataset)
        _counts(right, dataset)
        axes = bottom.subplots(1, len(shown), squeeze=False)[0]
        size = float(np.nanmax(np.abs(dataset["gram"].values[shown])))
        images = [
            _map(ax, dataset.isel(density=k), size) for ax, k in zip(axes, shown, strict=True)
        ]
        bar = bottom.colorbar(images[0], ax=list(axes), shrink=0.9, aspect=14)
        bar.set_label("$W_i \\cdot W_j$")
        axes[0].set_ylabel("feature (sorted)")
        bottom.suptitle(
            "(c) $W^T W$ of the best minimised network", x=0.01, ha="left", size=9, weight="bold"
        )
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, and where more is recovered than a linear model can."""
    bound, p = dataset.attrs["linear_bound"], dataset["density"].values
    sums = {kind: dataset["recovery_sum"].sel(network=kind) for kind in _LOOK}
    above = p[(xr.concat(list(sums.values()), "network").min(["network", "start"]) > bound).values]
    means = {kind: each.mean("start").values for kind, each in sums.items()}
    most = [
        f"{number(means[kind].max())} at p = {number(p[means[kind].argmax()], 2)} ({name})"
        for kind, name in _NAME.items()
    ]
    half = dataset["recovered"].sel(network="minimised").sel(threshold=_HALF, method="nearest")
    linear = dataset["linear_recovered"].sel(threshold=_HALF, method="nearest")
    return (
        f"{dataset.sizes['feature']} equal features in {dataset.attrs['linear_bound']} dimensions. "
        f"(a) Sum of R² over features, for {dataset.sizes['start']} starts of networks minimised "
        "on the exact loss and trained with AdamW, against density. No linear model exceeds "
        f"{number(bound)}; all starts do at {len(above)} of {len(p)} densities, from "
        f"{number(above.max(), 2)} to {number(above.min(), 2)}. The largest means of starts are "
        f"{listed(most)}. Grey: the mean field. Sparser than p = "
        f"{number(dataset.attrs['compressed_sensing_density'], 2)} (dotted) a linear program would "
        "decode exactly. (b) Features with R² at or above a threshold: at "
        f"{number(linear['threshold'])}, "
        f"{number(half.mean('start').max())} of minimised networks at best, where a linear model "
        f"has at most {number(linear)}. (c) WᵀW of the best minimised network, related features "
        "side by side."
    )


def _spread(count: int, most: int) -> list[int]:
    """At most so many of 0, ..., count - 1, the ends included and closer at the beginning."""
    return sorted({round((count - 1) * x**1.5) for x in np.linspace(0, 1, min(most, count))})


def _sums(ax: Axes, dataset: xr.Dataset) -> None:
    bound, n = dataset.attrs["linear_bound"], dataset.sizes["feature"]
    fine = dataset["curve_density"].values
    ax.axhline(bound, color="black", lw=1.2, ls=(0, (5, 1.5)), label=f"linear model: {bound}")
    ax.plot(fine, dataset["mean_field_sum"], color="0.45", lw=1.6, label="mean field")
    edge = dataset.attrs["compressed_sensing_density"]
    if min(fine) < edge < max(fine):
        ax.axvline(edge, color="0.3", lw=1, ls=(0, (1, 1.5)), label="a linear program decodes →")
    for sign, (kind, (colour, marker)) in zip((-1, 1), _LOOK.items(), strict=True):
        sums = dataset["recovery_sum"].sel(network=kind).values
        mean = np.nanmean(sums, axis=1)
        bars = np.abs(np.stack([np.nanmin(sums, axis=1), np.nanmax(sums, axis=1)]) - mean)
        x = dataset["density"].values * 10 ** (sign * _SHIFT)
        ax.errorbar(
            x, mean, bars, fmt=marker, color=colour, mec="black", ms=5, capsize=2, label=_NAME[kind]
        )
    ax.set(xscale="log", xlabel="density $p$   (sparser $\\rightarrow$)", ylim=(0, 1.02 * n))
    ax.set_ylabel("$\\sum_i R_i^2$   (points: mean and range of starts)")
    ax.invert_xaxis()
    ax.set_title(f"(a) {n} features in {dataset.attrs['linear_bound']} dimensions")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 0.2), labelspacing=0.25)


def _counts(ax: Axes, dataset: xr.Dataset) -> None:
    threshold, n = dataset["threshold"].values, dataset.sizes["feature"]
    ours = dataset["recovered"].sel(network="minimised").mean("start").values
    shown = _spread(dataset.sizes["density"], len(_DASHES))
    shades = mpl.colormaps["cividis"](np.linspace(0.0, 0.85, len(shown)))
    for k, shade, dashes in zip(shown, shades, _DASHES, strict=False):
        label = f"$p = {float(dataset['density'][k]):.2g}$"
        ax.plot(threshold, ours[k], color=shade, ls=dashes, lw=1.8, label=label)
    linear = dataset["linear_recovered"].values
    ax.fill_between(threshold, linear, color="0.87", label="reach of linear models")
    ax.set(xlabel="threshold $\\theta$", xlim=(threshold[0], threshold[-1]), ylim=(0, 1.02 * n))
    ax.set_ylabel("features with $R_i^2 \\geq \\theta$ (mean of starts)")
    ax.set_title("(b) features recovered, minimised networks")
    ax.legend(loc="center left", bbox_to_anchor=(0.0, 0.765))


def _map(ax: Axes, at: xr.Dataset, size: float):
    image = ax.imshow(at["gram"].values, cmap="cividis", vmin=-size, vmax=size)
    ax.set_title(f"$p = {float(at['density']):.2g}$", weight="normal")
    n = at.sizes["sorted"]
    ax.set_xticks([0, n - 1], labels=["1", str(n)])
    ax.set_yticks([0, n - 1], labels=["1", str(n)])
    return image
