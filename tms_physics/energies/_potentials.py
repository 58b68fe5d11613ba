"""The potentials u and v of the sparse limit, with derivatives written out to the second.

With t = -b/a the place where a x + b sets in, h = a + b its largest value and e = 1 - h the error
there (t = 1 if h ≤ 0),

    u = (t³ + (1-t)(t² + t e + e²))/3,   v = (g + b)_+³/(3 g):

sums of terms of one sign or well-conditioned forms, so that nothing cancels as a, g → 0 or as u or
v vanish, in derivatives likewise. Derived here.
"""

import jax
import jax.numpy as jnp
from jax import Array


def _onset(a: Array, b: Array) -> tuple[Array, Array]:
    """(t, h): where a x + b sets in, in [0, 1], and its value at x = 1, not below 0."""
    on = a + b > 0
    t = jnp.where(on, -b / jnp.where(on, a, 1.0), 1.0)
    return t, jnp.where(on, a + b, 0.0)


def _own_error(a: Array, b: Array) -> tuple[Array, Array]:
    """(t, e): the onset, and the error 1 - a - b at x = 1, to its last digits; 1 if it is off."""
    t, h = _onset(a, b)
    return t, jnp.where(h > 0, (1 - a) - b, 1.0)


@jax.custom_jvp
def one_body_potential(a: Array, b: Array) -> Array:
    """u(a, b) = ∫_0^1 (x - ReLU(a x + b))² dx for a ≥ 0 and b ≤ 0, entry by entry.

    1/3 where a + b ≤ 0. Continuously differentiable except at a = b = 0, where the derivative
    from b < 0 is returned; second derivatives jump at a + b = 0.
    """
    t, e = _own_error(a, b)
    return (t**3 + (1 - t) * (t * t + t * e + e * e)) / 3


@jax.custom_jvp
def pair_potential(g: Array, b: Array) -> Array:
    """v(g, b) = ∫_0^1 ReLU(g x + b)² dx for b ≤ 0, entry by entry: 0 where g + b ≤ 0.

    Continuously differentiable; second derivatives jump at g = b = 0 alone.
    """
    t, h = _onset(g, b)
    return (1 - t) * h * h / 3


@jax.custom_jvp
def _one_body_slopes(a: Array, b: Array) -> tuple[Array, Array]:
    """(∂u/∂a, ∂u/∂b) = -2 ∫_t^1 (x, 1) (x - a x - b) dx."""
    t, e = _own_error(a, b)
    return -(1 - t) * (2 * t * t + 2 * e + t * e + t) / 3, -(1 - t) * (t + e)


@jax.custom_jvp
def pair_slopes(g: Array, b: Array) -> tuple[Array, Array]:
    """(∂v/∂g, ∂v/∂b) = 2 ∫_t^1 (x, 1) (g x + b) dx."""
    t, h = _onset(g, b)
    return (1 - t) * h * (2 + t) / 3, (1 - t) * h


def _one_body_curvatures(a: Array, b: Array) -> tuple[Array, Array, Array]:
    """(u_aa, u_ab, u_bb) = 2 ∫_t^1 (x², x, 1) dx - 2 (t², t, 1) t/a."""
    t, h = _onset(a, b)
    steep = jnp.where(h > 0, 2 * t / jnp.where(h > 0, a, 1.0), 0.0)
    v_gg, v_gb, v_bb = _pair_curvatures(a, b)
    return v_gg - steep * t * t, v_gb - steep * t, v_bb - steep


def _pair_curvatures(g: Array, b: Array) -> tuple[Array, Array, Array]:
    """(v_gg, v_gb, v_bb) = 2 ∫_t^1 (x², x, 1) dx."""
    t, _ = _onset(g, b)
    return 2 * (1 - t**3) / 3, 1 - t * t, 2 * (1 - t)


@one_body_potential.defjvp
def _(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    slopes = _one_body_slopes(*primals)
    return one_body_potential(*primals), slopes[0] * tangents[0] + slopes[1] * tangents[1]


@pair_potential.defjvp
def _(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    slopes = pair_slopes(*primals)
    return pair_potential(*primals), slopes[0] * tangents[0] + slopes[1] * tangents[1]


def _bilinear(curvatures: tuple[Array, Array, Array], tangents: tuple) -> tuple[Array, Array]:
    (xx, xb, bb), (dx, db) = curvatures, tangents
    return xx * dx + xb * db, xb * dx + bb * db


@_one_body_slopes.defjvp
def _(primals: tuple, tangents: tuple) -> tuple[tuple, tuple]:
    return _one_body_slopes(*primals), _bilinear(_one_body_curvatures(*primals), tangents)


@pair_slopes.defjvp
def _(primals: tuple, tangents: tuple) -> tuple[tuple, tuple]:
    return pair_slopes(*primals), _bilinear(_pair_curvatures(*primals), tangents)
