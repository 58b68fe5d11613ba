"""Rates of escape at low temperature: the Eyring-Kramers formula, also where curvatures jump.

Overdamped dynamics dy = -∇E dt + √(2T) dB in N dimensions leaves the well of a minimum over the
lowest saddle at the rate k = (passage/well) e^{-ΔE/T}, T → 0. With Q the one-sided second-order
form (E = E₀ + Q(v)/2 + o(v²), Q homogeneous of degree 2), the two weights are

    well = ∫ e^{-Q/2} dv at the minimum,
    passage = min_u ∫ |∇u|² e^{-Q/2} dv at the saddle, u from 0 on one side to 1 on the other

(potential theory of metastability: Bovier, Eckhoff, Gayrard and Klein 2004, J. Eur. Math. Soc. 6,
399; the scaling v ∝ √T takes T out of both). For quadratic forms they are (2π)^{N/2} det^{-1/2} and
(|λ|/2π) (2π)^{N/2} |det|^{-1/2}, λ the negative eigenvalue, and k is the formula of Kramers (1940,
Physica 7, 284) and Langer (1969, Ann. Phys. 54, 258); review: Berglund 2013, Markov Process. Relat.
Fields 19, 459. The first correction is a factor 1 + O(T) where E is smooth and 1 + O(√T) where its
second derivatives jump.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import (
    as_number,
    check_broadcast,
    check_callable,
    check_count,
    check_finite,
    check_positive,
    check_real,
    shown,
)
from theory._memory import check_memory
from theory.quasi_random import normal_points

Array = NDArray[np.float64]
_MOST_BITS = 30  # of Sobol's net
Form = Callable[[Array], Array]  # (N, M) directions -> (M,) values, homogeneous of degree 2


def arrhenius(barrier: ArrayLike, temperature: ArrayLike, prefactor: float) -> Array:
    """k = prefactor × e^{-ΔE/T}: `barrier` ΔE, in the units of `temperature` T > 0."""
    height, heat = check_finite("barrier", barrier), check_positive("temperature", temperature)
    check_broadcast(barrier=height, temperature=heat)
    return check_real("prefactor", prefactor) * np.exp(-height / heat)


def kramers_rate(
    barrier: ArrayLike,
    temperature: ArrayLike,
    minimum: ArrayLike,
    saddle: ArrayLike,
    *,
    zero_modes: int = 0,
    orbit_ratio: float = 1.0,
) -> Array:
    """k = (|λ|/2π) √(det H_min/|det H_saddle|) e^{-ΔE/T}, per unit of time 1/curvature.

    `barrier` ΔE and `temperature` T > 0 broadcast together; `minimum`, `saddle`: Hessians (N, N)
    there, λ the only negative eigenvalue at the saddle. Under a continuous symmetry `zero_modes`
    eigenvalues at each, those next to 0, are left out, and k is multiplied by `orbit_ratio`, the
    volume of the saddle's orbit over that of the minimum's. One saddle: add up equivalent ones.
    Good for ΔE/T >> 1, asymptotically exact. Raises ValueError for Hessians of the wrong shape or
    signature. Source: see the module.
    """
    low, high = _eigenvalues("minimum", minimum), _eigenvalues("saddle", saddle)
    if len(low) != len(high):
        sizes = f"{len(low)} and {len(high)}"
        raise ValueError(f"Argument `saddle` must be as large as `minimum`, but sizes are {sizes}.")
    low, high = (_without_zero_modes(values, zero_modes) for values in (low, high))
    _check_index("minimum", low, 0)
    _check_index("saddle", high, 1)
    ratio = np.exp(np.sum(np.log(low)) / 2 - np.sum(np.log(np.abs(high))) / 2)
    scale = as_number("orbit_ratio", check_positive("orbit_ratio", orbit_ratio))
    return arrhenius(barrier, temperature, scale * abs(high.min()) / (2 * np.pi) * ratio)


def well_weight(form: Form, reference: ArrayLike, *, power: int = 13) -> float:
    """∫ e^{-Q(v)/2} dv of a form Q > 0 whose second derivatives may jump.

    `reference` (N, N): a positive definite matrix A near Q, as its average over the pieces: the
    integral is (2π)^{N/2} det A^{-1/2} times the mean of (v·Av/Q(v))^{N/2} over v ~ N(0, A⁻¹),
    by quadrature at 2^`power` points, radially exact and constant where Q = v·Av. Raises
    ValueError for a Q that is not positive or a reference that is not positive definite.
    """
    check_callable("form", form)
    eigenvalues = _eigenvalues("reference", reference)
    _check_index("reference", eigenvalues, 0)
    size = len(eigenvalues)
    _check_power(power, size)
    factor = np.linalg.cholesky(np.asarray(reference, dtype=float))
    normal = normal_points(power, size)
    values = form(np.asarray(np.linalg.solve(factor.T, normal), dtype=float))
    if np.shape(values) != normal.shape[1:]:
        rule = f"map shape {normal.shape} to {normal.shape[1:]}"
        raise ValueError(f"Argument `form` must {rule}, but gives shape {np.shape(values)}.")
    if not np.all(values > 0):
        raise ValueError(f"Argument `form` must be positive, but is {np.min(values)} somewhere.")
    mean = np.mean((np.sum(normal**2, axis=0) / values) ** (size / 2))
    return float((2 * np.pi) ** (size / 2) / np.sqrt(np.prod(eigenvalues)) * mean)


def _check_power(power: int, size: int) -> None:
    if check_count("power", power, 0) > _MOST_BITS:
        raise ValueError(f"Argument `power` must be at most {_MOST_BITS}, but is {power}.")
    check_memory("power", power, lambda bits: 32 * size << bits)


def _eigenvalues(name: str, matrix: ArrayLike) -> Array:
    array = check_finite(name, matrix)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"Argument `{name}` must have shape (N, N), but has shape {array.shape}.")
    if np.max(np.abs(array - array.T)) > 1e-8 * np.max(np.abs(array)):
        raise ValueError(f"Argument `{name}` must be symmetric, but is {array.tolist()!r:.60}.")
    return np.asarray(np.linalg.eigvalsh((array + array.T) / 2), dtype=float)


def _without_zero_modes(values: Array, count: int) -> Array:
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count < len(values):
        rule = f"an integer in [0, N) = [0, {len(values)})"
        raise ValueError(f"Argument `zero_modes` must be {rule}, but is {shown(count)}.")
    return values[np.argsort(np.abs(values))[count:]]


def _check_index(name: str, values: Array, index: int) -> None:
    negative = int(np.sum(values < 0))
    if negative != index or np.any(values == 0):
        rule = "positive definite" if index == 0 else "of one negative eigenvalue, the others > 0"
        raise ValueError(f"Argument `{name}` must be {rule}, but has eigenvalues {values}.")
