"""The ladder of k-gons in the sparse limit: heights, norms, biases, crossings, stability."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import GREEN, NAVY, OCHRE, STYLE
from ._words import listed, number

_DASHED = (0, (5, 1.5))
_SHAPES = 1.75  # half the width of a picture


def draw(dataset: xr.Dataset) -> Figure:
    """The polygons; h_k - k; norm and bias; importance at which the next feature is worth it."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(9.6, 4.3), layout="constrained")
        parts = figure.subfigures(2, 1, height_ratios=(0.3, 1), squeeze=False)[:, 0]
        _pictures(parts[0].subplots(1, min(dataset.sizes["k"], 12), squeeze=False)[0], dataset)
        heights, shapes, crossings = parts[1].subplots(1, 3)
        _heights(heights, dataset)
        _shape(shapes, dataset)
        _crossings(crossings, dataset)
        for ax in (heights, shapes, crossings):
            ax.set(xlabel="features $k$ of the polygon", xticks=dataset["k"].values[1::2])
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show; the best k-gon, the unstable ones, pentagon and hexagon."""
    k, gain = dataset["k"].values, (dataset["polygon_height"] - dataset["k"]).values
    best = int(np.argmin(gain))
    unstable = k[dataset["polygon_least_curvature"].values < 0]
    known = [
        f"k = {each}: {listed([at['polygon_norm'], at['polygon_bias'], at['polygon_height']], 6)}"
        for each in (5, 6)
        if each in k
        for at in [dataset.sel(k=each)]
    ]
    return (
        "Regular polygons of k equal features in the plane, in the sparse limit (one active "
        "feature at a time; the potential H = 3 lim L/p of Chen et al. 2023, of which a feature "
        "that is not stored costs 1). Top: the critical k-gons, dashed circle of norm 1. (a) "
        f"Height less k, what the k-gon saves: least at k = {k[best]} ({number(gain[best], 5)}), "
        "the largest polygon worth storing; crosses: unstable"
        f"{' (k = ' + listed(map(str, unstable)) + ')' if len(unstable) else ''}. (b) Norm and "
        f"bias; norm, bias and height of {'; '.join(known)}. (c) Relative importance of one more "
        "feature at which a regular (k+1)-gon costs as much as dropping it: above 1 the feature is "
        "not worth storing at equal importance (open: next to an unstable polygon)."
    )


def _pictures(axes: np.ndarray, dataset: xr.Dataset) -> None:
    circle = np.linspace(0, 2 * np.pi, 100)
    for ax, k, norm in zip(axes, dataset["k"].values, dataset["polygon_norm"].values, strict=False):
        angle = 2 * np.pi * np.arange(k) / k + np.pi / 2
        x, y = norm * np.cos(angle), norm * np.sin(angle)
        ax.plot(np.cos(circle), np.sin(circle), color="0.6", ls=_DASHED, lw=0.7)
        ax.plot(np.stack([np.zeros(k), x]), np.stack([np.zeros(k), y]), color="0.5", lw=0.9)
        ax.plot(x, y, "o", color=NAVY, ms=3.5)
        ax.set(xlim=(-_SHAPES, _SHAPES), ylim=(-_SHAPES, _SHAPES), aspect="equal")
        ax.set_title(f"$k = {k}$", loc="center", weight="normal", fontsize=7.5)
        ax.axis("off")


def _heights(ax: Axes, dataset: xr.Dataset) -> None:
    k, gain = dataset["k"].values, (dataset["polygon_height"] - dataset["k"]).values
    unstable = dataset["polygon_least_curvature"].values < 0
    ax.plot(k, gain, color=NAVY, lw=1)
    ax.plot(k[~unstable], gain[~unstable], "o", color=NAVY, ms=5, label="critical $k$-gon")
    ax.plot(k[unstable], gain[unstable], "x", color=OCHRE, ms=6, mew=1.6, label="unstable")
    ax.plot(k, -np.minimum(k, 4), color="0.5", ls=_DASHED, lw=1, label="at most two digons")
    best = int(np.argmin(gain))
    ax.annotate(f"$k = {k[best]}$", (k[best], gain[best]), (0, -11), textcoords="offset points",
                ha="center", fontsize=7.5)  # fmt: skip
    ax.set(ylabel="$h_k - k$   (dropping all: 0)", ylim=(gain.min() - 0.6, None))
    ax.set_title("(a) what a polygon saves")
    ax.legend(loc="upper right")


def _shape(ax: Axes, dataset: xr.Dataset) -> None:
    k = dataset["k"].values
    ax.plot(k, dataset["polygon_norm"], "o-", color=NAVY, ms=4.5, label="norm $\\Vert W_i\\Vert$")
    ax.plot(k, dataset["polygon_bias"], "s", ls=_DASHED, color=OCHRE, ms=4.5, label="bias $b$")
    ax.axhline(0, color="0.6", lw=0.7, zorder=0)
    ax.set_ylabel("norm, bias")
    ax.set_title("(b) shape")
    ax.legend(loc="center right", bbox_to_anchor=(1, 0.6))


def _crossings(ax: Axes, dataset: xr.Dataset) -> None:
    k, crossing = dataset["k"].values, dataset["polygon_crossing_importance"].values
    top = 1.12 * max(1.2, crossing.max())
    after = np.append(dataset["polygon_least_curvature"].values[1:] < 0, True)
    ax.axhspan(1, top, color="0.92", lw=0)
    ax.plot(k, crossing, color=GREEN, lw=1)
    for chosen, face, label in ((~after, GREEN, None), (after, "white", "unstable $(k+1)$-gon")):
        style = {"color": GREEN, "mec": "black", "mew": 0.6, "ms": 4.5, "mfc": face}
        ax.plot(k[chosen], crossing[chosen], "D", label=label, **style)
    ax.axhline(1, color="0.4", lw=1, ls=_DASHED)
    ax.text(k[0], 0.99 * top, "not worth storing\nat equal importance", fontsize=6.8, va="top")
    ax.set(ylabel="relative importance $r$", ylim=(-0.03, top))
    ax.legend(loc="lower right")
    ax.set_title("(c) feature $k + 1$ ties with dropping it")
