"""Ground states beside minima on the sphere: distances, what restores Thomson's, the triangle."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ._draw import GREEN, NAVY, OCHRE, SKY, STYLE
from ._words import listed, number

_LOOK = {  # colour, marker, filled: told apart without colours
    "thomson": (NAVY, "o", True, "Thomson"),
    "logarithmic": (SKY, "s", False, "logarithmic"),
    "relu": (OCHRE, "^", True, "ReLU²"),
    "packing": (GREEN, "D", False, "best packing"),
}
_LEVELS = {
    "limit": "free, $p \\to 0$",
    "norms": "norms fixed",
    "equal_biases": "… and biases equal",
    "zero_biases": "… and biases at 0",
    "all_angles": "$\\Sigma(1 + \\cos)^2$",
    "frame": "$\\Sigma\\cos^2$, nearest",
}
_SHADES = {"agrees": NAVY, "several": SKY, "differs": "#e3d5bf", "drops": "#f6f3ee"}
_NEVER = 2.0  # the distance that stands for another number of features
_FLOOR = 2e-4


def draw(dataset: xr.Dataset) -> Figure:
    """Distances over n for each m; the verdicts of every level; the triangle over the density."""
    m = dataset["m"].values
    dimensions = np.unique(m)
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(10.2, 3.0 + 3.4), layout="constrained")
        parts: Any = figure.subfigures(2, 1, height_ratios=(3.0, 3.4))
        widths = [np.count_nonzero(m == d) + 2 for d in dimensions]
        above = parts[0].subplots(
            1, len(dimensions), sharey=True, squeeze=False, width_ratios=widths
        )
        for k, d in enumerate(dimensions):
            _distances(above[0, k], dataset.isel(pair=m == d), int(d))
        above[0, 0].set_ylabel("distance of the ground state\nto the minimum on the sphere")
        handles, labels = above[0, 0].get_legend_handles_labels()
        parts[0].legend(handles, labels, loc="outside upper right", ncols=5)
        left, right = parts[1].subplots(1, 2, width_ratios=(3, 1))
        _verdicts(left, dataset)
        _triangle(right, dataset)
        last = chr(ord("a") + len(dimensions) + 1)
        left.set_title(
            f"({chr(ord(last) - 1)}) Thomson's?  ● yes  ◐ one of several  ○ no  −k dropped", pad=18
        )
        right.set_title(f"({last}) $n = 3$, $m = 2$")
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, and how many ground states are Thomson minima or best packings."""
    level, close = _lowest(dataset), dataset.attrs["close"]
    at = dataset.sel(level=level)
    agrees = (at["farthest"] <= close) & (at["dead"] == 0)
    shown = [
        f"{int(agrees.sel(reference=name).sum())} {label}" for name, (*_, label) in _LOOK.items()
    ]
    return (
        f"Ground states of n equal features in m = {listed(dataset.attrs['dimensions'])} "
        "dimensions beside minima of particles on a sphere. Top: distance of the ground state at "
        f"{level} to each kind of minimum; of {dataset.sizes['pair']} pairs (n, m), within "
        f"{number(close)} are {listed(shown)}. Numbers −k: k features are dropped. Bottom left: "
        "whether the state is Thomson's, at each density and as norms and biases are fixed one "
        "after the other. Bottom right: loss of the triangle of three features above the ground "
        "state; by theory it is the ground state above p = "
        f"{number(dataset.attrs['triangle_ground_density'], 4)}."
    )


def _lowest(dataset: xr.Dataset) -> str:
    """The level of the lowest finite density."""
    return str(dataset["level"].values[1])


def _distances(ax: Axes, dataset: xr.Dataset, m: int) -> None:
    at = dataset.sel(level=_lowest(dataset))
    n = at["n"].values
    shifts = np.linspace(-0.21, 0.21, len(_LOOK))
    for shift, (name, (colour, marker, filled, label)) in zip(shifts, _LOOK.items(), strict=True):
        apart = at["nearest"].sel(reference=name).values
        shown = np.where(apart < _NEVER, np.maximum(apart, _FLOOR), np.nan)
        face = colour if filled else "white"
        ax.plot(n + shift, shown, marker, color=colour, mfc=face, ms=4.5, label=label)
    ax.axhline(
        dataset.attrs["close"], color="0.4", ls=(0, (5, 2)), lw=0.9, label="limit of “agrees”"
    )
    for k in np.flatnonzero(at["dead"].values):
        ax.text(n[k], 1.25, f"−{int(at['dead'][k])}", ha="center", va="center", fontsize=7)
    ax.set(yscale="log", ylim=(_FLOOR / 1.5, 2.0), xlabel="features, $n$", xticks=n)
    ax.set_xlim(n[0] - 0.6, n[-1] + 0.6)
    letter = chr(ord("a") + list(np.unique(dataset.attrs["dimensions"])).index(m))
    ax.set_title(f"({letter}) $m = {m}$, $p = {_lowest(dataset).removeprefix('p = ')}$")


def _verdicts(ax: Axes, dataset: xr.Dataset) -> None:
    levels = [str(x) for x in dataset["level"].values]
    names = [_LEVELS.get(x, f"free, ${x}$") for x in levels]
    close, pairs = dataset.attrs["close"], dataset.sizes["pair"]
    near = dataset["nearest"].sel(reference="thomson").values
    far = dataset["farthest"].sel(reference="thomson").values
    dead = dataset["dead"].values
    free = dataset["n"].values <= 2 * dataset["m"].values  # nothing is lost without acute pairs
    for i in range(pairs):
        for j, level in enumerate(levels):
            if np.isfinite(near[i, j]):
                tied = near[i, j] <= close or (level == "limit" and bool(free[i]))
                kind = "agrees" if far[i, j] <= close else "several" if tied else "differs"
                _square(ax, i, j, kind, int(dead[i, j]))
    m = dataset["m"].values
    for i in np.flatnonzero(np.diff(m)):
        ax.axvline(i + 0.5, color="black", lw=0.8)
    for d in np.unique(m):
        ax.text(
            float(np.mean(np.flatnonzero(m == d))), -0.95, f"$m = {d}$", ha="center", va="center"
        )
    ax.set(xlim=(-0.5, pairs - 0.5), ylim=(len(levels) - 0.5, -0.5), xlabel="features, $n$")
    ax.set_xticks(range(pairs), [str(x) for x in dataset["n"].values])
    ax.set_yticks(range(len(levels)), names)
    ax.tick_params(length=0)


def _square(ax: Axes, i: int, j: int, kind: str, dead: int) -> None:
    """● agrees, ◐ one of several states as low, ○ differs, -k features not stored."""
    kind = "drops" if dead else kind
    ax.add_patch(Rectangle((i - 0.46, j - 0.43), 0.92, 0.86, fc=_SHADES[kind], lw=0))
    text = {"agrees": "●", "several": "◐", "differs": "○", "drops": f"−{dead}"}[kind]
    colour = "white" if kind in ("agrees", "several") else "black"
    ax.text(i, j, text, ha="center", va="center", fontsize=7, color=colour)


def _triangle(ax: Axes, dataset: xr.Dataset) -> None:
    p = dataset["triangle_density"].values
    excess = dataset["triangle_loss"].values / dataset["triangle_ground_loss"].values - 1
    ax.plot(p, 100 * np.maximum(excess, 0), "o", color=NAVY, ms=4)
    at = dataset.attrs["triangle_ground_density"]
    ax.axvline(at, color="0.3", ls=(0, (5, 2)), lw=0.9)
    ax.text(at * 0.9, ax.get_ylim()[1] * 0.3, f"theory\n$p = {at:.3f}$", ha="right", va="top")
    ax.set(xscale="log", xlabel="density $p$")
    ax.set_ylabel("triangle above the ground state (%)")
