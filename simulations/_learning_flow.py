"""The gradient flow of the learning dynamics: its path, its plateaus, and the states at their ends.

The explicit road of `tms_physics.gradient_flow` without the dense examination of the end, which
takes longer to compile than all the rest to run: saddles and the end are examined by
`_learning_saddles`, with one compiled Hessian for all.
"""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import tms_physics as tp
from tms_physics.dynamics._flat import flatten
from tms_physics.dynamics.events import PLATEAUS, Wanted
from tms_physics.dynamics.explicit_flow import explicit_path
from tms_physics.dynamics.result import SOLVER_FAILED, STEP_LIMIT

from ._networks import Size
from ._programs import params

Rows = dict[str, Any]
STEADY = 1e-7
_STEPS = 100_000
_LOSS_ERROR = 1e-6  # relative, along the flow: growth rates are good to half a percent with it


def start(size: Size, scale: float, seed: int) -> np.ndarray:
    """Weights normal with standard deviation `scale`, biases 0: a row (N,), N = (m + 1) n."""
    W = scale * jax.random.normal(jax.random.key(seed), (size.m, size.n))
    return np.concatenate([np.ravel(W), np.zeros(size.n)])


@functools.cache
def loss_and_gradient(n: int) -> Callable[..., Any]:
    """(y, importance, density) -> L, ∇L."""
    return jax.jit(jax.value_and_grad(_loss_of(n)))


def _loss_of(n: int, error: float = 1e-8) -> Callable[..., jax.Array]:
    def loss(y: jax.Array, importance: jax.Array, density: jax.Array) -> jax.Array:
        return tp.PopulationLoss(importance, density, error)(params(y, n))

    return loss


@functools.cache
def hessian(n: int) -> Callable[..., Any]:
    """(y, importance, density) -> ∂²L/∂y², that of one side at a kink."""
    return jax.jit(jax.jacfwd(jax.grad(_loss_of(n))))


@functools.cache
def _program(n: int, last_time: float, rtol: float) -> Callable[..., Any]:
    loss = _loss_of(n, _LOSS_ERROR)

    def flow(
        y: jax.Array, importance: jax.Array, density: jax.Array, times: jax.Array, ratio: jax.Array
    ) -> Any:
        problem = flatten(lambda v: loss(v, importance, density), y, None)
        return explicit_path(
            problem,
            times,
            last_time,
            observe=lambda v: v,
            steady=STEADY,
            rtol=rtol,
            max_steps=_STEPS,
            wanted=Wanted(ratio, None),
        )

    return jax.jit(flow)


def followed(
    y0: np.ndarray, size: Size, density: float, times: np.ndarray, *, ratio: float, rtol: float
) -> Rows:
    """The flow from `y0` to `times[-1]`, times (T,) from 0 on.

    Gives `states` (T, N) and `energies` (T,) at the times; for each plateau (32, the unused ones
    infinite) the times and states where it was `entered`, `slowest` and `left`, and the speed at
    each; the `end`, counts, and `result` 1 where the solver failed.
    """
    program = _program(size.n, float(times[-1]), rtol)
    weights, p = jnp.asarray(size.importance), jnp.full(size.n, density)
    at = functools.partial(program, jnp.asarray(y0), weights, p, ratio=jnp.asarray(ratio))
    path = at(times=jnp.asarray(times))
    assert path.events is not None
    assert path.events.plateaus is not None
    found = path.events.plateaus
    ends = np.stack([found.entered, found.slowest, found.left])
    failed = any(bool(c) and int(code) in (SOLVER_FAILED, STEP_LIMIT) for c, code in path.failures)
    return {
        "states": np.asarray(path.observed),
        "energies": np.asarray(path.energies),
        "ends": ends,
        "end_states": _states_at(at, ends, times),
        "plateaus": int(found.count),
        "end": np.asarray(path.end),
        "end_gradient": float(path.gradient_norm),
        "gradients": int(path.stats["gradients"]),
        "result": int(failed and not bool(path.reached)),
    }


def _states_at(at: Callable[..., Any], ends: np.ndarray, times: np.ndarray) -> np.ndarray:
    """States (3, 32, N) at times (3, 32), by the same program on as many times as before."""
    wanted = np.unique(ends[np.isfinite(ends)])
    if len(wanted) + 2 > len(times):
        raise ValueError(f"Argument `times` must be more than {len(wanted) + 2}, but is shorter.")
    blank = np.full(len(times), times[-1])
    blank[0], blank[1 : len(wanted) + 1] = times[0], wanted
    seen = np.asarray(at(times=jnp.asarray(blank)).observed)
    out = np.full((3, PLATEAUS, seen.shape[1]), np.inf)
    finite = np.isfinite(ends)
    out[finite] = seen[1 + np.searchsorted(wanted, ends[finite])]
    return out
