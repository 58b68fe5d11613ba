"""Events of a flow, found while it runs: plateaus of slow motion, crossings of watched levels."""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
from jaxtyping import Array, Bool, Float, Int

from .._types import IntScalar, Scalar, State, Vector

PLATEAUS = 32  # states kept
LEAST_RATIO = 1.5  # of a plateau: times are interpolated between speeds a factor 1.05 apart


class Plateaus(eqx.Module):
    """Intervals of slow motion, in order of time; rows from `count` on are infinite.

    `entered`, `left` (32,) times; `slowest` (32,) time of least speed ‖∇E‖ among the solver's
    steps, `speeds` (32,), `energies` (32,) and `states` (32, ...) there: the saddle passed by.
    `overflow` plateaus came after the buffer was full.
    """

    entered: Float[Array, " P"]
    left: Float[Array, " P"]
    slowest: Float[Array, " P"]
    speeds: Float[Array, " P"]
    energies: Float[Array, " P"]
    states: State
    count: IntScalar
    overflow: IntScalar


class Crossings(eqx.Module):
    """Crossings of levels, in order of time; rows from `count` on have infinite times.

    `times` (M,); `watched` (M,) and `levels` (M,): which entry of `watch(state)` crossed which
    of the levels (indices, -1 in unused rows); `upwards` (M,). `overflow` crossings came after
    the buffer was full.
    """

    times: Float[Array, " M"]
    watched: Int[Array, " M"]
    levels: Int[Array, " M"]
    upwards: Bool[Array, " M"]
    count: IntScalar
    overflow: IntScalar


class Events(eqx.Module):
    """What happened along a flow: `plateaus` and `crossings`, each None where not asked for."""

    plateaus: Plateaus | None
    crossings: Crossings | None


class Watched(NamedTuple):
    """A function of states whose entries are watched, the levels, how many crossings are kept."""

    function: Callable[[Vector], Float[Array, " C"]]
    levels: Float[Array, " L"]
    capacity: int


class Wanted(NamedTuple):
    """Which events to record: plateaus by a ratio of speeds, crossings; None for neither."""

    plateau_ratio: Scalar | None
    watched: Watched | None

    @property
    def is_nothing(self) -> bool:
        return self.plateau_ratio is None and self.watched is None
