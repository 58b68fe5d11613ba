"""A period that bounds |z|, up to a share of its distribution that no digit asked for sees."""

import jax.numpy as jnp
from jax import Array

from .nodes import SHIFT

_TILTS = (0.8, 1.8, 4.0, 9.0)  # θ in units of 1/max|g|
_ROOM = 1.15  # kinks at the end of the support, if at z = P, would be met as if they were at 0
_LEAST = 1e-8  # of a period: values of z below it do not count


def _log_moment(theta: Array, g: Array, p: Array) -> Array:
    """log E exp(θ Σ_j g_j x_j), θ real, one a row; in single precision, enough for a bound."""
    u, p = (theta[:, None] * g).astype(jnp.float32), p.astype(jnp.float32)
    near = jnp.abs(u) < 1e-2
    away = jnp.where(near, 1.0, u)
    excess = jnp.where(near, u / 2, jnp.expm1(away) / away - 1.0)
    return jnp.sum(jnp.log1p(p * excess), axis=1).astype(theta.dtype)


def _end(g: Array, p: Array, log_share: Array) -> Array:
    """The value that Σ_j g_j x_j exceeds with a share e^{-log_share}: the least Chernoff bound
    [log E e^{θY} + log_share]/θ over a few θ > 0, or a little more than the end of the support."""
    largest = jnp.maximum(jnp.max(jnp.abs(g), axis=1), _LEAST)
    end = _ROOM * jnp.sum(jnp.maximum(g, 0.0), axis=1)
    for tilt in _TILTS:
        theta = tilt / largest
        end = jnp.minimum(end, (_log_moment(theta, g, p) + log_share) / theta)
    return end


def period(b: Array, d: Array, g: Array, p: Array, log_share: Array) -> Array:
    """P (n,) with P(|z| > P) negligible, for z = b + d x + Σ_j g_j x_j, x in [0, 1].

    b, d (n,); g, p (n, n), rows as in the sum, g_ii = p_ii = 0. A share e^{-log_share} may lie
    beyond P, less above it, as e^{c} multiplies that, and more below -P, where e^{-c} does.
    """
    shares = log_share + SHIFT, log_share - SHIFT
    up, down = (_end(side * g, p, share) for side, share in zip((1, -1), shares, strict=True))
    high, low = b + _ROOM * jnp.maximum(d, 0.0) + up, b + _ROOM * jnp.minimum(d, 0.0) - down
    bound = jnp.maximum(jnp.maximum(jnp.abs(high), jnp.abs(low)), _LEAST)
    # where only b is large, a kink may still lie at P
    return jnp.maximum(bound, _ROOM * jnp.abs(b))
