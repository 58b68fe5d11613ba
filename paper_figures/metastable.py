"""Stable states beside the ground state of two features: how many, and how far above it."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from . import _maps as maps
from ._draw import STYLE
from ._words import number, percent

# name of the line in the dataset, label, dashes
_LINES = (
    ("line_first_order", "first order", "-"),
    ("line_continuous", "continuous", (0, (1, 1))),
    ("line_weak_strong", "weak | strong", (0, (4, 1.5))),
    ("line_exchange", "broken exchange symmetry", (0, (6, 1.5, 1, 1.5))),
)


def draw(dataset: xr.Dataset) -> Figure:
    """Number of local minima, and relative excess of the highest, over the phase diagram."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 4.3), layout="constrained")
        axes = figure.subplots(1, 2)
        _minima(axes[0], dataset, figure)
        _excess(axes[1], dataset, figure)
        for ax in axes:
            maps.axes_of_map(ax, dataset, "")
            _boundaries(ax, dataset)
        handles, labels = axes[0].get_legend_handles_labels()
        legend = figure.legend(handles, labels, loc="outside upper center", ncols=4)
        legend.get_frame().set_facecolor("0.8")
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the two maps show, and how often there is more than one minimum."""
    low, high = np.sort(dataset["density"].values)[[0, -1]]
    found = dataset["result"].values == 0
    more = (dataset["minima"].values[found] > 1).mean()
    return (
        "All stationary states of two features in one dimension, by theory, at densities from "
        f"{number(low)} to {number(high)}. (a) Number of local minima: {percent(more)} of the "
        f"{int(found.sum())} cells have more than one. (b) Relative excess of the highest of them "
        f"over the ground state, up to {number(np.nanmax(_highest(dataset)))}. Lines: where the "
        "ground state changes."
    )


def _minima(ax: Axes, dataset: xr.Dataset, figure: Figure) -> None:
    count = dataset["minima"].values
    top = int(count.max())
    norm = BoundaryNorm(np.arange(0.5, top + 1.5), 256)
    drawn = maps.mesh(ax, dataset, "", np.ma.masked_less(count, 1), cmap="cividis", norm=norm)
    maps.hatch(ax, dataset, "", dataset["result"].values != 0)
    figure.colorbar(drawn, ax=ax, ticks=range(1, top + 1), pad=0.02)
    ax.set_title("(a) number of local minima")


def _excess(ax: Axes, dataset: xr.Dataset, figure: Figure) -> None:
    values = _highest(dataset)
    shown = np.ma.masked_invalid(np.log10(np.where(values > 0, values, np.nan)))
    ax.set_facecolor("0.75")  # one state only, or states of equal loss
    drawn = maps.mesh(ax, dataset, "", shown, cmap="magma_r")
    figure.colorbar(drawn, ax=ax, pad=0.02, label="log10; grey: none above the ground state")
    ax.set_title("(b) relative excess of the highest")


def _highest(dataset: xr.Dataset) -> np.ndarray:
    """(L - L₀)/L₀ of the highest local minimum; NaN where all have the ground state's loss."""
    above = (dataset["stable"] == 1) & (dataset["ground"] == 0)
    relative = dataset["excess"] / dataset["loss"].isel(state=0)
    return relative.where(above).max("state").values


def _boundaries(ax: Axes, dataset: xr.Dataset) -> None:
    p = dataset["line_density"].values
    for name, label, dashes in _LINES:
        r = dataset[name].values
        for x, text in ((r, label), (1 / r, None)):
            ax.plot(x, p, color="black", lw=2.6, zorder=2)
            ax.plot(x, p, color="white", ls=dashes, lw=1.4, label=text, zorder=3)  # pyright: ignore
