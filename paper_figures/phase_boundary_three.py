"""The exact phase diagram of three features in two dimensions, beside trained networks."""

import itertools

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from . import _maps as maps
from ._draw import STYLE
from ._transitions import Piece, phases_at, pieces
from ._words import number, percent

# Kinds of states: names of phases that belong to it, its colour; grey levels differ throughout.
_KINDS = {
    "3 dropped": (("dropped 3",), "#1f2a5c"),
    "scalene": (("scalene",), "#a8322d"),
    "3 shares with 1 or 2": (("digon 13", "digon 23"), "#5f92cf"),
    "3 alone, 1 and 2 share": (("digon 12",), "#f0b84a"),
    "isosceles": (("isosceles 3", "triangle"), "#f1f0dc"),
}
_OTHER = ("acute or other (metastable)", "#000000")
_THEORY = {  # theory's names of the same, in this order in the dataset's `phases`
    "dropped": 0,
    "scalene": 1,
    "digon 13": 2,
    "digon 12": 3,
    "isosceles": 4,
}
_COLOURS = ListedColormap([colour for _, colour in (*_KINDS.values(), ((), _OTHER[1]))])
_NORM = BoundaryNorm(np.arange(len(_KINDS) + 2) - 0.5, len(_KINDS) + 1)
_ZOOM_R, _ZOOM_P = (0.55, 1.8), (0.5, 0.98)
_FINE = 400


def draw(dataset: xr.Dataset) -> Figure:
    """Exact map with theory's transitions, trained map, residual, and a cut."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 8.1), dpi=200, layout="constrained")
        axes = figure.subplots(2, 2)
        _exact_map(axes[0, 0], dataset)
        _trained_map(axes[0, 1], dataset)
        _residual(axes[1, 0], dataset)
        _cut(axes[1, 1], dataset)
        colours = [colour for _, colour in _KINDS.values()]
        patches = [
            Patch(facecolor=colour, edgecolor="0.3", label=name)
            for name, colour in zip((*_KINDS, _OTHER[0]), (*colours, _OTHER[1]), strict=True)
        ]
        handles = [*patches, *_handles(axes[0, 0])]
        legend = figure.legend(handles=handles, loc="outside upper center", ncols=4)
        legend.get_frame().set_facecolor("0.8")
    return figure


def _handles(ax: Axes) -> list[Artist]:
    """What is drawn in the panel and its inset, each label once."""
    found: dict[str, Artist] = {}
    for each in (ax, *(inset for inset in ax.child_axes if isinstance(inset, Axes))):
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True):
            found.setdefault(label, handle)
    return list(found.values())


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, special points of theory, and how many networks are ground states."""
    cells, shown = maps.cells_in_ground_state(dataset), dataset["map_loss"].shape
    at, smooth = (dataset[f"cut_{name}"].values for name in ("relative_importance", "continuous"))
    known = np.isfinite(at)
    jumps = int(np.sum(known) - np.sum(smooth[known]))
    return (
        "Phase diagram of three features in two dimensions, the third of relative importance r. "
        f"(a) Ground state of the exact loss in {shown[0]} × {shown[1]} cells, with the "
        f"transitions of theory{_special(dataset)}. (b) Best of "
        f"{dataset.sizes['start']} trained networks in each of {cells.size} cells: the ground "
        f"state in {percent(cells.mean())} of them. (c) Its loss above that of the ground state, "
        f"relative. (d) Norms along the cut at density {number(dataset.attrs['cut_density'])}, "
        f"with {int(known.sum())} transitions of theory, {jumps} of them of first order."
    )


def _special(dataset: xr.Dataset) -> str:
    """Where theory's special points lie, if the dataset has them."""
    if "triangle_point" not in dataset.attrs:
        return ""
    triangle, top, *two = (dataset.attrs[name] for name, *_ in _MARKS)
    critical = " and ".join(f"p = {number(p, 4)}, r = {number(r, 4)}" for p, r in two)
    return (
        f"; at r = 1 the triangle is the ground state above p = {number(triangle[0], 4)}; the "
        f"tongue in which the last feature shares ends at p = {number(top[0], 4)}, "
        f"r = {number(top[1], 4)}; critical points of isosceles states at {critical}"
    )


def _kinds(dataset: xr.Dataset, codes: np.ndarray) -> np.ndarray:
    """Position of each phase code among the kinds."""
    names = dataset["map_phase"].attrs["flag_meanings"].split(", ")
    of = {name: k for k, (members, _) in enumerate(_KINDS.values()) for name in members}
    table = np.array([*(of.get(name, len(_KINDS)) for name in names), len(_KINDS)])
    return table[codes]


def _coloured(ax: Axes, dataset: xr.Dataset, prefix: str, kinds: np.ndarray) -> QuadMesh:
    return maps.mesh(ax, dataset, prefix, kinds, cmap=_COLOURS, norm=_NORM)


def _exact_map(ax: Axes, dataset: xr.Dataset) -> None:
    failed = dataset["map_result"].values != 0
    kinds = _kinds(dataset, dataset["map_phase"].values)
    _coloured(ax, dataset, "map_", np.ma.masked_where(failed, kinds))
    maps.hatch(ax, dataset, "map_", failed)
    maps.axes_of_map(ax, dataset, "map_")
    _changes(ax, dataset)
    _ansatz(ax, dataset)
    ax.set_title("(a) exact ground state; inset: theory")
    _zoom(ax, dataset)


def _changes(ax: Axes, dataset: xr.Dataset, *, plain: bool = False) -> None:
    """Theory's transitions: solid where of first order, dotted where continuous."""
    labels = {
        "white": "first order (theory)",
        "#ff8c1a": "first order, weak | strong isosceles",
        "dotted": "continuous (theory)",
    }
    for line in pieces(dataset):
        dashes = (0, (1, 1)) if line.continuous else "-"
        if not plain:
            ax.plot(line.r, line.p, color="black", lw=2.4, zorder=2)
        colour = "black" if plain else "#ff8c1a" if line.below == line.above else "white"
        label = labels.pop("dotted" if line.continuous else colour, None)
        ax.plot(line.r, line.p, color=colour, ls=dashes, lw=1.3, zorder=3, label=label)


def _ansatz(ax: Axes, dataset: xr.Dataset) -> None:
    """The boundaries of fixed ansätze, with the vertical one at p = 4/7 for r > 1."""
    if "line_ansatz" not in dataset:
        return
    dataset = dataset.sortby("line_density")
    p = dataset["line_density"].values
    style = {"color": "#d11fb0", "ls": "--", "lw": 1.2, "zorder": 4}
    for k, line in enumerate(dataset["line_ansatz"].values.T):
        ax.plot(line, p, label="fixed ansatz" if k == 0 else None, **style)
    right = float(dataset["map_relative_importance"].max())
    if p.min() < 4 / 7 < p.max() and right > 1:
        ax.plot([1, right], [4 / 7, 4 / 7], **style)


def _zoom(ax: Axes, dataset: xr.Dataset) -> None:
    """The dense corner by theory: the phases between its transitions, at each of its densities."""
    p, r = dataset["line_density"].values, np.geomspace(*_ZOOM_R, _FINE)
    inside = (p >= _ZOOM_P[0]) & (p <= _ZOOM_P[1]) & (dataset["line_result"].values == 0)
    left, right = maps.span(dataset["map_relative_importance"].values)
    if inside.sum() < 4 or left > _ZOOM_R[0] or right < _ZOOM_R[1]:
        return
    low, high = max(_ZOOM_P[0], p.min()), min(_ZOOM_P[1], p.max())
    x, y = maps.edges(r), np.geomspace(low, high, _FINE + 1)
    lines = pieces(dataset)
    kinds = np.array([_theory_row(dataset, lines, q, r) for q in np.sqrt(y[1:] * y[:-1])])
    inset = ax.inset_axes((0.12, 0.5, 0.76, 0.47))
    inset.pcolormesh(x, y, kinds, cmap=_COLOURS, norm=_NORM, rasterized=True)
    _changes(inset, dataset)
    _ansatz(inset, dataset)
    _points(inset, dataset)
    inset.set(xscale="log", yscale="log")
    inset.set_xticks([0.6, 1.0, 1.6], labels=["0.6", "1", "1.6"], minor=False)
    inset.set_yticks([0.6, 0.75, 0.9], labels=["0.6", "0.75", "0.9"], minor=False)
    inset.set_xticks([], minor=True)
    inset.set_yticks([], minor=True)
    inset.tick_params(labelsize=6.5, pad=1.5)
    inset.set(xlim=_ZOOM_R, ylim=(high, low))
    ax.indicate_inset_zoom(inset, edgecolor="black", alpha=0.8)


def _theory_row(dataset: xr.Dataset, lines: list[Piece], p: float, r: np.ndarray) -> np.ndarray:
    """The kind of the ground state at each r, between the lines at one density."""
    names = dataset["line_below"].attrs["phases"].split(", ")
    of = np.array([_THEORY[name] for name in names])
    at, phases = phases_at(lines, p)
    if not phases:
        return np.full(len(r), len(_KINDS))
    return of[phases][np.searchsorted(at, r)]


_MARKS = (
    ("triangle_point", "^", "triangle from here on"),
    ("digon_13_top_point", "s", "end of the tongue of 3 shares"),
    ("lower_isosceles_critical_point", "o", "isosceles critical point"),
    ("upper_isosceles_critical_point", "o", None),
)


def _points(ax: Axes, dataset: xr.Dataset) -> None:
    for name, marker, label in _MARKS:
        if name in dataset.attrs:
            p, r = dataset.attrs[name]
            style = {"color": "white", "mec": "black", "ms": 4.5, "ls": "none", "zorder": 5}
            ax.plot([r], [p], marker=marker, label=label, **style)


def _trained_map(ax: Axes, dataset: xr.Dataset) -> None:
    excess = maps.excess(dataset)
    failed = np.all(np.isinf(excess.values), axis=-1)
    phase = dataset["phase"].isel(start=excess.argmin("start")).values
    _coloured(ax, dataset, "", np.ma.masked_where(failed, _kinds(dataset, phase)))
    maps.hatch(ax, dataset, "", failed)
    maps.axes_of_map(ax, dataset, "")
    _changes(ax, dataset)
    maps.mark_misses(ax, dataset, failed)
    ax.set_title(f"(b) best of {dataset.sizes['start']} trained networks")


def _residual(ax: Axes, dataset: xr.Dataset) -> None:
    drawn = maps.residual(ax, dataset)
    _changes(ax, dataset, plain=True)
    bar = ax.figure.colorbar(drawn, ax=ax, pad=0.02, extend="both")
    bar.set_label("relative excess loss, log10")


def _cut(ax: Axes, dataset: xr.Dataset) -> None:
    """Norms along the cut, with theory's transitions there and the phases between them."""
    maps.order_cut(ax, dataset)
    names = dataset["line_below"].attrs["phases"].split(", ")
    at = dataset["cut_relative_importance"].values
    known = np.isfinite(at)
    codes = [*dataset["cut_below"].values[known][:1], *dataset["cut_above"].values[known]]
    for x, smooth in zip(at[known], dataset["cut_continuous"].values[known], strict=True):
        ax.axvline(x, color="0.35", lw=0.9, ls=":" if smooth else "--")
    left, right = ax.get_xlim()
    ends = np.clip([left, *at[known], right], left, right)
    for code, (a, b) in zip(codes, itertools.pairwise(ends), strict=False):
        if b > 1.08 * a:
            place = {"ha": "center", "va": "top", "rotation": 90, "fontsize": 7}
            ax.text(np.sqrt(a * b), ax.get_ylim()[1] * 0.55, names[int(code)], **place)
