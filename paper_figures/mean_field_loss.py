"""Mean-field loss of many features over the ratio m/n and the density, with exact networks."""

import json

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import GREEN, NAVY, OCHRE, SKY, STYLE
from ._words import listed, number, percent

_DASHED, _DOTTED = (0, (5, 1.5)), (0, (1, 1))
_LOOK = ((NAVY, "-"), (SKY, _DASHED), (GREEN, (0, (5, 1, 1, 1))), (OCHRE, "-"), ("black", _DOTTED))


def draw(dataset: xr.Dataset, scaling: xr.Dataset | None = None, *networks: xr.Dataset) -> Figure:
    """Losses over that of a dropped feature: over the ratio, over the density; networks beside.

    `scaling` has networks over the ratio; each of `networks` has some over the density.
    """
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(9.0, 4.0), layout="constrained")
        left, right = figure.subplots(1, 2)
        _ratios(left, dataset, scaling)
        _densities(right, dataset, networks)
    return figure


def caption(dataset: xr.Dataset, scaling: xr.Dataset | None = None, *networks: xr.Dataset) -> str:
    """What the panels show, and how far networks are from theory."""
    text = (
        "Mean field of many equal features (Cowsik et al. 2024): loss per feature over that of a "
        "dropped one, V = p/3 - p²/4. (a) Over the ratio m/n of dimensions to features, at p = "
        f"{listed(dataset['field_density'].values)}; thick where all features are stored alike, "
        "thin the best mixture of dropped and stored ones; diamonds: antipodal pairs at m/n = "
        "1/2; grey: the best linear model. (b) Over the density at m/n = "
        f"{listed(dataset['field_ratio'].values)}."
    )
    if scaling is not None:
        apart = scaled(scaling)[1] / _at(dataset, scaling) - 1
        text += (
            f" Squares in (a): minima of the exact loss of {scaling.attrs['n']} features at p = "
            f"{number(scaling.attrs['equal_density'])}, between {percent(-apart.min(), 3)} below "
            f"and {percent(apart.max(), 3)} above the best mixture."
        )
    if networks:
        sizes = [f"n = {n}, m = {m}" for n, m in map(_size, networks)]
        text += f" Points in (b): the best networks found at {' and at '.join(sizes)}."
    return text


def scaled(scaling: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """m/n and the loss over V of the networks with equal densities."""
    n, p = int(scaling.attrs["n"]), float(scaling.attrs["equal_density"])
    return scaling["hidden"].values / n, scaling["equal_loss"].values / n / (p / 3 - p**2 / 4)


def _at(dataset: xr.Dataset, scaling: xr.Dataset) -> np.ndarray:
    """The best mixture at the networks' ratios, over V."""
    row = dataset.sel(field_density=float(scaling.attrs["equal_density"]), method="nearest")
    values = (row["ratio_partial_storage"] / row["ratio_dropped"]).values
    ratio = np.log(row["ratio"].values)
    return np.exp(np.interp(np.log(scaled(scaling)[0]), ratio, np.log(values)))


def _ratios(ax: Axes, dataset: xr.Dataset, scaling: xr.Dataset | None) -> None:
    x = dataset["ratio"].values
    for k, (colour, dashes) in zip(range(dataset.sizes["field_density"]), _LOOK, strict=False):
        at = dataset.isel(field_density=k)
        equal, mixed = (
            (at[f"ratio_{name}"] / at["ratio_dropped"]).values
            for name in ("mean_field", "partial_storage")
        )
        alike = np.where(mixed < equal * (1 - 1e-12), np.nan, equal)
        label = f"$p = {float(at['field_density']):g}$"
        ax.plot(x, alike, color=colour, ls=dashes, lw=2.2, label=label)
        ax.plot(x, mixed, color=colour, ls=dashes, lw=0.9)
        pair = float(at["digons"] / at["ratio_dropped"][0])
        ax.plot(0.5, pair, "D", mfc=colour, mec="black", ms=4.5, zorder=4)
    ax.plot(x, 1 - x, color="0.55", lw=1.2, label="linear model")
    if scaling is not None:
        ax.plot(*scaled(scaling), "s", mfc="none", mec=OCHRE, ms=6, mew=1.4, label="networks")
    ax.set(xscale="log", yscale="log", xlabel="dimensions per feature $m/n$", xlim=(x[0], 1))
    ax.set(ylabel="loss per feature over $V$", ylim=(1e-3, 1.3))
    ax.set_title("(a) over the ratio")
    ax.legend(loc="lower left", fontsize=7)


def _size(networks: xr.Dataset) -> tuple[int, int]:
    """n and m, from the config of their run."""
    config = json.loads(networks.attrs["config"])
    dimensions = config["m"] if "m" in config else config["dimensions"]
    return networks.sizes["feature"], dimensions


def _densities(ax: Axes, dataset: xr.Dataset, networks: tuple[xr.Dataset, ...]) -> None:
    p = dataset["curve_density"].values
    looks = zip(range(dataset.sizes["field_ratio"]), (NAVY, OCHRE), strict=False)
    for k, colour in looks:
        at = dataset.isel(field_ratio=k)
        ratio = float(at["field_ratio"])
        equal = (at["density_mean_field"] / at["density_dropped"]).values
        mixed = (at["density_partial_storage"] / at["density_dropped"]).values
        ax.plot(p, equal, color=colour, ls=_DASHED, lw=1, label=f"$m/n = {ratio:g}$, all alike")
        ax.plot(p, mixed, color=colour, lw=1.9, label=f"$m/n = {ratio:g}$, best mixture")
        ax.axhline(1 - ratio, color=colour, lw=0.8, ls=_DOTTED)
    for each, colour, marker in zip(networks, (NAVY, OCHRE), "os", strict=False):
        n, m = _size(each)
        q, loss = each["density"].values, each["loss"].transpose("density", ...).values
        best = loss.reshape(len(q), -1).min(axis=1) / n / (q / 3 - q**2 / 4)
        label = f"networks, $m/n = {m / n:g}$"
        ax.plot(q, best, marker, mfc="white", mec=colour, ms=5, label=label)
    ax.set(xscale="log", xlabel="density $p$   (sparser $\\rightarrow$)", ylim=(0, 1.02))
    ax.set_ylabel("loss per feature over $V$")
    least = min(float(q.min()) for q in (p, *(each["density"].values for each in networks)))
    ax.set_xlim(1.1, least / 1.1)
    ax.set_title("(b) over the density (dotted: linear model)")
    ax.legend(loc="lower left", fontsize=6.8)
