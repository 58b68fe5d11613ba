"""Loss over the hidden dimension: power-law densities by weight decay, and equal densities."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import GREEN, NAVY, OCHRE, STYLE
from ._words import listed, number

_LOOK = ((NAVY, "o"), (OCHRE, "s"), (GREEN, "^"))  # told apart without colours


def draw(dataset: xr.Dataset) -> Figure:
    """A panel for each slope, then equal densities with the mean field."""
    with mpl.rc_context(fname=STYLE):
        count = dataset.sizes["slope"] + 1
        figure = Figure(figsize=(3.5 * count, 3.9), layout="constrained")
        axes = figure.subplots(1, count, squeeze=False)[0]
        for k, ax in enumerate(axes[:-1]):
            _power_law(ax, dataset.isel(slope=k))
            slope = float(dataset["slope"][k])
            ax.set_title(f"({'abc'[k]}) densities $p_i \\propto i^{{-{slope:g}}}$")
        _equal(axes[-1], dataset)
        density = float(dataset.attrs["equal_density"])
        axes[-1].set_title(f"({'abcd'[count - 1]}) all densities $p = {density:g}$")
        for ax in axes:
            ax.set(xscale="log", yscale="log", xlabel="hidden dimensions $m$")
            ticks = dataset["hidden"].values
            ax.set_xticks(ticks, [str(m) for m in ticks])
            ax.set_xticks([], minor=True)
            ax.legend(loc="lower left")
        axes[0].set_ylabel(f"loss, summed over {int(dataset.attrs['n'])} features")
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, and the local exponents with equal densities."""
    m, n = dataset["hidden"].values, int(dataset.attrs["n"])
    loss, theirs = (dataset[k].values for k in ("equal_loss", "partial_storage_loss"))
    local = -np.diff(np.log(loss)) / np.diff(np.log(m))
    slopes = "; ".join(_ends(dataset.sel(slope=a)) for a in dataset["slope"].values)
    letters = "abc"[: dataset.sizes["slope"]]
    return (
        f"Loss of {n} equally important features over the number of hidden dimensions, m = "
        f"{listed(m)}. ({', '.join(letters)}) Densities p_i ∝ i⁻ᵅ with "
        f"{number(dataset.attrs['active'])} feature active on the average: networks trained with "
        "AdamW at weight decay λ, the exact optimum of the linear model, and the two power laws "
        f"expected. Local exponent of the loss between the two largest m: {slopes}. "
        f"({'abcd'[len(letters)]}) All densities {number(dataset.attrs['equal_density'])}: minima "
        f"of the exact loss have local exponents from {number(local.min())} to "
        f"{number(local.max())}; their loss over that of the mean field with the best share stored "
        f"is {number(loss[0] / theirs[0])} at m = {m[0]} and {number(loss[-1] / theirs[-1])} at "
        f"m = {m[-1]}."
    )


def _ends(at: xr.Dataset) -> str:
    """Local exponents between the two largest m, at each weight decay and of the linear model."""
    step = np.log(at["hidden"].values[-1] / at["hidden"].values[-2])
    words = []
    for decay in at["weight_decay"].values:
        loss = at["loss"].sel(weight_decay=decay).values
        words.append(f"{number(np.log(loss[-2] / loss[-1]) / step)} at λ = {number(decay)}")
    linear = at["linear_loss"].values
    words.append(f"{number(np.log(linear[-2] / linear[-1]) / step)} for the linear model")
    return f"α = {number(at['slope'])}: {', '.join(words)}"


def _power_law(ax: Axes, at: xr.Dataset) -> None:
    m = at["hidden"].values
    for k, decay in enumerate(at["weight_decay"].values):
        colour, marker = _LOOK[k]
        loss = at["loss"].sel(weight_decay=decay).values
        name = f"AdamW, $\\lambda = {decay:g}$"
        ax.plot(m, loss, color=colour, marker=marker, ms=4.5, lw=0.9, label=name)
    ax.plot(m, at["linear_loss"], color="black", lw=1.2, label="linear model, exact")
    slope = float(at["slope"]) - 1
    start = float(at["linear_loss"][0])
    _guide(ax, m, start, slope, (0, (5, 1.5)), f"$m^{{-{slope:g}}}$ (weak, $n \\to \\infty$)")
    _guide(ax, m, float(at["loss"].max("weight_decay")[0]), 1.0, (0, (1, 1)), "$1/m$ (strong)")


def _equal(ax: Axes, dataset: xr.Dataset) -> None:
    m, (colour, marker) = dataset["hidden"].values, _LOOK[0]
    loss = dataset["equal_loss"].values
    name = "minima of the exact loss"
    ax.plot(m, loss, color=colour, marker=marker, ms=4.5, lw=0, label=name)
    ax.plot(m, dataset["mean_field_loss"], color="#777777", lw=1.2, label="mean field")
    label = "mean field, best share stored"
    ax.plot(m, dataset["partial_storage_loss"], color="black", lw=1.2, ls=_DASHED, label=label)
    _guide(ax, m, float(loss[0]), 1.0, (0, (1, 1)), "$1/m$")


_DASHED = (0, (5, 1.5))


def _guide(ax: Axes, m: np.ndarray, start: float, slope: float, dashes: object, label: str) -> None:
    """A power law through the first point."""
    values = start * (m / m[0]) ** -slope
    ax.plot(m, values, color="#999999", ls=dashes, lw=1, label=label)  # pyright: ignore
