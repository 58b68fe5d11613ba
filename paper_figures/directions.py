"""Features as directions: linear access, orthogonality, cosines, and what ReLU filters out."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theory.packing import cosine_density

from . import _room as room
from ._draw import NAVY, OCHRE, STYLE
from ._words import listed, number, percent

_STORED = 0.1  # ‖W_i‖² from which a feature has a direction
_FLOOR = 1e-13  # of what is drawn as a deviation from orthogonality
_LOOK = {  # colour, marker, filled: told apart without colours
    "minimised": (NAVY, "o", True),
    "trained": (OCHRE, "s", False),
}
_NAMES = {"minimised": "near minima", "trained": "trained"}
_SPARSE = 0.5  # density up to which a first order in it is drawn
_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)))
_GREYS = (NAVY, OCHRE, "#7fa8c9")


def draw(dataset: xr.Dataset) -> Figure:
    """Linear access, n <= m, cosines of n > m, the share filtered; how many directions fit."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(9.4, 10.4), layout="constrained")
        upper, lower = figure.subfigures(2, 1, height_ratios=(7.2, 3.2), squeeze=False)[:, 0]
        axes = upper.subplots(2, 2).ravel()
        for ax, panel in zip(axes, (_access, _orthogonality, _cosines, _filters), strict=True):
            panel(ax, dataset)
        room.panel(lower.subplots(), dataset)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show: probes, orthogonality, cosines, what is filtered, how many fit."""
    n, m, p = dataset.sizes["feature"], dataset.sizes["hidden"], dataset["density"].values
    at = dataset.isel(density=int(p.argmin())).mean("start")
    detection, recovery, probe = (
        listed(at[name].mean("feature").values) for name in ("detection", "recovery", "probe")
    )
    polished = dataset.sel(stage="polished")
    worst = max(float(polished[f"fewer_{name}"].max()) for name in ("overlap", "norm_error"))
    total = at["interference"].sum("feature")
    share = (1 - total / total.sel(read_out="linear")).mean("network")
    trained = dataset.isel(density=int(p.argmin())).sel(network="trained")
    return (
        f"Features as directions, at densities from {number(p.max())} to {number(p.min())}; "
        "networks near minima of the exact loss and trained ones, in this order. (a) "
        f"{n} features in {m} dimensions: the chance that W_i·h tells an active feature from an "
        f"inactive one is {detection} at the lowest density, the R² of the network's output "
        f"{recovery}, and that of the best linear probe {probe}, as its sum is at most m. (b) With "
        f"no more features than dimensions, n = {listed(dataset['count'].values)}, polished minima "
        f"are orthonormal to {number(worst, 1)}. (c) Cosines of stored features beside random "
        f"directions: at the lowest density from {number(trained['cosine_smallest'].min(), 2)} to "
        f"{number(trained['cosine_largest'].max(), 2)} in trained networks, where no arrangement "
        f"can have all |cos| below {number(dataset['coherence_bound'], 2)}. (d) Share of the "
        "interference of a linear read-out that ReLU filters out there: "
        f"{percent(share.sel(read_out='relu_without_bias'))} without and "
        f"{percent(share.sel(read_out='relu_with_bias'), 3)} with the biases. {room.told(dataset)}"
    )


def _points(ax: Axes, x: np.ndarray, values: xr.DataArray, kind: str, **more) -> None:
    """Mean over starts; all starts as a thin bar."""
    colour, marker, filled = _LOOK[kind]
    y = values.values
    ax.vlines(x, y.min(1), y.max(1), color=colour, lw=0.8)
    look = {
        "color": colour,
        "mfc": colour if filled else "none",
        "ms": 3.5 if filled else 6.5,
    } | more
    ax.plot(x, y.mean(1), look.pop("marker", marker), **look)


def _density_axis(ax: Axes, p: np.ndarray) -> None:
    ax.set(xscale="log", xlabel="density $p$   (sparser $\\rightarrow$)")
    ax.set_xlim(1.3 * p.max(), p.min() / 1.3)


def _access(ax: Axes, dataset: xr.Dataset) -> None:
    """Detection and recovery, means over features, over the density."""
    n, m = dataset.sizes["feature"], dataset.sizes["hidden"]
    p, fine = dataset["density"].values, dataset["curve_density"].values
    ax.plot(fine, dataset["mean_field_detection"], color="#777777", label="detection, mean field")
    ax.axhline(m / n, color="black", ls=_DASHES[1], lw=1.1, label="linear probe, theory: $m/n$")
    for kind in _LOOK:
        at = dataset.sel(network=kind)
        name = _NAMES[kind]
        _points(ax, p, at["detection"].mean("feature"), kind, label=f"detection by $W_i$, {name}")
        _points(
            ax, p, at["recovery"].mean("feature"), kind, marker="^", label=f"$R^2$ of ReLU, {name}"
        )
    fitted = dataset["fitted_probe"].sel(network="minimised").mean("feature")
    _points(
        ax, p, fitted, "minimised", marker="x", label="$R^2$ of linear probe, fitted on samples"
    )
    _density_axis(ax, p)
    ax.set(ylabel="mean over features", ylim=(0, 1.05))
    ax.set_title(f"(a) one direction: $n = {n}$ features, $m = {m}$")
    ax.legend(loc="center right", bbox_to_anchor=(1.0, 0.5), fontsize=6.8, labelspacing=0.25)


def _orthogonality(ax: Axes, dataset: xr.Dataset) -> None:
    """Deviations from orthonormality of every network with n <= m."""
    p = dataset["fewer_density"].values
    counts = dataset["count"].values
    markers = ("o", "s", "D", "v", "P", "X")
    for k, n in enumerate(counts):
        at = dataset.isel(count=k)
        ends = at["fewer_overlap"], at["fewer_norm_error"]
        worst = ends[0].where(ends[0] > ends[1], ends[1])
        shift = 1.1 ** (k - (len(counts) - 1) / 2)
        for stage, filled, text in (
            ("exact", False, "minimum of the exact loss"),
            ("polished", True, "polished"),
        ):
            y = np.maximum(worst.sel(stage=stage).values, _FLOOR)
            colour = _GREYS[k % len(_GREYS)]
            marker = markers[k % len(markers)]
            for j, values in enumerate(y.T):
                ax.plot(
                    p * shift,
                    values,
                    marker,
                    color=colour,
                    mfc=colour if filled else "white",
                    ms=4.5,
                    label=f"$n = {n}$, {text}" if j == 0 else None,
                )
    ax.axhline(1e-6, color="black", ls=_DASHES[1], lw=1.0, label="criterion; theory: 0")
    _density_axis(ax, p)
    ax.set(yscale="log", ylim=(_FLOOR / 5, 3e2))
    ax.set_ylabel("largest of $|W_i \\cdot W_j|$, $|\\Vert W_i\\Vert - 1|$")
    ax.set_title(f"(b) no more features than dimensions: $m = {dataset.sizes['hidden']}$")
    ax.legend(loc="upper center", ncols=2, fontsize=6.8)


def _pairs(W: np.ndarray) -> np.ndarray:
    """Cosines of the pairs of stored features of the networks W (..., m, n)."""
    found = []
    for one in W.reshape(-1, *W.shape[-2:]):
        norms = np.linalg.norm(one, axis=0)
        kept = norms**2 > _STORED
        if not np.isfinite(one).all() or kept.sum() < 2:
            continue
        unit = one[:, kept] / norms[kept]
        found.append((unit.T @ unit)[np.triu_indices(kept.sum(), 1)])
    return np.concatenate(found) if found else np.zeros(0)


def _cosines(ax: Axes, dataset: xr.Dataset) -> None:
    """Histograms of all pairs at three densities, beside the law of random directions."""
    m = dataset.sizes["hidden"]
    edges = np.linspace(-1, 1, 81)
    c = np.linspace(-1, 1, 801)[1:-1]
    order = np.argsort(-dataset["density"].values)
    shown = sorted({round(k) for k in np.linspace(0, len(order) - 1, 3)})
    for k, colour, dashes in zip(shown, _GREYS, _DASHES, strict=False):
        at = dataset.isel(density=int(order[k])).sel(network="trained")
        cosines = _pairs(at["W"].values)
        if cosines.size:
            height, _ = np.histogram(cosines, edges, density=True)
            label = f"trained, $p = {float(at['density']):.2g}$"
            ax.stairs(height, edges, color=colour, ls=dashes, lw=1.3, label=label)
    ax.plot(c, cosine_density(m, c), color="black", lw=0.9, label="random directions, theory")
    for sign in (-1, 1):
        bound, packed = (float(dataset[name]) for name in ("coherence_bound", "packed_coherence"))
        label = "least largest $|\\cos|$: bound, and found" if sign == 1 else None
        ax.axvspan(
            *sorted((sign * bound, sign * packed)), color="#dddddd", lw=0, zorder=0, label=label
        )
    ax.set(yscale="log", ylim=(1e-3, 2e2), xlim=(-1.02, 1.02))
    ax.set(xlabel="$\\cos\\theta_{ij}$ of stored features", ylabel="density of pairs")
    ax.set_title("(c) more features than dimensions: almost orthogonal?")
    ax.legend(loc="upper right", fontsize=6.8)


def _filters(ax: Axes, dataset: xr.Dataset) -> None:
    """Share of the linear read-out's interference that ReLU lacks, without and with bias."""
    p = dataset["density"].values
    total = dataset["interference"].sum("feature")
    share = 1 - total / total.sel(read_out="linear", drop=True)
    ax.plot(
        dataset["curve_density"],
        dataset["mean_field_filtered"],
        color="#777777",
        label="with bias, mean field",
    )
    linear = total.sel(read_out="linear", drop=True) * (4 / (4 - 3 * dataset["density"]))
    first = 1 - dataset["sparse_interference"].sum("feature") / linear
    few = p <= _SPARSE
    ax.plot(
        p[few],
        first.sel(network="trained").mean("start").values[few],
        color="black",
        ls=_DASHES[1],
        lw=1.1,
        label="with bias, trained, first order in $p$",
    )
    for kind in _LOOK:
        at = share.sel(network=kind)
        _points(ax, p, at.sel(read_out="relu_with_bias"), kind, label=f"with bias, {_NAMES[kind]}")
        _points(
            ax,
            p,
            at.sel(read_out="relu_without_bias"),
            kind,
            marker="^",
            label=f"bias set to 0, {_NAMES[kind]}",
        )
    _density_axis(ax, p)
    ax.set(ylabel="share of the interference filtered out", ylim=(-0.05, 1.05))
    ax.set_title("(d) what ReLU and bias filter out")
    ax.legend(loc="lower right", fontsize=6.8)
