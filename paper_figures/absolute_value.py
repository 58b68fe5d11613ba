"""Absolute value: weights of small networks, stacks of weights by neuron, counts and losses."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from ._draw import NAVY, OCHRE, STYLE, boxes
from ._words import number, spelled

_SERVES = 0.2  # |W1_ki| W2_ik from which neuron k serves feature i
_COMPUTED = 0.5  # R² above which a feature counts as computed
_DRAWN = 0.02  # smaller weights are left out of the stacks
_ALONE, _SHARED, _REST = NAVY, "#e0a458", "#dddddd"  # dark, middle, light in grey
_COLUMNS = 2
_LINES = {
    "monosemantic_loss": ("monosemantic (theory)", "black", "-"),
    "motif_loss": ("motif (theory)", "#777777", (0, (5, 1.5))),
}


def draw(dataset: xr.Dataset) -> Figure:
    """Three features on four and six neurons; a stack plot a density; counts, losses."""
    count = dataset.sizes["density"]
    rows = -(-count // _COLUMNS)
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(10.2, 3.3 + 1.35 * rows + 3.2), layout="constrained")
        heights = (2.9, 1.35 * rows + 0.5, 3.1)
        parts = figure.subfigures(3, 1, height_ratios=heights, squeeze=False)[:, 0]
        _small(parts[0], dataset)
        _stacks(parts[1], dataset, rows)
        _lines(parts[2], dataset)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show; neurons that serve several features, features computed, losses."""
    p = dataset["density"].values
    counts = _served(dataset)
    several = "; ".join(
        f"{number(np.median(np.sum(n >= 2, axis=-1)))} at p = {number(q)}"
        for q, n in zip(p, counts, strict=True)
    )
    computed = np.median(np.sum(_recovered(dataset) > _COMPUTED, axis=-1), axis=1)
    over = dataset["loss"].min("seed") / dataset["monosemantic_loss"]
    neurons = [spelled(dataset.sizes[f"{name}_neuron"]) for name in ("six", "four")]
    small = [number(dataset[f"{name}_loss"].min(), 2) for name in ("six", "four")]
    return (
        f"Networks that compute y = |x| of {dataset.sizes['feature']} features of falling "
        f"importance with {dataset.sizes['neuron']} neurons. (a, b) Weights of the best networks "
        f"of {spelled(dataset.sizes['three'])} features: on {neurons[0]} neurons without loss "
        f"({small[0]}), on {neurons[1]} by sharing ({small[1]}). (c) Weights into each neuron, "
        "stacked, of the best of "
        f"{dataset.sizes['seed']} seeds. (d) Neurons by the number of features they serve "
        f"(a share of at least {_SERVES:g} of the slope); several, median of seeds: {several}. (e) "
        f"Features computed with R² > {number(_COMPUTED)}, at most {number(computed.max())} in the "
        "median. (f) Loss over that of a zero output, with theory; the best network has between "
        f"{number(over.min())} and {number(over.max())} times the loss of the best monosemantic "
        "one."
    )


def _served(dataset: xr.Dataset) -> np.ndarray:
    """Features that each neuron serves (density, seed, neuron)."""
    shares = np.abs(dataset["W1"].values) * np.swapaxes(dataset["W2"].values, -1, -2)
    return np.sum(shares >= _SERVES, axis=-1)


def _recovered(dataset: xr.Dataset) -> np.ndarray:
    """R² of each output (density, seed, feature)."""
    p = dataset["density"].values
    return 1 - dataset["outputs"].values / (p / 3 - p**2 / 4)[:, None, None]


def _small(figure: SubFigure, dataset: xr.Dataset) -> None:
    axes = figure.subplots(1, 4)
    p = float(dataset.attrs["shared_density"])
    titles = {"six": "p = 1, 6 neurons", "four": f"p = {p:g}, 4 neurons"}
    for pair, (name, title), letter in zip((0, 2), titles.items(), "ab", strict=True):
        best = int(np.argmin(dataset[f"{name}_loss"].values))
        W1 = dataset[f"{name}_W1"].values[best]
        W2 = dataset[f"{name}_W2"].values[best].T
        order = np.lexsort((W1[np.arange(len(W1)), _main(W1, W2)], _main(W1, W2)))
        for ax, values, way in ((axes[pair], W1, "in"), (axes[pair + 1], W2, "out")):
            _numbers(ax, values[order])
            ax.set_title(f"({letter}) {title}: {way}" if way == "in" else "out")
            ax.set(xlabel="feature $i$", ylabel="neuron $k$" if way == "in" else "")


def _main(W1: np.ndarray, W2: np.ndarray) -> np.ndarray:
    """The feature that each neuron serves most."""
    return np.argmax(np.abs(W1) * W2, axis=1)


def _numbers(ax: Axes, values: np.ndarray) -> None:
    scale = float(np.abs(values).max())
    ax.imshow(np.arcsinh(values), cmap="cividis", vmin=-np.arcsinh(scale), vmax=np.arcsinh(scale))
    ax.set_aspect("auto")
    for (k, i), value in np.ndenumerate(values):
        dark = np.arcsinh(value) < -0.1 * np.arcsinh(scale)
        text = "0" if abs(value) < 5e-4 else f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"
        ax.text(i, k, text, ha="center", va="center", size=6.5, color="w" if dark else "k")
    ax.set_xticks(range(values.shape[1]), [str(i + 1) for i in range(values.shape[1])])
    ax.set_yticks(range(len(values)), [str(k + 1) for k in range(len(values))])


def _stacks(figure: SubFigure, dataset: xr.Dataset, rows: int) -> None:
    axes = figure.subplots(rows, _COLUMNS, squeeze=False, sharex=True).ravel()
    for k, ax in enumerate(axes):
        if k >= dataset.sizes["density"]:
            ax.set_axis_off()
            continue
        at = dataset.isel(density=k)
        _stack(ax, at.isel(seed=int(np.argmin(at["loss"].values))))
        letter = "(c) weights in, best seed: " if k == 0 else ""
        ax.set_title(f"{letter}p = {float(at['density']):g}")
        if k % _COLUMNS == 0:
            ax.set_ylabel("$|W_{1,ki}|$")
        if k + _COLUMNS >= dataset.sizes["density"]:
            ax.set_xlabel("neuron $k$, by its main feature")
            ax.xaxis.set_tick_params(labelbottom=True)
    handles = [
        Patch(fc=colour, ec="#555555", lw=0.4, label=label)
        for colour, label in (
            (_ALONE, "the only feature the neuron serves"),
            (_SHARED, "one of several that it serves"),
            (_REST, "not served"),
        )
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)


def _stack(ax: Axes, at: xr.Dataset) -> None:
    """A bar a neuron: its weights in on top of each other, most important feature lowest."""
    W1, W2 = np.abs(at["W1"].values), at["W2"].values.T
    serves = W1 * W2 >= _SERVES
    counts = serves.sum(axis=1)
    main = np.where(counts > 0, np.argmax(W1 * serves, axis=1), W1.shape[1])
    box, colours = [], []
    for place, k in enumerate(np.argsort(main, kind="stable")):
        bottom = 0.0
        for i in np.flatnonzero(W1[k] >= _DRAWN):
            box.append((place + 1 - 0.425, bottom, 0.85, W1[k, i]))
            colours.append(_REST if not serves[k, i] else _ALONE if counts[k] == 1 else _SHARED)
            bottom += W1[k, i]
    boxes(ax, box, colours, [0.15 if colour == _REST else 0.4 for colour in colours])
    ax.set_ylim(0, None)
    ax.set_xlim(0.3, len(W1) + 0.7)


def _lines(figure: SubFigure, dataset: xr.Dataset) -> None:
    axes = figure.subplots(1, 3)
    p = dataset["density"].values
    counts = _served(dataset)
    kinds: tuple[tuple[Any, str, str, str], ...] = (
        ((counts == 1).sum(axis=-1), "one feature", _ALONE, "o"),
        ((counts >= 2).sum(axis=-1), "several", OCHRE, "s"),
        ((counts == 0).sum(axis=-1), "none", "#777777", "^"),
    )
    for values, label, colour, marker in kinds:
        _spread(axes[0], p, values, colour, marker, label)
    axes[0].set(ylabel="neurons that serve", title="(d) polysemanticity")
    _spread(axes[1], p, (_recovered(dataset) > _COMPUTED).sum(axis=-1), _ALONE, "o", "trained")
    m = dataset.sizes["neuron"]
    axes[1].axhline(m / 2, color="black", lw=1, label="two neurons each, $m/2$")
    axes[1].axhline(m, color="#777777", lw=1, ls=(0, (5, 1.5)), label="as many as neurons, $m$")
    axes[1].set(
        ylabel=f"features with $R_i^2 > {number(_COMPUTED)}$",
        title="(e) features computed",
        ylim=(0, None),
    )
    scale = p / 3 * float(dataset["importance"].sum())
    _spread(axes[2], p, dataset["loss"].values / scale[:, None], _ALONE, "o", "trained")
    for name, (label, colour, dashes) in _LINES.items():
        axes[2].plot(p, dataset[name].values / scale, color=colour, ls=dashes, lw=1.2, label=label)
    axes[2].set(yscale="log", ylabel="loss / loss of zero output", title="(f) loss")
    for ax in axes:
        ax.set(xscale="log", xlabel="density $p$   (sparser $\\rightarrow$)")
        ax.invert_xaxis()
        ax.legend(loc="best")


def _spread(
    ax: Axes, p: np.ndarray, values: np.ndarray, colour: str, marker: str, label: str
) -> None:
    """Median over seeds, with the range of all seeds."""
    middle = np.median(values, axis=1)
    bars = np.abs(np.stack([values.min(axis=1), values.max(axis=1)]) - middle)
    style: dict[str, Any] = {"color": colour, "marker": marker, "ms": 4.5, "lw": 0.9}
    ax.errorbar(p, middle, bars, capsize=2, label=label, **style)
