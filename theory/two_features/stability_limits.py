"""Metastable ends: where strong, weak and acute states stop being local minima at equal densities.

Each is a turn of the curve of stationary states, where a minimum merges with a saddle, or the
point at which the state shrinks into the dedicated one.
"""

import functools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_density
from theory.two_features.closed_forms import acute_onset, dedicated_stability_limit
from theory.two_features.dedicated_line import tricritical_points
from theory.two_features.fold_tables import (
    SPARSE,
    acute_high_turns,
    acute_low_turns,
    acute_tricritical_point,
    cusp,
    dense_turns,
    small_density_fold,
    strong_turns,
    symmetric_stability_density,
    weak_high_turns,
    weak_low_turns,
)

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]


def strong_stability_limit(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance below which the strong antipodal state is no local minimum.

    State: strong antipodal, w₁ > -w₂ > 0, which merges with a saddle there. Equations: ∇L = 0 in
    (w₁, w₂, b₁, b₂) and dr/dw₂ = 0 along the curve of stationary states. It ends at
    `symmetric_stability_density`, where it reaches w₁ = -w₂ and r = 1; NaN above. Relative error
    below 1e-10; for p < 1e-7 the leading order `small_density_fold` times p, relative error 2e-7.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    return np.vectorize(_strong, otypes=[float])(check_density(p, "p"))


def weak_stability_limits(p: ArrayLike) -> Pair:
    """(low, high): between these r the weak antipodal state is a local minimum.

    State: weak antipodal, w₁ > -w₂ > 0 with the smaller |w₂|. Equations: as
    `strong_stability_limit`. high: it merges with the saddle before strong, which exists from
    `weak_cusp` on; beyond r = 1 where above 1, the metastable end across the diagonal. low: it
    merges with the saddle next to dedicated, outside the two `tricritical_points`, and grows out
    of dedicated at `dedicated_stability_limit` between them. NaN below the cusp, where strong is
    the only antipodal minimum. Error below 1e-10.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_density(p, "p")
    return _vectorised(_weak_low)(p), _vectorised(_weak_high)(p)


def acute_stability_limit(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance r <= 1 below which there is no acute local minimum: the lower end.

    State: acute, w₁ >= w₂ > 0. Up to `acute_tricritical_point` it grows out of dedicated at
    `acute_onset`; above, it merges with a saddle before. Equations of that: ∇L = 0 in
    (w₁, w₂, b₁, b₂) and dr/dw₂ = 0 along the curve. Error below 1e-10.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    return _vectorised(_acute_low)(check_density(p, "p"))


def acute_stability_limits(p: ArrayLike) -> Pair:
    """(low, high): between these r the acute state with w₁ > w₂ > 0 is a local minimum.

    low is `acute_stability_limit`. high > 1: there it merges with a saddle, which comes from the
    symmetric state at r = 1, unstable for every density. Exchanged, an acute state with w₂ > w₁
    is a local minimum for r between 1/high and 1/low. Error below 1e-10; for p < 1e-7 the value
    at 1e-7, relative error 3e-8.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_density(p, "p")
    return acute_stability_limit(p), _vectorised(_acute_high)(p)


@functools.cache
def weak_cusp() -> tuple[float, float]:
    """(p, r) at which the weak antipodal state appears: its two limits meet in a cusp.

    State: antipodal with b₂ = -w₁w₂, so that z₂ = 0 where x = (1, 0); there d²r/dw₂² jumps from
    one sign to the other. Equations: ∇L = 0, that kink, and dr/dw₂ = 0 along the curve of
    stationary states. Because of the kink both |w₂| leave linearly in p and the gap between the
    limits opens like the square, in place of the powers 1/2 and 3/2 of a smooth cusp.
    Source: derived here.
    """
    p, row = cusp()
    return p, float(np.tan(row[4]))


def _vectorised(function: Callable[[float], float]) -> Callable[..., NDArray[np.float64]]:
    return np.vectorize(function, otypes=[float])


def _strong(p: float) -> float:
    if p > symmetric_stability_density():
        return np.nan
    if p < SPARSE:
        return p * float(small_density_fold()[0])
    return strong_turns().relative_importance(p)


def _weak_low(p: float) -> float:
    (lower, _), (upper, _) = tricritical_points()
    if p < cusp()[0]:
        return np.nan
    if lower <= p <= upper:
        return float(dedicated_stability_limit(p))
    return (dense_turns if p > upper else weak_low_turns)().relative_importance(p)


def _weak_high(p: float) -> float:
    return np.nan if p < cusp()[0] else weak_high_turns().relative_importance(p)


def _acute_low(p: float) -> float:
    if p <= acute_tricritical_point()[0]:
        return float(acute_onset(p))
    return acute_low_turns().relative_importance(p)


def _acute_high(p: float) -> float:
    return acute_high_turns().relative_importance(max(p, SPARSE))
