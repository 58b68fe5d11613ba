"""Time to AdamW's loss: L-BFGS on the exact loss against AdamW on samples."""

import json

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import NAVY, OCHRE, SKY, STYLE
from ._words import listed, number, percent


def draw(dataset: xr.Dataset) -> Figure:
    """Seconds of both for each start, and the losses at which they end."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.2, 3.5), layout="constrained")
        left, right = figure.subplots(1, 2)
        _seconds(left, dataset)
        _losses(right, dataset)
        for ax in (left, right):
            ax.set(xlabel="start (seed)", xticks=dataset["start"].values)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, the ratios, and on what machine they were measured."""
    setting, machine = (json.loads(dataset.attrs[name]) for name in ("settings", "machine"))
    ratio = (dataset["seconds_to_that_loss"] / dataset["adamw_seconds"]).values
    lower = (1 - dataset["exact_loss"] / dataset["adamw_loss"]).values
    return (
        f"{setting['n']} equal features in {setting['m']} dimensions, density "
        f"{number(setting['density'])}: AdamW of PyTorch on samples ({setting['steps']} steps of "
        f"{setting['batch']}, best of learning rates {listed(dataset['learning_rate'].values)}) "
        "against L-BFGS on the exact loss, from the same starts. (a) Seconds; L-BFGS is at AdamW's "
        f"loss after {percent(np.median(ratio))} of its time in the median, {percent(ratio.max())} "
        f"at most, without {number(dataset.attrs['seconds_to_compile'], 2)} s to compile once. (b) "
        f"Exact losses at the end, that of L-BFGS lower by {percent(np.median(lower))} in the "
        f"median. Measured on {machine['cores']} CPU cores with JAX {machine['jax']} and PyTorch "
        f"{machine['torch']}, by python -m benchmarks.time_to_solution."
    )


def _seconds(ax: Axes, dataset: xr.Dataset) -> None:
    x = dataset["start"].values
    bars = (
        ("adamw_seconds", "AdamW, all steps", OCHRE, "////"),
        ("exact_seconds", "L-BFGS, to its end", SKY, None),
        ("seconds_to_that_loss", "L-BFGS, to AdamW's loss", NAVY, None),
    )
    for shift, (name, label, colour, hatch) in zip((-0.27, 0.0, 0.27), bars, strict=True):
        style = {"fc": colour, "ec": "black", "lw": 0.5, "hatch": hatch, "label": label}
        ax.bar(x + shift, dataset[name].values, 0.27, **style)
    ax.set(ylabel="seconds", ylim=(0, 1.45 * float(dataset["adamw_seconds"].max())))
    ax.set_title("(a) time")
    ax.legend(loc="upper right")


def _losses(ax: Axes, dataset: xr.Dataset) -> None:
    x = dataset["start"].values
    rates = dataset["learning_rate"].values
    for marker, rate in zip("v^s", rates, strict=False):
        values = dataset["adamw_loss_of_rate"].sel(learning_rate=rate).values
        label = f"AdamW, rate {rate:g}"
        ax.plot(x, values, marker, color=OCHRE, mec="black", mew=0.5, ms=6, label=label)
    ax.plot(x, dataset["exact_loss"], "o", color=NAVY, mec="black", ms=6.5, label="L-BFGS, exact")
    low, high = float(dataset["exact_loss"].min()), float(dataset["adamw_loss_of_rate"].max())
    ax.set(
        ylabel="exact loss at the end", ylim=(low - 0.1 * (high - low), high + 0.6 * (high - low))
    )
    ax.set_title("(b) loss")
    ax.legend(loc="upper right", ncols=2)
