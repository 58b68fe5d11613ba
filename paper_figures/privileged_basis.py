"""Privileged basis: stacks of weights by neuron, counts of neurons, losses of all networks."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from ._draw import NAVY, OCHRE, STYLE, boxes
from ._paper import fewer
from ._words import number

_ALONE, _SHARED, _REST = NAVY, "#e0a458", "#e4e4e4"  # dark, middle, light in grey
_COLUMNS = 5
_TALLEST = 1.3  # losses drawn, over that of one feature a neuron
_NAMED = 0.04  # of the height of a panel: smaller weights get no number of their feature
# Elhage et al. 2022: densities from, to, and neurons of the best network that store several
_PAPER = ((0.5, 1.0, 0), (0.2, 0.5, 2), (0.15, 0.15, 3), (0.12, 0.12, 4), (0.05, 0.08, 5))
_PAPERS = (10, 5, 0.75)  # n, m and the decay of the importance there
_RECOVERED = 0.5  # R² above which a feature counts as recovered


def draw(dataset: xr.Dataset) -> Figure:
    """A stack plot of the best network at each density; counts, losses, recovered features."""
    rows = -(-dataset.sizes["density"] // _COLUMNS)
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(10.2, 2.75 * rows + 3.4), layout="constrained")
        parts = figure.subfigures(2, 1, height_ratios=(2.75 * rows + 0.4, 3.0), squeeze=False)
        _stacks(parts[0, 0], dataset, rows)
        _lines(parts[1, 0], dataset)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, and the neurons with one and with several features at each density."""
    least, p = float(dataset.attrs["stored"]), dataset["density"].values
    W = np.stack([w[k] for w, k in zip(dataset["W"].values, _best(dataset), strict=True)])
    counts = (least <= W).sum(axis=2)
    codes = "; ".join(
        f"p = {number(q)}: {np.sum(n == 1)} and {np.sum(n >= 2)}"
        for q, n in zip(p, counts, strict=True)
    )
    best = dataset["loss"].min("seed") / dataset["monosemantic_loss"]
    paper = " (grey: several, by Elhage et al. 2022)" if _as_paper(dataset) else ""
    return (
        f"{dataset.sizes['feature']} features of falling importance on {dataset.sizes['neuron']} "
        f"rectified neurons; best of {dataset.sizes['seed']} networks at each density"
        f"{fewer(dataset.sizes['seed'])}. (a) Weights of each neuron, stacked; features with W_ki "
        f"≥ {number(least)} count as stored. (b) Neurons of the best network that store one "
        f"feature and several{paper}: {codes}. (c) Losses of all networks over that of one "
        f"feature a neuron; the best goes from {number(best[0], 4)} to {number(best[-1], 4)}. (d) "
        f"Features recovered with R² > {number(_RECOVERED)}."
    )


def _best(dataset: xr.Dataset) -> list[int]:
    return [int(np.nanargmin(loss)) for loss in dataset["loss"].values]


def _stacks(figure: SubFigure, dataset: xr.Dataset, rows: int) -> None:
    axes = figure.subplots(rows, _COLUMNS, squeeze=False, sharey=True).ravel()
    best = _best(dataset)
    weights = np.stack([W[k] for W, k in zip(dataset["W"].values, best, strict=True)])
    top, bottom = (np.sum(f(weights, 0), axis=-1) for f in (np.maximum, np.minimum))
    named = _NAMED * 1.1 * float(top.max() - bottom.min())
    for k, ax in enumerate(axes):
        if k >= len(best):
            ax.set_axis_off()
            continue
        _stack(ax, weights[k], float(dataset.attrs["stored"]), named)
        letter = "(a) " if k == 0 else ""
        ax.set_title(f"{letter}p = {float(dataset['density'][k]):g}")
        if k % _COLUMNS == 0:
            ax.set_ylabel("weights $W_{ki}$, stacked")
        if k + _COLUMNS >= len(best):
            ax.set_xlabel("neuron $k$")
    texts = (
        (_ALONE, "the only feature the neuron stores"),
        (_SHARED, "one of several that it stores"),
        (_REST, f"not stored ($W_{{ki}}$ < {float(dataset.attrs['stored']):g})"),
    )
    handles = [Patch(fc=colour, ec="#555555", lw=0.4, label=label) for colour, label in texts]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)


def _stack(ax: Axes, W: np.ndarray, least: float, named: float) -> None:
    """A bar a neuron: positive weights upwards, negative ones downwards, important ones inmost.

    Weights from `named` on get the number of their feature.
    """
    stored = least <= W
    counts = stored.sum(axis=1)
    first = np.where(counts > 0, stored.argmax(axis=1), W.shape[1])
    order = np.lexsort((first, counts != 1))
    box, colours = [], []
    for place, k in enumerate(order):
        ends = {1: 0.0, -1: 0.0}
        for i, weight in enumerate(W[k]):
            side = 1 if weight > 0 else -1
            colour = _REST if not stored[k, i] else _ALONE if counts[k] == 1 else _SHARED
            box.append((place + 1 - 0.43, ends[side], 0.86, weight))
            colours.append(colour)
            if abs(weight) >= named:
                ink = "w" if colour == _ALONE else "k"
                height = ends[side] + weight / 2
                ax.text(place + 1, height, str(i + 1), ha="center", va="center", size=6, color=ink)
            ends[side] += weight
    boxes(ax, box, colours, 0.35)
    ax.axhline(0, color="black", lw=0.7)
    ax.set_xticks(range(1, len(W) + 1))


def _lines(figure: SubFigure, dataset: xr.Dataset) -> None:
    axes = figure.subplots(1, 3)
    p, best = dataset["density"].values, _best(dataset)
    weights = [W[k] for W, k in zip(dataset["W"].values, best, strict=True)]
    _counts(axes[0], dataset, np.stack(weights))
    loss = dataset["loss"].values / dataset["monosemantic_loss"].values[:, None]
    for values, at in zip(loss, p, strict=True):
        axes[1].plot(np.full(len(values), at), values, "_", color="#999999", ms=5, mew=0.5)
        if values.max() > _TALLEST:
            axes[1].plot(at, 0.98 * _TALLEST, "^", color="#999999", ms=4)
    axes[1].plot(p, np.median(loss, axis=1), "s--", color=OCHRE, ms=4, label="median")
    axes[1].plot(p, np.min(loss, axis=1), "o-", color=_ALONE, ms=4, label="best")
    axes[1].axhline(1, color="black", lw=0.8, label="one feature a neuron (exact)")
    axes[1].set(
        ylabel="loss / loss of one feature a neuron", title="(c) all networks (▲ some above)"
    )
    axes[1].set_ylim(0, _TALLEST)
    variance = (p / 3 - p**2 / 4)[:, None]
    outputs = np.stack([o[k] for o, k in zip(dataset["outputs"].values, best, strict=True)])
    recovered = (1 - outputs / variance > _RECOVERED).sum(axis=1)
    axes[2].plot(p, recovered, "o-", color=_ALONE, ms=4, label="best network")
    axes[2].axhline(dataset.sizes["neuron"], color="black", lw=0.8, label="neurons $m$")
    axes[2].set(
        ylabel=f"features with $R_i^2 > {number(_RECOVERED)}$", title="(d) features recovered"
    )
    axes[2].set_ylim(0, 1.3 * dataset.sizes["feature"])
    for ax in axes:
        ticks = [t for t in (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001) if p.min() <= t <= p.max()]
        ax.set(xscale="log", xlabel="density $p$   (sparser $\\rightarrow$)")
        ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
        ax.invert_xaxis()
        ax.legend(loc="lower left" if ax is axes[1] else "upper left")


def _counts(ax: Axes, dataset: xr.Dataset, W: np.ndarray) -> None:
    """Neurons with one and with several features; the band is what other thresholds count."""
    p, least = dataset["density"].values, float(dataset.attrs["stored"])
    _paper(ax, dataset)
    widest = 0
    others = [float(t) for t in np.atleast_1d(dataset.attrs["other_thresholds"])]
    kinds = (("one feature", _ALONE, "o-"), ("several", OCHRE, "s--"))
    for kind, (label, colour, style) in enumerate(kinds):
        counts = [
            np.sum((n >= 2) if kind else (n == 1), axis=1)
            for n in ((t <= W).sum(axis=2) for t in (least, *others))
        ]
        low, high = np.min(counts, axis=0), np.max(counts, axis=0)
        widest = max(widest, int(np.max(high - low)))
        hatch = "\\\\\\\\" if kind else "////"
        ax.fill_between(p, low, high, fc="none", ec=colour, hatch=hatch, lw=0, alpha=0.5)
        ax.plot(p, counts[0], style, color=colour, ms=4, label=label)
    ax.set_ylim(-0.3, 1.7 * W.shape[1])
    text = f"{min(others):g} to {max(others):g}"
    ax.set(ylabel="neurons of the best network that store", title="(b) polysemanticity")
    if widest:
        label = f"bands: thresholds {text}"
        ax.fill_between([], [], [], fc="none", ec="#777777", hatch="////", label=label)
    else:
        ax.plot([], [], ls="none", label=f"the same at thresholds {text}")


def _as_paper(dataset: xr.Dataset) -> bool:
    size = (dataset.sizes["feature"], dataset.sizes["neuron"], float(dataset.attrs["decay"]))
    return size == _PAPERS


def _paper(ax: Axes, dataset: xr.Dataset) -> None:
    """The paper's densities for each count of neurons with several features."""
    if not _as_paper(dataset):
        return
    for k, (low, high, count) in enumerate(_PAPER):
        ends = [low, high] if low < high else [low / 1.06, high * 1.06]
        label = "several, ranges of the paper" if k == 0 else None
        style = {"color": "#bbbbbb", "lw": 9, "zorder": 0, "solid_capstyle": "butt"}
        ax.plot(ends, [count, count], label=label, **style)
