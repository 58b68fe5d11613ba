"""Five features, one sparser: losses of both arrangements, and how the pentagon deforms."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from ._draw import NAVY, OCHRE, STYLE
from ._words import number, spelled

_COLOURS = (NAVY, OCHRE)  # pentagon, two digons
_SOURCE = "Elhage et al. 2022, “Non-uniform superposition”"
_PAPER = 2.5  # times sparser, where they see the jump: a number of the literature, not of the data
_INSETS = 5
_DASHED = (0, (4, 2))


def draw(dataset: xr.Dataset) -> Figure:
    """Arrangements at a few ratios; losses; norms and angles of the pentagon."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(9.4, 5.6), layout="constrained")
        top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=(1, 2.6))[:, 0]
        _arrangements(top, dataset)
        grid = bottom.add_gridspec(2, 2, width_ratios=(1.5, 1))
        losses = bottom.add_subplot(grid[:, 0])
        norms, angles = bottom.add_subplot(grid[0, 1]), bottom.add_subplot(grid[1, 1])
        _losses(losses, dataset)
        _deformation(norms, angles, dataset)
        for ax in (losses, norms, angles):
            _axis(ax, dataset)
        norms.set_xlabel("")
        norms.tick_params(labelbottom=False)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, where the losses cross and where the pentagon ends."""
    crossing, limit = float(dataset["crossing"][0]), float(dataset["limit"][0])
    vary, p = dataset.attrs["vary"], float(dataset.attrs["density"])
    ratio = dataset["ratio"].values
    crosses = (
        f"Both have the same loss where it is {number(1 / crossing)} times smaller"
        if np.isfinite(crossing)
        else "Their losses do not cross in this range"
    )
    ends = (
        f", and the pentagon stops being a minimum where it is {number(1 / limit)} times smaller"
        if np.isfinite(limit)
        else ""
    )
    paper = f" ({_SOURCE}, see the jump at {number(_PAPER)})" if vary == "density" else ""
    return (
        f"{spelled(dataset.sizes['feature']).capitalize()} features in "
        f"{spelled(dataset.sizes['hidden'])} dimensions, density {number(p)}, one with a "
        f"{vary} of its own, {number(ratio.min())} to {number(ratio.max())} times that of the "
        "others. Top: the lower "
        "arrangement, the odd feature filled. Left: exact losses of the pentagon and of two "
        f"digons, solid where the lower, and the best of {dataset.sizes['start']} random starts. "
        f"{crosses}{paper}{ends}. Right: norms and angles of the pentagon as it deforms."
    )


def _axis(ax: Axes, dataset: xr.Dataset) -> None:
    vary, ratio = dataset.attrs["vary"], dataset["ratio"].values
    ticks = [x for x in (0.01, 0.05, 0.1, 0.2, 0.4, 1, 2, 4, 10) if ratio[0] <= x <= ratio[-1]]
    ax.set(xscale="log", xlabel=f"{vary} of the odd feature over that of the others")
    ax.set_xticks(ticks, [f"{x:g}" for x in ticks])
    ax.set_xticks([], minor=True)


def _exists(dataset: xr.Dataset, branch: int) -> np.ndarray:
    return dataset["exists"].values[branch].astype(bool)


def _lowest(dataset: xr.Dataset) -> np.ndarray:
    """Which branch is the lower one, at each ratio."""
    exists = dataset["exists"].values.astype(bool)
    return np.argmin(np.where(exists, dataset["loss"].values, np.inf), axis=0)


def _losses(ax: Axes, dataset: xr.Dataset) -> None:
    """Solid where the branch is the lowest, dashed where it is a minimum above the other."""
    ratio, p = dataset["ratio"].values, float(dataset.attrs["density"])
    lowest = _lowest(dataset)
    crossing, limit = float(dataset["crossing"][0]), float(dataset["limit"][0])
    for branch, name in enumerate(dataset["branch"].values):
        loss = dataset["loss"].values[branch] / p
        colour = _COLOURS[branch]
        for lower, style in ((True, "-"), (False, _DASHED)):
            show = _exists(dataset, branch) & ((lowest == branch) == lower)
            x, y = ratio[show], loss[show]
            if np.isfinite(crossing) and len(x):
                end = 0 if x[0] > crossing else len(x)
                x = np.insert(x, end, crossing)
                y = np.insert(y, end, float(dataset["crossing"][1]) / p)
            label = f"{name}, {'lowest' if lower else 'metastable'}"
            ax.plot(x, y, color=colour, ls=style, label=label)  # pyright: ignore
    best = np.where(dataset["ground_kind"] == 0, dataset["ground_loss"], np.inf).min(axis=1) / p
    name = "best of random starts"
    ax.plot(dataset["ground_ratio"], best, "o", mfc="white", mec="black", ms=5, label=name)
    ax.set(yscale="log", ylabel="exact loss over density, $L/p$")
    ticks = (0.05, 0.1, 0.2, 0.5, 1.0)
    ax.set_yticks(ticks, [f"{y:g}" for y in ticks])
    ax.set_yticks([], minor=True)
    _mark(ax, crossing, f"equal losses, 1/{1 / crossing:.2f}", "-")
    _mark(ax, limit, f"pentagon ends, 1/{1 / limit:.2f}", _DASHED)
    if dataset.attrs["vary"] == "density":
        _mark(ax, 1 / _PAPER, f"Elhage et al., 1/{_PAPER:g}", (0, (1, 1)))
    ax.legend(loc="lower right")


def _mark(ax: Axes, x: float, text: str, style: object) -> None:
    if np.isfinite(x):
        ax.axvline(x, color="#777777", ls=style, lw=1, zorder=0)  # pyright: ignore
        where = ax.get_xaxis_transform()
        ax.text(x * 1.02, 0.97, text, rotation=90, va="top", fontsize=8, transform=where)


def _deformation(norms: Axes, angles: Axes, dataset: xr.Dataset) -> None:
    """Of the pentagon: the odd feature, the two next to it, the two far from it."""
    exists = _exists(dataset, 0)
    ratio, W = dataset["ratio"].values[exists], dataset["weights"].values[0][exists]
    length = np.linalg.norm(W, axis=1)
    angle = np.degrees(np.abs(np.arctan2(W[:, 0], W[:, 1])))
    order = np.argsort(angle, axis=1)
    length, angle = (np.take_along_axis(x, order, axis=1) for x in (length, angle))
    near, far = angle[:, 1:3].mean(axis=1), angle[:, 3:].mean(axis=1)
    rows = (("odd", length[:, 0], "-"), ("near", length[:, 1], _DASHED))
    for name, values, style in (*rows, ("far", length[:, 3], (0, (1, 1)))):
        norms.plot(ratio, values, color=_COLOURS[0], ls=style, label=name)
    angles.plot(ratio, near, color=_COLOURS[0], label="odd to near")
    angles.plot(ratio, far - near, color=_COLOURS[0], ls=_DASHED, label="near to far")
    angles.plot(ratio, 360 - 2 * far, color=_COLOURS[0], ls=(0, (1, 1)), lw=2.5, label="far to far")
    norms.set(ylabel="norm in the pentagon")
    angles.set(ylabel="angle (degrees)")
    norms.legend(loc="upper left")
    angles.legend(loc="lower right")
    for ax in (norms, angles):
        ax.axvline(float(dataset["crossing"][0]), color="#777777", lw=1, zorder=0)


def _arrangements(figure: SubFigure, dataset: xr.Dataset) -> None:
    """The lower branch at a few ratios, the odd feature filled."""
    ratio, lowest = dataset["ratio"].values, _lowest(dataset)
    picks = np.linspace(0, len(ratio) - 1, _INSETS).round().astype(int)
    for ax, k in zip(figure.subplots(1, _INSETS), picks, strict=True):
        W = dataset["weights"].values[lowest[k], k]
        for i, (x, y) in enumerate(W.T):
            odd = i == W.shape[1] - 1
            ax.plot([0, x], [0, y], color="#777777", lw=1)
            ax.plot(x, y, "o", ms=6, mec="black", mfc=_COLOURS[1] if odd else "white", zorder=3)
        ax.set(xlim=(-1.4, 1.4), ylim=(-1.4, 1.4), aspect="equal", xticks=[], yticks=[])
        ax.set_title(f"ratio {ratio[k]:.2g}", fontsize=9)
        ax.spines[:].set_visible(False)
