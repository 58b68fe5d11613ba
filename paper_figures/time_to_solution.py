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
    return (
        f"{setting['n']} equal features in {setting['m']} dimensions, density "
        f"{number(setting['density'])}: AdamW of PyTorch on samples ({setting['steps']} steps of "
        f"{setting['batch']}, best of learning rates {listed(dataset['learning_rate'].values)}) "
        "against L-BFGS on the exact loss, from the same starts and from starts with the order of "
        "a sharp arrangement (points of an elliptic quadric). (a) Seconds. (b) Exact losses at the "
        f"end. {_outcome(dataset, 'exact', 'From the same starts')} "
        f"{_outcome(dataset, 'crystal', 'From those with order')} Compiling, once, takes "
        f"{number(dataset.attrs['seconds_to_compile'], 2)} s and is left out. Measured on "
        f"{machine['cores']} CPU cores with JAX {machine['jax']} and PyTorch {machine['torch']}, "
        "by python -m benchmarks.time_to_solution."
    )


def _outcome(dataset: xr.Dataset, start: str, words: str) -> str:
    ratio = (dataset[f"{start}_seconds_to_that_loss"] / dataset["adamw_seconds"]).values
    lower = (1 - dataset[f"{start}_loss"] / dataset["adamw_loss"]).values
    return (
        f"{words} L-BFGS is at AdamW's loss after {percent(np.median(ratio))} of its time in the "
        f"median, {percent(ratio.max())} at most, and ends lower by {percent(np.median(lower))} in "
        f"the median, {percent(lower.min())} at least."
    )


def _seconds(ax: Axes, dataset: xr.Dataset) -> None:
    x = dataset["start"].values
    bars = (
        ("adamw_seconds", "AdamW, all steps", OCHRE, "////"),
        ("exact_seconds_to_that_loss", "L-BFGS to AdamW's loss, same start", SKY, None),
        ("crystal_seconds_to_that_loss", "the same, start with order", NAVY, None),
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
    style = {"mec": "black", "mew": 0.5, "ls": ""}
    for marker, rate in zip("v^s", rates, strict=False):
        values = dataset["adamw_loss_of_rate"].sel(learning_rate=rate).values
        ax.plot(x, values, marker=marker, color=OCHRE, ms=6, label=f"AdamW, rate {rate:g}", **style)
    for marker, colour, start, label in (
        ("o", SKY, "exact", "L-BFGS, same start"),
        ("D", NAVY, "crystal", "L-BFGS, start with order"),
    ):
        values = dataset[f"{start}_loss"].values
        ax.plot(x, values, marker=marker, color=colour, ms=6.5, label=label, **style)
    low, high = float(dataset["crystal_loss"].min()), float(dataset["adamw_loss_of_rate"].max())
    ax.set(
        ylabel="exact loss at the end", ylim=(low - 0.1 * (high - low), high + 0.6 * (high - low))
    )
    ax.set_title("(b) loss")
    ax.legend(loc="upper right", ncols=2)
