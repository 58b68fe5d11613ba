"""Basic results: WᵀW, biases, and norms coloured by superposition, at every density."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure, SubFigure

from ._draw import STYLE
from ._words import listed, number

COLUMNS = 4
_GAP = 2  # columns between WᵀW and b, or more of many features
_GRAM = "cividis"
_SHARED = ListedColormap(mpl.colormaps["Blues"](np.linspace(0, 0.7, 256)))  # dark in grey as well
_NARROW = 40  # features from which a bar is too thin for its edge and pattern


def draw(dataset: xr.Dataset) -> Figure:
    """A block for each system: the linear model first, then the densities."""
    sizes = [int(n) for n in np.atleast_1d(dataset.attrs["sizes"])]
    panels = 1 + dataset.sizes["density"]
    rows = -(-panels // COLUMNS)
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.4, 3.0 * rows * len(sizes) + 0.6), layout="constrained")
        blocks = figure.subfigures(len(sizes), 1, squeeze=False)[:, 0]
        for block, n in zip(blocks, sizes, strict=True):
            _block(block, dataset, n, rows)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, and of the densest and the sparsest network what is stored and how."""
    p = dataset["density"].values
    ends = [int(p.argmax()), int(p.argmin())]
    systems = []
    for n in map(int, np.atleast_1d(dataset.attrs["sizes"])):
        told = [_told(dataset.isel(density=k), n) for k in ends]
        systems.append(
            f"{n} features in {dataset.sizes[f'n{n}_hidden']} dimensions: {'; '.join(told)}"
        )
    return (
        "WᵀW, biases and norms of the best network at each density, minimised on the exact loss or "
        f"trained, beside the linear model; p = {listed(p)}. Bars are norms ‖W_i‖, darker the "
        f"more a feature shares its direction, Σ(Ŵ_i·W_j)² over j ≠ i; in superposition where "
        f"that is at least {number(dataset.attrs['superposed'])} and the norm at least "
        f"{number(dataset.attrs['represented'])} (dotted line). {'. '.join(systems)}."
    )


def _told(at: xr.Dataset, n: int) -> str:
    stored = at[f"n{n}_norm"].values >= at.attrs["represented"]
    shared = stored & (at[f"n{n}_interference"].values >= at.attrs["superposed"])
    ratio = number(at[f"n{n}_best_loss"] / at[f"n{n}_linear_loss"])
    return (
        f"at p = {number(at['density'])}, {stored.sum()} are stored, {shared.sum()} of them in "
        f"superposition, with {ratio} times the loss of the linear model"
    )


def _block(figure: SubFigure, dataset: xr.Dataset, n: int, rows: int) -> None:
    m = dataset.sizes[f"n{n}_hidden"]
    figure.suptitle(f"{n} features in {m} dimensions", x=0.01, ha="left", size=9, weight="bold")
    left, right = figure.subfigures(1, 2, width_ratios=(1, 0.1), squeeze=False)[0]
    axes = left.subplots(2 * rows, COLUMNS, height_ratios=[1.0, 0.5] * rows, squeeze=False)
    size, tallest = _largest(dataset, n), 1.08 * max(1.0, float(dataset[f"n{n}_norm"].max()))
    last = dataset.sizes["density"]
    image = None
    for k in range(rows * COLUMNS):
        row, column = divmod(k, COLUMNS)
        top, bottom = axes[2 * row : 2 * row + 2, column]
        if k > last:
            top.set_axis_off()
            bottom.set_axis_off()
            continue
        W, b, norm, shared, title = _panel(dataset, n, k - 1)
        image = _map(top, W.T @ W, b, size, title)
        _bars(bottom, norm, shared, dataset.attrs)
        bottom.set(xlim=top.get_xlim(), ylim=(0, tallest))
        if column == 0:
            top.set_ylabel("feature $j$")
            bottom.set_ylabel("norm $\\|W_i\\|$")
        if k + COLUMNS > last:
            bottom.set_xlabel("feature $i$ (by importance)")
    assert image is not None  # the linear model is always there
    _scales(right, image)


def _scales(figure: SubFigure, image: ScalarMappable) -> None:
    """The two colour bars, one below the other."""
    upper, lower = figure.subplots(2, 1)
    figure.colorbar(image, cax=upper).set_label("$W_i \\cdot W_j$ and $b_i$")
    shared = ScalarMappable(Normalize(0, 1), _SHARED)
    bar = figure.colorbar(shared, cax=lower, extend="max")
    bar.set_label("superposition $\\sum_{j \\neq i} (\\hat W_i \\cdot W_j)^2$")


def _largest(dataset: xr.Dataset, n: int) -> float:
    W = dataset[f"n{n}_W"].values
    grams = np.einsum("...ki,...kj->...ij", W, W)
    return float(max(np.nanmax(np.abs(grams)), 1.0))


def _panel(dataset: xr.Dataset, n: int, k: int) -> tuple:
    """W, b, norms, superposition and title of density k; of the linear model for k = -1."""
    if k < 0:
        W = dataset[f"n{n}_linear_W"].values
        b = dataset[f"n{n}_linear_b"].values[0]
        where = f"linear model ($b$ at $p = {float(dataset['density'][0]):g}$)"
        return W, b, np.linalg.norm(W, axis=0), np.zeros(n), where
    at = dataset.isel(density=k)
    ratio = float(at[f"n{n}_best_loss"] / at[f"n{n}_linear_loss"])
    title = f"$p = {float(at['density']):g}$,  $L / L_{{lin}} = {ratio:.3g}$"
    names = ("W", "b", "norm", "interference")
    return (*(at[f"n{n}_{name}"].values for name in names), title)


def _map(ax: Axes, gram: np.ndarray, b: np.ndarray, size: float, title: str):
    """WᵀW with b as a column of its own on the right."""
    n = len(b)
    gap = max(_GAP, n // 8)
    wide = np.full((n, n + gap + max(1, n // 12)), np.nan)
    wide[:, :n] = gram
    wide[:, n + gap :] = b[:, None]
    image = ax.imshow(wide, cmap=_GRAM, vmin=-size, vmax=size)
    ax.set_title(title, weight="normal", size=8)
    middle = (n + gap + wide.shape[1] - 1) / 2
    ax.set_xticks([0, n - 1, middle], labels=["1", str(n), "$b$"])
    ax.set_yticks([0, n - 1], labels=["1", str(n)])
    return image


def _bars(ax: Axes, norm: np.ndarray, shared: np.ndarray, attrs: dict[str, Any]) -> None:
    """Norms; dark bars share their direction, and striped ones count as in superposition."""
    n = len(norm)
    thin = n > _NARROW
    width, edge = (1.0, 0.2) if thin else (0.8, 0.5)
    colours = _SHARED(np.clip(shared, 0, 1))
    bars = ax.bar(np.arange(n), norm, width, color=colours, ec="black", lw=edge)
    for bar, height, value in zip(bars, norm, shared, strict=True):
        if not thin and height >= attrs["represented"] and value >= attrs["superposed"]:
            bar.set_hatch("////")
    ax.axhline(attrs["represented"], color="0.4", lw=0.8, ls=(0, (1, 1.5)))
    ax.set_xticks([0, n - 1], labels=["1", str(n)])
