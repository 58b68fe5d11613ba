"""Descent by L-BFGS: no Hessian, one evaluation of energy and gradient a step, or little more."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .._types import BoolScalar, IntScalar, Number, Scalar, Vector
from .newton import Energy

MEMORY = 20  # past steps that the inverse Hessian is modelled with
_ROUNDING = 10  # ulps


class Descent(NamedTuple):
    """State y with its energy and gradient; steps tried; evaluations of energy and gradient."""

    y: Vector
    energy: Scalar
    gradient: Vector
    steps: IntScalar
    evaluations: IntScalar


def rounding(value: Scalar) -> Scalar:
    """Difference below which energies near `value` are the same: 10 ulps of it."""
    return _ROUNDING * float(jnp.finfo(value.dtype).eps) * jnp.abs(value)


def has_fallen(old: Scalar, new: Scalar, old_gradient: Vector, new_gradient: Vector) -> BoolScalar:
    """Whether E is lower, or the same to `rounding` and ‖∇E‖ is lower. False where not finite."""
    blur = rounding(old)
    calmer = jnp.linalg.norm(new_gradient) < jnp.linalg.norm(old_gradient)
    return (new < old - blur) | ((new <= old + blur) & calmer)


class _Carry(NamedTuple):
    at: Descent
    memory: optax.OptState
    falling: BoolScalar


def lbfgs(
    energy: Energy, y0: Vector, *, tolerance: Number, max_steps: int | IntScalar = 2000
) -> Descent:
    """Descend from `y0` until ‖∇E‖ ≤ `tolerance`; every accepted step passes `has_fallen`.

    Limited-memory BFGS with a line search that zooms to the strong Wolfe conditions (Nocedal and
    Wright 2006, algorithms 7.4 and 3.5), from `optax`. It ends before the tolerance where a step
    falls no more, as happens at the rounding of E.

    What the line search ends with is carried to the next step and not evaluated again. Under
    `vmap` both branches of the search are evaluated, and all members wait for the slowest.
    """
    optimiser = optax.lbfgs(memory_size=MEMORY)

    def step(carry: _Carry) -> _Carry:
        at = carry.at
        update: Any
        update, memory = optimiser.update(
            at.gradient,
            carry.memory,
            at.y,
            value=at.energy,
            grad=at.gradient,
            value_fn=energy,
        )
        search: Any = memory[-1]  # type: ignore[index]
        fallen = has_fallen(at.energy, search.value, at.gradient, search.grad)
        counts = at.steps + 1, at.evaluations + search.info.num_linesearch_steps
        new = Descent(at.y + update, search.value, search.grad, *counts)
        old = Descent(at.y, at.energy, at.gradient, *counts)
        return _Carry(jax.tree.map(lambda a, b: jnp.where(fallen, a, b), new, old), memory, fallen)

    def unfinished(carry: _Carry) -> BoolScalar:
        steep = jnp.linalg.norm(carry.at.gradient) > tolerance
        return steep & carry.falling & (carry.at.steps < max_steps)

    value, gradient = jax.value_and_grad(energy)(y0)
    start = Descent(y0, value, gradient, jnp.asarray(0), jnp.asarray(1))
    first = _Carry(start, optimiser.init(y0), jnp.asarray(True))
    return jax.lax.while_loop(unfinished, step, first).at
