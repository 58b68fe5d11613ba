"""The exact phase diagram of two features in one dimension (or three in two), beside networks."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure

from . import _maps as maps
from . import phase_boundary_three
from ._draw import STYLE
from ._words import number, percent

_AXES = ("relative_importance", "density")
_ZOOM_R, _ZOOM_P = (0.48, 1 / 0.48), (0.44, 1.0)

# name of the line in the dataset, label, colour, dashes, width
_LINES = (
    ("line_first_order", "first order, ends dedicated", "white", "-", 2.0),
    ("line_continuous", "continuous", "white", (0, (1, 1)), 2.0),
    ("line_weak_strong", "first order, weak | strong", "#ff8c1a", "-", 1.6),
    ("line_exchange", "broken exchange symmetry", "#ff8c1a", (0, (4, 1.5)), 1.6),
    ("line_ansatz", "fixed ansatz", "black", "--", 1.1),
)


def draw(dataset: xr.Dataset) -> Figure:
    """Exact map with all boundaries, trained map, residual, and a cut: the figure of the model.

    Two features of different densities have no lines, and the norms along the cut for hysteresis.
    """
    if dataset.sizes["feature"] == 3:
        return phase_boundary_three.draw(dataset)
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.6, 7.9), dpi=200, layout="constrained")
        axes = figure.subplots(2, 2)
        mesh = _exact_map(axes[0, 0], dataset)
        _trained_map(axes[0, 1], dataset)
        bar = figure.colorbar(mesh, ax=axes[0, :], ticks=[-1, 0, 1], pad=0.01, aspect=28)
        bar.ax.set_yticklabels(["feature 1\nalone", "equal\nnorms", "feature 2\nalone"])
        bar.set_label(r"$(|w_2|-|w_1|)\,/\,(|w_1|+|w_2|)$")
        residual = _residual(axes[1, 0], dataset)
        figure.colorbar(
            residual, ax=axes[1, 0], pad=0.02, label="relative excess loss, log10", extend="both"
        )
        (maps.order_cut if "order_W" in dataset else _cut)(axes[1, 1], dataset)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        if handles:
            legend = figure.legend(handles, labels, loc="outside upper center", ncols=4)
            legend.get_frame().set_facecolor("0.8")
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, special points of theory, and how many networks are ground states."""
    if dataset.sizes["feature"] == 3:
        return phase_boundary_three.caption(dataset)
    cells, shown = maps.cells_in_ground_state(dataset), dataset["map_loss"].shape
    attrs = dataset.attrs
    points = [
        f"{name} at p = {number(attrs[key][0], 4)}, r = {number(attrs[key][1], 4)}"
        for key, name in (
            ("critical_end_point", "critical end point"),
            ("upper_tricritical_point", "tricritical point"),
        )
        if key in attrs
    ]
    cut = f"at density {number(attrs['cut_density'])}" if "cut_density" in attrs else ""
    if "cut_first_order" in attrs:
        cut += (
            f": equal losses at r = {number(attrs['cut_first_order'], 4)}, dedicated unstable "
            f"above {number(attrs['cut_stability'], 4)}, so that the minimum depends on the way "
            "there"
        )
    return (
        "Phase diagram of two features in one dimension, the second of relative importance r. (a) "
        f"Ground state of the exact loss in {shown[0]} × {shown[1]} cells, with the exact "
        f"boundaries of theory{''.join(f'; {point}' for point in points)}. (b) Best of "
        f"{dataset.sizes['start']} trained networks in each of {cells.size} cells: the ground "
        f"state in {percent(cells.mean(), 4)} of them. (c) Its loss above that of the ground "
        f"state, relative. (d) Order parameter along the cut {cut}."
    )


def _order(w1: np.ndarray, w2: np.ndarray) -> np.ndarray:
    """-1 where feature 1 is alone, 0 for equal norms, 1 where feature 2 is alone."""
    first, second = np.abs(w1), np.abs(w2)
    total = first + second
    return np.where(total > 0, (second - first) / np.where(total > 0, total, 1.0), np.nan)


def _boundaries(ax: Axes, dataset: xr.Dataset, names: tuple[str, ...]) -> None:
    for name, label, colour, dashes, width in _LINES:
        if name not in names or name not in dataset:
            continue
        p = dataset["line_density"].values
        r = dataset[name].values
        for x, text in ((r, label), (1 / r, None)):
            if name != "line_ansatz":
                ax.plot(x, p, color="black", ls="-", lw=width + 1.2, zorder=2)
            ax.plot(x, p, color=colour, ls=dashes, lw=width, label=text, zorder=3)


def _exact_map(ax: Axes, dataset: xr.Dataset) -> QuadMesh:
    state = dataset["map_state"].values
    failed = dataset["map_result"].values != 0
    order = np.ma.masked_where(failed, _order(state[..., 0], state[..., 1]))
    mesh = maps.mesh(ax, dataset, "map_", order, cmap="cividis", vmin=-1, vmax=1)
    maps.hatch(ax, dataset, "map_", failed)
    maps.axes_of_map(ax, dataset, "map_")
    names = tuple(line[0] for line in _LINES)
    _boundaries(ax, dataset, names)
    _points(ax, dataset)
    ax.set_title("(a) exact ground state")
    _zoom(ax, dataset, order, names)
    return mesh


def _zoom(ax: Axes, dataset: xr.Dataset, order: np.ndarray, names: tuple[str, ...]) -> None:
    """The dense corner enlarged, where all special points lie, if the map covers it."""
    (left, right), (low, high) = (maps.span(dataset[f"map_{name}"].values) for name in _AXES)
    if not (left < _ZOOM_R[0] and right > _ZOOM_R[1] and low < _ZOOM_P[0] and high >= 1):
        return
    inset = ax.inset_axes((0.16, 0.5, 0.68, 0.47))
    maps.mesh(inset, dataset, "map_", order, cmap="cividis", vmin=-1, vmax=1)
    _boundaries(inset, dataset, names)
    _points(inset, dataset)
    inset.set(xscale="log", yscale="log", xlim=_ZOOM_R, ylim=_ZOOM_P[::-1])
    inset.set_xticks([0.6, 1.0, 1.6], labels=["0.6", "1", "1.6"], minor=False)
    inset.set_yticks([0.5, 0.7, 1.0], labels=["0.5", "0.7", "1"], minor=False)
    inset.set_xticks([], minor=True)
    inset.set_yticks([], minor=True)
    inset.tick_params(labelsize=6.5, pad=1.5)
    _name_branches(inset, dataset)
    ax.indicate_inset_zoom(inset, edgecolor="black", alpha=0.8)


def _name_branches(ax: Axes, dataset: xr.Dataset) -> None:
    """Weak and strong antipodal, written into their cells."""
    r, p = dataset["map_relative_importance"].values, dataset["map_density"].values
    for code, name, colour in ((1, "weak", "white"), (2, "strong", "black")):
        i, j = np.nonzero(dataset["map_branch"].values == code)
        side = r[j] < 1 if code == 1 else np.abs(np.log(r[j])) < np.log(_ZOOM_R[1])
        if side.any():
            x = float(np.exp(np.log(r[j][side]).mean()))
            y = float(np.quantile(p[i][side], 0.5 if code == 1 else 0.1))
            ax.text(x, y, name, color=colour, fontsize=6, ha="center", va="center")


def _points(ax: Axes, dataset: xr.Dataset) -> None:
    marks = (
        ("critical_end_point", "o", "critical end point"),
        ("upper_tricritical_point", "s", "tricritical point"),
        ("symmetry_breaking_point", "D", "symmetry breaking"),
    )
    for name, marker, label in marks:
        if name not in dataset.attrs:
            continue
        p, r = dataset.attrs[name]
        x, y = [r, 1 / r], [p, p]
        style = {"color": "white", "mec": "black", "ms": 4.5, "ls": "none", "zorder": 5}
        ax.plot(x, y, marker=marker, label=label, **style)


def _trained_map(ax: Axes, dataset: xr.Dataset) -> None:
    excess = maps.excess(dataset)
    failed = np.all(np.isinf(excess.values), axis=-1)
    best = excess.argmin("start")
    w = dataset["W"].isel(hidden=0).isel(start=best).values
    order = np.ma.masked_where(failed, _order(w[..., 0], w[..., 1]))
    maps.mesh(ax, dataset, "", order, cmap="cividis", vmin=-1, vmax=1)
    maps.hatch(ax, dataset, "", failed)
    maps.axes_of_map(ax, dataset, "")
    _boundaries(ax, dataset, ("line_first_order", "line_continuous", "line_weak_strong"))
    maps.mark_misses(ax, dataset, failed)
    ax.set_title(f"(b) best of {dataset.sizes['start']} trained networks")


def _residual(ax: Axes, dataset: xr.Dataset) -> QuadMesh:
    mesh = maps.residual(ax, dataset)
    for name in ("line_first_order", "line_continuous"):
        if name in dataset:
            for r in (dataset[name].values, 1 / dataset[name].values):
                ax.plot(r, dataset["line_density"].values, color="black", lw=0.9)
    return mesh


def _cut(ax: Axes, dataset: xr.Dataset) -> None:
    p = dataset.attrs["cut_density"]
    r, weight = dataset["cut_relative_importance"].values, dataset["cut_weight"].values
    stable = dataset["cut_stable"].values.astype(bool)
    first, limit = dataset.attrs["cut_first_order"], dataset.attrs["cut_stability"]
    steps = dataset["hysteresis_relative_importance"].values
    low, high = steps.min(), steps.max()
    unstable = {"color": "#00407a", "ls": ":", "lw": 1.4}
    ax.plot(r, np.where(stable, weight, np.nan), color="#00407a", lw=2.2, label="minimum (theory)")
    ax.plot(r, np.where(stable, np.nan, weight), **unstable, label="saddle (theory)")
    ax.plot([low, limit], [0, 0], color="#00407a", lw=2.2)
    ax.plot([limit, high], [0, 0], **unstable)
    for name, marker, face in (("up", "^", "white"), ("down", "v", "#e07b00")):
        path = dataset["hysteresis_weight"].sel(direction=name).values
        style = {"ls": "none", "mec": "black", "mew": 0.6, "mfc": face, "ms": 4.5}
        ax.plot(steps, path, marker=marker, label=f"continued, $r$ {name}", **style)
    top = 1.12 * float(np.nanmax(dataset["hysteresis_weight"].values))
    limits = (
        ("equal losses", first, 0.42 * top, "left"),
        ("dedicated\nturns unstable", limit, 0.3 * top, "right"),
        ("antipodal\nends", float(r[stable].min()), 0.92 * top, "right"),
    )
    for text, x, y, side in limits:
        ax.axvline(x, color="0.35", lw=0.8, ls="--" if x == first else ":")
        ax.annotate(
            text,
            (x, y),
            xytext=(3 if side == "left" else -3, 0),
            textcoords="offset points",
            ha=side,
            va="center",
            fontsize=7,
        )
    ax.set_xlim(low, high)
    ax.set_ylim(-0.03 * top, 1.03 * top)
    ax.set(xlabel="relative importance $r$", ylabel="order parameter $|w_2|$")
    ax.set_title(f"(d) cut at density $p = {p:g}$")
    ax.legend(loc="center right", fontsize=6.8)
