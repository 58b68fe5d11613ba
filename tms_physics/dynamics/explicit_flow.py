"""The path of a flow by gradients only: stabilised explicit steps, any number of parameters."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from .._types import Number, Scalar, Vector
from ._flat import FlatProblem
from .crossings import found_crossings
from .events import Events, Wanted
from .integrate import Searches, integrate
from .path import Path
from .plateaus import found_plateaus


def explicit_path(
    problem: FlatProblem,
    times: Float[Array, " T"] | None,
    last_time: Number,
    *,
    observe: Callable[[Vector], PyTree],
    steady: Number,
    rtol: Number,
    max_steps: int,
    wanted: Wanted,
) -> Path:
    """Follow ẏ = -∇E by Runge-Kutta-Chebyshev steps to ‖∇E‖ < `steady`; see `gradient_flow`.

    Memory: a few states, 32 for plateaus, and what is observed at `times`, one time after another.
    """
    gradient = jax.jit(jax.grad(problem.energy))
    saved = jnp.zeros(1, problem.y.dtype) if times is None else times

    def see(v: Vector) -> tuple[PyTree, Scalar]:
        return observe(v), problem.energy(v)

    run = integrate(
        lambda v: -gradient(v),
        problem.y,
        saved,
        jnp.maximum(saved[-1], last_time),
        observe=see,
        steady=steady,
        rtol=rtol,
        max_steps=max_steps,
        wanted=wanted,
    )
    return Path(
        times=saved,
        observed=run.observed[0],
        energies=run.observed[1],
        end=run.end,
        gradient_norm=jnp.linalg.norm(run.field),
        reached=run.reached,
        failures=run.failures,
        events=_events(problem, wanted, run.events),
        stats=run.stats,
    )


def _events(problem: FlatProblem, wanted: Wanted, found: Searches) -> Events | None:
    if wanted.is_nothing:
        return None
    plateaus, crossings = None, None
    if found.plateaus is not None and wanted.plateau_ratio is not None:
        ratio = wanted.plateau_ratio
        plateaus = found_plateaus(found.plateaus, ratio, problem.energy, problem.unravel)
    if found.crossings is not None:
        crossings = found_crossings(found.crossings)
    return Events(plateaus, crossings)
