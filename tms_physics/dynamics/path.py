"""What every road of a flow gives: where it went, where and why it stopped."""

from typing import NamedTuple

from jaxtyping import Array, Float, PyTree

from .._types import BoolScalar, IntScalar, Scalar, Vector
from .events import Events


class Path(NamedTuple):
    """A flow up to a steady state or to one of `failures` (conditions and codes of `result`).

    `observed` and `energies` at `times`, those of the `end` after it; `gradient_norm` at the end.
    """

    times: Float[Array, " T"]
    observed: PyTree
    energies: Float[Array, " T"]
    end: Vector
    gradient_norm: Scalar
    reached: BoolScalar
    failures: tuple[tuple[BoolScalar, int], ...]
    events: Events | None
    stats: dict[str, IntScalar]
