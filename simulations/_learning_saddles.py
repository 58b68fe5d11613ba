"""The saddles that a flow passes, how they repel, and how long it should stay near them.

The rule of the prediction. At the polished saddle y* the Hessian H is that on the side towards the
state where the plateau is left (L is not C²: at a kink the sides differ). With e_k its eigenvectors
of eigenvalues -λ_k < 0, zero modes of rotation left out, and a_k = e_k·(y_entered - y*), the linear
flow has the speed |Σ_k λ_k a_k e^{λ_k t} e_k| in the unstable directions; the predicted length is
the t at which it reaches the speed at which the plateau is left. Two such speeds: the measured one
(next maximum over √ratio, the rule of the events), and 2λ/√27/√ratio of a free growth, which knows
nothing of the flow after the entry (`theory.growth.jump_speed`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq

from theory import growth

Array = np.ndarray
Rows = dict[str, Any]
_CUT = 1e-5  # of eigenvalues over the largest, taken for zero
_POLISH = 20
_SIDE = 1e-5  # distance at which one-sided Hessians are taken
KEPT = 8  # unstable eigenvalues kept


@dataclass(frozen=True)
class Landscape:
    """Gradient y -> (N,), Hessian y -> (N, N), number m of hidden dimensions, n of features."""

    gradient: Callable[[Array], Array]
    hessian: Callable[[Array], Array]
    m: int
    n: int


def polished(land: Landscape, y: Array) -> tuple[Array, float]:
    """A root of ∇L near y by Newton steps without zero modes, shortened until ‖∇L‖ falls.

    Returns it with ‖∇L‖ there; semismooth, as `tms_physics.dynamics.newton.polish`, whose program
    would hold the Hessian a second time.
    """
    slope = land.gradient(y)
    for _ in range(_POLISH):
        values, vectors = np.linalg.eigh(land.hessian(y))
        regular = np.abs(values) > _CUT * np.abs(values).max()
        inverse = np.where(regular, 1 / np.where(regular, values, 1.0), 0.0)
        step, share = -vectors @ (inverse * (vectors.T @ slope)), 1.0
        while share > 1e-3:
            trial = y + share * step
            new = land.gradient(trial)
            if np.linalg.norm(new) < np.linalg.norm(slope):
                break
            share /= 4
        else:
            break
        y, slope = trial, new
    return y, float(np.linalg.norm(slope))


def rotations(land: Landscape, y: Array) -> Array:
    """An orthonormal basis (N, k) of the zero modes (A W, 0) at y."""
    W = y[: land.m * land.n].reshape(land.m, land.n)
    modes = np.zeros((len(y), land.m * (land.m - 1) // 2))
    for k, (i, j) in enumerate(zip(*np.triu_indices(land.m, 1), strict=True)):
        turned = np.zeros_like(W)
        turned[i], turned[j] = W[j], -W[i]
        modes[: W.size, k] = turned.ravel()
    left, sizes, _ = np.linalg.svd(modes, full_matrices=False)
    return left[:, sizes > 1e-6]


def modes_towards(land: Landscape, y: Array, side: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors of the Hessian just off y towards `side`, without rotations."""
    away = side - y
    away = away / max(float(np.linalg.norm(away)), 1e-300)
    h, zero = land.hessian(y + _SIDE * away), rotations(land, y)
    project = np.eye(len(y)) - zero @ zero.T
    h = project @ h @ project
    scale = np.abs(h).max() * len(y)
    values, vectors = np.linalg.eigh(h + 10 * scale * zero @ zero.T)
    keep = values < 5 * scale
    return values[keep], vectors[:, keep]


def predicted(rates: Array, amplitudes: Array, speed: float) -> float:
    """t at which |λ a e^{λt}| is `speed`; 0 where it is from the start, NaN without a λ > 0."""
    if not len(rates) or not np.any(amplitudes):
        return np.nan

    def over(t: float) -> float:
        return 0.5 * np.log(np.sum((rates * amplitudes) ** 2 * np.exp(2 * rates * t))) - np.log(
            speed
        )

    if over(0.0) >= 0:
        return 0.0
    moving = np.abs(rates * amplitudes) > 0
    alone = np.log(speed / np.abs(rates * amplitudes)[moving]) / rates[moving]
    return float(brentq(over, 0.0, alone.min() * (1 + 1e-9)))


def examined(land: Landscape, entered: Array, slowest: Array, left: Array, ratio: float) -> Rows:
    """One plateau: its saddle, index, unstable eigenvalues and predicted lengths."""
    saddle, remainder = polished(land, slowest)
    values, vectors = modes_towards(land, saddle, left)
    other, _ = modes_towards(land, saddle, entered)
    unstable = values < -_CUT * values.max()
    rates, e = -values[unstable], vectors[:, unstable]
    amplitudes = e.T @ (entered - saddle)
    speed = float(np.linalg.norm(land.gradient(left)))
    free = float(growth.jump_speed(rates.max(), ratio)) if len(rates) else np.nan
    last = e.T @ (left - saddle)
    rest = np.linalg.norm(left - saddle)
    return {
        "saddle": saddle,
        "gradient": remainder,
        "moved": float(np.linalg.norm(saddle - slowest)),
        "index": int(unstable.sum()),
        "index_entering": int(np.sum(other < -_CUT * other.max())),
        "eigenvalues": np.concatenate([values[unstable], np.full(KEPT * 10, np.nan)])[:KEPT],
        "eigenvalues_entering": np.concatenate(
            [other[other < -_CUT * other.max()], np.full(KEPT * 10, np.nan)]
        )[:KEPT],
        "amplitude": float(np.linalg.norm(amplitudes)),
        "leaving_share": float(np.linalg.norm(last) / rest),
        "predicted": predicted(rates, amplitudes, speed),
        "predicted_free": predicted(rates, amplitudes, free),
    }
