"""Minimisation with dense Hessians, for states of up to a few hundred parameters."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from .._types import IntScalar, Number, Scalar, Vector
from .newton import Energy, descend, gradient_tolerance, polish
from .stability import Curvature, curvature


class End(NamedTuple):
    """Where a minimisation ended: state, energy, ‖∇E‖ and its limit, least curvature, counts."""

    y: Vector
    energy: Scalar
    gradient_norm: Scalar
    limit: Number
    bend: Curvature
    stats: dict[str, IntScalar]


def minimise_dense(
    energy: Energy,
    y0: Vector,
    zero_modes: Callable[[Vector], jax.Array] | None,
    *,
    tolerance: Number | None,
    max_steps: int,
) -> End:
    """Damped Newton descent, semismooth polish to ‖∇E‖ ≤ `tolerance`, one-sided curvature."""
    limit = gradient_tolerance(y0.dtype, tolerance)
    # Energies are compared down to their rounding, gradients of about its square root.
    near = float(jnp.finfo(y0.dtype).eps) ** 0.5
    y, steps = descend(energy, y0, tolerance=near, max_steps=max_steps)
    polished = polish(energy, y, tolerance=limit)
    bend = curvature(energy, polished.y, zero_modes=zero_modes)
    return End(
        polished.y,
        energy(polished.y),
        polished.gradient_norm,
        limit,
        bend,
        {"descent_steps": steps, "polish_steps": polished.steps},
    )
