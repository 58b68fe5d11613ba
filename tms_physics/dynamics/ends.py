"""What the steady state at the end of a flow is: polished and examined, where that is possible."""

from typing import NamedTuple

import jax.numpy as jnp

from .._types import BoolScalar, IntScalar, Number, Scalar, Vector
from . import result as outcomes
from ._flat import FlatProblem
from .newton import gradient_tolerance, polish
from .path import Path
from .stability import curvature


class End(NamedTuple):
    """The last state, ‖∇E‖ there, what the polish did, the least curvature and its direction.

    `outcomes` are conditions and codes of `result`, first come first served; `default` the code
    where none holds.
    """

    y: Vector
    gradient_norm: Scalar
    shift: Scalar
    curvature: Scalar
    direction: Vector
    polish_steps: IntScalar
    outcomes: tuple[tuple[BoolScalar, int], ...]
    default: int


def dense_end(
    problem: FlatProblem, path: Path, *, max_shift: Number, tolerance: Number | None
) -> End:
    """Newton's polish and the least one-sided curvature, by dense Hessians."""
    limit = gradient_tolerance(path.end.dtype, tolerance)
    polished = polish(problem.energy, path.end, tolerance=limit)
    shift = jnp.linalg.norm(polished.y - path.end)
    final = jnp.where(path.reached, polished.y, path.end)
    bend = curvature(problem.energy, final, zero_modes=problem.zero_modes)
    return End(
        y=final,
        gradient_norm=jnp.where(path.reached, polished.gradient_norm, path.gradient_norm),
        shift=shift,
        curvature=bend.value,
        direction=bend.direction,
        polish_steps=polished.steps,
        outcomes=(
            (~(polished.gradient_norm <= limit), outcomes.NOT_POLISHED),
            (shift > max_shift, outcomes.MOVED_TOO_FAR),
            (bend.value < -bend.tolerance, outcomes.SADDLE),
        ),
        default=outcomes.MINIMUM,
    )


def unexamined_end(path: Path) -> End:
    """The end as it is: no polish, no curvature (not a number), no direction (zero)."""
    zero = jnp.zeros((), path.end.dtype)
    return End(
        y=path.end,
        gradient_norm=path.gradient_norm,
        shift=zero,
        curvature=jnp.full_like(zero, jnp.nan),
        direction=jnp.zeros_like(path.end),
        polish_steps=jnp.zeros((), int),
        outcomes=(),
        default=outcomes.UNEXAMINED,
    )
