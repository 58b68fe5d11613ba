"""The pentagon deforms as one feature grows sparser, lasts too long, and breaks into two digons."""

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import NAVY, OCHRE, STYLE
from ._particles import particles, plane, spokes
from ._words import number, spelled

_DASHED = (0, (5, 1.5))
_STRIP = 5
_STORED = 0.5


def draw(dataset: xr.Dataset) -> Figure:
    """A few arrangements on the way; the loss over the ratio beside that of two digons."""
    picks = _picks(dataset)
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 4.4), layout="constrained")
        top, bottom = figure.subfigures(2, 1, height_ratios=(1, 1.4), squeeze=False)[:, 0]
        axes = top.subplots(1, len(picks))
        W, ratio = dataset["driven_weights"].values, dataset["driven_ratio"].values
        for letter, ax, k in zip("abcde", axes, picks, strict=False):
            plane(ax)
            particles(ax, W[k], W.shape[2] - 1)
            ax.set_title(f"({letter}) ratio {ratio[k]:.3g}", loc="center", fontsize=8)
        ax = bottom.subplots()
        _loss(ax, dataset)
        loss = _unit_loss(dataset)
        ax.plot(ratio[picks], loss[picks], "o", mfc="white", mec="black", ms=5, zorder=4)
        for letter, k in zip("abcde", picks, strict=False):
            place = {"textcoords": "offset points", "fontsize": 8, "ha": "right"}
            ax.annotate(letter, (ratio[k], loss[k]), (-5, 5), **place)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What is shown; where the losses are equal, and where the pentagon breaks."""
    crossing, jump = special(dataset)
    story = (
        f" Two digons are lower from where it is {number(1 / crossing)} times sparser on, but the "
        "pentagon, deformed, stays a local minimum and breaks only at "
        f"{number(1 / jump)} times (a little late, as the drive has a finite speed): hysteresis of "
        "a first-order transition."
    )
    return (
        f"{spelled(dataset.sizes['feature']).capitalize()} features of density "
        f"{number(dataset.attrs['density'])} in {spelled(dataset.sizes['hidden'])} dimensions; the "
        "density of one (square) falls slowly while all follow the gradient of the exact loss."
        f"{story if np.isfinite(crossing + jump) else ''} Top: the columns of W; dashed: unit "
        "circle. Bottom: the loss on the way, and that of two digons by theory."
    )


def special(dataset: xr.Dataset) -> tuple[float, float]:
    """Ratios at which the way becomes higher than two digons, and drops the odd feature.

    NaN where it does not.
    """
    ratio = dataset["driven_ratio"].values
    gap = (dataset["driven_loss"] - dataset["digons_loss"]).values
    turns = np.flatnonzero((gap[:-1] < 0) & (gap[1:] >= 0))
    norm = np.linalg.norm(dataset["driven_weights"].values[:, :, -1], axis=1)
    jump = float(ratio[np.argmax(norm < _STORED)]) if np.any(norm < _STORED) else np.nan
    if not len(turns):
        return np.nan, jump
    k, logs = int(turns[0]), np.log(ratio)
    share = gap[k] / (gap[k] - gap[k + 1])
    return float(np.exp(logs[k] + share * (logs[k + 1] - logs[k]))), jump


def animate(dataset: xr.Dataset) -> Iterator[Figure]:
    """The arrangement, and its loss over the ratio beside it, frame by frame."""
    W, ratio, loss = (
        dataset["driven_weights"].values, dataset["driven_ratio"].values, _unit_loss(dataset),
    )  # fmt: skip
    figure = Figure(figsize=(6.4, 3.0), dpi=100, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.2))
    plane(left)
    (rays,) = left.plot([], [], animated=True, color="0.5", lw=1.2)
    (dots,) = left.plot([], [], "o", animated=True, color=NAVY, mec="black", ms=8)
    (odd,) = left.plot([], [], "s", animated=True, color=OCHRE, mec="black", ms=8.5)
    _loss(right, dataset)
    (now,) = right.plot([], [], "o", animated=True, mfc="white", mec="black", ms=7, zorder=4)
    title = left.set_title(" ", loc="center", animated=True)
    for k in range(len(W)):
        rays.set_data(*spokes(W[k]))
        dots.set_data(*W[k][:, :-1])
        odd.set_data(*W[k][:, -1:])
        now.set_data([ratio[k]], [loss[k]])
        title.set_text(f"{1 / ratio[k]:.2f} times sparser")
        yield figure


def _picks(dataset: xr.Dataset) -> list[int]:
    """Start, equal losses, before the break, in it, end; evenly spaced without these."""
    ratio = dataset["driven_ratio"].values
    crossing, jump = special(dataset)
    if not np.isfinite(crossing + jump):
        return np.linspace(0, len(ratio) - 1, _STRIP).round().astype(int).tolist()
    at, broken = int(np.argmin(np.abs(ratio - crossing))), int(np.argmax(ratio <= jump))
    return [0, at, (at + broken) // 2, broken, len(ratio) - 1]


def _unit_loss(dataset: xr.Dataset) -> np.ndarray:
    return dataset["driven_loss"].values / float(dataset.attrs["density"])


def _loss(ax: Axes, dataset: xr.Dataset) -> None:
    ratio, p = dataset["driven_ratio"].values, float(dataset.attrs["density"])
    ax.plot(ratio, _unit_loss(dataset), color=NAVY, lw=1.8, label="driven, from the pentagon")
    digons = dataset["digons_loss"].values / p
    ax.plot(ratio, digons, color=OCHRE, ls=_DASHED, lw=1.5, label="two digons (theory)")
    crossing, jump = special(dataset)
    marks = ((crossing, "equal losses"), (jump, "breaks"))
    for x, text in (mark for mark in marks if np.isfinite(mark[0])):
        ax.axvline(x, color="0.6", lw=0.8, zorder=0)
        where = ax.get_xaxis_transform()
        style = {"rotation": 90, "ha": "right", "va": "center", "fontsize": 7}
        ax.text(x, 0.52, text, transform=where, **style)
    ticks = [x for x in (0.1, 0.2, 0.3, 0.5, 1.0) if ratio.min() * 0.99 <= x <= ratio.max()]
    ax.set(xscale="log", xlabel="density of the odd feature over that of the others")
    ax.set_xticks(ticks, [f"{x:g}" for x in ticks])
    ax.set_xticks([], minor=True)
    ax.set(ylabel="exact loss over density, $L/p$", xlim=(1.05 * ratio.max(), 0.95 * ratio.min()))
    ax.legend(loc="upper right", fontsize=7)
