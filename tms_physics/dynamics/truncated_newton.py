"""Truncated Newton: a trust region whose steps are found by conjugate gradients, without a Hessian.

Hessians act as derivatives of the gradient along a direction, d∇E(y + t v)/dt, for which the
energy needs no more than a gradient that is differentiable in forward mode.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from .._types import BoolScalar, IntScalar, Number, Scalar, Vector
from .lbfgs import Descent, advance, has_fallen
from .newton import Energy

_MAX_PRODUCTS = 300  # conjugate gradients a step


def hessian_product(energy: Energy) -> Callable[[Vector, Vector], Vector]:
    """(y, v) -> ∇²E(y) v, forward over reverse; at a kink with one of the one-sided Hessians."""
    gradient = jax.grad(energy)
    return lambda y, v: jax.jvp(gradient, (y,), (v,))[1]


class Model(NamedTuple):
    """Conjugate gradients: step s, residual -g - H s, direction, g·s + ½ s·H s, products so far;
    whether it has ended, and there on the boundary."""

    step: Vector
    residual: Vector
    direction: Vector
    change: Scalar
    products: IntScalar
    ended: BoolScalar
    outside: BoolScalar


def steihaug(
    product: Callable[[Vector], Vector], gradient: Vector, radius: Scalar, tolerance: Number
) -> Model:
    """Minimise g·s + ½ s·H s within ‖s‖ ≤ `radius` by conjugate gradients; `product(v)` = H v.

    Ends where ‖g + H s‖ ≤ `tolerance`, or on the boundary: where the iteration leaves the region
    or meets a direction of negative curvature, which it follows (Steihaug 1983; Nocedal and
    Wright 2006, algorithm 7.2). At most 300 products.
    """

    def step(at: Model) -> Model:
        along = product(at.direction)
        bend = at.direction @ along
        square = at.residual @ at.residual
        inside = square / jnp.where(bend > 0, bend, 1.0)
        size = jnp.linalg.norm(at.step + inside * at.direction)
        leaves = (bend <= 0) | (size >= radius)
        length = jnp.where(leaves, _to_boundary(at.step, at.direction, radius), inside)
        residual = at.residual - length * along
        ahead = residual @ residual
        return Model(
            at.step + length * at.direction,
            residual,
            residual + ahead / square * at.direction,
            at.change - length * square + length**2 * bend / 2,
            at.products + 1,
            leaves | (jnp.sqrt(ahead) <= tolerance),
            leaves,
        )

    def unfinished(at: Model) -> BoolScalar:
        return ~at.ended & (at.products < _MAX_PRODUCTS)

    zero, no = jnp.zeros((), gradient.dtype), jnp.asarray(False)
    start = Model(jnp.zeros_like(gradient), -gradient, -gradient, zero, jnp.asarray(0), no, no)
    return jax.lax.while_loop(unfinished, step, start)


def _to_boundary(step: Vector, direction: Vector, radius: Scalar) -> Scalar:
    """The t > 0 at which ‖step + t direction‖ = radius, for step·direction ≥ 0."""
    a, b = direction @ direction, step @ direction
    c = jnp.maximum(radius**2 - step @ step, 0.0)
    return c / (b + jnp.sqrt(b**2 + a * c))


class _Carry(NamedTuple):
    at: Descent
    radius: Scalar
    products: IntScalar


def truncated_newton(
    energy: Energy, start: Descent, *, tolerance: Number, max_steps: int | IntScalar = 200
) -> tuple[Descent, IntScalar]:
    """From `start` to ‖∇E‖ ≤ `tolerance` by Newton steps; returns the end and Hessian products.

    Each step minimises the quadratic model within a trust region, to a residual of
    ‖∇E‖ min(0.1, √(‖∇E‖/‖∇E‖_start)), so that the convergence is superlinear where E is smooth;
    elsewhere it is a semismooth Newton iteration (Qi and Sun 1993). Negative curvature is followed
    downhill. Every accepted step passes `has_fallen`. The steps and evaluations returned are those
    made here.
    """
    product = hessian_product(energy)
    value_and_gradient = jax.value_and_grad(energy)
    eps = float(jnp.finfo(start.y.dtype).eps)
    first = jnp.linalg.norm(start.gradient)

    def step(carry: _Carry) -> _Carry:
        at, radius, products = carry
        norm = jnp.linalg.norm(at.gradient)
        goal = jnp.maximum(norm * jnp.minimum(0.1, jnp.sqrt(norm / first)), 0.1 * tolerance)
        model = steihaug(lambda v: product(at.y, v), at.gradient, radius, goal)
        y = at.y + model.step
        value, gradient = value_and_gradient(y)
        fallen = has_fallen(at, value, gradient)
        # Where the fall drowns in the blur of E, a calmer gradient is all there is to go by.
        share = (value - at.energy) / jnp.where(model.change < 0, model.change, -1.0)
        good = fallen & ((share > 0.25) | (-model.change <= 10 * at.blur))
        grown = jnp.where(model.outside & (share > 0.75), 2 * radius, radius)
        return _Carry(
            advance(at, y, value, gradient, 1),
            jnp.where(good, grown, jnp.linalg.norm(model.step) / 4),
            products + model.products,
        )

    def unfinished(carry: _Carry) -> BoolScalar:
        steep = jnp.linalg.norm(carry.at.gradient) > tolerance
        room = carry.radius > eps * jnp.linalg.norm(carry.at.y)
        return steep & room & (carry.at.steps < max_steps)

    size = jnp.linalg.norm(start.y)
    radius = jnp.where(size > 0, 0.1 * size, jnp.ones_like(size))
    none = jnp.asarray(0)
    begin = _Carry(start._replace(steps=none, evaluations=none), radius, none)
    end = jax.lax.while_loop(unfinished, step, begin)
    return end.at, end.products
