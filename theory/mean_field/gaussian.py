"""Repeated integrals of the normal distribution: rectified Gaussians and their averages."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]
_ROOTS, _SHARES = np.polynomial.legendre.leggauss(12)
_NODES, _WEIGHTS = (_ROOTS + 1) / 2, _SHARES / 2


def rectified_moments(mean: ArrayLike, spread: ArrayLike) -> tuple[Array, Array, Array, Array]:
    """k_0, ..., k_3 with k_n = E ReLU(y)^n / n!, y normal; k_0 = P(y > 0).

    mean μ; spread σ >= 0, where σ = 0 gives μ_+^n/n! and k_0 = 1/2 at μ = 0. Both broadcast.
    dk_n/dμ = k_{n-1} and dk_n/dσ² = k_{n-2}/2; n k_n = μ k_{n-1} + σ² k_{n-2} with
    k_{-1} = φ(μ/σ)/σ the density of y at 0. Absolute error a few units of rounding of the largest
    term; for μ < 0 the terms cancel and about 2(n-1) log10(|μ|/σ) digits are lost.
    Source: derived here.
    """
    mean, spread = np.broadcast_arrays(*map(np.asarray, (mean, spread)))
    scale = np.where(spread > 0, spread, 1.0)
    height = np.where(spread > 0, spread * normal_density(mean / scale), 0.0)
    k0 = np.where(spread > 0, ndtr(mean / scale), np.heaviside(mean, 0.5))
    k1 = mean * k0 + height
    k2 = (mean * k1 + spread**2 * k0) / 2
    return k0, k1, k2, (mean * k2 + spread**2 * k1) / 3


def uniform_means(b: ArrayLike, a: ArrayLike, spread: ArrayLike) -> tuple[Array, Array]:
    """(∫_0^1 k_2 du, ∫_0^1 u k_1 du) at the mean b + a u, a of either sign or 0; they broadcast.

    [k_3]/a and (k_2(b + a) - [k_3]/a)/a, where [k_3] = k_3(b + a) - k_3(b). These differences
    cancel where |b| or σ exceeds 10 |a|; the integrand is smooth there, and Gauss-Legendre exact.
    """
    b, a, spread = np.broadcast_arrays(*map(np.asarray, (b, a, spread)))
    low, high = rectified_moments(b, spread), rectified_moments(b + a, spread)
    slope = np.where(a == 0, 1.0, a)
    square = (high[3] - low[3]) / slope
    first = (high[2] - square) / slope
    inside = rectified_moments(b[..., None] + a[..., None] * _NODES, spread[..., None])
    smooth = np.maximum(np.abs(b), spread) >= 10 * np.abs(a)
    return (
        np.where(smooth, inside[2] @ _WEIGHTS, square),
        np.where(smooth, inside[1] @ (_NODES * _WEIGHTS), first),
    )


def normal_density(t: ArrayLike) -> Array:
    """φ(t) = e^{-t²/2}/√(2π)."""
    return np.exp(-(np.asarray(t) ** 2) / 2) / np.sqrt(2 * np.pi)
