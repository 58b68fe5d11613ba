"""The entire functions φ and ψ of a complex argument, without loss of digits near 0."""

import math

import jax.numpy as jnp
from jax import Array

_TERMS = 9
_NEAR = 0.1


def _series(u: Array, first: int) -> Array:
    """Σ_k u^k / (k! (k + first)), for |u| ≤ 0.1."""
    out = jnp.zeros_like(u)
    for k in reversed(range(_TERMS)):
        out = out * u + 1.0 / (math.factorial(k) * (k + first))
    return out


def phi(u: Array) -> Array:
    """φ(u) = ∫₀¹ e^{ux} dx = (e^u - 1)/u."""
    near = jnp.abs(u) < _NEAR
    away = jnp.where(near, 1.0, u)
    return jnp.where(near, _series(jnp.where(near, u, 0.0), 1), (jnp.exp(away) - 1.0) / away)


def psi(u: Array) -> Array:
    """ψ(u) = ∫₀¹ x e^{ux} dx = (e^u (u - 1) + 1)/u²."""
    near = jnp.abs(u) < _NEAR
    away = jnp.where(near, 1.0, u)
    far = (jnp.exp(away) * (away - 1.0) + 1.0) / away**2
    return jnp.where(near, _series(jnp.where(near, u, 0.0), 2), far)
