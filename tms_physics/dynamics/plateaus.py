"""Search for plateaus of a flow: minima of its speed between maxima that are higher by a ratio."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._types import BoolScalar, IntScalar, Scalar, State, Vector
from .chebyshev import Step
from .events import PLATEAUS, Plateaus

_LEVELS = 2048  # of the logarithm of the speed, 0.045 apart: e^{-46} to e^{46} times the first
_RANGE = 46.0


class _Low(NamedTuple):
    """The slowest point since the last fast one, and when the plateau around it was entered."""

    log_speed: Scalar
    t: Scalar
    y: Vector
    entered: Scalar


class PlateauSearch(NamedTuple):
    """Extrema of the speed that differ by the ratio, and what is known of the next one.

    While `rising` is false the next minimum is searched, after it the next maximum. `down` is the
    last time at which the speed fell through each of `levels`, `up` the first since the minimum
    at which it rose through it.
    """

    rising: BoolScalar
    peak_before: Scalar
    peak: Scalar
    low: _Low
    levels: Float[Array, " K"]
    down: Float[Array, " K"]
    up: Float[Array, " K"]
    found: Float[Array, "4 P"]
    states: Float[Array, "P N"]
    total: IntScalar


def _log_speed(f: Vector) -> Scalar:
    return jnp.log(jnp.maximum(jnp.linalg.norm(f), jnp.finfo(f.dtype).tiny))


def _when(search: PlateauSearch, times: Float[Array, " K"], level: Scalar) -> Scalar:
    """The time at `level`, between those at the two levels next to it."""
    spacing = search.levels[1] - search.levels[0]
    place = jnp.clip((level - search.levels[0]) / spacing, 0, _LEVELS - 1.5)
    k = place.astype(int)
    return times[k] + (place - k) * (times[k + 1] - times[k])


def start_plateaus(t: Scalar, y: Vector, f: Vector) -> PlateauSearch:
    """A search that takes the start for a fall from infinite speed."""
    v = _log_speed(f)
    infinite = jnp.full((), jnp.inf, y.dtype)
    levels = v + jnp.linspace(-_RANGE, _RANGE, _LEVELS, dtype=y.dtype)
    return PlateauSearch(
        jnp.array(False),
        infinite,
        v,
        _Low(v, t, y, t),
        levels,
        jnp.broadcast_to(t, levels.shape),
        jnp.full_like(levels, jnp.inf),
        jnp.full((4, PLATEAUS), jnp.inf, y.dtype),
        jnp.zeros((PLATEAUS, y.size), y.dtype),
        jnp.zeros((), int),
    )


def search_plateaus(search: PlateauSearch, ratio: Scalar, step: Step) -> PlateauSearch:
    """The search after one more step; between its ends the speed is taken as exponential."""
    v0, v1, gap = _log_speed(step.f0), _log_speed(step.f1), jnp.log(ratio)
    slope = jnp.where(v1 == v0, 1.0, v1 - v0)
    passed = step.t0 + (step.t1 - step.t0) * (search.levels - v0) / slope
    fell = (search.levels < v0) & (search.levels >= v1)
    rose = (search.levels >= v0) & (search.levels < v1) & jnp.isinf(search.up)
    search = search._replace(
        down=jnp.where(fell, passed, search.down), up=jnp.where(rose, passed, search.up)
    )
    peak = jnp.maximum(search.peak, v1)
    over = search.rising & (v1 <= peak - gap)
    search = _close(search._replace(peak=peak), gap, over)
    new_low = over | (~search.rising & (v1 < search.low.log_speed))
    level = search.peak_before - gap / 2
    start = jnp.isinf(search.peak_before)
    entered = jnp.where(start, search.down[-1], _when(search, search.down, level))
    low = _Low(v1, step.t1, step.y1, entered)
    low = jax.tree.map(lambda new, old: jnp.where(new_low, new, old), low, search.low)
    rising = search.rising | (v1 >= low.log_speed + gap)
    return search._replace(
        rising=rising,
        peak=jnp.where(rising, search.peak, v1),
        low=low,
        up=jnp.where(new_low, jnp.inf, search.up),
    )


def _close(search: PlateauSearch, gap: Scalar, over: BoolScalar) -> PlateauSearch:
    """Where `over`, writes down the plateau between the last two maxima of the speed."""
    left = _when(search, search.up, search.peak - gap / 2)
    low = search.low
    row = jnp.stack([low.entered, left, low.t, jnp.exp(low.log_speed)])
    at = jnp.where(over, search.total, PLATEAUS)
    return search._replace(
        rising=search.rising & ~over,
        peak_before=jnp.where(over, search.peak, search.peak_before),
        found=search.found.at[:, at].set(row, mode="drop"),
        states=search.states.at[at].set(low.y, mode="drop"),
        total=search.total + over,
    )


def found_plateaus(
    search: PlateauSearch,
    ratio: Scalar,
    energy: Callable[[Vector], Scalar],
    unravel: Callable[[Vector], State],
) -> Plateaus:
    """All plateaus met; the last one counts as left if the speed has risen by the ratio."""
    search = _close(search, jnp.log(ratio), search.rising)
    count = jnp.minimum(search.total, PLATEAUS)
    used = jnp.arange(PLATEAUS) < count

    def blank(values: Array) -> Array:
        return jnp.where(used.reshape(-1, *[1] * (values.ndim - 1)), values, jnp.inf)

    return Plateaus(
        *search.found,
        energies=blank(jax.lax.map(energy, search.states)),
        states=jax.tree.map(blank, jax.vmap(unravel)(search.states)),
        count=count,
        overflow=search.total - count,
    )
