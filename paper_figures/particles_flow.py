"""Five particles under the gradient flow: small weights grow, repel each other, settle."""

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import NAVY, STYLE
from ._particles import particles, plane, spokes
from ._words import number, spelled

_STRIP = 5  # arrangements in the printed picture


def draw(dataset: xr.Dataset) -> Figure:
    """A few arrangements on the way, and the loss over time with their places on it."""
    picks = _picks(dataset)
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 4.2), layout="constrained")
        top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.3), squeeze=False)[:, 0]
        for letter, ax, k in zip("abcde", top.subplots(1, len(picks)), picks, strict=False):
            plane(ax)
            particles(ax, dataset["flow_weights"].values[k])
            time = float(dataset["flow_time"][k])
            ax.set_title(f"({letter}) $t = {time:.0f}$", loc="center", fontsize=8)
        ax = bottom.subplots()
        _loss(ax, dataset)
        time, loss = _times(dataset)[picks], dataset["flow_loss"].values[picks]
        ax.plot(time, loss, "o", mfc="white", mec="black", ms=5, zorder=4)
        for letter, x, y in zip("abcde", time, loss, strict=False):
            ax.annotate(letter, (x, y), (5, 4), textcoords="offset points", fontsize=8)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What is shown, and where it ends."""
    loss = dataset["flow_loss"].values
    return (
        f"Gradient flow of {dataset.sizes['feature']} equal features in "
        f"{spelled(dataset.sizes['hidden'])} dimensions, density "
        f"{number(dataset.attrs['density'])}, on the exact loss, from small random weights. "
        "Arrangements of the columns of W (dashed: unit circle) and the loss, which only falls: "
        f"from {number(loss[0])} to {number(loss[-1], 4)}, slowly past a saddle. The animation "
        f"has {dataset.sizes['flow']} frames, evenly spaced in what moves, not in time."
    )


def animate(dataset: xr.Dataset) -> Iterator[Figure]:
    """The particles, and the loss over time beside them, frame by frame."""
    W, loss, time = dataset["flow_weights"].values, dataset["flow_loss"].values, _times(dataset)
    figure = Figure(figsize=(6.4, 3.0), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.2))
    plane(left)
    (rays,) = left.plot([], [], animated=True, color="0.5", lw=1.2)
    (dots,) = left.plot([], [], "o", animated=True, color=NAVY, mec="black", ms=8)
    (trails,) = left.plot([], [], animated=True, color=NAVY, lw=0.7, alpha=0.5, zorder=0)
    _loss(right, dataset)
    (now,) = right.plot([], [], "o", animated=True, mfc="white", mec="black", ms=7, zorder=4)
    title = left.set_title(" ", loc="center", animated=True)
    gap = np.full((1, *W.shape[1:]), np.nan)
    for k in range(len(W)):
        rays.set_data(*spokes(W[k]))
        dots.set_data(*W[k])
        way = np.concatenate([W[: k + 1], gap])
        trails.set_data(*(way[:, axis].T.ravel() for axis in (0, 1)))
        now.set_data([time[k]], [loss[k]])
        title.set_text(f"$t = {float(dataset['flow_time'][k]):.0f}$")
        yield figure


def _times(dataset: xr.Dataset) -> np.ndarray:
    """The start has no place on a logarithmic axis: it is drawn at the left end."""
    time = dataset["flow_time"].values
    return np.maximum(time, 0.3 * time[time > 0].min())


def _picks(dataset: xr.Dataset) -> list[int]:
    return np.linspace(0, dataset.sizes["flow"] - 1, _STRIP).round().astype(int).tolist()


def _loss(ax: Axes, dataset: xr.Dataset) -> None:
    ax.plot(_times(dataset), dataset["flow_loss"], color="black", lw=1.6)
    ax.set(xscale="log", xlabel="time $t$ (1/curvature)", ylabel="exact loss $L$")
    ax.set_ylim(0, 1.12 * float(dataset["flow_loss"].max()))
