"""A problem on any pytree as one on a flat vector."""

from collections.abc import Callable
from typing import NamedTuple

import equinox as eqx
import jax
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import Float

from .._checks import check_callable, check_optional, check_scalar_valued, real_state
from .._types import Scalar, State, Vector

DENSE_PARAMETERS = 300
"""States of more parameters are followed, minimised and judged without Hessians."""


class FlatProblem(NamedTuple):
    """Start `y` as a vector, energy and zero modes as functions of such vectors, the way back."""

    y: Vector
    energy: Callable[[Vector], Scalar]
    zero_modes: Callable[[Vector], Float[Array, "k N"]] | None
    unravel: Callable[[Vector], State]


def flatten(
    energy: Callable[[State], Scalar],
    y0: State,
    zero_modes: Callable[[State], State] | None,
    *,
    name: str = "y0",
) -> FlatProblem:
    """The problem of `energy` and `y0` on vectors; raises `ValueError` for a bad state `name`."""
    check_callable(energy=energy)
    check_optional(zero_modes=zero_modes)
    y, unravel = ravel_pytree(real_state(name, y0))
    converted = eqx.filter_closure_convert(lambda v: energy(unravel(v)), y)
    check_scalar_valued("energy", converted, y)

    def flat_modes(v: Vector) -> Float[Array, "k N"]:
        assert zero_modes is not None
        return jax.vmap(lambda mode: ravel_pytree(mode)[0])(zero_modes(unravel(v)))

    return FlatProblem(
        y=y,
        energy=converted,
        zero_modes=None if zero_modes is None else flat_modes,
        unravel=unravel,
    )
