"""Maps over density and relative importance: what the figures of phase diagrams share."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.patheffects import withStroke

MISS = 1e-9  # relative excess above which a cell's best network is not the ground state
_FLOOR = 1e-16  # relative excess below which losses are equal to rounding
_COLOURS = ("#00407a", "#c1272d", "#e07b00")


def axes_of_map(ax: Axes, dataset: xr.Dataset, prefix: str) -> None:
    r, p = dataset[f"{prefix}relative_importance"], dataset[f"{prefix}density"]
    last = dataset.sizes["feature"]
    ax.set(xscale="log", yscale="log", xlabel=f"relative importance $r$ of feature {last}")
    ax.set_ylabel("density $p$   (sparser $\\rightarrow$)")
    ax.set_xlim(*span(r.values))
    low, high = span(p.values)
    ax.set_ylim(high, low)


def span(values: np.ndarray) -> tuple[float, float]:
    ends = edges(values)
    return float(ends.min()), float(ends.max())


def edges(values: np.ndarray) -> np.ndarray:
    """Cell edges of logarithmic centres."""
    logs = np.log(values)
    if len(logs) == 1:
        return np.exp(logs[0] + np.array([-0.05, 0.05]))
    middle = (logs[1:] + logs[:-1]) / 2
    first, last = 2 * logs[0] - middle[0], 2 * logs[-1] - middle[-1]
    return np.exp(np.concatenate([[first], middle, [last]]))


def mesh(ax: Axes, dataset: xr.Dataset, prefix: str, values: np.ndarray, **options) -> QuadMesh:
    x = edges(dataset[f"{prefix}relative_importance"].values)
    y = edges(dataset[f"{prefix}density"].values)
    return ax.pcolormesh(x, y, values, rasterized=True, **options)


def hatch(ax: Axes, dataset: xr.Dataset, prefix: str, failed: np.ndarray) -> None:
    """Cells without a result are hatched, never coloured."""
    if failed.any():
        shown = np.ma.masked_where(~failed, np.ones(failed.shape))
        x = edges(dataset[f"{prefix}relative_importance"].values)
        y = edges(dataset[f"{prefix}density"].values)
        ax.pcolor(x, y, shown, cmap="Greys", vmin=0, vmax=8, hatch="xxxx", edgecolor="0.3", lw=0)


def excess(dataset: xr.Dataset) -> xr.DataArray:
    """Relative excess of each network over the ground state, infinite where it failed."""
    excess = (dataset["loss"] - dataset["exact_loss"]) / dataset["exact_loss"]
    return excess.where(dataset["result"] == 0, np.inf)


def mark_misses(ax: Axes, dataset: xr.Dataset, failed: np.ndarray) -> None:
    """Crosses on the cells in which no network ended in the ground state."""
    i, j = np.nonzero(~cells_in_ground_state(dataset) & ~failed)
    p, r = dataset["density"].values[i], dataset["relative_importance"].values[j]
    if len(i):
        outline = [withStroke(linewidth=2.6, foreground="white")]  # on dark cells, in grey
        (mark,) = ax.plot(r, p, "x", color="red", ms=4, mew=1.1, path_effects=outline)
        ax.legend([mark], ["best is metastable"], loc="lower left")


def residual(ax: Axes, dataset: xr.Dataset) -> QuadMesh:
    """Relative excess of the best network over the ground state, as a power of ten."""
    best = excess(dataset).min("start").values
    failed = np.isinf(best)
    values = np.log10(np.where(failed, 1.0, np.maximum(best, _FLOOR)))
    shown = np.ma.masked_where(failed, values)
    drawn = mesh(ax, dataset, "", shown, cmap="magma_r", vmin=np.log10(_FLOOR), vmax=1)
    hatch(ax, dataset, "", failed)
    axes_of_map(ax, dataset, "")
    ax.set_title("(c) best trained minus exact")
    return drawn


def order_cut(ax: Axes, dataset: xr.Dataset) -> None:
    """Norms of the features of the ground state along the cut; gaps where none was found."""
    r = dataset["order_relative_importance"].values
    found = dataset["order_result"].values == 0
    norms = np.linalg.norm(dataset["order_W"].transpose(..., "hidden", "feature").values, axis=-2)
    norms[~found] = np.nan
    styles = zip(norms.T, _COLOURS, ("-", (0, (4, 1.5)), "-"), strict=False)
    for i, (values, colour, dashes) in enumerate(styles, start=1):
        ax.plot(r, values, color=colour, ls=dashes, lw=2, label=f"$|W_{i}|$")
    ax.set(xscale="log", xlabel="relative importance $r$", ylabel="norm of the feature")
    ticks = [x for x in (0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10) if r.min() <= x <= r.max()]
    ax.set_xticks(ticks, labels=[f"{x:g}" for x in ticks], minor=False)
    ax.set_xticks([], minor=True)
    ax.set_xlim(r.min(), r.max())
    ax.set_ylim(-0.03, 1.08 * float(np.nanmax(norms)))
    ax.set_title(f"(d) cut at density $p = {dataset.attrs['cut_density']:g}$")
    ax.legend(loc="lower right")


def cells_in_ground_state(dataset: xr.Dataset) -> np.ndarray:
    """Whether the best network of each cell is in the basin of the ground state."""
    basin = (dataset["basin_loss"] - dataset["exact_loss"]) / dataset["exact_loss"]
    return basin.where(dataset["result"] == 0, np.inf).min("start").values <= MISS
