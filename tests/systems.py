"""Energies that can be solved by hand; every flow, minimisation and curvature runs through them.

All states are pytrees or vectors, all times in units of 1/curvature.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

Array = np.ndarray
Energy = Callable[[jax.Array], jax.Array]


class Point(NamedTuple):
    """A stationary point, its energy and the least eigenvalue of the Hessian there."""

    y: Array
    energy: float
    curvature: float


class System(NamedTuple):
    """An energy with its stationary points and, from `start`, its flow at time t."""

    energy: Energy
    start: Array
    flow: Callable[[float], Array]
    minima: tuple[Point, ...]
    saddles: tuple[Point, ...] = ()


def _quadratic() -> System:
    """½ (y-c)·A (y-c): y - c = exp(-A t)(y₀ - c). Stiff: A has eigenvalues 1, 30 and 1000."""
    rates = np.array([1.0, 30.0, 1000.0])
    axes = np.linalg.qr(np.arange(9.0).reshape(3, 3) + np.eye(3))[0]
    matrix, centre, start = axes * rates @ axes.T, np.array([1.0, -2.0, 0.5]), np.ones(3)

    def energy(y: jax.Array) -> jax.Array:
        return (y - centre) @ jnp.asarray(matrix, y.dtype) @ (y - centre) / 2

    def flow(t: float) -> Array:
        return centre + axes @ (np.exp(-rates * t) * (axes.T @ (start - centre)))

    return System(energy, start, flow, (Point(centre, 0.0, 1.0),))


def _double_well() -> System:
    """Σ (y_i² - 1)²/4 in two dimensions: ẏ = y - y³, y² = 1/(1 + (1/y₀² - 1) e^{-2t})."""
    start = np.array([0.01, -1.8])

    def energy(y: jax.Array) -> jax.Array:
        return jnp.sum((y**2 - 1) ** 2) / 4

    def flow(t: float) -> Array:
        return np.sign(start) / np.sqrt(1 + (1 / start**2 - 1) * np.exp(-2 * t))

    signs = [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    minima = tuple(Point(np.array(sign, float), 0.0, 2.0) for sign in signs)
    sides = [(0, 1), (0, -1), (1, 0), (-1, 0)]
    saddles = tuple(Point(np.array(side, float), 0.25, -1.0) for side in sides)
    return System(energy, start, flow, minima, (*saddles, Point(np.zeros(2), 0.5, -1.0)))


def _tilted_well() -> System:
    """E' = (y² - 1)(y - c), c = 0.3: minima ±1 of unequal depth, barrier at c.

    The flow starts at y₀ = c, on the barrier, and along the second coordinate decays as e^{-t}.
    """
    c = 0.3
    start = np.array([c, 1.0])

    def energy(y: jax.Array) -> jax.Array:
        x = y[0]
        return x**4 / 4 - c * x**3 / 3 - x**2 / 2 + c * x + y[1] ** 2 / 2

    def point(x: float, curvature: float) -> Point:
        height = x**4 / 4 - c * x**3 / 3 - x**2 / 2 + c * x
        return Point(np.array([x, 0.0]), height, curvature)

    def flow(t: float) -> Array:
        return np.array([c, np.exp(-t)])

    minima = (point(-1.0, 1.0), point(1.0, 1.0))
    return System(energy, start, flow, minima, (point(c, c**2 - 1),))


def _single_feature() -> System:
    """p I (1 - ‖w‖²)²/3: one feature in the one-active limit, u = ‖w‖² obeys u̇ = (8/3) p I u (1-u).

    The minima form a circle: one rotation is a zero mode.
    """
    rate, start = 8 / 3 * 0.3 * 2.0, np.array([0.03, -0.04])

    def energy(w: jax.Array) -> jax.Array:
        return 0.3 * 2.0 * (1 - w @ w) ** 2 / 3

    def flow(t: float) -> Array:
        u = start @ start
        growth = 1 / (u + (1 - u) * np.exp(-rate * t))
        return start * np.sqrt(growth)

    height = 0.3 * 2.0 / 3
    return System(
        energy,
        start,
        flow,
        (Point(np.array([0.6, -0.8]), 0.0, rate),),
        (Point(np.zeros(2), height, -rate / 2),),
    )


def _linear_network() -> System:
    """σ² ‖1 - WᵀW‖²: a linear model of equal variances, each singular value on its own.

    W = Σ_k s_k u_k v_k with fixed u_k, v_k, and s_k² is logistic with the rate 8σ². The state is W
    (2, 3) as a vector; the height of the minimum is σ² (n - m).
    """
    variance = 0.1
    left, values, right = np.linalg.svd(np.array([[0.2, 0.1, -0.1], [0.05, 0.3, 0.4]]), False)
    start = ((left * values) @ right).ravel()

    def energy(w: jax.Array) -> jax.Array:
        W = w.reshape(2, 3)
        return variance * jnp.sum((jnp.eye(3, dtype=w.dtype) - W.T @ W) ** 2)

    def flow(t: float) -> Array:
        s = values / np.sqrt(values**2 + (1 - values**2) * np.exp(-8 * variance * t))
        return ((left * s) @ right).ravel()

    lost = (left[:, :1] @ right[:1]).ravel()
    minimum = Point((left @ right).ravel(), variance, 0.0)
    saddle = Point(lost, 2 * variance, -4 * variance)
    return System(energy, start, flow, (minimum,), (saddle, Point(np.zeros(6), 0.3, -0.4)))


SYSTEMS: dict[str, System] = {
    "quadratic": _quadratic(),
    "double well": _double_well(),
    "tilted well": _tilted_well(),
    "single feature": _single_feature(),
    "linear network": _linear_network(),
}


class Kink(NamedTuple):
    """An energy with a kink at the origin of the plane, and its least one-sided curvature there."""

    energy: Energy
    curvature: float


def _one_sided(up: float, down: float) -> Kink:
    """½ up x₊² + ½ down x₋² + y²: the smaller of the two sides, if below 2."""

    def energy(v: jax.Array) -> jax.Array:
        x, y = v
        return up * jnp.maximum(x, 0) ** 2 / 2 + down * jnp.minimum(x, 0) ** 2 / 2 + y**2

    return Kink(energy, min(up, down, 2.0))


def _wedge() -> Kink:
    """½‖v‖² - (3/2)(x + y)₊²: -5/2 per unit along the diagonal x = y > 0, 1 on the other side."""

    def energy(v: jax.Array) -> jax.Array:
        return v @ v / 2 - 1.5 * jnp.maximum(v[0] + v[1], 0) ** 2

    return Kink(energy, 1.0 - 1.5 * 2 * 2)


KINKS: dict[str, Kink] = {
    "minimum": _one_sided(2.0, 0.8),
    "unstable above": _one_sided(-0.5, 3.0),
    "unstable below": _one_sided(3.0, -0.5),
    "flat below": _one_sided(1.0, 0.0),
    "wedge": _wedge(),
}
