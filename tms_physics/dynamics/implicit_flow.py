"""The path of a flow with dense Hessians: L-stable implicit steps, a few hundred parameters."""

from collections.abc import Callable

import diffrax as dfx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from .._types import BoolScalar, Number, Scalar, Vector
from . import result as outcomes
from ._flat import FlatProblem
from .path import Path

_FIRST_STEP = 1e-2  # in units of 1/curvature; the controller takes it from there


def implicit_path(
    problem: FlatProblem,
    times: Float[Array, " T"] | None,
    last_time: Number,
    *,
    observe: Callable[[Vector], PyTree],
    steady: Number,
    rtol: Number,
    max_steps: int,
) -> Path:
    """Follow ẏ = -∇E by Kvaerno 3/2 (`diffrax`) to ‖∇E‖ < `steady`; see `gradient_flow`."""
    gradient = jax.jit(jax.grad(problem.energy))
    solution = _solve(
        lambda t, y, args: -gradient(y),
        problem.y,
        times,
        last_time,
        steady=steady,
        rtol=rtol,
        max_steps=max_steps,
    )
    end = solution.ys[0][0]  # type: ignore[index]
    saved, states = _saved(solution, times, problem.y, end)
    return Path(
        times=saved,
        observed=jax.vmap(observe)(states),
        energies=jax.vmap(problem.energy)(states),
        end=end,
        gradient_norm=jnp.linalg.norm(gradient(end)),
        reached=dfx.is_event(solution.result),
        failures=_failures(solution, end),
        events=None,
        stats={
            "accepted_steps": solution.stats["num_accepted_steps"],
            "rejected_steps": solution.stats["num_rejected_steps"],
        },
    )


def _solve(
    field: Callable,
    y0: Vector,
    times: Float[Array, " T"] | None,
    last_time: Number,
    *,
    steady: Number,
    rtol: Number,
    max_steps: int,
) -> dfx.Solution:
    t0 = jnp.zeros((), y0.dtype) if times is None else times[0]
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
        y0,
        saveat=dfx.SaveAt(subs=subs),
        stepsize_controller=dfx.PIDController(rtol=rtol, atol=rtol * 1e-3),
        event=dfx.Event(is_steady),
        adjoint=dfx.ForwardMode(),
        max_steps=max_steps,
        throw=False,
    )


def _failures(solution: dfx.Solution, end: Vector) -> tuple[tuple[BoolScalar, int], ...]:
    """The ways in which the solver stops before a steady state."""
    reached = dfx.is_event(solution.result)
    return (
        (~jnp.all(jnp.isfinite(end)), outcomes.SOLVER_FAILED),
        (dfx.is_successful(solution.result) & ~reached, outcomes.LAST_TIME),
        (solution.result == dfx.RESULTS.max_steps_reached, outcomes.STEP_LIMIT),
        (~reached, outcomes.SOLVER_FAILED),
    )


def _saved(
    solution: dfx.Solution, saved: Float[Array, " T"] | None, start: Vector, end: Vector
) -> tuple[Float[Array, " T"], Float[Array, "T N"]]:
    """Times and states along the way; the end is repeated at times after the steady state."""
    if saved is None:
        return jnp.zeros(1, start.dtype), start[None]
    met = jnp.isfinite(solution.ts[1])  # type: ignore[index]
    return saved, jnp.where(met[:, None], solution.ys[1], end[None])  # type: ignore[index]
