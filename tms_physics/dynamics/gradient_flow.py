"""Gradient flow ẏ = -∇E(y): training with infinitely many samples and infinitesimal steps."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jax.core import Tracer
from jaxtyping import Array, Float, PyTree

from .._checks import (
    check_count,
    check_optional,
    check_positive,
    check_shape,
    check_values,
    real_array,
)
from .._memory import check_memory
from .._types import IntScalar, Number, Scalar, State, Vector
from . import result as outcomes
from ._flat import DENSE_PARAMETERS, FlatProblem, flatten
from .ends import End, dense_end, unexamined_end
from .events import LEAST_RATIO, Events, Wanted, Watched
from .explicit_flow import explicit_path
from .implicit_flow import implicit_path
from .path import Path
from .result import Result


class Trajectory(eqx.Module):
    """A flow and its end.

    `times` (T,), `states` (leading axis T; None with `observe`), `observed` (leading axis T; None
    without `observe`) and `energies` (T,) along the way; times after the steady state repeat it.
    `final` is the polished end state, `final_energy` its energy, `gradient_norm` ‖∇E‖ there,
    `shift` how far the polish moved it, `curvature` the least one-sided second derivative and
    `direction` the unit direction of it (along which a saddle is left), `result` a sentence,
    `stats` counts of solver steps, `events` what was asked for of them. Of more than
    `dense_parameters` parameters the end is neither polished nor examined: no shift, no direction,
    and a curvature that is not a number.
    """

    times: Float[Array, " T"]
    states: State
    observed: PyTree
    energies: Float[Array, " T"]
    final: State
    final_energy: Scalar
    gradient_norm: Scalar
    shift: Scalar
    curvature: Scalar
    direction: State
    result: Result
    stats: dict[str, IntScalar]
    events: Events | None


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
    observe: Callable[[State], PyTree] | None = None,
    plateau_ratio: Number | None = None,
    watch: Callable[[State], Float[Array, " C"]] | None = None,
    levels: Float[Array, " L"] | None = None,
    max_crossings: int = 1024,
    dense_parameters: int = DENSE_PARAMETERS,
) -> Trajectory:
    """Follow ẏ = -∇E(y) to a steady state, then polish it and tell a minimum from a saddle.

    The flow is stiff with long plateaus near saddles. Up to `dense_parameters` of them
    an L-stable implicit method (Kvaerno 3/2, adaptive, `diffrax`) follows it and ends by event
    where ‖∇E‖ < `steady`; a semismooth Newton iteration then solves ∇E = 0 to ‖∇E‖ ≤ `tolerance`.
    Of larger states, and where events are asked for, the path is that of an explicit method that
    needs gradients only (Runge-Kutta-Chebyshev of second order, adaptive in step and stages); it
    also ends where rounding leaves no gradient to follow. What did not arrive is reported as
    failed in `result`, with the state where it stopped. A flow may end at a saddle for good: the
    second derivatives jump at kinks, so a state can attract from one side and repel on the other.
    The end of a larger state is left as it is: its stability is not examined. With
    `dense_parameters=0` that holds for any state, which spares the compile of Hessians. An energy
    whose gradient is known to an error δ can be followed explicitly where ‖∇E‖ >> δ rtol^(-2/3);
    below, no step is short enough: ask for a smaller error of the energy, or a larger `rtol`.

    **Arguments:** `energy`: state -> scalar; `y0`: start, any pytree of real arrays; `times` (T,):
    increasing times to save, the first that of `y0` (default: only 0), in units of 1/curvature;
    `last_time`: where to give up;
    `steady`: gradient norm of a steady state, and of a plateau that would pass for one; `rtol`:
    local error relative to the parameters (the absolute one is 1e-3 of it), with the explicit
    method also, times 4 rtol^(-1/3), relative to the distance moved; `max_steps`: solver steps;
    `max_shift`: largest shift of the polish, in parameter units; `tolerance`: of the polish
    (default 1e-12 in float64, 1e-5 in float32); `zero_modes`: see `curvature`; `observe`: saves
    observe(state), any pytree of arrays, at `times` instead of states; `dense_parameters` ≥ 0:
    larger states are followed and left without Hessians.

    **Events** (see `Events`): `plateau_ratio` ≥ 1.5, 3 is a good value: records every minimum of
    the speed ‖∇E‖ that lies below the maxima before and after it by this factor or more, its
    state, and when the plateau around it is entered and left: where the speed is that maximum
    over √ratio, so that plateaus are what lies between the jumps. The start counts as a maximum.
    `watch`, `levels`: records when the entries of watch(state) (C,) cross each level (L,), at most
    `max_crossings` of them; two crossings of one level by one entry within one step go unseen.

    Raises `ValueError` for values out of range. jit- and vmap-able; forward-mode differentiable.
    """
    positive = {"last_time": last_time, "steady": steady, "rtol": rtol, "max_shift": max_shift}
    for name, value in positive.items():
        check_positive(name, value)
    if tolerance is not None:
        check_positive("tolerance", tolerance)
    check_count("max_steps", max_steps)
    check_count("dense_parameters", dense_parameters, 0)
    check_optional(observe=observe, watch=watch)
    problem = flatten(energy, y0, zero_modes)
    saved = None if times is None else _checked_times(times).astype(problem.y.dtype)
    wanted = _checked_events(problem, plateau_ratio, watch, levels, max_crossings)
    large = problem.y.size > dense_parameters
    seen = problem.unravel if observe is None else lambda v: observe(problem.unravel(v))
    limits = {"steady": steady, "rtol": rtol, "max_steps": max_steps}
    if large or not wanted.is_nothing:
        path = explicit_path(problem, saved, last_time, observe=seen, wanted=wanted, **limits)
    else:
        path = implicit_path(problem, saved, last_time, observe=seen, **limits)
    return _trajectory(
        problem,
        path,
        unexamined_end(path)
        if large
        else dense_end(problem, path, max_shift=max_shift, tolerance=tolerance),
        has_states=observe is None,
    )


def _trajectory(problem: FlatProblem, path: Path, end: End, *, has_states: bool) -> Trajectory:
    return Trajectory(
        times=path.times,
        states=path.observed if has_states else None,
        observed=None if has_states else path.observed,
        energies=path.energies,
        final=problem.unravel(end.y),
        final_energy=problem.energy(end.y),
        gradient_norm=end.gradient_norm,
        shift=end.shift,
        curvature=end.curvature,
        direction=problem.unravel(end.direction),
        result=outcomes.select(*path.failures, *end.outcomes, default=end.default),
        stats={**path.stats, "polish_steps": end.polish_steps},
        events=path.events,
    )


def _checked_times(times: Float[Array, " T"]) -> Float[Array, " T"]:
    array = real_array("times", times)
    check_shape("times", array, "(T,) with T >= 1", array.ndim == 1 and array.size > 0)
    if isinstance(array, Tracer):  # left to diffrax
        return array
    rule = "finite and not decreasing"
    return check_values("times", array, rule, lambda t: jnp.diff(t, prepend=-jnp.inf) >= 0)


def _checked_events(
    problem: FlatProblem,
    ratio: Number | None,
    watch: Callable[[State], Float[Array, " C"]] | None,
    levels: Float[Array, " L"] | None,
    capacity: int,
) -> Wanted:
    """The events asked for; raises `ValueError` for what cannot be searched for."""
    check_memory("max_crossings", check_count("max_crossings", capacity), lambda size: 100 * size)
    dtype = problem.y.dtype
    if ratio is not None:
        ratio = real_array("plateau_ratio", ratio).astype(dtype)
        check_shape("plateau_ratio", ratio, "()", ratio.ndim == 0)
        rule = f"finite and >= {LEAST_RATIO}"
        ratio = check_values(
            "plateau_ratio", ratio, rule, lambda a: jnp.isfinite(a) & (a >= LEAST_RATIO)
        )
    if watch is None or levels is None:
        if (watch is None) != (levels is None):
            missing, given = ("watch", "levels") if watch is None else ("levels", "watch")
            raise ValueError(f"Argument `{missing}` must be given with `{given}`, but is None.")
        return Wanted(ratio, None)
    heights = real_array("levels", levels).astype(dtype)
    check_shape("levels", heights, "(L,) with L >= 1", heights.ndim == 1 and heights.size > 0)
    heights = check_values("levels", heights, "finite", jnp.isfinite)
    return Wanted(ratio, Watched(_checked_watch(problem, watch), heights, capacity))


def _checked_watch(
    problem: FlatProblem, watch: Callable[[State], Float[Array, " C"]]
) -> Callable[[Vector], Float[Array, " C"]]:
    """`watch` as a function of vectors."""

    def watched(v: Vector) -> Float[Array, " C"]:
        return watch(problem.unravel(v))

    shape = getattr(eqx.filter_eval_shape(watched, problem.y), "shape", ())
    if len(shape) != 1 or shape[0] == 0:
        raise ValueError(
            f"Argument `watch` must map a state to shape (C,) with C >= 1, but gives shape {shape}."
        )
    return watched
