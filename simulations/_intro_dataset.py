"""Minima of five features from random starts, the dataset of the lowest, and its numbers."""

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.optimize import minimize

from theory.two_features import ground_state

from . import _five_features as five
from ._claims import claim, lines
from ._sweep import Stage

if TYPE_CHECKING:
    from .intro import Config

Rows = dict[str, Any]
_STOP = {"gtol": 1e-9, "maxiter": 1000}
_CALM = 1e-7  # slope of the loss over the density of a minimum
_SAME = 1e-7  # relative difference of losses that are one
_SPREAD = 0.7  # of the starting weights
_PAPER = {1.0: "orthogonal pair", 0.2: "two digons", 0.1: "pentagon"}


def importance(decay: float) -> np.ndarray:
    """decay^i (5,)."""
    return decay ** np.arange(five.N, dtype=float)


def stage(config: "Config") -> Stage:
    """One cell a density."""
    solve = functools.partial(_solve, config=config)
    return Stage("minima", {"density": np.array(config.density)}, solve, 1)


def _solve(cells: Rows, *, config: "Config") -> Rows:
    p, random = float(cells["density"][0]), np.random.default_rng([config.seed, cells["index"][0]])
    shape = config.starts, five.M * five.N
    starts = np.pad(_SPREAD * random.normal(size=shape), ((0, 0), (0, five.N)))
    found = [_minimum(y, importance(config.decay), p) for y in starts]
    loss = np.array([each[0] for each in found])
    slope = np.array([each[1] for each in found])
    best = int(np.argmin(loss))
    W, failed = five.upright(five.weights(found[best][2]), 0), slope[best] > _CALM
    return {
        "loss": loss[None], "slope": slope[None], "weights": W[None],
        "bias": found[best][2][None, -five.N :], "result": np.array([failed], np.int32),
    }  # fmt: skip


def _minimum(y: np.ndarray, weight: np.ndarray, p: float) -> tuple[float, float, np.ndarray]:
    """Loss, slope over p, and state to which BFGS descends."""

    def at(y: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = five.loss_and_slope(y, weight, np.full(five.N, p))
        return value / p, slope / p

    end = minimize(at, y, jac=True, method="BFGS", options=_STOP)
    return float(end.fun) * p, float(np.max(np.abs(end.jac))), end.x


def build(config: "Config", found: Any) -> xr.Dataset:
    """The lowest state at each density, feature 1 upright, and the losses of all starts."""
    W = found["weights"]
    gram = np.swapaxes(W, -1, -2) @ W
    square = np.diagonal(gram, axis1=-2, axis2=-1)
    total = np.sum(gram**2, axis=-1)
    kept = np.sqrt(square) > 1e-3
    shares = np.where(kept, square**2 / np.where(kept, total, 1.0), 0.0)
    dims = ("density", "feature")
    data: dict[str, Any] = {
        "weights": (("density", "hidden", "feature"), W, {"long_name": "W of the lowest"}),
        "bias": (dims, found["bias"], {"long_name": "b of the lowest"}),
        "dimensionality": (dims, shares, {"long_name": "D_i of the lowest"}),
        "start_loss": (("density", "start"), found["loss"], {"long_name": "loss of each start"}),
        "start_slope": (("density", "start"), found["slope"], {"long_name": "slope over p left"}),
        "loss": ("density", found["loss"].min(axis=1), {"long_name": "least exact loss"}),
        "name": ("density", [five.name(w) for w in W], {"long_name": "what it is"}),
    }
    coords = {
        "density": ("density", np.array(config.density), {"long_name": "density p"}),
        "importance": ("feature", importance(config.decay), {"long_name": "importance"}),
    }
    return xr.Dataset(data, coords)


def known_loss(name: str, weight: np.ndarray, p: float, W: np.ndarray) -> float | None:
    """The exact loss by theory: dropped features, and pairs as two features in one dimension."""
    kept, dropped = five.stored(W), p / 3 - p**2 / 4
    rest = float(weight[~kept].sum()) * dropped
    if name == "orthogonal pair":
        return rest
    if name != "two digons":
        return None
    partner = np.argmin(W.T @ W, axis=1)
    pairs = [(i, int(j)) for i, j in enumerate(partner) if kept[i] and i < j]
    return rest + sum(
        float(weight[i]) * ground_state(p, float(weight[j] / weight[i])).loss for i, j in pairs
    )


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """At each density: what the lowest state is, how many starts end in it, theory's loss."""
    rows = [_row(dataset.isel(density=k)) for k in range(dataset.sizes["density"])]
    named = {row["density"]: row for row in rows}
    claims = [
        claim(
            f"density {p:g}: the lowest minimum is of this kind (cosines within {five.CLOSE})",
            named[p]["name"],
            paper=text,
            agrees=named[p]["name"] == text,
        )
        for p, text in _PAPER.items()
        if p in named
    ]
    return {"densities": rows, "claims": claims}


def _row(at: xr.Dataset) -> dict[str, Any]:
    p, name = float(at["density"]), str(at["name"].values)
    losses, loss = at["start_loss"].values, float(at["loss"])
    known = known_loss(name, at["importance"].values, p, at["weights"].values)
    return {
        "density": p,
        "name": name,
        "loss": loss,
        "relative_difference_to_theory": None if known is None else loss / known - 1,
        "starts_in_the_lowest": int(np.sum(losses <= loss * (1 + _SAME))),
        "starts_within_a_per_cent": int(np.sum(losses <= loss * 1.01)),
        "starts": at.sizes["start"],
        "dimensionality": at["dimensionality"].values.tolist(),
    }


def table(dataset: xr.Dataset) -> str:
    """A line for each density, and the claims."""
    numbers = summary(dataset)
    rows = [
        f"p = {row['density']:<6g}{row['name']:<18}loss {row['loss']:.8f}, "
        f"{row['starts_in_the_lowest']} of {row['starts']} starts, "
        f"{row['starts_within_a_per_cent']} within 1 %"
        for row in numbers["densities"]
    ]
    return "\n".join([*rows, *lines(numbers["claims"])])
