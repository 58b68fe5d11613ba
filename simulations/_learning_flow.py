"""The gradient flow of the learning dynamics: its path, its plateaus, and the states at their ends.

Midpoint steps of one length on the exact loss, a compiled gradient at a time. The plateaus are by
the rule of `tms_physics.Events`. The adaptive path of `tms_physics.gradient_flow`, which has that
rule inside, did not finish here in twice the time that this takes; why was not found out.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tms_physics as tp

from ._networks import Size
from ._programs import params

Rows = dict[str, Any]
STEADY = 2e-6  # gradient norm at which the flow is over; above the noise of the loss
_LOSS_ERROR = 1e-6  # relative, along the flow: growth rates are good to half a percent with it


def start(size: Size, scale: float, seed: int) -> np.ndarray:
    """Weights normal with standard deviation `scale`, biases 0: a row (N,), N = (m + 1) n."""
    W = scale * jax.random.normal(jax.random.key(seed), (size.m, size.n))
    return np.concatenate([np.ravel(W), np.zeros(size.n)])


@functools.cache
def loss_and_gradient(n: int) -> Callable[..., Any]:
    """(y, importance, density) -> L, ∇L."""
    return jax.jit(jax.value_and_grad(_loss_of(n)))


@functools.cache
def hessian(n: int) -> Callable[..., Any]:
    """(y, importance, density) -> ∂²L/∂y², that of one side at a kink."""
    return jax.jit(jax.jacfwd(jax.grad(_loss_of(n))))


def _loss_of(n: int) -> Callable[..., jax.Array]:
    def loss(y: jax.Array, importance: jax.Array, density: jax.Array) -> jax.Array:
        return tp.PopulationLoss(importance, density, _LOSS_ERROR)(params(y, n))

    return loss


def followed(y0: np.ndarray, size: Size, density: float, *, last_time: float, step: float) -> Rows:
    """The flow ẏ = -∇L from `y0` to `last_time` in midpoint steps of length `step`.

    Stable for step < 2/curvature, about 1 at the largest importance 1. Ends
    where ‖∇L‖ < 2e-6. Gives `times` (K,),
    `states` (K, N), `energies` (K,), `speeds` ‖∇L‖ (K,), and `result` 1 where one is not finite.
    """
    slope = loss_and_gradient(size.n)
    weights, p = jnp.asarray(size.importance), jnp.full(size.n, density)
    count, y = int(np.ceil(last_time / step)), y0
    states, energies, speeds = [], [], []
    for _ in range(count + 1):
        value, gradient = slope(y, weights, p)
        gradient = np.asarray(gradient)
        states.append(y)
        energies.append(float(value))
        speeds.append(float(np.linalg.norm(gradient)))
        if speeds[-1] < STEADY:
            break
        y = y - step * np.asarray(slope(y - step / 2 * gradient, weights, p)[1])
    return {
        "times": step * np.arange(len(speeds)),
        "states": np.stack(states),
        "energies": np.array(energies),
        "speeds": np.array(speeds),
        "result": int(not (np.all(np.isfinite(energies)) and np.all(np.isfinite(speeds)))),
    }


def plateaus(speeds: np.ndarray, ratio: float) -> np.ndarray:
    """Rows (entered, slowest, left) of step numbers, by the rule of `tms_physics.gradient_flow`.

    A plateau is a minimum of the speed below the maxima before and after it by `ratio` or more,
    from where the speed falls through the one over √ratio to where it rises through the other
    over √ratio. The start counts as a maximum, and the first plateau as entered there.
    """
    v, gap = np.log(np.maximum(speeds, 1e-300)), np.log(ratio)
    rows: list[tuple[int, int, int]] = []
    before, low, peak, rising = -1, 0, 0, False
    for k in range(len(v)):
        if rising:
            peak = k if v[k] > v[peak] else peak
            if v[k] <= v[peak] - gap:
                rows.append(_ends(v, before, low, peak, gap))
                before, low, rising = peak, k, False
        else:
            low = k if v[k] < v[low] else low
            rising = bool(v[k] >= v[low] + gap)
            peak = k
    if rising:
        rows.append(_ends(v, before, low, peak, gap))
    return np.array(rows, dtype=int).reshape(-1, 3)


def _ends(v: np.ndarray, before: int, low: int, peak: int, gap: float) -> tuple[int, int, int]:
    entered = 0
    if before >= 0:
        entered = before + 1 + int(np.flatnonzero(v[before:low] > v[before] - gap / 2)[-1])
    left = low + int(np.flatnonzero(v[low : peak + 1] >= v[peak] - gap / 2)[0])
    return entered, low, left
