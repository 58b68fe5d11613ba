"""First-order transitions: the loss along the order parameter, and what jumps on the lines."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import GREEN, NAVY, OCHRE, STYLE
from ._words import listed, number

_WIDE = 0.05  # half of a name's width, of the axis
_SIDES = {  # colour, dashes
    "below": ("#7f93b2", (0, (5, 1.5))),
    "at": ("black", "-"),
    "above": (OCHRE, (0, (1, 1))),
}
_LINES = {  # colour, dashes
    "dedicated | antipodal": (NAVY, "-"),
    "weak | strong": (OCHRE, (0, (5, 1.5))),
    "exchange": (GREEN, (0, (1, 1))),
}
_QUANTITIES = {
    "jump": "jump of $|w_2|$",
    "latent_loss": "jump of $dL/dr$",
    "barrier": "barrier ($10^{-3}$)",
}


def draw(dataset: xr.Dataset) -> Figure:
    """Two double wells; jump, latent loss and barrier over the density on each line."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.8, 5.6), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=(1.15, 1), squeeze=False)[:, 0]
        wells = above.subplots(1, dataset.sizes["well"], squeeze=False)[0]
        for letter, ax, k in zip("ab", wells, range(dataset.sizes["well"]), strict=False):
            _well(ax, dataset.isel(well=k), letter)
        axes = below.subplots(1, len(_QUANTITIES))
        for letter, ax, name in zip("cde", axes, _QUANTITIES, strict=True):
            _along(ax, dataset, name)
            ax.set_title(f"({letter}) {_TITLES[name]}")
        axes[1].legend(loc="upper left", fontsize=6.8)
    return figure


_TITLES = {"jump": "order parameter", "latent_loss": "latent loss", "barrier": "barrier"}


def caption(dataset: xr.Dataset) -> str:
    """What the panels show; the states in coexistence of both wells; the largest of each jump."""
    wells = []
    for letter, k in zip("ab", range(dataset.sizes["well"]), strict=False):
        at = dataset.isel(well=k)
        low, saddle, high = at["state_weight"].values
        excess = at["state_excess"].values
        wells.append(
            f"({letter}) {at['well'].item()} at p = {number(at['well_density'])}: equal losses at "
            f"r = {number(at['well_r'].values[1], 5)}, |w₂| = {number(low)} and {number(high)}, "
            f"barrier {number(excess[1] - excess[0])} at |w₂| = {number(saddle)}"
        )
    most = [
        f"{kind} {number(dataset['tie_latent_loss'].sel(tie=kind).max())}"
        for kind in dataset["tie"].values
    ]
    return (
        "First-order transitions of two features in one dimension. Top: loss above that of the "
        "dedicated state, with |w₂| held and everything else at its best, below, at and above the "
        f"line in r. {'; '.join(wells)}. Bottom, along each first-order line: jump of the order "
        "parameter, jump of the slope dL/dr of the ground state's loss (latent loss; at most "
        f"{listed(most)}) and barrier between the states in coexistence. All three vanish "
        "at the tricritical points; towards p = 0 the jump alone stays finite."
    )


def _well(ax: Axes, at: xr.Dataset, letter: str) -> None:
    v, unit = at["weight"].values, 1e-3
    for k, side in enumerate(at["side"].values):
        colour, dashes = _SIDES[str(side)]
        label = f"{side} the line, $r = {float(at['well_r'][k]):.4f}$"
        ax.plot(
            v, at["well_profile"].values[k] / unit, color=colour, ls=dashes, lw=1.7, label=label
        )
    weight, excess = at["state_weight"].values, at["state_excess"].values / unit
    ax.axhline(excess[0], color="0.6", lw=0.7, zorder=0)
    for k, marker in ((0, "o"), (1, "X"), (2, "o")):
        ax.plot(weight[k], excess[k], marker, mfc="white", mec="black", ms=6, zorder=4)
    names = str(at["well"].values).split(" | ")
    for k, text in zip((0, 2), names, strict=True):
        place = {"textcoords": "offset points", "ha": "center", "va": "center", "fontsize": 7.5}
        if weight[0] > 0:
            near = np.abs(v - weight[k]) < _WIDE * v[-1]
            highest = float(at["well_profile"].values[:, near].max()) / unit
            ax.annotate(text, (weight[k], highest), (0, 6), **place)
        else:
            ax.annotate(text, (weight[k], excess[k]), (14 if weight[k] == 0 else 0, -11), **place)
    low, high = at["well_profile"].values.min() / unit, excess[1] - excess[0]
    ax.set_ylim(
        low - 0.3 * (excess[0] - low + high), excess[1] + (1.4 if weight[0] == 0 else 3.4) * high
    )
    ax.set(xlim=(-0.02, v[-1]), xlabel="order parameter $|w_2|$")
    ax.set_ylabel("loss above dedicated ($10^{-3}$)")
    ax.set_title(f"({letter}) density $p = {float(at['well_density']):g}$")
    ax.legend(loc="lower left", fontsize=7)


def _breaks(jump: np.ndarray) -> np.ndarray:
    """Where one of the two states becomes another one: its weight changes by half of the most."""
    steps = np.abs(np.diff(jump))
    return np.flatnonzero(steps > np.nanmax(jump) / 2) + 1


def _along(ax: Axes, dataset: xr.Dataset, name: str) -> None:
    p, unit = dataset["density"].values, 1e-3 if name == "barrier" else 1.0
    for kind, (colour, dashes) in _LINES.items():
        values = dataset[f"tie_{name}"].sel(tie=kind).values / unit
        breaks = _breaks(dataset["tie_jump"].sel(tie=kind).values)
        x, y = np.insert(p, breaks, np.nan), np.insert(values, breaks, np.nan)
        ax.plot(x, y, color=colour, ls=dashes, lw=1.7, label=kind)
    ax.set(xlabel="density $p$", xlim=(0, 1), ylim=(0, None))
    ax.set_ylabel(_QUANTITIES[name])
