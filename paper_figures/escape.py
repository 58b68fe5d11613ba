"""Escape of the acute state: an Arrhenius plot, and the measured rates over Kramers' formula."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import GREEN, NAVY, OCHRE, SKY, STYLE
from ._words import level, listed, number

_LOOK = (  # colour, marker, dashes: told apart without colours
    (NAVY, "o", "-"),
    (OCHRE, "s", (0, (5, 1.5))),
    (SKY, "D", (0, (1, 1))),
    (GREEN, "^", (0, (5, 1, 1, 1))),
)
_SHIFT = 0.07  # of the points in units of ΔL/T, so that their intervals do not overlap


def draw(dataset: xr.Dataset) -> Figure:
    """Rates over the exact barrier in units of T; the same over Kramers' rate."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.4, 3.7), layout="constrained")
        left, right = figure.subplots(1, 2)
        _arrhenius(left, dataset)
        _ratios(right, dataset)
        handles, labels = left.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=dataset.sizes["point"])
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, the slopes, and the measured rates over theory's."""
    slopes = [
        f"{number(s)} ({number(low)} to {number(high)})"
        for s, (low, high) in zip(
            dataset["slope"].values, dataset["slope_interval"].values, strict=True
        )
    ]
    ratio = {
        name: np.exp(np.mean(np.log((dataset["rate"] / dataset[name]).values), axis=1))
        for name in ("kramers_rate", "corrected_rate")
    }
    return (
        "Escape of the acute state of two features by Langevin noise: "
        f"{int(dataset['crossings'].sum())} escapes at {dataset.sizes['point']} points of the "
        f"phase diagram and {dataset.sizes['barrier_over_temperature']} temperatures. (a) Rates "
        "against the exact barrier over temperature, with Kramers' line; slopes in units of the "
        f"barrier ({level(dataset['slope_interval'].attrs['long_name'])} intervals): "
        f"{listed(slopes)}. (b) Rates over Kramers' formula, geometric means "
        f"{listed(ratio['kramers_rate'])}; over its integrals at finite temperature (lines) "
        f"{listed(ratio['corrected_rate'])}."
    )


def _arrhenius(ax: Axes, dataset: xr.Dataset) -> None:
    """Each point of the diagram a factor of 10 apart, as the rates are nearly the same."""
    x = dataset["barrier_over_temperature"].values
    fine = np.linspace(x.min() - 0.4, x.max() + 0.4, 50)
    for k in range(dataset.sizes["point"]):
        colour, marker, dashes = _LOOK[k]
        at, unit = dataset.isel(point=k), 10.0**-k
        prefactor = float(at["kramers_rate"][0] * np.exp(x[0]))
        ax.plot(fine, unit * prefactor * np.exp(-fine), color=colour, ls=dashes)
        rate, bars = _bars(at, unit)
        ax.errorbar(
            x,
            rate,
            bars,
            fmt=marker,
            color=colour,
            mec="black",
            ms=5,
            capsize=2,
            label=_name(at, k),
        )
    ax.set(yscale="log", xlabel="exact barrier over temperature, $\\Delta L/T$")
    ax.set_ylabel("rate of escape (units of curvature)")
    ax.set_title("(a) measured, and the line of Eyring and Kramers")


def _ratios(ax: Axes, dataset: xr.Dataset) -> None:
    x, count = dataset["barrier_over_temperature"].values, dataset.sizes["point"]
    order = np.argsort(x)
    ax.axhline(1.0, color="black", lw=1)
    for k in range(count):
        colour, marker, dashes = _LOOK[k]
        at = dataset.isel(point=k)
        rate, bars = _bars(at, 1 / at["kramers_rate"].values)
        shifted = x + _SHIFT * (k - (count - 1) / 2)
        ax.errorbar(shifted, rate, bars, fmt=marker, color=colour, mec="black", ms=5, capsize=2)
        expected = (at["corrected_rate"] / at["kramers_rate"]).values
        ax.plot(x[order], expected[order], color=colour, ls=dashes)
    ax.set(xlabel="exact barrier over temperature, $\\Delta L/T$")
    ax.set_ylabel("measured rate over Kramers' rate")
    ax.set_title("(b) lines: its integrals at $T$, not $T \\to 0$")


def _bars(at: xr.Dataset, unit: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rates in a unit, with the lengths of their bars below and above."""
    rate, interval = at["rate"].values, at["interval"].values
    return rate * unit, np.abs(interval - rate[:, None]).T * unit


def _name(at: xr.Dataset, k: int) -> str:
    factor = f" ($\\times 10^{{-{k}}}$ in (a))" if k else ""
    return f"$p = {float(at['density']):.3g}$, $r = {float(at['relative_importance']):.3g}${factor}"
