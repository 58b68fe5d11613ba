"""Particles on a sphere: arrangements, agreement with the best known energies, and geometry."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase

from ._draw import NAVY, OCHRE, STYLE
from ._hulls import draw_hull
from ._words import listed, number

_COLUMNS, _PICTURES = 8, 16
_EXACT = 1e-16  # relative differences below are drawn here
_FOUND = 1e-9
_TIGHT = 1e-6  # distance from a tight frame below which it is one


def draw(dataset: xr.Dataset) -> Figure:
    """Hulls of up to 16 arrangements in three dimensions; then four panels over N."""
    spatial = dataset.attrs["dimension"] == 3
    chosen = _chosen(dataset) if spatial else []
    rows = -(-len(chosen) // _COLUMNS)
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(10.2, 4.9 + 1.45 * rows), layout="constrained")
        part: FigureBase = figure
        if rows:
            parts: Any = figure.subfigures(2, 1, height_ratios=(1.45 * rows, 4.9))
            above, part = parts
            _pictures(above.subplots(rows, _COLUMNS, squeeze=False).ravel(), dataset, chosen)
        axes = part.subplots(2, 2, sharex=True)
        _agreement(axes[0, 0], dataset)
        _hits(axes[0, 1], dataset)
        _shares(axes[1, 0], dataset)
        _defects(axes[1, 1], dataset)
        for ax in axes[1]:
            ax.set_xlabel("number of particles, $N$")
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, how many best known energies are found, which are tight frames."""
    n, reference = dataset["size"].values, dataset["reference"].values
    known = np.isfinite(reference)
    apart = np.abs(dataset["energy"].values / reference - 1)
    missed = n[known & (apart > _FOUND)]
    tight = n[dataset["frame_defect"].values < _TIGHT]
    rate, search = dataset["hit_rate"].values, bool(dataset.attrs["search"])
    rarest = int(np.nanargmin(rate))
    starts = "starts, most of them with a random symmetry," if search else "random starts"
    return (
        "Minima of particles that repel each other on the unit sphere in "
        f"{dataset.attrs['dimension']} dimensions, Σ 1/r^{number(dataset.attrs['exponent'])}, for "
        f"N = {n.min()} to {n.max()}, from {dataset.attrs['starts']} {starts} each; pictures with "
        f"the symmetry group found. (a) Of {known.sum()} best known energies "
        f"{known.sum() - len(missed)} are found to "
        f"{number(_FOUND)}{', missed: N = ' + listed(missed) if len(missed) else ''}. (b) Share of "
        f"starts that meet the lowest minimum; least {number(rate[rarest], 2)} at N = {n[rarest]}. "
        "(c) Dimensionality of each particle over d/N. (d) Distance from a tight frame, zero for N "
        f"= {listed(tight)}, and dipole."
    )


def _chosen(dataset: xr.Dataset) -> list[int]:
    """Places of at most 16 sizes, spread evenly."""
    there = np.flatnonzero(np.isfinite(dataset["energy"].values))
    count = min(_PICTURES, len(there))
    return there[np.unique(np.linspace(0, len(there) - 1, count).round().astype(int))].tolist()


def _pictures(axes: np.ndarray, dataset: xr.Dataset, chosen: list[int]) -> None:
    for ax in axes:
        ax.axis("off")
    for ax, k in zip(axes, chosen, strict=False):
        at = dataset.isel(size=k)
        n = int(at["size"])
        draw_hull(ax, at["position"].values[:, :n])
        ax.set_title(f"$N = {n}$" + _group(at), fontsize=7.5, loc="center", weight="normal")


def _group(at: xr.Dataset) -> str:
    """The group that the run found, where it has one."""
    name = str(at["symmetry"].values) if "symmetry" in at else ""
    return f"  {name}" if name else ""


def _agreement(ax: Axes, dataset: xr.Dataset) -> None:
    reference = dataset["reference"].values
    apart = np.abs(dataset["energy"].values / reference - 1)
    n = dataset["size"].values
    found, missed = apart <= _FOUND, apart > _FOUND
    ax.semilogy(n[found], np.maximum(apart[found], _EXACT), "o", ms=4, color=NAVY,
                label=f"found ({found.sum()})")  # fmt: skip
    ax.semilogy(n[missed], apart[missed], "x", ms=6, color="#c1272d",
                label=f"missed ({missed.sum()})")  # fmt: skip
    ax.axhline(_FOUND, color="#777777", lw=0.8, ls="--", label="tolerance")
    ax.set(ylabel="$|E/E_{\\mathrm{best\\ known}} - 1|$", ylim=(_EXACT / 3, None))
    ax.set_title("(a) energy against the best known")
    ax.legend(loc="center right")


def _hits(ax: Axes, dataset: xr.Dataset) -> None:
    n, rate = dataset["size"].values, dataset["hit_rate"].values
    low, high = dataset["interval"].values.T
    spread = np.maximum([rate - low, high - rate], 0)
    known = dataset["reference_hit_rate"].values
    search = bool(dataset.attrs["search"])
    if not search and np.isfinite(known).any():
        ax.plot(n, known, "s", ms=5.5, mfc="none", mew=0.8, color=OCHRE, label="table")
    ax.errorbar(n, rate, spread, fmt="o", ms=3, lw=0.8, color=NAVY, label="this run, 95 %")
    ax.set(
        ylabel="share of starts, most symmetric" if search else "hit rate of random starts",
        ylim=(-0.03, 1.05),
    )
    ax.set_title("(b) how often the lowest minimum is met")
    ax.legend(loc="lower left")


def _shares(ax: Axes, dataset: xr.Dataset) -> None:
    n, values = dataset["size"].values, dataset["dimensionality"].values
    d = dataset.attrs["dimension"]
    ratio = values * n[:, None] / d
    x = np.broadcast_to(n[:, None], ratio.shape)
    ax.axhline(1.0, color="#777777", lw=0.8, ls="--", label="tight frame of equal norms")
    ax.plot(x.ravel(), ratio.ravel(), "o", ms=2.4, color=NAVY, label="each particle")
    ax.set(ylabel="$D_i\\, N/d$")
    ax.set_title("(c) dimensionality of the particles")
    ax.legend(loc="best")


def _defects(ax: Axes, dataset: xr.Dataset) -> None:
    n = dataset["size"].values
    for name, marker, colour, label in (
        ("frame_defect", "o", NAVY, "distance from a tight frame"),
        ("dipole", "x", OCHRE, "dipole $\\Vert\\Sigma_i r_i\\Vert$"),
    ):
        values = np.maximum(dataset[name].values, _EXACT)
        ax.semilogy(n, values, marker, ms=4, color=colour, label=label)
    ax.set(ylabel="distance from symmetry", ylim=(_EXACT / 3, None))
    ax.set_title("(d) tight frames and dipoles (rounding at the bottom)")
    ax.legend(loc="center right")
