"""Assembles the labelled dataset of the escape: measured rates beside those of theory."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from scipy.stats import chi2

import tms_physics as tp
from theory import two_features as theory

from ._escape_paths import EVERY
from ._programs import params
from ._sweep import Stage

if TYPE_CHECKING:
    from .escape import Config

_CELL = ("point", "barrier_over_temperature")
_LEVEL = 0.95
_RATE = {"units": "curvature"}


def build(config: "Config", stage: Stage, out: Mapping[str, np.ndarray]) -> xr.Dataset:
    """Rates with exact Poisson intervals, Kramers' rates, and the slopes of Arrhenius plots."""
    cells = stage.cells
    look = cells["step"] * EVERY
    rate = _rates(out["crossings"].sum(axis=1), out["looks"], look)
    columns = {
        "rate": rate["rate"],
        "interval": rate["interval"],
        "crossings": out["crossings"],
        "exposure": out["looks"] * look,
        "result": out["result"].astype(np.int8),
        "dead": out["dead"],
        "temperature": cells["temperature"],
        "step": cells["step"],
        "kramers_rate": cells["kramers"],
        "corrected_rate": _corrected(cells),
    }
    count, heights = len(config.points), len(config.barriers)
    data = {}
    for name, values in columns.items():
        more = {"interval": ("bound",), "crossings": ("pass",)}.get(name, ())
        grid = values[: count * heights].reshape(count, heights, *values.shape[1:])
        data[name] = ((*_CELL, *more), grid, _TEXTS[name])
        if name in _CHECKED:
            data[f"check_{name}"] = (("point", *more), values[count * heights :], _TEXTS[name])
    dataset = xr.Dataset(data, _coordinates(config, cells))
    return dataset.merge(_slopes(dataset))


_TEXTS = {
    "rate": {"long_name": "rate of escape"} | _RATE,
    "interval": {"long_name": "95 % interval of the rate"} | _RATE,
    "crossings": {"long_name": "crossings over dedicated to 1 and to 2", "units": "1"},
    "exposure": {"long_name": "time in which crossings count", "units": "1/curvature"},
    "result": {"long_name": "0 where all states are finite"},
    "dead": {"long_name": "looks at replicas with a dead output", "units": "1"},
    "temperature": {"long_name": "temperature T", "units": "loss"},
    "step": {"long_name": "time step h", "units": "1/curvature"},
    "kramers_rate": {"long_name": "rate of Eyring and Kramers, T to 0"} | _RATE,
    "corrected_rate": {"long_name": "the same integrals of the loss itself at T"} | _RATE,
}
_CHECKED = ("rate", "interval", "crossings", "result", "step")


def _coordinates(config: "Config", cells: Mapping[str, np.ndarray]) -> dict[str, tuple]:
    p, r = np.array(config.points).T
    first = [int(np.flatnonzero(cells["point"] == k)[0]) for k in range(len(p))]
    return {
        "density": ("point", p, {"long_name": "density p", "units": "1"}),
        "relative_importance": ("point", r, {"long_name": "relative importance r", "units": "1"}),
        "barrier": (
            "point",
            cells["barrier"][first],
            {"long_name": "exact barrier", "units": "loss"},
        ),
        "barrier_over_temperature": (
            "barrier_over_temperature",
            np.array(config.barriers),
            {"long_name": "exact barrier over temperature", "units": "1"},
        ),
        "pass": ("pass", ["dedicated to 1", "dedicated to 2"]),
    }


def _rates(events: np.ndarray, looks: np.ndarray, look: np.ndarray) -> dict[str, np.ndarray]:
    """k = -log(1 - crossings/looks)/time of a look, with the exact Poisson interval (Garwood)."""
    tail = (1 - _LEVEL) / 2
    low = np.where(events > 0, chi2.ppf(tail, 2 * np.maximum(events, 1)) / 2, 0.0)
    high = chi2.ppf(1 - tail, 2 * (events + 1)) / 2

    def of(count: np.ndarray) -> np.ndarray:
        share = np.where(looks > 0, count / np.maximum(looks, 1), np.nan)
        return -np.log1p(-np.minimum(share, 1 - 1e-9)) / look

    return {"rate": of(events), "interval": np.stack([of(low), of(high)], axis=1)}


def _corrected(cells: Mapping[str, np.ndarray]) -> np.ndarray:
    """`theory.two_features.acute_rate_at` of each cell, with the exact loss."""
    losses = jax.jit(jax.vmap(lambda energy, y: energy(params(y, 2)), in_axes=(None, 0)))
    rates = {}
    for p, r, heat in zip(
        cells["density"], cells["relative_importance"], cells["temperature"], strict=True
    ):
        energy = tp.PopulationLoss(jnp.array([1.0, r]), p)

        def loss(states: np.ndarray) -> np.ndarray:
            return np.asarray(losses(energy, states.T))  # noqa: B023

        place = (float(p), float(r), float(heat))
        if place not in rates:
            rates[place] = theory.acute_rate_at(*place, loss)
    places = zip(cells["density"], cells["relative_importance"], cells["temperature"], strict=True)
    return np.array([rates[tuple(map(float, place))] for place in places])


def _slopes(dataset: xr.Dataset) -> xr.Dataset:
    """-d log k/d(1/T) over the exact barrier, each rate weighted by its crossings."""
    x = dataset["barrier_over_temperature"].values
    events = dataset["crossings"].sum("pass").values.astype(float)
    names = ("rate", "kramers_rate", "corrected_rate")
    slopes = {name: np.full(len(events), np.nan) for name in names}
    error = np.full(len(events), np.nan)
    for k, weight in enumerate(events):
        good = weight > 0
        if np.sum(good) < 2:
            continue
        off = x - np.sum(weight * x) / np.sum(weight)
        scale = np.sum(weight * off**2)
        for name in names:
            logs = np.log(dataset[name].values[k], where=good, out=np.zeros(len(x)))
            slopes[name][k] = -np.sum(weight * off * logs) / scale
        error[k] = 1.96 / np.sqrt(scale)
    text = {"long_name": "Arrhenius slope over the exact barrier", "units": "1"}
    interval = np.stack([slopes["rate"] - error, slopes["rate"] + error], axis=1)
    return xr.Dataset(
        {
            "slope": ("point", slopes["rate"], text),
            "slope_interval": (("point", "bound"), interval, text | {"long_name": "95 % interval"}),
            "kramers_slope": ("point", slopes["kramers_rate"], text),
            "corrected_slope": ("point", slopes["corrected_rate"], text),
        }
    )
