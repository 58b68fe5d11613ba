"""Minimisation without Hessians, for states of many parameters."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from .._checks import check_positive
from .._types import Number, Scalar, Vector
from .dense import End
from .lbfgs import Descent, lbfgs
from .newton import Energy
from .spectrum import least_curvature
from .truncated_newton import truncated_newton

_STEPS_PER_NEWTON_STEP = 10  # L-BFGS steps that cost about as much as one Newton step
_ZERO_CURVATURE = 10  # curvatures below this times `relative_tolerance` of the largest are zero
_DISTANCE = 0.375  # power of `relative_tolerance`: how far, over ‖y‖, a soft minimum may yet be
_SNAPS = (1.0, 1e1, 1e2)  # times `relative_tolerance` ‖y‖: parameters smaller are tried at zero


def relative_tolerance(dtype: jnp.dtype) -> float:
    """Share of `gradient_scale` that a gradient may have at the end: 1e-8, in float32 1e-4."""
    return 1e-8 if jnp.finfo(dtype).eps < 1e-10 else 1e-4


def gradient_scale(energy: Energy, y: Vector) -> Scalar:
    """max(‖∇E(y)‖, ‖∇²E(y) y‖): by how much a change of y by its own size changes the gradient.

    It does not vanish at a minimum, so that a search may start at one, and takes no notice of
    constants added to E. One Hessian product.
    """
    gradient, change = jax.jvp(jax.grad(energy), (y,), (y,))
    return jnp.maximum(jnp.linalg.norm(gradient), jnp.linalg.norm(change))


def minimise_matrix_free(
    energy: Energy,
    y0: Vector,
    zero_modes: Callable[[Vector], jax.Array] | None,
    *,
    tolerance: Number | None,
    max_steps: int,
) -> End:
    """L-BFGS to ‖∇E‖ ≤ `tolerance`, truncated Newton where that stalls, curvature by Lanczos.

    `tolerance` is by default `relative_tolerance` times `gradient_scale` of `y0`. L-BFGS ends after
    10 `max_steps`, Newton after `max_steps`. Parameters that may be zero, where the kinks lie,
    are put there.

    Curvatures count as zero below 10 `relative_tolerance` of the largest, and below ‖∇E‖/d, with
    d = `relative_tolerance`^(3/8) ‖y‖ (1e-3 ‖y‖, in float32 0.03 ‖y‖): the gradient that is left
    may mean that a soft direction is stationary only at a distance d, with another curvature.
    """
    share = relative_tolerance(y0.dtype)
    if tolerance is None:
        limit = share * gradient_scale(energy, y0)
    else:
        limit = check_positive("tolerance", tolerance)
    descent = lbfgs(energy, y0, tolerance=limit, max_steps=_STEPS_PER_NEWTON_STEP * max_steps)
    polished, products = truncated_newton(energy, descent, tolerance=limit, max_steps=max_steps)
    end = snap(energy, polished, tolerance=limit, size=share * jnp.linalg.norm(polished.y))
    norm, size = jnp.linalg.norm(end.gradient), jnp.linalg.norm(end.y)
    bend, more = least_curvature(energy, end.y, zero_modes, share=_ZERO_CURVATURE * share)
    unsure = norm / jnp.where(size > 0, share**_DISTANCE * size, jnp.inf)
    return End(
        end.y,
        end.energy,
        norm,
        limit,
        bend._replace(tolerance=jnp.maximum(bend.tolerance, unsure)),
        {
            "descent_steps": descent.steps,
            "polish_steps": polished.steps,
            "evaluations": descent.evaluations + end.evaluations,
            "hessian_products": products + more + (tolerance is None),
        },
    )


def snap(energy: Energy, at: Descent, *, tolerance: Number, size: Scalar) -> Descent:
    """`at` with its small parameters at exactly zero, as many as `tolerance` on ‖∇E‖ allows.

    Kinks lie there. Of the cuts 100, 10 and 1 times `size`, the largest that neither breaks the
    tolerance nor raises E is made, if any.
    """
    value_and_gradient = jax.value_and_grad(energy)
    count = at.evaluations + len(_SNAPS)

    def attempt(best: Descent, cut: Scalar) -> tuple[Descent, None]:
        y = jnp.where(jnp.abs(at.y) < cut, 0.0, at.y)
        value, gradient = value_and_gradient(y)
        better = jnp.linalg.norm(gradient) <= tolerance
        better &= value <= at.energy + at.blur
        new = best._replace(y=y, energy=value, gradient=gradient)
        return jax.tree.map(lambda a, b: jnp.where(better, a, b), new, best), None

    cuts = size * jnp.asarray(_SNAPS, at.y.dtype)  # the last that is good stays
    best, _ = jax.lax.scan(attempt, at, cuts)
    return best._replace(evaluations=count)
