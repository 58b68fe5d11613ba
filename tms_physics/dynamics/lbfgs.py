"""Descent by L-BFGS: no Hessian, one evaluation of energy and gradient a step, or little more."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from .._types import BoolScalar, IntScalar, Number, Scalar, Vector
from .newton import Energy

MEMORY = 20  # past steps that the inverse Hessian is modelled with
_ROUNDING = 100  # ulps


class Descent(NamedTuple):
    """State y with its energy and gradient; steps tried; evaluations of energy and gradient;
    `blur`, the difference below which energies are the same."""

    y: Vector
    energy: Scalar
    gradient: Vector
    steps: IntScalar
    evaluations: IntScalar
    blur: Scalar


def start_at(energy: Energy, y: Vector) -> Descent:
    """A descent from `y`. Its blur is 100 ulps of E(y): E may be a sum that cancels later."""
    value, gradient = jax.value_and_grad(energy)(y)
    blur = _ROUNDING * float(jnp.finfo(y.dtype).eps) * jnp.abs(value)
    return Descent(y, value, gradient, jnp.asarray(0), jnp.asarray(1), blur)


def has_fallen(at: Descent, value: Scalar, gradient: Vector) -> BoolScalar:
    """Whether E is lower than `at`, or the same but for the blur and ‖∇E‖ is lower."""
    calmer = jnp.linalg.norm(gradient) < jnp.linalg.norm(at.gradient)
    return (value < at.energy) | ((value <= at.energy + at.blur) & calmer)


def advance(at: Descent, y: Vector, value: Scalar, gradient: Vector, evaluations: Any) -> Descent:
    """The next state if E has fallen, else `at`; counts one step and `evaluations`."""
    fallen = has_fallen(at, value, gradient)
    return Descent(
        jnp.where(fallen, y, at.y),
        jnp.where(fallen, value, at.energy),
        jnp.where(fallen, gradient, at.gradient),
        at.steps + 1,
        at.evaluations + evaluations,
        at.blur,
    )


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

    def as_given(y: Vector) -> Scalar:
        """E, in the precision of y0: the line search of optax 0.2.8 tries some steps in float64."""
        return energy(y.astype(y0.dtype))

    def step(carry: _Carry) -> _Carry:
        at = carry.at
        update: Any
        update, memory = optimiser.update(
            at.gradient,
            carry.memory,
            at.y,
            value=at.energy,
            grad=at.gradient,
            value_fn=as_given,
        )
        search: Any = memory[-1]  # type: ignore[index]
        fallen = has_fallen(at, search.value, search.grad)
        spent = search.info.num_linesearch_steps
        new = advance(at, at.y + update, search.value, search.grad, spent)
        return _Carry(new, memory, fallen)

    def unfinished(carry: _Carry) -> BoolScalar:
        steep = jnp.linalg.norm(carry.at.gradient) > tolerance
        return steep & carry.falling & (carry.at.steps < max_steps)

    first = _Carry(start_at(energy, y0), optimiser.init(y0), jnp.asarray(True))
    return jax.lax.while_loop(unfinished, step, first).at
