"""Where gradient flow ends: probabilities of the ends, and maps of the starts."""

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ._draw import GREEN, NAVY, OCHRE, SKY, STYLE
from ._words import level, number, percent

_COLUMNS = 5  # planes side by side
_PANELS = 5  # relative importances shown; of more, some in between are left out
_FAILED = "failed"

# For each end a colour and a hatching: the colours differ in lightness or the hatchings do.
_LOOK = {
    "dedicated to 1": (NAVY, ""),
    "dedicated to 2": ("#5a1846", "||||"),
    "dedicated, half-stable (saddle)": (SKY, "////"),
    "acute": ("#8fc9a9", "...."),
    "acute, both biases negative": ("#2f6b4f", "++++"),
    "dead feature": ("#3d3d3d", "xxxx"),
    "other saddle": ("#ffffff", "****"),
    _FAILED: ("#d62728", "OO"),
    "antipodal, |w₂| > |w₁|": (OCHRE, "\\\\\\\\"),
    "weak antipodal": ("#c9a23f", "----"),
    "strong antipodal": ("#fff3bf", ""),
    "antipodal": ("#f3dc8c", ""),
}
_MARKS = (  # code of the stability, name, fill
    (1, "minimum", "full"),
    (2, "half-stable saddle", "left"),
    (0, "saddle", "none"),
)
_LIMITS = (
    ("line_antipodal_side", "-", "antipodal side"),
    ("line_acute_side", (0, (1, 1)), "acute side"),
)
_CURVES = (
    (NAVY, "o", "-"),
    (OCHRE, "s", "--"),
    (SKY, "D", "-."),
    (GREEN, "^", ":"),
)
_LEAST_SHARE = 0.04  # no room for the interval of a smaller one


def draw(dataset: xr.Dataset) -> Figure:
    """Ends over density for each r; ground state over scale; planes of starts below."""
    with mpl.rc_context(fname=STYLE):
        rows = -(-dataset.sizes["plane"] // _COLUMNS)
        figure = Figure(figsize=(10.4, 5.2 + 2.4 * rows), dpi=200, layout="constrained")
        heights = [2.5, 2.6, 2.45 * rows]
        parts: Any = figure.subfigures(3, 1, height_ratios=heights)
        top, middle, bottom = parts
        _bars(top, dataset)
        left, right = middle.subfigures(1, 2)
        _scales(left.subplots(), dataset)
        _legends(right, dataset)
        _planes(bottom, dataset, rows)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, and how often the flow ends in the ground state."""
    hits, flows = dataset["ground_count"].values.sum(), dataset["end"].size
    over = ["density", "relative_importance"]
    ended = dataset["count"].sum([*over, "end_index"])
    pooled = (dataset["ground_count"].sum(over) / ended).values
    scale = dataset["scale"].values
    return (
        f"Where {flows} flows of the exact loss end, two features in one dimension. (a) "
        f"Probability of each end over the density, weights at the start of standard deviation "
        f"{number(_scale_of(dataset), 2)}, with {level(dataset['interval'].attrs['long_name'])} "
        "intervals; red lines are theory's limits of stability of dedicated. (b) Probability of "
        "the ground state over the scale of the start: "
        f"{percent(hits / flows)} in all, from {percent(pooled.min())} at scale "
        f"{number(scale[pooled.argmin()], 2)} to {percent(pooled.max())} at "
        f"{number(scale[pooled.argmax()], 2)}. (c) Ends by the weights at the start, zero "
        "biases, with the stationary states."
    )


def _names(dataset: xr.Dataset) -> list[str]:
    return [str(name) for name in dataset["end_name"].values]


def _near_one(dataset: xr.Dataset) -> int:
    """The scale next to 1, the size of weights in use."""
    return int(np.argmin(np.abs(np.log(dataset["scale"].values))))


def _bars(figure: SubFigure, dataset: xr.Dataset) -> None:
    """One panel for each relative importance, from the largest to the smallest."""
    count = dataset.sizes["relative_importance"]
    shown = np.unique(np.linspace(0, count - 1, min(count, _PANELS)).round().astype(int))
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for k, (ax, j) in enumerate(zip(axes, shown, strict=True)):
        _bar_panel(ax, dataset.isel(relative_importance=j, scale=_near_one(dataset)))
        r = float(dataset["relative_importance"][j])
        ax.set_title(f"{'(a) ' if k == 0 else ''}$r = {r:.3g}$")
        _limits(ax, dataset, r)
    axes[0].set_ylabel(
        f"probability of the end\n(weights $\\sim N(0, {_scale_of(dataset):.2g}^2)$)"
    )


def _scale_of(dataset: xr.Dataset) -> float:
    return float(dataset["scale"][_near_one(dataset)])


def _edges(values: np.ndarray) -> np.ndarray:
    """Edges of logarithmic centres."""
    logs = np.log(values)
    if len(logs) == 1:
        return np.exp(logs[0] + np.array([-0.1, 0.1]))
    middle = (logs[1:] + logs[:-1]) / 2
    return np.exp(np.concatenate([[2 * logs[0] - middle[0]], middle, [2 * logs[-1] - middle[-1]]]))


def _bar_panel(ax: Axes, cut: xr.Dataset) -> None:
    """Stacked bars over the density, each boundary with the interval of the end below it."""
    edges = _edges(cut["density"].values)
    left, width = np.minimum(edges[:-1], edges[1:]), np.abs(np.diff(edges))
    bottom = np.zeros(len(width))
    for layer, name in enumerate(name for name in _LOOK if name in _names(cut)):
        at = cut.isel(end_index=_names(cut).index(name))
        share = np.nan_to_num(at["probability"].values)
        colour, hatch = _LOOK[name]
        style = {"align": "edge", "color": colour, "hatch": hatch, "ec": "black", "lw": 0.4}
        ax.bar(left, share, width, bottom, **style)
        bottom = bottom + share
        _interval(ax, edges, at, bottom, shift=0.3 + 0.4 * (layer % 2))
    ax.set(xscale="log", xlabel="density $p$", ylim=(0, 1))
    ax.set_xlim(edges.min(), edges.max())
    _ticks(ax, cut["density"].values)


def _interval(ax: Axes, edges: np.ndarray, at: xr.Dataset, top: np.ndarray, shift: float) -> None:
    """The 95 % interval of a share, about the top of its bar, unless that is the top of all."""
    share = at["probability"].values
    shown = (share > _LEAST_SHARE) & (top < 1 - 1e-9)
    x = (edges[:-1] ** (1 - shift) * edges[1:] ** shift)[shown]
    size = _bars_of(share, at["interval"].values)[:, shown]
    ax.errorbar(x, top[shown], size, fmt="none", ecolor="white", elinewidth=2.2)
    ax.errorbar(x, top[shown], size, fmt="none", ecolor="black", elinewidth=1, capsize=1.5)


def _ticks(ax: Axes, values: np.ndarray) -> None:
    """On less than a decade, where powers of ten are no ticks: the ends of the values."""
    ends = np.unique([values.min(), values.max()])
    if ends[-1] < 10 * ends[0]:
        ax.set_xticks([], minor=True)
        ax.set_xticks(ends, labels=[f"{end:.3g}" for end in ends])


def _bars_of(share: np.ndarray, interval: np.ndarray) -> np.ndarray:
    """Lengths of the error bars below and above."""
    return np.abs(interval - share[:, None]).T


def _limits(ax: Axes, dataset: xr.Dataset, r: float) -> None:
    """Densities at which, by theory, dedicated turns unstable on either side."""
    p = dataset["line_density"].values
    for name, dashes, _ in _LIMITS:
        line = dataset[name].values
        if line.min() < r < line.max():
            x = float(np.interp(r, line, p))
            ax.axvline(x, color="white", lw=2.8)
            ax.axvline(x, color="#b00020", lw=1.6, ls=dashes)


def _scales(ax: Axes, dataset: xr.Dataset) -> None:
    """Probability of the ground state over the scale, in the cells where it varies most."""
    probability = dataset["ground_probability"].values
    spread = np.nan_to_num(probability.max(axis=-1) - probability.min(axis=-1))
    order = np.argsort(-spread, axis=None, kind="stable")[: len(_CURVES)]
    cells = zip(*np.unravel_index(order, spread.shape), strict=True)
    scale = dataset["scale"].values
    for k, (at, (colour, marker, dashes)) in enumerate(zip(cells, _CURVES, strict=False)):
        p, r = dataset["density"].values[at[0]], dataset["relative_importance"].values[at[1]]
        size = _bars_of(probability[at], dataset["ground_interval"].values[at])
        style = {"color": colour, "marker": marker, "ls": dashes, "ms": 4.5, "mec": "black"}
        x = scale * 1.04 ** (k - 1.5)  # side by side, as the bars would overlap
        label = f"$p = {p:.2g}$, $r = {r:.2g}$"
        ax.errorbar(x, probability[at], size, capsize=2, elinewidth=0.9, label=label, **style)
    over = ["density", "relative_importance"]
    pooled = dataset["ground_count"].sum(over) / dataset["count"].sum([*over, "end_index"])
    ax.plot(scale, pooled, color="black", lw=2.4, label="all cells")
    ax.set(xscale="log", ylim=(0, 1.02), xlabel="standard deviation of the weights at the start")
    _ticks(ax, scale)
    ax.set_ylabel("probability of\nthe ground state")
    ax.set_title("(b) where the scale of the start matters most")
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def _present(dataset: xr.Dataset) -> list[str]:
    names = _names(dataset)
    codes = set(np.unique(dataset["end"])) | set(np.unique(dataset["plane_end"]))
    present = {_FAILED if code < 0 else names[code] for code in codes}
    return [name for name in _LOOK if name in present]


def _legends(figure: SubFigure, dataset: xr.Dataset) -> None:
    """What colours, hatchings, lines and marks mean."""
    looks = [(name, *_LOOK[name]) for name in _present(dataset)]
    ends = [Patch(fc=c, hatch=h, ec="black", lw=0.4, label=name) for name, c, h in looks]
    lines = [
        Line2D([], [], color="#b00020", lw=1.6, ls=dashes, label=f"on its {side}")
        for _, dashes, side in _LIMITS
    ]
    marks = [Line2D([], [], ls="none", **_mark(fill), label=name) for _, name, fill in _MARKS]
    figure.legend(
        handles=ends,
        loc="upper left",
        title="(a), (c) where the flow ends",
        handleheight=1.2,
        handlelength=2.4,
    )
    figure.legend(handles=lines, loc="upper right", title="(a) dedicated turns\nunstable (theory)")
    figure.legend(handles=marks, loc="lower right", title="(c) stationary states,\ntheir weights")


def _mark(fill: str) -> dict:
    if fill == "none":
        return {"marker": "o", "ms": 5.5, "mec": "black", "mfc": "white", "mew": 1.2}
    inside = {"mfc": "black", "mfcalt": "white", "fillstyle": fill}
    edge = "white" if fill == "full" else "black"
    return {"marker": "o", "ms": 6.5, "mec": edge, "mew": 1.0} | inside


def _planes(figure: SubFigure, dataset: xr.Dataset, rows: int) -> None:
    columns = min(_COLUMNS, dataset.sizes["plane"])
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for k, ax in enumerate(axes.flat):
        if k >= dataset.sizes["plane"]:
            ax.remove()
            continue
        _plane(ax, dataset.isel(plane=k))
        title = "(c) " if k == 0 else ""
        p, r = (float(dataset[f"plane_{n}"][k]) for n in ("density", "relative_importance"))
        ax.set_title(f"{title}$p = {p:.3g}$, $r = {r:.3g}$")
        ax.set_xlabel("$w_1$ at the start")
    for ax in axes[:, 0]:
        ax.set_ylabel("$w_2$ at the start")


def _plane(ax: Axes, plane: xr.Dataset) -> None:
    """Each start in the look of its end, the separatrices between them, and the states."""
    names, end = _names(plane), plane["plane_end"].values.T
    x, y = plane["w1"].values, plane["w2"].values
    for code in np.unique(end):
        colour, hatch = _LOOK[_FAILED if code < 0 else names[code]]
        shown = np.ma.masked_where(end != code, np.ones(end.shape))
        ax.pcolormesh(x, y, shown, cmap=ListedColormap([colour]), rasterized=True)
        inside = (end == code).astype(float)
        if hatch and min(inside.shape) > 1:
            ax.contourf(x, y, inside, [0.5, 1.5], colors="none", hatches=[hatch])
        if 0 < inside.mean() < 1 and min(inside.shape) > 1:
            ax.contour(x, y, inside, [0.5], colors="black", linewidths=0.9)
    weights, kind = plane["state"].values[:, :2], plane["state_kind"].values
    for code, _, fill in _MARKS:
        at = np.concatenate([weights[kind == code], -weights[kind == code]])
        ax.plot(at[:, 0], at[:, 1], ls="none", **_mark(fill), zorder=5)
    ax.set_aspect("equal")
    ax.set(xlim=(x.min(), x.max()), ylim=(y.min(), y.max()))
