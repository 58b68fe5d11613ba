"""The path of a flow without Hessians: adaptive Runge-Kutta-Chebyshev steps, any number of
parameters."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from .._types import BoolScalar, IntScalar, Number, Scalar, Vector
from . import result as outcomes
from .chebyshev import (
    Field,
    Radius,
    Step,
    chebyshev_step,
    first_guess,
    spectral_radius,
)
from .crossings import CrossingSearch, search_crossings, start_crossings
from .events import Wanted
from .plateaus import PlateauSearch, search_plateaus, start_plateaus
from .step_control import change, misfit, plan

_REFRESH = 10  # steps after which the spectral radius is taken anew
_FIRST_STEP = 0.1  # in units of 1/spectral radius


class Searches(NamedTuple):
    """The events so far; None where not wanted."""

    plateaus: PlateauSearch | None
    crossings: CrossingSearch | None


class Integrated(NamedTuple):
    """What `observe` gave at the times, the end and f there, how it ended, events, counts."""

    observed: PyTree
    end: Vector
    field: Vector
    reached: BoolScalar
    failures: tuple[tuple[BoolScalar, int], ...]
    events: Searches
    stats: dict[str, IntScalar]


class _Now(NamedTuple):
    t: Scalar
    y: Vector
    f: Vector
    h: Scalar
    radius: Radius
    age: IntScalar
    saved: IntScalar
    observed: PyTree
    events: Searches
    counts: dict[str, IntScalar]


class _Problem(NamedTuple):
    field: Field
    times: Float[Array, " T"]
    last_time: Scalar
    observe: Callable[[Vector], PyTree]
    rtol: Scalar
    wanted: Wanted


def integrate(
    field: Field,
    y: Vector,
    times: Float[Array, " T"],
    last_time: Scalar,
    *,
    observe: Callable[[Vector], PyTree],
    steady: Number,
    rtol: Number,
    max_steps: int,
    wanted: Wanted,
) -> Integrated:
    """Follow ẏ = field(y) from times[0] to `last_time`, or to where ‖field‖ < `steady`.

    Steady is also where rounding leaves nothing to follow: ‖f‖ ≤ 8 ε ρ ‖y‖ with ε the spacing of
    floats at 1 and ρ the spectral radius. `observe(y)` is saved at all `times`, by the cubic of
    each step; at times after the end it is that of the end.
    """
    problem = _Problem(field, times, last_time, observe, jnp.asarray(rtol, y.dtype), wanted)

    def is_steady(now: _Now) -> BoolScalar:
        floor = 8 * jnp.finfo(y.dtype).eps * now.radius.value * jnp.linalg.norm(now.y)
        return jnp.linalg.norm(now.f) < jnp.maximum(steady, floor)

    def can_move(now: _Now) -> BoolScalar:
        return (now.t + now.h > now.t) & jnp.all(jnp.isfinite(now.f))

    def has_steps(now: _Now) -> BoolScalar:
        return now.counts["accepted_steps"] + now.counts["rejected_steps"] < max_steps

    def unfinished(now: _Now) -> BoolScalar:
        return has_steps(now) & (now.t < last_time) & can_move(now) & ~is_steady(now)

    end = jax.lax.while_loop(unfinished, lambda now: _advance(problem, now), _start(problem, y))
    reached = is_steady(end)
    return Integrated(
        observed=_fill(end, observe),
        end=end.y,
        field=end.f,
        reached=reached,
        failures=(
            (~can_move(end) & ~reached, outcomes.SOLVER_FAILED),
            (~reached & (end.t >= last_time), outcomes.LAST_TIME),
            (~reached, outcomes.STEP_LIMIT),
        ),
        events=end.events,
        stats=end.counts,
    )


def _start(problem: _Problem, y: Vector) -> _Now:
    t, f = problem.times[0], problem.field(y)
    at = jax.lax.stop_gradient((y, f, first_guess(f)))
    radius = spectral_radius(problem.field, *at, jnp.array(True))
    calm = jnp.where(radius.value > 0, radius.value, 1.0)
    length = problem.last_time - t
    wanted = problem.wanted
    blank = jax.eval_shape(problem.observe, y)
    none = jnp.zeros((), int)
    now = _Now(
        t=t,
        y=y,
        f=f,
        h=jnp.where(radius.value > 0, jnp.minimum(_FIRST_STEP / calm, length), length),
        radius=radius,
        age=none,
        saved=none,
        observed=jax.tree.map(
            lambda leaf: jnp.zeros((problem.times.size, *leaf.shape), leaf.dtype), blank
        ),
        events=Searches(
            None if wanted.plateau_ratio is None else start_plateaus(t, y, f),
            None if wanted.watched is None else start_crossings(wanted.watched, y),
        ),
        counts={
            "accepted_steps": none,
            "rejected_steps": none,
            "gradients": 1 + radius.evaluations,
            "most_stages": none,
        },
    )
    saved, observed = _observe(problem, now, Step(t, t, y, y, f, f))
    return now._replace(saved=saved, observed=observed)


def _advance(problem: _Problem, now: _Now) -> _Now:
    """One step, accepted or not; a step that is not accepted has no length.

    Its length and stages are constants to a derivative of the flow.
    """
    old = now.age >= _REFRESH
    known = jax.lax.stop_gradient(now)
    radius = spectral_radius(problem.field, known.y, known.f, known.radius, old)
    wish = jnp.minimum(known.h, problem.last_time - known.t)
    h, stages = plan(wish, radius.value, problem.rtol)
    y1, f1 = chebyshev_step(problem.field, now.y, now.f, h, stages)
    tried = Step(now.t, now.t + h, now.y, y1, now.f, f1)
    error = misfit(jax.lax.stop_gradient(tried), problem.rtol, h * radius.value)
    good = error <= 1  # False where it is not a number
    rest = Step(now.t, now.t, now.y, now.y, now.f, now.f)
    step = jax.tree.map(lambda new, stay: jnp.where(good, new, stay), tried, rest)
    saved, observed = _observe(problem, now, step)
    counts = now.counts
    return _Now(
        t=step.t1,
        y=step.y1,
        f=step.f1,
        h=h * change(error, now.age < _REFRESH),
        radius=radius,
        age=jnp.where(good, jnp.where(old, 1, now.age + 1), _REFRESH),
        saved=saved,
        observed=observed,
        events=_search(problem.wanted, now.events, step),
        counts={
            "accepted_steps": counts["accepted_steps"] + good,
            "rejected_steps": counts["rejected_steps"] + ~good,
            "gradients": counts["gradients"] + stages + jnp.where(old, radius.evaluations, 0),
            "most_stages": jnp.maximum(counts["most_stages"], stages),
        },
    )


def _observe(problem: _Problem, now: _Now, step: Step) -> tuple[IntScalar, PyTree]:
    """Everything observed up to the end of `step`, and how many times that are."""
    times = problem.times

    def due(state: tuple[IntScalar, PyTree]) -> BoolScalar:
        return (state[0] < times.size) & (times[state[0]] <= step.t1)

    def save(state: tuple[IntScalar, PyTree]) -> tuple[IntScalar, PyTree]:
        at, kept = state
        seen = problem.observe(step.at(times[at]))
        return at + 1, jax.tree.map(lambda all_, one: all_.at[at].set(one), kept, seen)

    return jax.lax.while_loop(due, save, (now.saved, now.observed))


def _fill(end: _Now, observe: Callable[[Vector], PyTree]) -> PyTree:
    def fill(kept: Array, last: Array) -> Array:
        met = (jnp.arange(kept.shape[0]) < end.saved).reshape(-1, *[1] * last.ndim)
        return jnp.where(met, kept, last[None])

    return jax.tree.map(fill, end.observed, observe(end.y))


def _search(wanted: Wanted, events: Searches, step: Step) -> Searches:
    plateaus, crossings = events
    if plateaus is not None and wanted.plateau_ratio is not None:
        plateaus = search_plateaus(plateaus, wanted.plateau_ratio, step)
    if crossings is not None and wanted.watched is not None:
        crossings = search_crossings(crossings, wanted.watched, step)
    return Searches(plateaus, crossings)
