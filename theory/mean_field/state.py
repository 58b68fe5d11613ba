"""The mean-field loss, its minimum, and how it scales with the hidden dimension.

With a = ‖W_i‖², b the effective bias, z standard normal and σ = a κ, κ² = (1/ρ - 1)(p/3 - p²/4),

    L(a, b) = (1-p) E ReLU(b + σz)² + p ∫_0^1 E(ReLU(a u + b + σz) - u)² du.

At fixed τ = b/σ it is a parabola in a, L = p/3 - 2 a R(τ) + a² Q(τ), so that a = R/Q and one
unknown is left: maximise R²/Q over τ.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from theory._checks import (
    as_number,
    check_broadcast,
    check_density,
    check_finite,
    check_nonnegative,
    check_one_density,
    check_ratio,
)
from theory.linear_flow import feature_variance
from theory.mean_field.gaussian import rectified_moments, uniform_means
from theory.numeric import RootNotFound

Array = NDArray[np.float64]
_GRID = 200


@dataclass(frozen=True)
class MeanField:
    """The lowest mean-field state: loss per feature, a = ‖W_i‖², effective bias b.

    A network that realises it has the biases `hidden_bias(b, W, density=p)`.
    """

    loss: float
    a: float
    bias: float


def loss(ratio: float, density: float) -> MeanField:
    """The minimum over (a, b) at ratio ρ = m/n and density p.

    Wherever it was looked for there is one minimum with a > 0, and so no phase transition between
    equal features: linear (a near ρ, b near p/2) at ρ << p, thresholding (b < 0) at ρ above about
    p ln(1/p), a smooth change between them. Should R²/Q have several maxima, the lowest loss among
    those that a grid of 200 values of τ shows is returned. The state that stores nothing, a = 0 and
    b = p/2, is no minimum at any ρ > 0: there ∂L/∂a = -2V, V = p/3 - p²/4 (in the weights it is a
    saddle). Dead features, a = 0 and b < 0, are flat and cost p/3. That some features be stored
    and others not is not considered here: see `partial_storage_loss`.
    Limits: L → (1-ρ)V with a → ρ as ρ → 0 at fixed p, up to terms like exp(-p²/(8ρV));
    L = 0, a = 1, b = 0 at ρ = 1; `edge_slope` for ρ → 1 and for p → 0 at fixed ρ.
    Relative accuracy 1e-11 of the loss and 1e-9 of a and b for ρ >= 1e-4 and p >= 1e-6.
    Raises ValueError for a ratio or a density outside (0, 1], RootNotFound where rounding hides the
    minimum (far below that range).
    Source: Cowsik et al. 2024, arXiv 2410.12101; limits derived here.
    """
    rho, p = as_number("ratio", check_ratio(ratio)), check_one_density(density)
    kappa = float(noise(rho, p))
    if kappa == 0.0:
        return MeanField(0.0, 1.0, 0.0)
    states = [_state(tau, rho, p) for tau in _stationary(kappa, p, rho)]
    if not states:
        raise RootNotFound(f"No minimum of the mean field at ratio {rho:.9g}, density {p:.9g}.")
    return min(states, key=lambda state: state.loss)


def stationary_loss(a: ArrayLike, b: ArrayLike, ratio: ArrayLike, density: ArrayLike) -> Array:
    """L(a, b) per feature, at any a >= 0 and effective bias b; the arguments broadcast.

    Closed in Φ and φ. Where the feature is active it is written as the loss without ReLU,
    (1-a)²/3 - (1-a) b + b² + σ², less what the ReLU saves, ∫_0^1 E[n² + 2 u n] du with
    n = ReLU(-z): no digits are lost where the loss is small.
    Raises ValueError for a < 0, a or b not finite, and a ratio or density outside (0, 1].
    """
    a, b = check_nonnegative("a", a), check_finite("b", b)
    p, kappa = check_density(density), noise(ratio, density)
    check_broadcast(a=a, b=b, ratio=np.asarray(ratio), density=p)
    sigma = a * kappa
    _, _, silent, _ = rectified_moments(b, sigma)
    linear = (1 - a) ** 2 / 3 - (1 - a) * b + b**2 + sigma**2
    saved = uniform_means(-b, -a, sigma)
    return 2 * (1 - p) * silent + p * (linear - 2 * saved[0] - 2 * saved[1])


def linear_loss(ratio: ArrayLike, density: ArrayLike) -> Array:
    """(1-ρ)(p/3 - p²/4) per feature: the best linear model, exact for every n; see `linear_flow`.

    An upper bound of `loss`, since a ReLU helps wherever the target is not negative.
    Raises ValueError for a ratio or a density outside (0, 1].
    """
    rho, variance = check_ratio(ratio), feature_variance(density)
    check_broadcast(ratio=rho, density=variance)
    return (1 - rho) * variance


def noise(ratio: ArrayLike, density: ArrayLike) -> Array:
    """κ = σ/a = √((1/ρ - 1)(p/3 - p²/4)), the interference relative to the signal a."""
    rho, variance = check_ratio(ratio), feature_variance(density)
    check_broadcast(ratio=rho, density=variance)
    return np.sqrt((1 / rho - 1) * variance)


def scaling_exponent(ratio: float, density: float) -> float:
    """d ln L/d ln m at fixed n and p, which is d ln L/d ln ρ; -∞ at ρ = 1.

    By the envelope theorem the minimum contributes nothing: L'(ρ) = -(a²/ρ²)(p/3 - p²/4) ∂L/∂σ²
    with ∂L/∂σ² = (1-p)Φ(b/σ) + p ∫_0^1 [Φ(t) - u φ(t)/σ] du, t = (a u + b)/σ. It is -ρ/(1-ρ) in
    the linear regime, so next to 0 at ρ << p, and tends to -1/(1-ρ) as p → 0 at fixed ρ: to L ∝ 1/m
    for p ln(1/p) << ρ << 1, as in the strong superposition of Liu et al. 2025, arXiv 2505.10465.
    Raises ValueError for a ratio or a density outside (0, 1].
    """
    state, rho, p = loss(ratio, density), float(ratio), float(density)
    if rho == 1.0:
        return -np.inf
    sigma = state.a * noise(rho, p)
    low, high = (rectified_moments(-x, sigma) for x in (state.bias, state.bias + state.a))
    off = (low[1] - high[1]) / state.a  # the chance that z < 0 while the feature is active
    silent = rectified_moments(state.bias, sigma)[0]
    rise = (1 - p) * silent + p * (1 - off - (off - high[0]) / state.a)
    return float(-rise * state.a**2 * feature_variance(p) / rho / state.loss)


def edge_slope(density: float) -> float:
    """c in L ≈ c κ² for weak noise, κ² = (1/ρ - 1)(p/3 - p²/4).

    c = min over τ of (1-p) E ReLU(τ + z)² + p (1 + τ²/4), with τ = b/σ and a = 1 - 3b/2. Holds as
    ρ → 1, where L/(1-ρ) tends to c (p/3 - p²/4), and as p → 0 at fixed ρ. c = 1, as in the linear
    model, at p = 1; c → (p/2) ln(1/p), slowly, as p → 0.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_one_density(density)

    def slope(tau: float) -> float:
        return float(2 * (1 - p) * rectified_moments(tau, 1.0)[1] + p * tau / 2)

    tau = float(brentq(slope, -40.0, 0.0, xtol=1e-15))  # pyright: ignore[reportArgumentType]
    return float(2 * (1 - p) * rectified_moments(tau, 1.0)[2] + p * (1 + tau**2 / 4))


def _best_a(tau: ArrayLike, kappa: float, p: float) -> Array:
    """R/Q, the a of least loss at given τ."""
    start = np.asarray(tau) * kappa
    square, first = uniform_means(start, 1.0, kappa)
    silent = rectified_moments(start, kappa)[2]
    return p * first / (2 * (1 - p) * silent + 2 * p * square)


def _slope(tau: ArrayLike, kappa: float, p: float) -> Array:
    """∂L/∂b / 2 at the best a, of the sign of dL/dτ; without differences in the linear regime.

    (1-p) E ReLU(b + σz) + p {b - (1-a)/2 + ∫_0^1 E[n + u 1(n > 0)] du}, n = ReLU(-(a u + b + σz)).
    """
    a, start = _best_a(tau, kappa, p), np.asarray(tau) * kappa
    low, high = rectified_moments(-start, kappa), rectified_moments(-start - 1, kappa)
    negative = low[2] - high[2]
    active = a * start - (1 - a) / 2 + a * negative + negative - high[1]
    return (1 - p) * a * rectified_moments(start, kappa)[1] + p * active


def _stationary(kappa: float, p: float, rho: float) -> list[float]:
    """Every τ, to the resolution of a grid, at which the least loss over a has a minimum."""
    ends = -np.sqrt(2 * np.log(1 / p)) - 3, 10 + p / (rho * kappa)
    first, last = np.arcsinh(ends)
    grid = np.sinh(np.linspace(first, last, _GRID))
    falling = _slope(grid, kappa, p) < 0
    turns = np.nonzero(falling[:-1] & ~falling[1:])[0]
    return [
        float(brentq(lambda tau: float(_slope(tau, kappa, p)), grid[i], grid[i + 1], xtol=1e-14))  # pyright: ignore[reportArgumentType]
        for i in turns
    ]


def _state(tau: float, rho: float, p: float) -> MeanField:
    kappa = float(noise(rho, p))
    a = float(_best_a(tau, kappa, p))
    b = a * kappa * tau
    return MeanField(float(stationary_loss(a, b, rho, p)), a, b)
