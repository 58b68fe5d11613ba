"""Gradient flow ẏ = -∇E(y): training with infinitely many samples and infinitesimal steps."""

from collections.abc import Callable

import diffrax as dfx
import equinox as eqx
import jax
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float

from .._checks import check_count, check_positive, check_shape, check_values, real_array
from .._types import BoolScalar, IntScalar, Number, Scalar, State, Vector
from . import result as outcomes
from ._flat import flatten
from .newton import gradient_tolerance, polish
from .result import Result
from .stability import curvature

_FIRST_STEP = 1e-2  # in units of 1/curvature; the controller takes it from there


class Trajectory(eqx.Module):
    """A flow and its end.

    `times` (T,), `states` (leading axis T) and `energies` (T,) along the way; times after the
    steady state repeat it. `final` is the polished end state, `final_energy` its energy,
    `gradient_norm` ‖∇E‖ there, `shift` how far the polish moved it, `curvature` the least
    one-sided second derivative and `direction` the unit direction of it (along which a saddle is
    left), `result` a sentence, `stats` counts of solver steps.
    """

    times: Float[Array, " T"]
    states: State
    energies: Float[Array, " T"]
    final: State
    final_energy: Scalar
    gradient_norm: Scalar
    shift: Scalar
    curvature: Scalar
    direction: State
    result: Result
    stats: dict[str, IntScalar]


def _solve(
    field: Callable,
    flat: jax.Array,
    times: jax.Array | None,
    last_time: Number,
    *,
    steady: Number,
    rtol: Number,
    max_steps: int,
) -> dfx.Solution:
    t0 = jnp.zeros((), flat.dtype) if times is None else times[0]
    t1 = jnp.maximum(t0 if times is None else times[-1], last_time)

    # Kept apart, as an event ends the solve before all times: what is not reached is infinite.
    subs = [dfx.SubSaveAt(t1=True)]
    if times is not None:
        subs.append(dfx.SubSaveAt(ts=times))

    def is_steady(t: Scalar, y: jax.Array, args: None, **kwargs: object) -> jax.Array:
        return jnp.linalg.norm(field(t, y, args)) < steady

    return dfx.diffeqsolve(
        dfx.ODETerm(field),
        dfx.Kvaerno3(),
        t0,
        t1,
        jnp.minimum(_FIRST_STEP, t1 - t0),
        flat,
        saveat=dfx.SaveAt(subs=subs),
        stepsize_controller=dfx.PIDController(rtol=rtol, atol=rtol * 1e-3),
        event=dfx.Event(is_steady),
        adjoint=dfx.ForwardMode(),
        max_steps=max_steps,
        throw=False,
    )


def gradient_flow(
    energy: Callable[[State], Scalar],
    y0: State,
    *,
    times: Float[Array, " T"] | None = None,
    last_time: Number = 1e8,
    steady: Number = 1e-7,
    rtol: Number = 1e-5,
    max_steps: int = 10_000,
    max_shift: Number = 1e-2,
    tolerance: Number | None = None,
    zero_modes: Callable[[State], State] | None = None,
) -> Trajectory:
    """Follow ẏ = -∇E(y) to a steady state, then polish it and tell a minimum from a saddle.

    The flow is stiff with long plateaus near saddles, hence an L-stable implicit method
    (Kvaerno 3/2, adaptive, `diffrax`) that ends by event where ‖∇E‖ < `steady`; a semismooth
    Newton iteration then solves ∇E = 0 to ‖∇E‖ ≤ `tolerance`. What did not arrive is reported as
    failed in `result`, with the state where it stopped. A flow may end at a saddle for good: the
    second derivatives jump at kinks, so a state can attract from one side and repel on the
    other. It needs the dense Hessian: use it up to a few hundred parameters.

    **Arguments:** `energy`: state -> scalar; `y0`: start, any pytree of real arrays; `times` (T,):
    increasing times to save, the first that of `y0` (default: only 0), in units of 1/curvature;
    `last_time`: where to give up;
    `steady`: gradient norm of a steady state; `rtol`: local error relative to the parameters (the
    absolute one is 1e-3 of it); `max_steps`: solver steps; `max_shift`: largest shift of the
    polish, in parameter units; `tolerance`: of the polish (default 1e-12 in float64, 1e-5 in
    float32); `zero_modes`: see `curvature`. Raises `ValueError` for values out of range.

    jit- and vmap-able; forward-mode differentiable.
    """
    positive = {"last_time": last_time, "steady": steady, "rtol": rtol, "max_shift": max_shift}
    for name, value in positive.items():
        check_positive(name, value)
    check_count("max_steps", max_steps)
    flat, flat_energy, modes, unravel = flatten(energy, y0, zero_modes)
    saved = None if times is None else _checked_times(times).astype(flat.dtype)
    gradient = jax.jit(jax.grad(flat_energy))
    solution = _solve(
        lambda t, y, args: -gradient(y),
        flat,
        saved,
        last_time,
        steady=steady,
        rtol=rtol,
        max_steps=max_steps,
    )
    end = solution.ys[0][0]  # type: ignore[index]
    reached = dfx.is_event(solution.result)
    limit = gradient_tolerance(flat.dtype, tolerance)
    polished = polish(flat_energy, end, tolerance=limit)
    shift = jnp.linalg.norm(polished.y - end)
    final = jnp.where(reached, polished.y, end)
    bend = curvature(flat_energy, final, zero_modes=modes)
    result = outcomes.select(
        *_unfinished(solution, end),
        (~(polished.gradient_norm <= limit), outcomes.NOT_POLISHED),
        (shift > max_shift, outcomes.MOVED_TOO_FAR),
        (bend.value < -bend.tolerance, outcomes.SADDLE),
        default=outcomes.MINIMUM,
    )
    saved, path = _path(solution, saved, flat, end)
    return Trajectory(
        times=saved,
        states=jax.vmap(unravel)(path),
        energies=jax.vmap(flat_energy)(path),
        final=unravel(final),
        final_energy=flat_energy(final),
        gradient_norm=jnp.where(reached, polished.gradient_norm, jnp.linalg.norm(gradient(end))),
        shift=shift,
        curvature=bend.value,
        direction=unravel(bend.direction),
        result=result,
        stats={
            "accepted_steps": solution.stats["num_accepted_steps"],
            "rejected_steps": solution.stats["num_rejected_steps"],
            "polish_steps": polished.steps,
        },
    )


def _unfinished(solution: dfx.Solution, end: Vector) -> tuple[tuple[BoolScalar, int], ...]:
    """The ways in which the solver stops before a steady state."""
    reached = dfx.is_event(solution.result)
    return (
        (~jnp.all(jnp.isfinite(end)), outcomes.SOLVER_FAILED),
        (dfx.is_successful(solution.result) & ~reached, outcomes.LAST_TIME),
        (solution.result == dfx.RESULTS.max_steps_reached, outcomes.STEP_LIMIT),
        (~reached, outcomes.SOLVER_FAILED),
    )


def _path(
    solution: dfx.Solution, saved: Float[Array, " T"] | None, start: Vector, end: Vector
) -> tuple[Float[Array, " T"], Float[Array, "T N"]]:
    """Times and states along the way; the end is repeated at times after the steady state."""
    if saved is None:
        return jnp.zeros(1, start.dtype), start[None]
    met = jnp.isfinite(solution.ts[1])  # type: ignore[index]
    return saved, jnp.where(met[:, None], solution.ys[1], end[None])  # type: ignore[index]


def _checked_times(times: Float[Array, " T"]) -> Float[Array, " T"]:
    array = real_array("times", times)
    check_shape("times", array, "(T,) with T >= 1", array.ndim == 1 and array.size > 0)
    if isinstance(array, Tracer):  # left to diffrax
        return array
    rule = "finite and not decreasing"
    return check_values("times", array, rule, lambda t: jnp.diff(t, prepend=-jnp.inf) >= 0)
