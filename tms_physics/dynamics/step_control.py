"""Length, stages and accuracy of Runge-Kutta-Chebyshev steps."""

import jax.numpy as jnp

from .._types import BoolScalar, IntScalar, Scalar
from .chebyshev import Step, local_error, stability_interval, stages_for

_MOST_STAGES = 500
_OF_MOTION = 4.0  # tolerance of the distance moved, in units of rtol^(2/3)


def plan(wish: Scalar, radius: Scalar, rtol: Scalar) -> tuple[Scalar, IntScalar]:
    """Length, at most `wish`, and stages of a step. Rounding grows as s²: it stays below rtol."""
    limits = jnp.finfo(radius.dtype)
    most = jnp.floor(jnp.clip(jnp.sqrt(rtol / limits.eps), 2, _MOST_STAGES))
    widest = 0.99 * stability_interval(most) / jnp.maximum(radius, limits.tiny**0.5)
    h = jnp.minimum(wish, widest)
    return h, stages_for(h * radius)


def misfit(step: Step, rtol: Scalar, stiffness: Scalar) -> Scalar:
    """The larger of two local errors in units of their tolerances.

    The error against the parameters, root mean square in units of rtol (|y_i| + 1e-3), and the
    error against the distance moved, in units of 4 rtol^(2/3). The second keeps the slow growth out
    of a saddle accurate where the motion is below the first tolerance: in exp(λt) it allows steps
    h λ ≈ 6 rtol^(1/3), the h ~ rtol^(1/3) of a second-order method.
    """
    error = local_error(step)
    size = jnp.maximum(jnp.abs(step.y0), jnp.abs(step.y1))
    of_state = jnp.sqrt(jnp.mean((error / (rtol * (size + 1e-3))) ** 2))
    rounding = 8 * jnp.finfo(rtol.dtype).eps * (1 + stiffness) * jnp.linalg.norm(step.y0)
    moved = jnp.linalg.norm(step.y1 - step.y0)
    tiny = jnp.finfo(rtol.dtype).tiny
    of_motion = jnp.linalg.norm(error) / (_OF_MOTION * rtol ** (2 / 3) * moved + rounding + tiny)
    return jnp.maximum(of_state, of_motion)


def change(error: Scalar, calm: BoolScalar) -> Scalar:
    """Factor of the next step: that of a local error ~ h³, with a margin, from 1/10 to 5, and
    without growth where not `calm`: kinks make errors that a shorter step need not lower."""
    known = jnp.isfinite(error)
    safe = jnp.maximum(jnp.where(known, error, 1.0), 1e-6)
    factor = jnp.clip(0.8 / safe ** (1 / 3), 0.1, jnp.where(calm, 5.0, 1.0))
    return jnp.where(known, factor, 0.1)
