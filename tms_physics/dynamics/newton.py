"""Newton's method on an energy of a flat vector: descent to a minimum, polish of any root of ∇E.

The energies here have continuous gradients whose derivatives jump at kinks, so the Hessian that
automatic differentiation returns is one of several one-sided ones; Newton's method with any of
them (semismooth Newton, Qi and Sun 1993) still converges quadratically. Symmetries and dead
features make Hessians singular, so steps are taken in the eigenbasis without the zero modes.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from .._checks import check_positive
from .._types import IntScalar, Matrix, Number, Scalar, Vector

Energy = Callable[[Vector], Scalar]
_ZERO_MODE = 1e-10  # eigenvalues below this share of the largest are taken for zero modes
_KINK = 1e-9  # parameters smaller than this are put to exactly zero, where the kinks lie


def zero_mode_cut(dtype: jnp.dtype) -> float:
    """Share of the largest curvature below which one counts as zero: 1e-10, or 30 ulp if more."""
    return max(_ZERO_MODE, 30 * float(jnp.finfo(dtype).eps))


def gradient_tolerance(dtype: jnp.dtype, tolerance: Number | None = None) -> Number:
    """Gradient norm called zero: `tolerance`, by default 1e-12 in float64, 1e-5 in float32."""
    if tolerance is not None:
        return check_positive("tolerance", tolerance)
    return 1e-12 if jnp.finfo(dtype).eps < 1e-10 else 1e-5


class Polished(NamedTuple):
    """Stationary point y, the norm of the gradient there, steps taken."""

    y: Vector
    gradient_norm: Scalar
    steps: IntScalar


def newton_step(gradient: Vector, hessian: Matrix) -> Vector:
    """-H⁺ g, with H⁺ the pseudo-inverse that leaves zero modes alone."""
    values, vectors = jnp.linalg.eigh(hessian)
    cut = zero_mode_cut(values.dtype) * jnp.max(jnp.abs(values))
    regular = jnp.abs(values) > cut
    inverse = jnp.where(regular, 1 / jnp.where(regular, values, 1.0), 0.0)
    return -vectors @ (inverse * (vectors.T @ gradient))


class _PolishState(NamedTuple):
    y: Vector
    gradient: Vector
    share: Scalar
    steps: IntScalar


def polish(
    energy: Energy, y0: Vector, *, tolerance: Number, max_steps: int | IntScalar = 30
) -> Polished:
    """Solve ∇E = 0 from nearby by Newton steps that lower ‖∇E‖, to ‖∇E‖ ≤ `tolerance`.

    Finds minima and saddles alike. A step that does not lower the norm is quartered. Parameters
    below 1e-9 are put to exactly zero, where the kinks lie, wherever that keeps the gradient.
    """
    gradient_of = jax.jit(jax.grad(energy))
    hessian_of = jax.jacfwd(gradient_of)
    goal = tolerance / 100

    def norm(v: Vector) -> Scalar:
        return jnp.linalg.norm(v)

    def step(state: _PolishState) -> _PolishState:
        y = state.y + state.share * newton_step(state.gradient, hessian_of(state.y))
        both = jnp.stack([y, jnp.where(jnp.abs(y) < _KINK, 0.0, y)])
        gradients = jax.vmap(gradient_of)(both)
        snap = norm(gradients[1]) <= jnp.maximum(tolerance, norm(gradients[0]))
        y, gradient = jnp.where(snap, both[1], y), jnp.where(snap, gradients[1], gradients[0])
        better = (norm(gradient) < norm(state.gradient)) | (norm(gradient) <= tolerance)
        return _PolishState(
            jnp.where(better, y, state.y),
            jnp.where(better, gradient, state.gradient),
            jnp.where(better, jnp.minimum(1.0, 2 * state.share), state.share / 4),
            state.steps + 1,
        )

    def unfinished(state: _PolishState) -> jax.Array:
        wanted = (norm(state.gradient) > goal) | (state.steps == 0)
        return wanted & (state.steps < max_steps) & (state.share > 1e-4)

    start = _PolishState(y0, gradient_of(y0), jnp.ones((), y0.dtype), jnp.asarray(0))
    end = jax.lax.while_loop(unfinished, step, start)
    return Polished(end.y, norm(end.gradient), end.steps)


class _DescentState(NamedTuple):
    y: Vector
    energy: Scalar
    gradient: Vector
    damping: Scalar
    steps: IntScalar


def descend(
    energy: Energy, y0: Vector, *, tolerance: float, max_steps: int = 200
) -> tuple[Vector, IntScalar]:
    """Damped Newton descent, E falling at every accepted step, until ‖∇E‖ ≤ `tolerance`.

    Steps -Σ_k e_k (e_k·∇E)/(|λ_k| + μ) over the eigenvectors of the Hessian go downhill at
    saddles too; the damping μ falls after a success and rises after a failure
    (Levenberg-Marquardt). Returns the state and the number of steps.
    """
    value_and_gradient = jax.jit(jax.value_and_grad(energy))
    hessian_of = jax.jacfwd(jax.jit(jax.grad(energy)))

    def step(state: _DescentState) -> _DescentState:
        values, vectors = jnp.linalg.eigh(hessian_of(state.y))
        scale = zero_mode_cut(values.dtype) * jnp.max(jnp.abs(values))
        slope = vectors.T @ state.gradient
        y = state.y - vectors @ (slope / (jnp.abs(values) + state.damping + scale))
        value, gradient = value_and_gradient(y)
        better = value < state.energy
        return _DescentState(
            jnp.where(better, y, state.y),
            jnp.where(better, value, state.energy),
            jnp.where(better, gradient, state.gradient),
            state.damping * jnp.where(better, 0.2, 8.0),
            state.steps + 1,
        )

    def unfinished(state: _DescentState) -> jax.Array:
        steep = jnp.linalg.norm(state.gradient) > tolerance
        return steep & (state.steps < max_steps) & (state.damping < 1e12)

    value, gradient = value_and_gradient(y0)
    damping = jnp.linalg.norm(gradient) + jnp.finfo(y0.dtype).tiny
    start = _DescentState(y0, value, gradient, damping, jnp.asarray(0))
    end = jax.lax.while_loop(unfinished, step, start)
    return end.y, end.steps
