"""Learning dynamics: plateaus of the loss, steps of D_i, predicted lengths, training beside."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import NAVY, OCHRE, SKY, STYLE
from ._paper import smaller
from ._words import listed, number, spelled

_LEVELS = ((1.0, "1"), (2 / 3, "2/3"), (1 / 2, "1/2"), (2 / 5, "2/5"))
_SHOWN = 0.1  # norm above which D_i says something of the feature
_TRIANGLES = 0.03  # from which on the equal features are two triangles, as a share off
_TRAINERS = {"AdamW": (OCHRE, (0, (5, 1.5))), "SGD": (SKY, (0, (1, 1)))}
_DASHES = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1)))


def draw(dataset: xr.Dataset) -> Figure:
    """Loss and D_i along the flow, lengths of its plateaus, training, six equal features."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.4, 9.2), layout="constrained")
        rows = figure.subplots(3, 2, width_ratios=(1.5, 1))
        (loss, lengths), (steps, training), (equal, adam) = rows
        _loss(loss, dataset)
        _steps(steps, dataset)
        _lengths(lengths, dataset)
        _training(training, dataset)
        _equal(equal, dataset)
        _trained_steps(adam, dataset)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, lengths of plateaus over their predictions, where training ends."""
    n, m = dataset.sizes["feature"], _dimensions(dataset)
    ends = [
        f"{name} {number(dataset['trained_loss'].sel(trainer=name)[-1])}"
        for name in dataset["trainer"].values
    ]
    return (
        f"Gradient flow of the exact loss from small weights, {n} features in "
        f"{m} dimensions.{smaller(n, m)} (a) The loss waits at "
        f"{_waits(dataset)} (c) "
        f"Dimensionality D_i of the features with norm above {_SHOWN:g}, with "
        f"{listed(text for _, text in _LEVELS)}. "
        "(d) Training on samples from the same start: the flow ends at "
        f"{number(dataset['loss'][-1])}, {listed(ends)}. (e) {dataset.sizes['equal_feature']} "
        f"equal features: D_i{_twist(dataset)}. (f) D_i of AdamW."
    )


def _examined(dataset: xr.Dataset) -> np.ndarray:
    """Which saddles were looked at; with many features none is."""
    return np.isfinite(dataset["gradient"].values)


def _waits(dataset: xr.Dataset) -> str:
    if not _examined(dataset).any():
        count = dataset.sizes["plateau"]
        return f"{spelled(count)} plateau{'s' * (count > 1)}; saddles are not examined."
    covered = dataset["covered"].values
    ratio = (dataset["length"] / dataset["predicted"]).values
    return (
        f"{dataset.sizes['plateau']} saddles, of index {listed(dataset['index'].values)} in turn. "
        "(b) Length of each plateau against the linear theory of its exit: measured over predicted "
        f"is {listed(ratio[covered])} where the saddle lies on no kink of the loss and "
        f"{listed(ratio[~covered])} at kinks, where no prediction is claimed."
    )


def _formed(dataset: xr.Dataset) -> xr.DataArray:
    """When the equal features are two triangles."""
    return dataset["triangles_off"] < _TRIANGLES


def _twist(dataset: xr.Dataset) -> str:
    if not bool(_formed(dataset)[-1]):
        return ""
    return (
        ", and the angle between two triangles that turn from a prism into an antiprism, which "
        f"ends at {number(dataset['twist'][-1])}°"
    )


def _dimensions(dataset: xr.Dataset) -> int:
    """m, as a state is W (m, n) and b (n)."""
    return dataset.sizes["parameter"] // dataset.sizes["feature"] - 1


def _bands(ax: Axes, dataset: xr.Dataset) -> None:
    """The plateaus in grey, every second one darker."""
    first = float(dataset["time"][1])
    pairs = zip(dataset["entered"].values, dataset["left"].values, strict=True)
    for k, (entered, left) in enumerate(pairs):
        ax.axvspan(max(entered, first), left, color="0.86" if k % 2 else "0.92", lw=0)


def _axis_of_time(ax: Axes, dataset: xr.Dataset) -> None:
    ax.set(xscale="log", xlabel="time $t$ of the flow (1/curvature)")
    ax.set_xlim(1.0, float(dataset["time"][-1]))


def _loss(ax: Axes, dataset: xr.Dataset) -> None:
    _bands(ax, dataset)
    ax.plot(dataset["time"], dataset["loss"], color="black")
    top = 1.18 * float(dataset["loss"].max())
    ax.set_ylim(0, 1.2 * float(dataset["loss"].max()))
    middles = np.sqrt(np.maximum(dataset["entered"].values, 1.0) * dataset["left"].values)
    indices = np.where(_examined(dataset), dataset["index"].values, "–")
    for k, (x, index) in enumerate(zip(middles, indices, strict=True)):
        ax.text(x, top, f"{k + 1}\n({index})", ha="center", va="top", fontsize=6.5)
    _axis_of_time(ax, dataset)
    ax.set_ylabel("exact loss $L$")
    ax.set_title("(a) plateaus, grey: number (and index of its saddle)")


def _steps(ax: Axes, dataset: xr.Dataset) -> None:
    _bands(ax, dataset)
    values = dataset["dimensionality"].where(dataset["norm"] > _SHOWN)
    colours = mpl.colormaps["cividis"](np.linspace(0, 0.85, dataset.sizes["feature"]))
    for height, _ in _LEVELS:
        ax.axhline(height, color="0.35", lw=0.6, ls=(0, (1, 2)))
    for i in range(dataset.sizes["feature"]):
        look = {"color": colours[i], "ls": _DASHES[i % len(_DASHES)]}
        label = f"{i + 1}" if i < 10 else None
        ax.plot(dataset["time"], values[:, i], label=label, **look)
    _axis_of_time(ax, dataset)
    ax.set_yticks([0, *(height for height, _ in _LEVELS)], ["0", *(text for _, text in _LEVELS)])
    ax.set_ylim(0, 1.08)
    ax.set_ylabel("feature dimensionality $D_i$")
    ax.set_title(f"(c) features with norm above {_SHOWN:g}")
    ax.legend(title="feature", loc="lower left", ncols=2)


def _lengths(ax: Axes, dataset: xr.Dataset) -> None:
    if not _examined(dataset).any():
        ax.text(0.5, 0.5, "saddles are not examined", ha="center", transform=ax.transAxes)
        ax.set(xticks=[], yticks=[], title="(b) lengths")
        return
    measured = dataset["length"].values
    shown = (
        ("predicted", "o", "black", "mode at the exit"),
        ("predicted_theory", "s", "none", "closed rates"),
    )
    finite = [measured]
    covered = dataset["covered"].values
    for name, marker, face, text in shown:
        values = dataset[name].values
        finite.append(values[values > 0])
        for inside, size in ((True, 6), (False, 3)):
            good = (values > 0) & (covered == inside)
            label = text if inside else None
            ax.plot(
                measured[good], values[good], marker, mfc=face, mec="black", ms=size, label=label
            )
    for k, (x, y) in enumerate(zip(measured, dataset["predicted"].values, strict=True)):
        if y > 0:
            offset = {"textcoords": "offset points", "fontsize": 6.5}
            ax.annotate(f"{k + 1}", (x, y), (6, -3), **offset)
    every = np.concatenate(finite)
    if len(every):
        ends = np.array([every.min() / 1.5, every.max() * 1.5])
        ax.plot(ends, ends, color="0.5", lw=0.8, zorder=0)
        ax.set(xlim=ends, ylim=ends)
    ax.set(xscale="log", yscale="log", xlabel="measured length (1/curvature)")
    ax.set_ylabel("predicted length (1/curvature)")
    ax.set_title("(b) lengths; small: at kinks, not covered")
    ax.legend(loc="upper left")


def _training(ax: Axes, dataset: xr.Dataset) -> None:
    flow = dataset.isel(time=slice(1, None))  # the start has no place on a logarithmic axis
    ax.plot(flow["time"], flow["loss"], color="black", label="gradient flow, $t$")
    for name in dataset["trainer"].values:
        one = dataset.sel(trainer=name)
        colour, dashes = _TRAINERS[str(name)]
        text = f"{name}, learning rate $\\times$ steps"
        ax.plot(one["trained_time"], one["trained_loss"], color=colour, ls=dashes, label=text)
    lowest = float(dataset["trained_time"].where(dataset["trained_time"] > 0).min())
    ax.set(xscale="log", xlabel="time (see legend)", ylabel="exact loss $L$")
    ax.set_xlim(max(lowest, 0.01), float(dataset["time"][-1]))
    ax.set_ylim(0, 1.45 * float(dataset["trained_loss"].max()))
    ax.set_title("(d) training on samples, same start")
    ax.legend(loc="upper right")


def _equal(ax: Axes, dataset: xr.Dataset) -> None:
    t = dataset["equal_time"]
    for i in range(dataset.sizes["equal_feature"]):
        label = "$D_i$" if i == 0 else None
        ax.plot(t, dataset["equal_dimensionality"][:, i], color=NAVY, lw=0.9, label=label)
    ax.axhline(0.5, color="0.35", lw=0.6, ls=(0, (1, 2)))
    formed = _formed(dataset)
    if formed.any():
        twist = (dataset["twist"] / 60).where(formed)
        ax.plot(t, twist, color=OCHRE, ls=(0, (5, 1.5)), label="twist / 60°")
    ax.set(xscale="log", xlabel="time $t$ of the flow (1/curvature)", ylim=(0, 1.08))
    ax.set_xlim(10.0, float(t[-1]))
    ax.set_ylabel("$D_i$; angle of the two triangles")
    count = spelled(dataset.sizes["equal_feature"])
    turning = ": twist 0 prism, 1 antiprism" if formed.any() else ""
    ax.set_title(f"(e) {count} equal features{turning}")
    ax.legend(loc="upper left")


def _trained_steps(ax: Axes, dataset: xr.Dataset) -> None:
    one = dataset.sel(trainer="AdamW")
    values = one["trained_dimensionality"].where(one["trained_norm"] > _SHOWN)
    colours = mpl.colormaps["cividis"](np.linspace(0, 0.85, dataset.sizes["feature"]))
    for i in range(dataset.sizes["feature"]):
        look = {"color": colours[i], "ls": _DASHES[i % len(_DASHES)]}
        ax.plot(one["trained_time"], values[:, i], **look)
    ax.set(xscale="log", xlabel="learning rate $\\times$ steps", ylim=(0, 1.08))
    ax.set_xlim(0.05, float(one["trained_time"].max()))
    ax.set_ylabel("feature dimensionality $D_i$")
    ax.set_title("(f) $D_i$ of AdamW, lines as in (c)")
