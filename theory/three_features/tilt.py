"""Where the digon of features 1 and 2 turns unstable against tilting towards feature 3.

W₁ = (w₁, εc), W₂ = (w₂, εs), W₃ = (0, -1), b₃ = βε, with c, s >= 0. To second order the loss
changes by ε² (r f(c, s) - k(c, s)): feature 3 pays for the interference u = c x₁ + s x₂,

    f = min over β of (1-q) E(β - u)₊² + q E(β - u)² - (3q/4)(E(β - u))²

and features 1 and 2 gain, R_i their losses as functions of row i of G and b_i, V = q/3 - q²/4,

    k = -c² (∂R₁/∂G₁₁ + P(z₁ > 0) V) - s² (∂R₂/∂G₂₂ + P(z₂ > 0) V) - c s (∂R₁/∂G₁₂ + ∂R₂/∂G₁₂).

Above r = max k/f over directions the digon is stable. Source: derived here.
"""

import functools

import numpy as np
import sympy as sp

from theory._checks import check_one_density
from theory.numeric import Function, bounded_minimum, bracketed_root, scalar_function
from theory.population_loss import active_sets, feature_loss
from theory.symbols import model_symbols
from theory.truncated_power import box_mean
from theory.two_features import State, ground_state

_DIRECTIONS = 33


def digon_12_stability_limit(p: float, *, last_density: float | None = None) -> float:
    """Relative importance above which digon 12 beside a single feature 3 is a local minimum.

    At density p of features 1 and 2 and `last_density` of feature 3 (by default p); 0 where it is
    stable for every r. For the pair in its ground state; see the module for the equations.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_one_density(p, "p")
    q = p if last_density is None else check_one_density(last_density, "last_density")
    gain = _gain(ground_state(p, 1.0), p, q)

    def ratio(angle: float) -> float:
        c, s = np.cos(angle), np.sin(angle)
        return float(-(gain @ np.array([c * c, s * s, c * s])) / _cost(c, s, p, q))

    angles = np.linspace(1e-3, np.pi / 2 - 1e-3, _DIRECTIONS)
    best = int(np.argmin([ratio(angle) for angle in angles]))
    low, high = angles[max(best - 1, 0)], angles[min(best + 1, _DIRECTIONS - 1)]
    return max(0.0, -bounded_minimum(ratio, float(low), float(high))[1])


def _gain(pair: State, p: float, q: float) -> np.ndarray:
    """Coefficients of c², s² and cs in k."""
    (w1, w2), (b1, b2) = pair.weights, pair.biases
    variance = q / 3 - q**2 / 4
    first, second = (_slopes()(own**2, w1 * w2, bias, p) for own, bias in ((w1, b1), (w2, b2)))
    own = [-(slopes[0] + slopes[2] * variance) for slopes in (first, second)]
    return np.array([*own, -(first[1] + second[1])])


def _cost(c: float, s: float, p: float, q: float) -> float:
    """f(c, s): the least over β; its derivative in β is increasing."""

    def slope(beta: float) -> float:
        return _interference()(beta, c, s, p, q)[1]

    beta = bracketed_root(slope, 0.0, c + s)
    return float(_interference()(beta, c, s, p, q)[0])


@functools.cache
def _slopes() -> Function:
    """(G_ii, G_ij, b_i, p) -> ∂R/∂G_ii, ∂R/∂G_ij and P(z_i > 0), half of ∂²R/∂b²."""
    symbols = model_symbols(2)
    (own, other), bias, p = symbols.gram[0], symbols.bias[0], symbols.density[0]
    loss = feature_loss((own, other), bias, (p, p), 0)
    slopes = [loss.diff(own), loss.diff(other), loss.diff(bias, 2) / 2]
    return scalar_function((own, other, bias, p), slopes)


@functools.cache
def _interference() -> Function:
    """(β, c, s, p, q) -> the function that f minimises, and its derivative in β."""
    beta, p, q = sp.symbols("beta p q", positive=True)
    c, s = sp.symbols("c s", positive=True)
    silent = sp.Add(
        *(
            chance * box_mean(beta, [-(c, s)[j] for j in active], 2)
            for active, chance in active_sets((p, p))
        )
    )
    mean = beta - p * (c + s) / 2
    square = mean**2 + (p / 3 - p**2 / 4) * (c**2 + s**2)
    value = (1 - q) * silent + q * square - 3 * q / 4 * mean**2
    return scalar_function((beta, c, s, p, q), [value, value.diff(beta)])
