"""The two paths of the animations, their frames, and the dataset of them."""

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from theory.two_features import ground_state

from . import _five_features as five
from ._sweep import Stage

if TYPE_CHECKING:
    from .animations import Config

Rows = Mapping[str, np.ndarray]
ODD = five.N - 1
_ONES = np.ones(five.N)
_RTOL, _ATOL = 1e-8, 1e-10
_LAST = 1e5  # time of the flow over 1/density
_REST = 1e-7  # slope over density at which it has arrived
_FINE = 2000  # points of the flow from which frames are chosen
_LEAST_STEPS = 1000  # of the driven path
_PENTAGON, _DEPTH = 1.15, -0.25  # norm and bias next to it


def flow_stage(config: "Config") -> Stage:
    """One cell: from small random weights to rest."""
    solve = functools.partial(_flow, config=config)
    return Stage("flow", {"density": np.array([config.density])}, solve, 1)


def driven_stage(config: "Config") -> Stage:
    """One cell: the pentagon while the odd feature's density falls."""
    solve = functools.partial(_driven, config=config)
    return Stage("driven", {"density": np.array([config.density])}, solve, 1)


def _flow(cells: Rows, *, config: "Config") -> dict[str, np.ndarray]:
    p = config.density
    weights = config.spread * np.random.default_rng(config.seed).normal(size=five.M * five.N)
    start = np.append(weights, np.zeros(five.N))
    time = np.append(0.0, np.geomspace(1e-2, _LAST, _FINE - 1))
    time, path = _integrated(start, time, lambda t: np.full(five.N, p), p)
    loss, slope = _along(path, np.full((_FINE, five.N), p))
    kept = _frames(path, np.log10(time[1:]), slope / p > _REST, config.frames)
    return {
        "time": time[None, kept] / p, "state": path[None, kept], "loss": loss[None, kept],
        "slope": slope[None, kept], "result": np.array([slope[kept[-1]] / p > 1e-3], np.int32),
    }  # fmt: skip


def _driven(cells: Rows, *, config: "Config") -> dict[str, np.ndarray]:
    """From the pentagon of equal features on, ratio = lowest^(t/duration)."""
    p, end = config.density, config.duration

    def density(t: float) -> np.ndarray:
        return p * np.append(np.ones(ODD), config.lowest ** (t / end))

    time, path = _integrated(_pentagon(p), np.array([0.0, end]), density, p, end / _LEAST_STEPS)
    densities = np.array([density(t) for t in time])
    loss, slope = _along(path, densities)
    kept = _frames(path, 3 * time[1:] / end, np.full(len(time), True), config.frames)
    return {
        "ratio": densities[None, kept, ODD] / p, "state": path[None, kept],
        "loss": loss[None, kept], "slope": slope[None, kept], "result": np.zeros(1, np.int32),
    }  # fmt: skip


def _integrated(
    start: np.ndarray,
    time: np.ndarray,
    density: Callable[[float], np.ndarray],
    p: float,
    longest: float = np.inf,
) -> tuple[np.ndarray, np.ndarray]:
    """Times in units of 1/p and states (T, 15) of ẏ = -∇L/p.

    At the solver's own steps, close to each other in a jump, where only both ends are given.
    """

    def velocity(t: float, y: np.ndarray) -> np.ndarray:
        return -five.loss_and_slope(y, _ONES, density(t))[1] / p

    found = solve_ivp(
        velocity,
        (float(time[0]), float(time[-1])),
        start,
        "LSODA",
        t_eval=time if len(time) > 2 else None,
        rtol=_RTOL,
        atol=_ATOL,
        max_step=longest,
    )
    if not found.success:
        raise ArithmeticError(f"The path was left at t = {found.t[-1]:.6g}: {found.message}")
    return found.t, found.y.T


def _pentagon(p: float) -> np.ndarray:
    """The minimum next to a regular pentagon of equal features."""
    angle = 2 * np.pi * np.arange(1, five.N + 1) / five.N
    around = _PENTAGON * np.concatenate([np.sin(angle), np.cos(angle)])
    start, density = np.append(around, np.full(five.N, _DEPTH)), np.full(five.N, p)

    def at(y: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = five.loss_and_slope(y, _ONES, density)
        return value / p, slope / p

    end = minimize(at, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    W = five.upright(five.weights(end.x), ODD)
    return np.append(W.ravel(), end.x[-five.N :])


def _along(path: np.ndarray, density: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Losses and gradient norms of the states of a path."""
    pairs = [five.loss_and_slope(y, _ONES, p) for y, p in zip(path, density, strict=True)]
    return np.array([pair[0] for pair in pairs]), np.array([np.linalg.norm(x) for _, x in pairs])


def _frames(path: np.ndarray, clock: np.ndarray, moving: np.ndarray, count: int) -> np.ndarray:
    """Places of frames, evenly spaced in the way of W plus a share of the clock's, till rest."""
    last = int(np.flatnonzero(moving)[-1])
    W = path[: last + 1, : five.M * five.N]
    steps = np.linalg.norm(np.diff(W, axis=0), axis=1)
    ticks = np.diff(clock, prepend=clock[0])[:last]
    way = np.cumsum(steps) / max(steps.sum(), 1e-300) + 0.5 * np.cumsum(ticks) / ticks.sum()
    way = np.append(0.0, way)
    return np.searchsorted(way, np.linspace(0.0, way[-1], count)).clip(0, last)


def build(config: "Config", flow: Rows, driven: Rows) -> xr.Dataset:
    """Weights, biases and losses, frame by frame; the loss of two digons over the ratio."""
    ratio, p = driven["ratio"][0], config.density
    digons = 2 * ground_state(p, 1.0).loss + (p * ratio / 3 - (p * ratio) ** 2 / 4)
    loss = {"long_name": "exact loss", "units": "loss"}
    data: dict[str, Any] = {"flow_time": ("flow", flow["time"][0], {"long_name": "time"})}
    for prefix, found in (("flow", flow), ("driven", driven)):
        W, b = five.weights(found["state"][0]), found["state"][0][:, -five.N :]
        data |= {
            f"{prefix}_weights": ((prefix, "hidden", "feature"), W, {"long_name": "W"}),
            f"{prefix}_bias": ((prefix, "feature"), b, {"long_name": "b"}),
            f"{prefix}_loss": (prefix, found["loss"][0], loss),
            f"{prefix}_slope": (prefix, found["slope"][0], {"long_name": "gradient norm"}),
        }
    data["driven_ratio"] = ("driven", ratio, {"long_name": "density of the odd feature over p"})
    data["digons_loss"] = ("driven", digons, {"long_name": "loss of two digons, theory"} | loss)
    return xr.Dataset(data, attrs={"density": p})


def crossing(dataset: xr.Dataset) -> float:
    """The ratio at which the driven path becomes higher than two digons; NaN if it does not."""
    gap = (dataset["driven_loss"] - dataset["digons_loss"]).values
    turns = np.flatnonzero((gap[:-1] < 0) & (gap[1:] >= 0))
    if not len(turns):
        return np.nan
    k, ratio = int(turns[0]), np.log(dataset["driven_ratio"].values)
    return float(np.exp(ratio[k] + gap[k] / (gap[k] - gap[k + 1]) * (ratio[k + 1] - ratio[k])))


def jump(dataset: xr.Dataset) -> float:
    """The ratio at which the odd feature's norm falls through 1/2; NaN if it does not."""
    norm = np.linalg.norm(dataset["driven_weights"].values[:, :, ODD], axis=1)
    below = np.flatnonzero(norm < 0.5)
    return float(dataset["driven_ratio"][below[0]]) if len(below) else np.nan


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """What the flow ends in, whether its loss only falls; where the pentagon is left."""
    loss = dataset["flow_loss"].values
    above = dataset["driven_loss"].values[-1] / dataset["digons_loss"].values[-1] - 1
    return {
        "flow_ends_in": five.name(dataset["flow_weights"].values[-1]),
        "flow_loss_only_falls": bool(np.all(np.diff(loss) <= 1e-12 * loss[0])),
        "flow_last_loss": float(loss[-1]),
        "equal_losses_at_ratio": crossing(dataset),
        "odd_feature_dropped_at_ratio": jump(dataset),
        "driven_ends_in": five.name(dataset["driven_weights"].values[-1]),
        "driven_end_over_two_digons": float(above),
    }


def table(dataset: xr.Dataset) -> str:
    """One line for each path."""
    numbers = summary(dataset)
    return (
        f"the flow ends in: {numbers['flow_ends_in']}, loss {numbers['flow_last_loss']:.8f}\n"
        f"two digons are lower from a ratio of {numbers['equal_losses_at_ratio']:.4f} on; the odd "
        f"feature is dropped at {numbers['odd_feature_dropped_at_ratio']:.4f}; then: "
        f"{numbers['driven_ends_in']}"
    )
