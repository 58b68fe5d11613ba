"""How a flow or a minimisation ended, as a code and a sentence."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool

from .._types import BoolScalar, IntScalar

MINIMUM, SADDLE, LAST_TIME, STEP_LIMIT, SOLVER_FAILED, NOT_POLISHED, MOVED_TOO_FAR = range(7)
UNEXAMINED = 7

SENTENCES = (
    "Converged to a local minimum.",
    "Converged to a stationary point that is not a local minimum.",
    "Reached the last time before a steady state.",
    "Reached the step limit before a steady state.",
    "The solver failed: a step gave non-finite values or could not be made small enough.",
    "The Newton polish did not reach the gradient tolerance.",
    "The Newton polish moved the state further than allowed from the end of the flow.",
    "Reached a steady state; its stability was not examined.",
)


class Result(eqx.Module):
    """Outcome of one solve: `code` indexes `SENTENCES`; 0 is a local minimum.

    A batch of results has a batch of codes; `text` serves a single one.
    """

    code: IntScalar

    @property
    def text(self) -> str:
        return SENTENCES[int(self.code)]

    @property
    def is_minimum(self) -> Bool[Array, "..."]:
        return self.code == MINIMUM

    @property
    def is_stationary(self) -> Bool[Array, "..."]:
        return (self.code <= SADDLE) | (self.code == UNEXAMINED)


def select(*cases: tuple[BoolScalar, int], default: int) -> Result:
    """The code of the first case whose condition holds, else `default`."""
    code = jnp.asarray(default)
    for condition, value in reversed(cases):
        code = jnp.where(condition, value, code)
    return Result(code)
