"""Search for crossings: when watched functions of the state pass through levels."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .._types import BoolScalar, IntScalar, Scalar, Vector
from .chebyshev import Step
from .events import Crossings, Watched

_ROOT_STEPS = 45


class CrossingSearch(NamedTuple):
    """The watched values at the last step and the crossings so far."""

    values: Float[Array, " C"]
    times: Float[Array, " M"]
    watched: Int[Array, " M"]
    levels: Int[Array, " M"]
    upwards: Bool[Array, " M"]
    total: IntScalar


def start_crossings(wanted: Watched, y: Vector) -> CrossingSearch:
    room = wanted.capacity
    nothing = jnp.full(room, -1, int)
    times = jnp.full(room, jnp.inf, y.dtype)
    values = wanted.function(y)
    return CrossingSearch(
        values, times, nothing, nothing, jnp.zeros(room, bool), jnp.zeros((), int)
    )


def search_crossings(search: CrossingSearch, wanted: Watched, step: Step) -> CrossingSearch:
    """The search after one more step. An entry is above a level where it is equal to it."""
    watch, levels = wanted.function, wanted.levels
    values = watch(step.y1)
    above = values[:, None] >= levels[None]
    crossed = (above != (search.values[:, None] >= levels[None])).ravel()

    def write(state: tuple[CrossingSearch, Array]) -> tuple[CrossingSearch, Array]:
        now, left = state
        k = jnp.argmax(left)
        c, i = k // levels.size, k % levels.size
        ends = now.values[c] - levels[i], values[c] - levels[i]
        t = _root(lambda t: watch(step.at(t))[c] - levels[i], step, ends, jnp.abs(levels[i]))
        at = now.total  # beyond the buffer it is dropped, and counted
        return now._replace(
            times=now.times.at[at].set(t, mode="drop"),
            watched=now.watched.at[at].set(c, mode="drop"),
            levels=now.levels.at[at].set(i, mode="drop"),
            upwards=now.upwards.at[at].set(above[c, i], mode="drop"),
            total=at + 1,
        ), left.at[k].set(False)

    end, _ = jax.lax.while_loop(lambda state: jnp.any(state[1]), write, (search, crossed))
    return end._replace(values=values)


class _Bracket(NamedTuple):
    a: Scalar
    b: Scalar
    at_a: Scalar
    at_b: Scalar
    t: Scalar
    off: Scalar
    moved_a: BoolScalar
    steps: IntScalar


def _root(
    function: Callable[[Scalar], Scalar], step: Step, ends: tuple[Scalar, Scalar], size: Scalar
) -> Scalar:
    """The time in `step` at which `function`, of unequal signs at its `ends`, is zero.

    The secant of the Illinois rule, and every third time a bisection, down to rounding of numbers
    of `size`.
    """
    eps = jnp.finfo(step.t0.dtype).eps
    least = 4 * eps * (size + jnp.abs(ends[0]) + jnp.abs(ends[1]))

    def narrow(s: _Bracket) -> _Bracket:
        secant = s.a + (s.b - s.a) * s.at_a / (s.at_a - s.at_b)
        t = jnp.where(s.steps % 3 == 2, (s.a + s.b) / 2, secant)
        value = function(t)
        left = (value >= 0) == (s.at_a >= 0)  # the root is to the right of t
        again = (left == s.moved_a) & (s.steps > 0)
        kept = jnp.where(again, 0.5, 1.0) * jnp.where(left, s.at_b, s.at_a)
        return _Bracket(
            jnp.where(left, t, s.a),
            jnp.where(left, s.b, t),
            jnp.where(left, value, kept),
            jnp.where(left, kept, value),
            t,
            jnp.abs(value),
            left,
            s.steps + 1,
        )

    def wide(s: _Bracket) -> BoolScalar:
        short = s.b - s.a <= 4 * eps * jnp.maximum(jnp.abs(s.a), jnp.abs(s.b))
        return (s.off > least) & ~short & (s.steps < _ROOT_STEPS)

    far = jnp.full((), jnp.inf, step.t0.dtype)
    start = _Bracket(step.t0, step.t1, *ends, step.t1, far, jnp.array(False), jnp.zeros((), int))
    return jax.lax.while_loop(wide, narrow, start).t


def found_crossings(search: CrossingSearch) -> Crossings:
    """All crossings met, sorted by time."""
    order = jnp.argsort(search.times, stable=True)
    count = jnp.minimum(search.total, order.size)
    rows = (search.times, search.watched, search.levels, search.upwards)
    return Crossings(*(row[order] for row in rows), count=count, overflow=search.total - count)
