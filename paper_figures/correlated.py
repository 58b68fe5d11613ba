"""Correlated features: weights of small systems, overlaps of sets of ten, collapse over density."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage

from ._draw import NAVY, OCHRE, STYLE
from ._words import number, spelled

_PANELS = {  # name in the dataset -> kind of pairs
    "correlated_pairs": "correlated",
    "anticorrelated_pairs": "anticorrelated",
    "three_anticorrelated_pairs": "anticorrelated",
}
_THREE = "three_correlated_pairs"
_LOOK = ((NAVY, "-", "o"), ("#e2a04a", (0, (5, 1.5)), "s"), ("#777777", (0, (1, 1)), "^"))
_PAPER = ((0.5, 1.0, 3), (0.25, 0.5, 3), (0.15, 0.2, 2), (0.05, 0.15, 1), (0.0, 0.05, 0))
_MAPS = ("sets_of_ten", "independent")
_SAME = 0.95  # cosine in a pair from which it is collapsed, if its norms are above the next
_STORED = 0.3
_SHOWN = 4  # densities of which the lowest network is drawn


def draw(dataset: xr.Dataset) -> Figure:
    """Lowest networks in the plane; WᵀW of n = 20; pairs collapsed over the density."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(9.2, 7.4), layout="constrained")
        parts = figure.subfigures(3, 1, height_ratios=(1, 1, 1.35), squeeze=False)
        top, middle, bottom = parts[:, 0]
        axes = top.subplots(1, len(_PANELS))
        for ax, name, letter in zip(axes, _PANELS, "abc", strict=True):
            at = dataset.isel({f"{name}_density": -1})
            _plane(ax, at, name)
            ax.set_title(f"({letter}) {_pairs(dataset, name)}")
            ax.set(xlabel=f"$p = {float(at[f'{name}_density']):g}$: first hidden dimension")
        axes[0].set(ylabel="second")
        _collapse_planes(middle, dataset)
        axes = bottom.subplots(1, 3, width_ratios=(1, 1, 1.35))
        images = [_map(ax, dataset, name) for ax, name in zip(axes, _MAPS, strict=False)]
        for ax, title, letter in zip(axes, _map_titles(dataset), "ef", strict=False):
            ax.set_title(f"({letter}) {title}")
        bar = bottom.colorbar(images[0], ax=list(axes[:2]), shrink=0.75, aspect=18)
        bar.set_label("$W_i \\cdot W_j$")
        _counts(axes[2], dataset)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, and how many pairs are collapsed at each density."""
    p = dataset[f"{_THREE}_density"].values
    counts = "; ".join(
        f"{count} at p = {number(q)}" for q, count in zip(p, _lowest_counts(dataset), strict=True)
    )
    told = []
    for name in _PANELS:
        at = dataset.isel({f"{name}_density": -1})
        W = _lowest(at, name)
        cosines = [
            number(W[:, i] @ W[:, i + 1] / np.linalg.norm(W[:, i]) / np.linalg.norm(W[:, i + 1]), 2)
            for i in range(0, W.shape[1], 2)
        ]
        told.append(f"{_pairs(dataset, name)}: {', '.join(cosines)}")
    sets, independent = _map_titles(dataset)
    shares = [number(_within(dataset, name), 2) for name in _MAPS]
    return (
        f"Lowest of {dataset.sizes['seed']} networks of correlated features (all of a set active "
        "together) and anticorrelated ones (one of a set at a time). (a to c) Weights in the "
        "plane, with the cosine within each pair: "
        f"{'; '.join(told)}. (d) {spelled(_three(dataset)).capitalize()} correlated pairs over the "
        f"density. (e, f) WᵀW of {sets}, correlated, and of {independent} features: mean square "
        f"cosine within the sets {shares[0]}, and in the same places {shares[1]} of independent "
        f"ones. (g) Pairs that have collapsed to one direction: {counts}; squares are trained "
        "networks, grey bars the ranges of Elhage et al. 2022."
    )


def _pairs(dataset: xr.Dataset, name: str) -> str:
    """Two correlated pairs, say."""
    return f"{spelled(dataset[f'{name}_cosine'].shape[-1])} {_PANELS[name]} pairs"


def _three(dataset: xr.Dataset) -> int:
    return dataset[f"{_THREE}_cosine"].shape[-1]


def _map_titles(dataset: xr.Dataset) -> tuple[str, str]:
    """A set has as many features as there are dimensions: each could be an orthogonal basis."""
    m, n = dataset[f"{_MAPS[0]}_W"].shape[-2:]
    alone = dataset[f"{_MAPS[1]}_W"].shape[-1]
    return f"{spelled(n // m)} sets of {spelled(m)}", f"{spelled(alone)} independent"


def _within(dataset: xr.Dataset, name: str) -> float:
    """Mean square cosine within sets, of the lowest network at the sparsest density."""
    at = dataset.isel({f"{name}_density": -1}).sel(kind="polished")
    loss = at[f"{name}_loss"].fillna(np.inf)
    return float(at[f"{name}_within"].isel(seed=int(loss.argmin("seed"))))


def _lowest_counts(dataset: xr.Dataset) -> np.ndarray:
    """Pairs collapsed in the lowest network of each density."""
    pair = str(dataset[f"{_THREE}_cosine"].dims[-1])
    same = (dataset[f"{_THREE}_cosine"] >= _SAME) & (dataset[f"{_THREE}_pair_norm"] >= _STORED)
    loss = dataset[f"{_THREE}_loss"].sel(kind="polished").fillna(np.inf)
    return same.sum(pair).sel(kind="polished").isel(seed=loss.argmin("seed")).values


def _lowest(at: xr.Dataset, name: str) -> np.ndarray:
    """W (m, n) of the polished network of least loss."""
    loss = at[f"{name}_loss"].sel(kind="polished").fillna(np.inf)
    return at[f"{name}_W"].sel(kind="polished").isel(seed=int(loss.argmin("seed"))).values


def _plane(ax: Axes, at: xr.Dataset, name: str) -> None:
    """Features as arrows, those of a pair alike in colour, dashes and marker."""
    W = _lowest(at, name)
    # turned so that feature 1 points to the right
    turn = np.arctan2(W[1, 0], W[0, 0])
    W = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]) @ W
    circle = np.linspace(0, 2 * np.pi, 200)
    ax.plot(np.cos(circle), np.sin(circle), color="#bbbbbb", lw=0.8, zorder=0)
    for i, (x, y) in enumerate(W.T):
        colour, dashes, marker = _LOOK[i // 2]
        size, face = (9, "white") if i % 2 else (5, colour)  # one in the other where they coincide
        ax.plot([0, x], [0, y], color=colour, ls=dashes, lw=1.6, zorder=1)
        ax.plot(x, y, marker, color=colour, ms=size, mfc=face, mew=1.4, zorder=3 - i % 2)
    ax.set(aspect="equal", xlim=(-1.45, 1.45), ylim=(-1.45, 1.45))
    ax.set_xticks([-1, 0, 1])
    ax.set_yticks([-1, 0, 1])


def _collapse_planes(part: SubFigure, dataset: xr.Dataset) -> None:
    p = dataset[f"{_THREE}_density"].values
    shown = sorted({round(k) for k in np.linspace(0, len(p) - 1, min(_SHOWN + 1, len(p)))})
    axes = part.subplots(1, len(shown), squeeze=False)[0]
    for ax, k in zip(axes, shown, strict=True):
        _plane(ax, dataset.isel({f"{_THREE}_density": k}), _THREE)
        ax.set(xlabel=f"$p = {p[k]:g}$")
    text = (
        f"(d) {spelled(_three(dataset))} correlated pairs, lowest networks (a pair has one colour "
        "and marker)"
    )
    part.suptitle(text, x=0.01, ha="left", size=9, weight="bold")


def _map(ax: Axes, dataset: xr.Dataset, name: str) -> AxesImage:
    at = dataset.isel({f"{name}_density": -1})
    W = _lowest(at, name)
    image = ax.imshow(W.T @ W, cmap="cividis", vmin=-1.2, vmax=1.2)
    m, n = W.shape
    ax.axhline(m - 0.5, color="white", lw=0.8)
    ax.axvline(m - 0.5, color="white", lw=0.8)
    for ticks in (ax.set_xticks, ax.set_yticks):
        ticks([0, m - 1, n - 1], labels=["1", str(m), str(n)])
    ax.set(xlabel="feature $j$", ylabel="feature $i$")
    return image


def _counts(ax: Axes, dataset: xr.Dataset) -> None:
    """Pairs collapsed: of each trained network, of the lowest, and the paper's ranges."""
    p = dataset[f"{_THREE}_density"].values
    pair = str(dataset[f"{_THREE}_cosine"].dims[-1])
    same = (dataset[f"{_THREE}_cosine"] >= _SAME) & (dataset[f"{_THREE}_pair_norm"] >= _STORED)
    counts = same.sum(pair)
    for low, high, count in _PAPER:
        low = max(low, 0.8 * p.min())
        label = "ranges of the paper" if count == 0 else None
        ax.plot(
            [low, high],
            [count, count],
            color="#bbbbbb",
            lw=9,
            label=label,
            zorder=0,
            solid_capstyle="butt",
        )
    trained = counts.sel(kind="trained").values
    pairs = _three(dataset)
    for k in range(pairs + 1):
        share = np.mean(trained == k, axis=1)
        label = "trained (area: share)" if k == 0 else None
        look: dict[str, Any] = {"marker": "s", "c": "white", "edgecolors": OCHRE}
        ax.scatter(p, np.full(len(p), k), 90 * share, label=label, **look)
    ax.plot(p, _lowest_counts(dataset), "o", color=NAVY, ms=4, label="lowest, exact loss")
    ax.set(xscale="log", xlabel="density $p$", ylabel=f"pairs collapsed, of {spelled(pairs)}")
    ax.set(ylim=(-0.4, pairs + 1.7), yticks=range(pairs + 1))
    ax.set_title("(g) collapse to principal components")
    ax.legend(loc="upper left", labelspacing=0.3)
