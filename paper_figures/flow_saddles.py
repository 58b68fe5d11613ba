"""Saddle to saddle: the loss falls from saddle to saddle, each with fewer ways down."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import NAVY, OCHRE, SKY, STYLE
from ._words import listed, number, percent

_DASHED = (0, (5, 1.5))
_FLAT = 1e-9  # unstable eigenvalues below are left out


def draw(dataset: xr.Dataset) -> Figure:
    """Loss over time with the saddles' levels; plateaus measured and predicted; ways down."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(9.4, 4.6), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(1.7, 1), height_ratios=(1.5, 1))
        loss = figure.add_subplot(grid[0, 0])
        bars = figure.add_subplot(grid[1, 0], sharex=loss)
        rates = figure.add_subplot(grid[:, 1])
        _loss(loss, dataset)
        _plateaus(bars, dataset)
        _rates(rates, dataset)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, the indices, and predicted over measured lengths."""
    ratio = (dataset["predicted"] / dataset["length"]).values
    covered = dataset["covered"].values.astype(bool)
    return (
        f"Gradient flow of {dataset.sizes['feature']} features of unequal importance from small "
        "weights. (a) Exact loss; lines: its level at the "
        f"{dataset.sizes['plateau']} saddles passed, of index {listed(dataset['index'].values)} "
        "(unstable directions on the side where it is left). (b) When each plateau is entered and "
        "left, and the length predicted from the saddle's leading unstable mode; predicted over "
        f"measured: {listed(ratio)}, of which the rule covers {int(covered.sum())} (own mode, no "
        f"kink). The largest error among these is {percent(np.abs(ratio[covered] - 1).max())}. (c) "
        "Rates of the unstable modes of each saddle; the feature that is stored next leaves with "
        f"the rate of theory (crosses), e.g. {number(dataset['theory_rate'].values[0])} at first."
    )


def levels(dataset: xr.Dataset) -> np.ndarray:
    """The loss where the flow is slowest on each plateau."""
    time, loss = dataset["time"].values, dataset["loss"].values
    return np.interp(dataset["slowest"].values, time, loss)


def _loss(ax: Axes, dataset: xr.Dataset) -> None:
    ax.plot(dataset["time"], dataset["loss"], color="black", lw=1.8)
    middle = (dataset["entered"].values + dataset["left"].values) / 2
    for k, (x, y, index) in enumerate(
        zip(middle, levels(dataset), dataset["index"].values, strict=True)
    ):
        ax.axhline(y, color="0.6", lw=0.7, ls=_DASHED, zorder=0)
        text = f"saddle {k + 1}, index {int(index)}"
        ax.annotate(text, (x, y), (10, 3), textcoords="offset points", fontsize=7)
    ax.set(ylabel="exact loss $L$", ylim=(0, 1.12 * float(dataset["loss"].max())))
    ax.set_title("(a) from saddle to saddle")
    ax.tick_params(labelbottom=False)


def _plateaus(ax: Axes, dataset: xr.Dataset) -> None:
    entered, length = dataset["entered"].values, dataset["length"].values
    covered = dataset["covered"].values.astype(bool)
    y = np.arange(1, len(entered) + 1)
    ax.barh(y, length, 0.38, entered, color=NAVY, align="edge", label="measured")
    for inside, hatch, label in ((True, None, "predicted"), (False, "////", "predicted, at kinks")):
        at = covered == inside
        ax.barh(y[at] - 0.38, dataset["predicted"].values[at], 0.38, entered[at], align="edge",
                fc=SKY, ec="black", lw=0.5, hatch=hatch, label=label)  # fmt: skip
    last = float(dataset["left"].max())
    ax.set(xlabel="time $t$ of the flow (1/curvature)", ylabel="plateau", yticks=y)
    ax.set(xlim=(0, 1.25 * last), ylim=(len(y) + 0.6, 0.4))
    ax.set_title("(b) plateaus")
    ax.legend(loc="upper right", fontsize=7)


def _rates(ax: Axes, dataset: xr.Dataset) -> None:
    """Growth rates of the unstable modes: minus the negative curvatures."""
    for k in range(dataset.sizes["plateau"]):
        rates = -dataset["eigenvalues"].values[k]
        rates = rates[np.isfinite(rates) & (rates > _FLAT)]
        spread = np.linspace(-0.22, 0.22, len(rates)) if len(rates) > 1 else np.zeros(len(rates))
        label = "unstable modes" if k == 0 else None
        style = {"color": NAVY, "mec": "black", "mew": 0.4, "ms": 4, "label": label}
        ax.plot(k + 1 + spread, np.sort(rates)[::-1], "o", **style)
    theory = dataset["theory_rate"].values
    x = np.arange(1, len(theory) + 1)
    ax.plot(x, np.where(theory > 0, theory, np.nan), "x", color=OCHRE, ms=8, mew=2, label="theory")
    ax.set(yscale="log", xlabel="saddle", xticks=x, ylabel="growth rate (curvature)")
    ax.set_title("(c) ways down")
    ax.legend(loc="lower left")
