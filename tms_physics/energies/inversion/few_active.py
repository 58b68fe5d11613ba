"""What is known in closed form: the aliases, no other feature active, one other feature active."""

import math

import jax
import jax.numpy as jnp
from jax import Array

from .._box import rectified_moments
from .idle import LEAST_IDLE, all_idle
from .moments import Moments
from .nodes import PERIOD, SHIFT

_ALIASES = 12  # further ones are below e^{-60}
# Σ_k (kT)^d e^{-ckT} for d = 0, 1, 2
_SUMS = tuple(
    sum((k * PERIOD) ** d * math.exp(-SHIFT * k * PERIOD) for k in range(1, _ALIASES))
    for d in range(3)
)


def _segment(b: Array, g: Array) -> Array:
    """∫₀¹ (b + g x)₊² dx."""
    low, high = jnp.maximum(b, 0.0), jnp.maximum(b + g, 0.0)
    both = (low > 0) & (high > 0)
    one = (low > 0) ^ (high > 0)
    # (high - low)/g is 1 where both are positive; where the line crosses 0, |g| is no smaller
    rise = jnp.where(one, high - low, 0.0) / jnp.where(one, g, 1.0)
    return (high**2 + high * low + low**2) / 3 * jnp.where(both, 1.0, rise)


def few_active(b: Array, d: Array, own_density: Array, g: Array, p: Array, scale: Array) -> Array:
    """E[z₊² - 2 x_i z₊/P] of no other feature active, and of one with x_i = 0: (rows,).

    b, d, own_density (rows,); g, p (others, rows); z = b + d x_i + Σ_j g_j x_j in units of P.
    """
    idle = jnp.maximum(1 - p, LEAST_IDLE)
    none = all_idle(p)
    square, product = jax.vmap(rectified_moments)(b, d[:, None], own_density[:, None])
    one = jnp.sum(p * (none[None] / idle) * _segment(b[None], g), axis=0)
    return none * (square - 2 * product / scale) + (1 - own_density) * one


def aliases(
    b: Array, d: Array, own_density: Array, scale: Array, left: tuple[Moments, Moments]
) -> Array:
    """Σ_{k≥1} e^{-ckT} E[(z + kT)² - 2 x_i (z + kT)/P] of the remainders, b, d in units of P."""
    idle, active = left
    s0, s1, s2 = _SUMS

    def squares(shift: Array, of: Moments) -> Array:
        """Σ e^{-ckT} E(Y + shift + kT)²."""
        by_mass = s2 + 2 * s1 * shift + s0 * shift**2
        return by_mass * of.mass + 2 * (s1 + s0 * shift) * of.first + s0 * of.second

    # x uniform: E(Y + b + kT + d x)² = E(Y + b + d/2 + kT)² + d²/12, and E x z = E z/2 + d/12
    middle = squares(b + d / 2, active) + s0 * active.mass * d**2 / 12
    product = (s1 + s0 * (b + d / 2)) * active.mass / 2 + s0 * active.first / 2
    product = product + s0 * active.mass * d / 12
    return (1 - own_density) * squares(b, idle) + own_density * (middle - 2 * product / scale)
