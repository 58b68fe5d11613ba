"""Plateaus of D* from exact energies: which symmetric piece saves most for a dimension."""

import itertools
from fractions import Fraction

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.spatial import ConvexHull, QhullError

from ._draw import GREEN, NAVY, OCHRE, STYLE
from ._words import listed, number, percent

_MARKERS = ".*^vDpsXo"
_HULLS = (0.9, 0.35, 0.06)  # densities of the hulls
_LOOK = ((NAVY, "-"), (OCHRE, (0, (5, 1.5))), (GREEN, (0, (1, 1))))
_APART = 0.036  # least distance in D of two labels in (c)
_STORED = 0.1  # ‖W_i‖² above which a feature of a network is stored


def draw(dataset: xr.Dataset, networks: xr.Dataset | None = None) -> Figure:
    """Hulls at three densities; gain of each piece; D* of the best piece, beside networks."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(10.4, 4.4), layout="constrained")
        hulls, gains, stars = figure.subplots(1, 3)
        _hulls(hulls, dataset, networks)
        _gains(gains, dataset, networks)
        _stars(stars, dataset, networks)
        for ax in (gains, stars):
            ax.set(xscale="log", xlabel="1/density, $1/p$", xlim=(1, float(_sparse(dataset).max())))
        handles, labels = gains.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=6)
    return figure


def caption(dataset: xr.Dataset, networks: xr.Dataset | None = None) -> str:
    """What the panels show, and the densities at which one piece follows another."""
    steps = [f"{name} ({_fraction(dataset, name)})" for name, _ in plateaus(dataset)]
    changes = [p for _, p in plateaus(dataset)[1:]]
    text = (
        "Equal features in symmetric pieces: the exact loss of each piece at its best norm and "
        "bias. Pieces in orthogonal dimensions do not see each other, so their losses add, and "
        "features that are stored nowhere cost V = p/3 - p²/4. (a) Loss saved for each dimension, "
        "over V, against the features stored for each dimension; lines: upper hull, the best "
        f"mixture, at p = {listed(_nearest(dataset))}. (b) The same of each piece over the "
        "density, and of the mean field where it saves most. (c) D* of a space filled with the "
        f"best piece: {listed(steps)}, changing at p = {listed(changes)}; among these pieces, "
        f"others may be better still.{_mean_field(dataset)}"
    )
    if networks is None:
        return text
    _, _, excess = _network(dataset, networks)
    return text + (
        f" Crosses: the best networks of {networks.sizes['feature']} features in "
        f"{networks.sizes['hidden']} dimensions found by descent: they save "
        f"{percent(1 + excess.min(), 3)} to {percent(1 + excess.max(), 3)} of what the best piece "
        "would: at low densities arrangements that are no products of these pieces are better."
    )


def plateaus(dataset: xr.Dataset) -> list[tuple[str, float]]:
    """The best pieces from dense to sparse, each with the density at which it begins."""
    names, density = dataset["plateau_piece"].values, dataset["plateau_density"].values
    return [(str(name), float(p)) for name, p in zip(names, density, strict=True)]


def _fraction(dataset: xr.Dataset, piece: str) -> Fraction:
    """Dimensions over features of a piece."""
    at = dataset.sel(piece=piece)
    return Fraction(int(at["dimensions"]), int(at["features"]))


def _mean_field(dataset: xr.Dataset) -> str:
    """Where the mean field saves more than every piece, at either end of the densities."""
    p = dataset["density"].values
    above = (dataset["mean_field_gain"] > dataset["gain"].max("piece")).values
    if above.all() or not above.any():
        return ""
    words = []
    for order, text in ((np.argsort(-p), "from p = {} up"), (np.argsort(p), "from p = {} down")):
        count = int(np.argmin(above[order]))
        if count:
            words.append(text.format(number(p[order][count - 1], 2)))
    return f" The mean field saves more than all of them {listed(words)}." if words else ""


def _sparse(dataset: xr.Dataset) -> np.ndarray:
    return 1 / dataset["density"].values


def _nearest(dataset: xr.Dataset) -> list[float]:
    """The densities of the dataset next to those of the hulls."""
    p = dataset["density"].values
    return [float(p[np.argmin(np.abs(np.log(p / wanted)))]) for wanted in _HULLS]


def _network(dataset: xr.Dataset, networks: xr.Dataset) -> tuple[np.ndarray, ...]:
    """Densities of networks; what they save per dimension over V; over the best piece, less 1."""
    p, n, m = networks["density"].values, networks.sizes["feature"], networks.sizes["hidden"]
    dropped = p / 3 - p**2 / 4
    gain = (n - networks["loss"].min("kind").values / dropped) / m
    order = np.argsort(dataset["density"].values)
    best = dataset["gain"].max("piece").values[order]
    return p, gain, gain / np.interp(np.log(p), np.log(dataset["density"].values[order]), best) - 1


def _hulls(ax: Axes, dataset: xr.Dataset, networks: xr.Dataset | None) -> None:
    stored = (dataset["features"] / dataset["dimensions"]).values
    for (colour, dashes), p in zip(_LOOK, _nearest(dataset), strict=True):
        gain = dataset["gain"].sel(density=p).values
        for marker, x, y in zip(_MARKERS, stored, gain, strict=True):
            ax.plot(x, y, marker, color=colour, ms=5.5, mec="black", mew=0.5)
        x, y = _upper(np.append(0.0, stored), np.append(0.0, gain))
        ax.plot(x, y, color=colour, ls=dashes, lw=1.2, label=f"$p = {p:.2g}$", zorder=1)
    ax.set(xlabel="features stored per dimension", ylabel="loss saved per dimension over $V$")
    ax.set(xlim=(0, 1.05 * stored.max()), ylim=(0, None))
    ax.set_title("(a) pieces and their hulls")
    ax.legend(loc="lower right")


def _upper(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The hull from the first point to the highest; more features are then left out."""
    try:
        corners = np.unique(ConvexHull(np.stack([x, y], axis=1)).vertices)
    except QhullError:
        corners = np.arange(len(x))
    order = corners[np.argsort(x[corners])]
    kept: list[int] = []
    for k in order.tolist():
        while len(kept) > 1 and _below(x, y, kept[-2], kept[-1], k):
            kept.pop()
        kept.append(k)
    top = int(np.argmax(y[kept]))
    px, py = x[kept[: top + 1]], y[kept[: top + 1]]
    return np.append(px, x.max() * 1.05), np.append(py, py[-1])


def _below(x: np.ndarray, y: np.ndarray, a: int, b: int, c: int) -> bool:
    return bool((x[b] - x[a]) * (y[c] - y[a]) - (y[b] - y[a]) * (x[c] - x[a]) >= 0)


def _gains(ax: Axes, dataset: xr.Dataset, networks: xr.Dataset | None) -> None:
    x = _sparse(dataset)
    shades = mpl.colormaps["cividis"](np.linspace(0, 0.9, dataset.sizes["piece"]))
    for marker, shade, name in zip(_MARKERS, shades, dataset["piece"].values, strict=True):
        label = f"{name}, {_fraction(dataset, str(name))}"
        values = dataset["gain"].sel(piece=name).values
        ax.plot(x, values, marker=marker, markevery=(2, 6), ms=5, mec="black", mew=0.4,
                color=shade, lw=1.3, label=label)  # fmt: skip
    ax.plot(x, dataset["mean_field_gain"], color="0.45", ls=(0, (5, 1.5)), label="mean field")
    if networks is not None:
        p, gain, _ = _network(dataset, networks)
        ax.plot(1 / p, gain, "x", color="#c1272d", ms=6, mew=1.6, label="networks")
    ax.set(ylabel="loss saved per dimension over $V$", yscale="log")
    ticks = (1, 1.5, 2, 3, 4, 6, 10)
    ax.set_yticks(ticks, [f"{y:g}" for y in ticks])
    ax.set_ylim(0.95, 1.05 * float(dataset["mean_field_gain"].max()))
    ax.set_yticks([], minor=True)
    ax.set_title("(b) gain of each piece")


def _stars(ax: Axes, dataset: xr.Dataset, networks: xr.Dataset | None) -> None:
    x, order = _sparse(dataset), np.argsort(dataset["density"].values)
    logs = np.log(dataset["density"].values[order])
    steps = [*plateaus(dataset), ("", float(dataset["density"].min()))]
    for (name, begin), (_, end) in itertools.pairwise(steps):
        at = dataset.sel(piece=name)
        share = float(_fraction(dataset, name))
        ax.axhline(share, color="0.88", lw=0.7, zorder=-1)
        ax.plot([1 / begin, 1 / end], [share, share], color="0.45", lw=0.9, zorder=0)
        p = np.geomspace(begin, end, 30)
        star = np.interp(np.log(p), logs, at["dimensions_per_feature"].values[order])
        ax.plot(1 / p, star, "-", color="black", lw=2.2)
    ax.plot(x, dataset["mean_field_dimensions_per_feature"], color="0.45", ls=(0, (5, 1.5)))
    if networks is not None:
        lowest = networks["loss"].argmin("kind")
        stars = networks["dimensions_per_feature"].isel(kind=lowest).values
        ax.plot(1 / networks["density"].values, stars, "x", color="#c1272d", ms=6, mew=1.6)
    ax.set(ylabel="dimensions per feature, $D^* = m/\\Vert W\\Vert_F^2$", ylim=(0, 1.08))
    ax.set_title("(c) plateaus (thick) and $D_i$ (thin)")
    _levels(ax, sorted({_fraction(dataset, name) for name, _ in plateaus(dataset)}))


def _levels(ax: Axes, levels: list[Fraction]) -> None:
    """Names of levels beside the axes, each at its level or as far above as the next one needs."""
    place = {"xycoords": ax.get_yaxis_transform(), "va": "center", "fontsize": 7}
    height = 0.0
    for level in levels:
        height = max(float(level), height + _APART)
        arrow = {"arrowstyle": "-", "color": "0.6", "lw": 0.5, "shrinkA": 0, "shrinkB": 0}
        ax.annotate(str(level), (1, float(level)), (1.04, height), arrowprops=arrow,
                    annotation_clip=False, **place)  # fmt: skip
