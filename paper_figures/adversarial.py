"""Vulnerability to attacks over the density, and against features per dimension."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ._draw import NAVY, OCHRE, STYLE
from ._paper import smaller
from ._words import listed, number

_LOOK = {  # colour, marker, filled: told apart without colours
    "worst": ("#7a1f3d", "^", False),
    "feature": (OCHRE, "s", True),
    "all inputs": (NAVY, "o", True),
}
_NAMES = {
    "worst": "worst attack found, for each input",
    "feature": "best attack on a feature, for each input",
    "all inputs": "one attack on a feature, for all inputs",
}
_STAR = {"color": "#4d4d4d", "ls": "-", "lw": 1.3}
_FIELD = {"color": NAVY, "ls": (0, (5, 1.5)), "lw": 1.1}
_FRAME = {"color": NAVY, "ls": "-", "lw": 0.9}
_OUTPUT = {"color": OCHRE, "ls": ":", "lw": 1.5}


def draw(dataset: xr.Dataset) -> Figure:
    """Vulnerabilities over 1/p beside 1/D*; the same against 1/D*, with trained networks."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 4.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        _over_density(left, dataset)
        _over_stars(right, dataset)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, how far each vulnerability rises, and how it goes with 1/D*."""
    n, m, p = dataset.sizes["feature"], dataset.sizes["hidden"], dataset["density"].values
    at = dataset.sel(kind="minimum").mean("seed").isel(density=np.argsort(-p))
    stars = at["features_per_dimension"].values
    told = []
    for attack, name in _NAMES.items():
        values = at["vulnerability"].sel(attack=attack).values
        slope = np.polyfit(np.log(stars), np.log(values), 1)[0]
        rise = f"{number(values.max() / values[0])} times for the {name}"
        told.append(f"{rise} (slope of the logarithms {number(slope, 2)})")
    return (
        f"Vulnerability of {n} equal features in {m} dimensions to attacks on the input: the loss "
        f"that an attack adds, over what it adds without superposition.{smaller(n, m)} (a) Minima "
        f"of the exact loss at {len(p)} densities from {number(p.max())} to {number(p.min())}, "
        f"means of {dataset.sizes['seed']} seeds; features per dimension 1/D* rise from "
        f"{number(stars[0])} "
        f"to {number(stars.max())}, and the vulnerability over that of the densest: "
        f"{listed(told)}. Lines: theory. (b) The same against 1/D* for every network, small "
        "symbols trained with AdamW, with 1/D*, its square and the mean field."
    )


def _over_density(ax: Axes, dataset: xr.Dataset) -> None:
    at = dataset.sel(kind="minimum")
    x = 1 / at["density"].values
    stars = at["features_per_dimension"].values
    ax.plot(x, stars.mean(1), label="features per dimension, $1/D^*$", **_STAR)
    ax.fill_between(x, stars.min(1), stars.max(1), color=_STAR["color"], alpha=0.25, lw=0)
    for attack in _LOOK:
        _points(ax, x, at.sel(attack=attack), attack)
    one = at["one_output"].values.mean(1)
    ax.plot(x, one, label="theory for each input: the most vulnerable open output", **_OUTPUT)
    frame = (at["answering"] * at["features_per_dimension"] ** 2).values.mean(1)
    ax.plot(x, frame, label="theory for all inputs: $c/D^{*2}$, $c$ of the networks", **_FRAME)
    line = 1 / dataset["line_density"].values, dataset["line_vulnerability"].values
    ax.plot(*line, label="theory for all inputs: $c/D^{*2}$ of the mean field", **_FIELD)
    n, m = dataset.sizes["feature"], dataset.sizes["hidden"]
    ax.set_title(f"(a) minima of the exact loss, $n = {n}$, $m = {m}$")
    ax.set(xlabel="1/density, $1/p = 1/(1-S)$", ylabel="vulnerability $(L'-L)/(L'_0-L_0)$")
    _logarithmic(ax)


def _points(ax: Axes, x: np.ndarray, at: xr.Dataset, attack: str) -> None:
    """Means of the seeds, with their range."""
    colour, marker, filled = _LOOK[attack]
    values = at["vulnerability"].values
    mean = values.mean(1)
    off = np.stack([mean - values.min(1), values.max(1) - mean])
    style = {"color": colour, "mfc": colour if filled else "white", "ms": 5, "lw": 0.9}
    ax.errorbar(x, mean, off, fmt=marker, capsize=2, label=_NAMES[attack], **style)


def _over_stars(ax: Axes, dataset: xr.Dataset) -> None:
    """Every network a point; the trained ones small."""
    for attack, (colour, marker, filled) in _LOOK.items():
        at = dataset.sel(attack=attack)
        face = colour if filled else "white"
        for kind, size, width in (("trained", 2.2, 0.5), ("minimum", 4.5, 1.0)):
            x = at["features_per_dimension"].sel(kind=kind).values.ravel()
            y = at["vulnerability"].sel(kind=kind).values.ravel()
            ax.plot(x, y, marker, color=colour, mfc=face, ms=size, mew=width)
    most = float(dataset["features_per_dimension"].max())
    ends = np.array([1.0, most])
    ax.plot(ends, ends, **_STAR)
    ax.annotate("$1/D^*$", (most**0.9, most**0.9), xytext=(5, -11), textcoords="offset points")
    ax.plot(ends, ends**2, color="#4d4d4d", ls="-.", lw=1.0)
    ax.annotate(
        "$1/D^{*2}$",
        (most**0.55, most**1.1),
        xytext=(-8, 4),
        textcoords="offset points",
        ha="right",
    )
    field = (dataset[f"line_{name}"].values for name in ("features_per_dimension", "vulnerability"))
    ax.plot(*field, **_FIELD)
    ax.set_title("(b) against features per dimension (small: AdamW)")
    ax.set(xlabel="features per dimension, $1/D^*$", ylabel="vulnerability")
    _logarithmic(ax)


def _logarithmic(ax: Axes) -> None:
    ax.set(xscale="log", yscale="log")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
