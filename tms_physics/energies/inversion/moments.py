"""Moments in closed form: of the couplings too small to be resolved, and of the remainder."""

import math
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array

from .idle import LEAST_IDLE
from .product import least_active

SMALL = 1e-6  # couplings below this share of the period are not resolved by any number of nodes
CUMULANTS = 4


class Moments(NamedTuple):
    """Mass, first and second moment of a (signed) measure."""

    mass: Array
    first: Array
    second: Array


def cumulants(g: Array, p: Array) -> Array:
    """The first four cumulants (4, rows) of Σ_j g_j x_j; g, p (others, rows)."""
    m1, m2, m3, m4 = p / 2, p / 3, p / 4, p / 5
    k2 = m2 - m1**2
    k3 = m3 - 3 * m2 * m1 + 2 * m1**3
    k4 = m4 - 4 * m3 * m1 - 3 * m2**2 + 12 * m2 * m1**2 - 6 * m1**4
    powers = ((g, m1), (g**2, k2), (g**3, k3), (g**4, k4))
    return jnp.stack([jnp.sum(power * weight, axis=0) for power, weight in powers])


def convolved(x: Moments, y: Moments) -> Moments:
    """Of the sum of two independent variables."""
    return Moments(
        x.mass * y.mass,
        x.mass * y.first + x.first * y.mass,
        x.mass * y.second + 2 * x.first * y.first + x.second * y.mass,
    )


class Parts(NamedTuple):
    """None, at least one, at least two of the others active."""

    none: Moments
    some: Moments
    several: Moments


def parts(g: Array, p: Array) -> Parts:
    """Moments of Y = Σ_j g_j x_j on each part, sparse models without cancellation."""
    sure = p >= 1
    log_idle = jnp.where(sure, math.log(LEAST_IDLE), jnp.log1p(-jnp.where(sure, 0.0, p)))
    total = jnp.sum(log_idle, axis=0)
    others_active = -jnp.expm1(total[None] - log_idle)  # P(any of the others than j is active)
    mean, square = p * g / 2, p * g**2 / 3
    first, second = jnp.sum(mean, axis=0), jnp.sum(square, axis=0)
    pairs = first**2 - jnp.sum(mean**2, axis=0)
    zero = jnp.zeros_like(total)
    one_or_more, two_or_more = least_active(p)
    several = Moments(
        two_or_more,
        jnp.sum(mean * others_active, axis=0),
        jnp.sum(square * others_active, axis=0) + pairs,
    )
    return Parts(
        Moments(jnp.exp(total), zero, zero),
        Moments(one_or_more, first, second + pairs),
        several,
    )


def remainders(g: Array, p: Array, small: Array) -> tuple[Moments, Moments]:
    """Of what is inverted: without none and one active, and without none active.

    The small couplings count with their mean in what is taken out, and in full in what is left.
    """
    of = parts(g, p)
    one_or_none = Moments(
        *(s - t + a for a, s, t in zip(of.none, of.some, of.several, strict=True))
    )
    shift, spread = small[0], small[1]
    one, zero = jnp.ones_like(shift), jnp.zeros_like(shift)
    full = Moments(one, shift, shift**2 + spread)
    lost = Moments(zero, zero, spread)

    def left(kept: Moments, out: Moments) -> Moments:
        pairs = zip(convolved(full, kept), convolved(lost, out), strict=True)
        return Moments(*(x + y for x, y in pairs))

    return left(of.several, one_or_none), left(of.some, of.none)
