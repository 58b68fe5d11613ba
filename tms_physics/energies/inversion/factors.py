"""The entire functions φ and ψ of a complex argument, without loss of digits near 0."""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

_TERMS = 9
_NEAR = 0.1


class Factors(NamedTuple):
    """φ(u) = ∫₀¹ e^{ux} dx = (e^u - 1)/u, ψ(u) = ∫₀¹ x e^{ux} dx = φ'(u), and ψ'(u)."""

    phi: Array
    psi: Array
    psi_slope: Array


def _series(u: Array, first: int) -> Array:
    """∫₀¹ x^{first - 1} e^{ux} dx = Σ_k u^k / (k! (k + first)), for |u| ≤ 0.1."""
    out = jnp.zeros_like(u)
    for k in reversed(range(_TERMS)):
        out = out * u + 1.0 / (math.factorial(k) * (k + first))
    return out


def factors(u: Array, exponential: Array) -> Factors:
    """`exponential` = e^u. By parts, ∫ x^k e^{ux} dx = (e^u - k ∫ x^{k-1} e^{ux} dx)/u."""
    near = jnp.abs(u) < _NEAR
    small, inverse = jnp.where(near, u, 0.0), 1 / jnp.where(near, 1.0, u)
    phi = (exponential - 1) * inverse
    psi = (exponential - phi) * inverse
    slope = (exponential - 2 * psi) * inverse
    far = (phi, psi, slope)
    return Factors(*(jnp.where(near, _series(small, k + 1), x) for k, x in enumerate(far)))
