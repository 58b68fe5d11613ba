"""Thomson's particles against the toy model's: a few pictures of both, the count over (n, m)."""

import itertools
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from ._draw import STYLE
from ._hulls import draw_hull
from ._words import listed, number

_KINDS = {  # shade, colour of the number
    "Thomson's": ("#123a6d", "white"),
    "one of several as low": ("#5b93cc", "black"),
    "another": ("#e3d5bf", "black"),
    "drops features": ("#f6f3ee", "black"),
}
_LEVELS = {
    "limit": "free, $p \\to 0$",
    "norms": "norms fixed",
    "equal_biases": "… and biases equal",
    "zero_biases": "… and biases at 0",
    "all_angles": "$\\Sigma(1 + \\cos)^2$ in place of ReLU²",
    "frame": "$\\Sigma\\cos^2$",
}
_PICTURES = 4  # pairs, in three dimensions, from nearest to farthest
_STORED = 1e-2


def draw(dataset: xr.Dataset) -> Figure:
    """Toy model above Thomson at a few n; how many of all (n, m) agree, level by level."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(10.2, 3.7), layout="constrained")
        parts: Any = figure.subfigures(1, 2, width_ratios=(1.25, 1))
        _pictures(parts[0], dataset)
        _counts(parts[1].subplots(), dataset)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, and which (n, m) agree at the lowest finite density."""
    level = _finite(dataset)
    agree = [
        f"({n}, {m})"
        for n, m, kind in zip(
            dataset["n"].values, dataset["m"].values, kinds(dataset, level), strict=True
        )
        if kind == "Thomson's"
    ]
    return (
        f"Ground states of n equal features in m dimensions and minima of Thomson's problem "
        "(Σ 1/r on the sphere). (a) In three dimensions at "
        f"{level}: directions of the features (above) and Thomson's particles (below), from the "
        "least distance of their Gram matrices to the largest. (b) Of all pairs (n, m), "
        f"{dataset.sizes['pair']} with m = {listed(np.unique(dataset['m'].values))}, how many have "
        f"Thomson's minimum as their ground state (distance below {number(dataset.attrs['close'])})"
        ", as the model's freedoms are taken away one after the other: where free norms and biases "
        f"keep it at {level}: (n, m) = {listed(agree) if agree else 'none'}."
    )


def kinds(dataset: xr.Dataset, level: str) -> list[str]:
    """For each (n, m), what its ground state is, seen from Thomson's minimum."""
    at = dataset.sel(level=level, reference="thomson")
    close, free = dataset.attrs["close"], at["n"].values <= 2 * at["m"].values
    out = []
    for k in range(dataset.sizes["pair"]):
        near, far = float(at["nearest"][k]), float(at["farthest"][k])
        if not np.isfinite(near):
            out.append("")
        elif int(at["dead"][k]):
            out.append("drops features")
        elif far <= close:
            out.append("Thomson's")
        elif near <= close or (level == "limit" and bool(free[k])):
            out.append("one of several as low")
        else:
            out.append("another")
    return out


def _finite(dataset: xr.Dataset) -> str:
    """The level of the lowest finite density."""
    return str(dataset["level"].values[1])


def _pictures(figure: Any, dataset: xr.Dataset) -> None:
    level = _finite(dataset)
    at = dataset.sel(level=level, reference="thomson")
    chosen = np.flatnonzero((at["m"].values == 3) & (at["dead"].values == 0) & (at["n"].values > 4))
    order = chosen[np.argsort(at["nearest"].values[chosen])]
    picks = order[np.unique(np.linspace(0, len(order) - 1, _PICTURES).round().astype(int))]
    if not len(picks):
        return
    axes = figure.subplots(2, len(picks), squeeze=False)
    for column, k in zip(axes.T, picks, strict=True):
        n = int(at["n"][k])
        W, X = at["weights"].values[k][:, :n], at["minimum"].values[k][:, :n]
        draw_hull(column[0], _turned(W / np.linalg.norm(W, axis=0), X))
        draw_hull(column[1], X)
        text = f"$n = {n}$, distance {float(at['nearest'][k]):.2f}"
        column[0].set_title(text, loc="center", fontsize=7.5, weight="normal")
    for ax, text in zip(axes[:, 0], (f"features, ${level}$", "Thomson"), strict=True):
        ax.text(-0.1, 0.5, text, rotation=90, transform=ax.transAxes, ha="right", va="center")
    figure.suptitle(
        "(a) features and Thomson's particles", x=0.02, ha="left", size=9, weight="bold"
    )


def _turned(W: np.ndarray, X: np.ndarray) -> np.ndarray:
    """W turned (and reflected) onto X as far as it goes, its first two columns onto any two."""
    best, least = W, np.inf
    for pair in itertools.permutations(range(W.shape[1]), 2):
        for mirror in (np.eye(3), np.diag([1.0, 1.0, -1.0])):
            turned = _frame(X[:, pair]) @ mirror @ _frame(W[:, :2]).T @ W
            apart = np.linalg.norm(turned[:, :, None] - X[:, None], axis=0).min(axis=1).sum()
            if apart < least:
                best, least = turned, float(apart)
    return best


def _frame(pair: np.ndarray) -> np.ndarray:
    """Right-handed axes (3, 3): along the first of two vectors, towards the second."""
    a, b = pair.T
    across = np.cross(a, b)
    size = np.linalg.norm(across)
    if size < 1e-6:
        across = np.cross(a, np.eye(3)[np.argmin(np.abs(a))])
        size = np.linalg.norm(across)
    return np.stack([a, np.cross(across / size, a), across / size], axis=1)


def _counts(ax: Axes, dataset: xr.Dataset) -> None:
    """Stacked bars, one a level, the numbers written into them."""
    levels = [str(x) for x in dataset["level"].values]
    for row, level in enumerate(levels):
        found, left = kinds(dataset, level), 0
        for kind, (shade, ink) in _KINDS.items():
            count = found.count(kind)
            if count:
                ax.barh(row, count, 0.78, left, color=shade, ec="black", lw=0.6)
                place = {"ha": "center", "va": "center", "fontsize": 7.5, "color": ink}
                ax.text(left + count / 2, row, str(count), **place)
            left += count
    handles = [Patch(fc=shade, ec="black", lw=0.6, label=k) for k, (shade, _) in _KINDS.items()]
    ax.set_yticks(range(len(levels)), [_LEVELS.get(x, f"free, ${x}$") for x in levels])
    ax.set(ylim=(len(levels) - 0.5, -0.5), xlabel="number of $(n, m)$")
    ax.set(xlim=(0, dataset.sizes["pair"]), xticks=range(0, dataset.sizes["pair"] + 1, 3))
    ax.tick_params(axis="y", length=0)
    ax.set_title("(b) is the ground state Thomson's?")
    place = {"loc": "upper center", "bbox_to_anchor": (0.4, -0.13)}
    ax.legend(handles=handles, ncols=2, fontsize=7, **place)
