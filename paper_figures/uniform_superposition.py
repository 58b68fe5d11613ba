"""Equal features over the density: the plateaus of D*, and the lines on which D_i gather."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import NAVY, OCHRE, STYLE
from ._paper import smaller
from ._words import listed, number

_LINES = {"1": 1.0, "3/4": 0.75, "2/3": 2 / 3, "1/2": 0.5, "2/5": 0.4, "3/8": 0.375, "0": 0.0}
_HALF = "1/2"  # that of digons
_APART = {"2/5": 3.5, "3/8": -4.0}  # points by which names too close to each other are moved
_NEAR = 0.02  # a feature this near to a line has a distance to it
_STORED = 0.1  # ‖W_i‖² above which a feature is stored
_LOOK = {  # colour, marker, filled: told apart without colours
    "minimum": (NAVY, "o", True),
    "trained": (OCHRE, "s", False),
}
_NAMES = {"minimum": "minimum of the exact loss", "trained": "trained with AdamW"}
_STATES = {
    "pairs": ("m exact pairs, all else dropped", "black", "-"),
    "mean_field": ("mean field, best share stored", "#777777", (0, (5, 1.5))),
}


def draw(dataset: xr.Dataset) -> Figure:
    """D* over 1/p with theory; D_i of minima and of trained networks on common axes."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(10.2, 3.9), layout="constrained")
        axes = figure.subplots(1, 3, width_ratios=(1.0, 1.1, 1.1))
        _stars(axes[0], dataset)
        for ax, kind, letter in zip(axes[1:], ("minimum", "trained"), "bc", strict=True):
            _features(ax, dataset.sel(kind=kind), kind)
            ax.set_title(f"({letter}) features: {_NAMES[kind]}")
        for ax in axes:
            ax.set(xscale="log", xlabel="1/density, $1/p = 1/(1-S)$")
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the three panels show, D* at the densest and sparsest point, and D_i off the lines."""
    n, m, p = dataset.sizes["feature"], dataset.sizes["hidden"], dataset["density"].values
    stars = dataset["dimensions_per_feature"]
    ends = [stars.sel(density=q, method="nearest") for q in (p.max(), p.min())]
    half = np.abs(stars.sel(kind="minimum").values - _LINES[_HALF])
    between = [name for name, value in _LINES.items() if 0 < value < 1]
    most, least = between[0], between[-1]
    off = {str(k): number(_distance(dataset.sel(kind=k)), 2) for k in dataset["kind"].values}
    return (
        f"{n} equal features in {m} dimensions at {len(p)} densities from {number(p.max())} to "
        f"{number(p.min())}.{smaller(n, m)} (a) Dimensions per feature, D* = m/‖W‖². D* of the "
        f"minima of the exact loss goes from {number(ends[0].sel(kind='minimum'))} to "
        f"{number(ends[1].sel(kind='minimum'))} (of trained networks from "
        f"{number(ends[0].sel(kind='trained'))} to {number(ends[1].sel(kind='trained'))}) and is "
        f"nearest to {_HALF} at p = {number(p[half.argmin()])}, where it is off by "
        f"{number(half.min(), 2)}. Lines are theory: m exact pairs, and the mean field with the "
        "best share of the features stored. (b, c) Dimensionality D_i of each stored feature "
        f"(‖W_i‖² > {_STORED:g}); horizontal lines are {listed(name for name in _LINES)}, and the "
        f"boxes count features that are dropped. Median distance to the nearest line from {least} "
        f"to {most}, of features within {_NEAR:g} of it: {off['minimum']} in the minima, "
        f"{off['trained']} in trained networks."
    )


def _distance(at: xr.Dataset) -> float:
    """Median distance to the lines between 0 and 1 of the stored features near to one."""
    lines = np.array([value for value in _LINES.values() if 0 < value < 1])
    values = at["dimensionality"].values[at["norm"].values ** 2 > _STORED]
    distance = np.min(np.abs(values[:, None] - lines), axis=1)
    return float(np.median(distance[distance <= _NEAR]))


def _stars(ax: Axes, dataset: xr.Dataset) -> None:
    for value in (1.0, 0.5):
        ax.axhline(value, color="#aaaaaa", lw=0.8, zorder=0)
    x = 1 / dataset["line_density"].values
    for state, (name, colour, dashes) in _STATES.items():
        stars = dataset["line_dimensions_per_feature"].sel(state=state).values
        ax.plot(x, stars, color=colour, ls=dashes, lw=1.2, label=name)
    for kind, (colour, marker, filled) in _LOOK.items():
        stars = dataset["dimensions_per_feature"].sel(kind=kind).values
        face = colour if filled else "white"
        ax.plot(
            1 / dataset["density"].values,
            stars,
            marker,
            ms=5,
            color=colour,
            mfc=face,
            label=_NAMES[kind],
        )
    ax.set(ylabel="dimensions per feature, $D^* = m/\\Vert W\\Vert_F^2$", ylim=(0, 1.06))
    n, m = dataset.sizes["feature"], dataset.sizes["hidden"]
    ax.set_title(f"(a) $n = {n}$ features, $m = {m}$")


def _features(ax: Axes, at: xr.Dataset, kind: str) -> None:
    """Each stored feature a point, spread a little along the axis; dropped ones are counted."""
    colour, marker, filled = _LOOK[kind]
    for name, value in _LINES.items():
        ax.axhline(value, color="#999999", lw=0.7, zorder=0)
        ax.annotate(
            name,
            (1.0, value),
            xytext=(4, _APART.get(name, 0.0)),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
    p, values = at["density"].values, at["dimensionality"].values
    stored = at["norm"].values ** 2 > _STORED
    step = np.log(p.max() / p.min()) / max(len(p) - 1, 1) if len(p) > 1 else 0.1
    spread = np.exp(step * np.linspace(-0.3, 0.3, values.shape[1]))
    x = np.broadcast_to(spread / p[:, None], values.shape)
    face = colour if filled else "none"
    ax.plot(x[stored], values[stored], marker, ms=2.6, color=colour, mfc=face, mew=0.6)
    for x_k, count in zip(1 / p, np.sum(~stored, axis=1), strict=True):
        ax.annotate(f"{count}", (x_k, 0.0), ha="center", va="center", fontsize=6, bbox=_BOX)
    ax.set(ylabel="dimensionality $D_i$ (boxes: features dropped)", ylim=(-0.05, 1.06))


_BOX = {"boxstyle": "square,pad=0.15", "fc": "white", "ec": "#999999", "lw": 0.5}
