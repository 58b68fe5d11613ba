"""Five features in two dimensions: orthogonal pair, digons, pentagon, as they grow sparser."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from ._draw import NAVY, STYLE
from ._particles import plane
from ._words import listed, number, spelled

_STORED = 0.05  # norm from which an arrow is drawn
_APART = 1.17  # of a label from the tip


def draw(dataset: xr.Dataset) -> Figure:
    """A column for each density: the columns of W as arrows, and D_i below."""
    count = dataset.sizes["density"]
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(2.8 * count, 4.3), layout="constrained")
        axes = figure.subplots(2, count, height_ratios=(2.4, 1), squeeze=False)
        for k in range(count):
            at = dataset.isel(density=k)
            _arrows(axes[0, k], at)
            _shares(axes[1, k], at)
        axes[1, 0].set_ylabel("$D_i$")
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show; the states, their losses, how many starts meet them."""
    found = [
        f"{at['name'].item()} at p = {number(at['density'])} (loss {number(at['loss'], 5)})"
        for k in range(dataset.sizes["density"])
        for at in [dataset.isel(density=k)]
    ]
    return (
        f"{spelled(dataset.sizes['feature']).capitalize()} features in "
        f"{spelled(dataset.sizes['hidden'])} dimensions, importances "
        f"{listed(dataset['importance'].values)}: the lowest minimum of the exact loss below "
        f"{dataset.sizes['start']} random starts at each "
        f"density: {listed(found)}. Top: the columns of W, paler for less important features; "
        "dashed: unit circle; features that are not stored are listed. Bottom: feature "
        "dimensionality D_i."
    )


def _shade(importance: np.ndarray) -> np.ndarray:
    """From navy for the most important to paler."""
    share = (importance / importance.max() - importance.min() / importance.max())[:, None]
    dark, pale = to_rgb(NAVY), to_rgb("#9db7d5")
    return np.array(pale) + share / max(share.max(), 1e-9) * (np.array(dark) - np.array(pale))


def _arrows(ax: Axes, at: xr.Dataset) -> None:
    plane(ax, 1.5)
    W, shades = at["weights"].values, _shade(at["importance"].values)
    norms = np.linalg.norm(W, axis=0)
    for i, (x, y) in enumerate(W.T):
        if norms[i] > _STORED:
            arrow = {"arrowstyle": "-|>", "color": shades[i], "lw": 2, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (x, y), (0, 0), arrowprops=arrow)
            place = {"ha": "center", "va": "center", "fontsize": 8.5}
            ax.text(_APART * x, _APART * y, f"{i + 1}", **place)
    dropped = [str(i + 1) for i in np.flatnonzero(norms <= _STORED)]
    text = f"not stored: {', '.join(dropped)}" if dropped else "all stored"
    ax.text(0, -1.46, text, ha="center", va="center", fontsize=7.5)
    name, loss = str(at["name"].values), float(at["loss"])
    ax.set_title(f"$p = {float(at['density']):g}$: {name}\nloss {loss:.5f}", loc="center")


def _shares(ax: Axes, at: xr.Dataset) -> None:
    share = at["dimensionality"].values
    x = np.arange(1, len(share) + 1)
    ax.bar(x, share, 0.7, color=_shade(at["importance"].values), ec="black", lw=0.5)
    for height in (1.0, 0.5, 0.4):
        ax.axhline(height, color="0.6", lw=0.7, ls=(0, (1, 1)), zorder=0)
    ax.set(ylim=(0, 1.1), xticks=x, xlabel="feature", yticks=[0, 0.4, 0.5, 1])
    ax.set_yticklabels(["0", "2/5", "1/2", "1"], fontsize=6.5)
