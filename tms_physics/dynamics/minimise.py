"""Ground states: many starts, distinct minima, how often each is found."""

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, Int, Shaped

from .._checks import (
    check_callable,
    check_count,
    check_key,
    check_optional,
    check_positive,
    check_values,
    network_params,
    real_array,
    shown,
)
from .._memory import check_memory, check_pairs
from .._types import IntScalar, Key, Number, Params, Scalar, State
from . import result as outcomes
from ._flat import DENSE_PARAMETERS, flatten
from .dense import minimise_dense
from .matrix_free import minimise_matrix_free
from .result import Result


class Minimum(eqx.Module):
    """End of one minimisation: state, energy, ‖∇E‖, least one-sided curvature, result, counts."""

    state: State
    energy: Scalar
    gradient_norm: Scalar
    curvature: Scalar
    flat: Bool[Array, ""]
    result: Result
    stats: dict[str, IntScalar]


class GroundStates(eqx.Module):
    """Distinct local minima, lowest first; arrays have the leading axis K.

    `energies` (K,), `states`, `hits` (K,) starts that ended there, `interval` (K, 2) of the
    probability to be hit (Wilson, 95 %), `curvature` (K,), `flat` (K,): whether the minimum has
    flat directions besides the symmetry (a dead family: one member stands for all). `result`
    speaks of all starts: code 0 if any reached a minimum. `stats`: starts, saddles, failed.
    """

    energies: Float[Array, " K"]
    states: State
    hits: Int[Array, " K"]
    interval: Float[Array, "K 2"]
    curvature: Float[Array, " K"]
    flat: Bool[Array, " K"]
    result: Result
    stats: dict[str, int]


def minimise(
    energy: Callable[[State], Scalar],
    y0: State,
    *,
    tolerance: Number | None = None,
    max_steps: int = 200,
    zero_modes: Callable[[State], State] | None = None,
) -> Minimum:
    """Descend from `y0` to a minimum with ‖∇E‖ ≤ `tolerance`.

    Up to 300 parameters: damped Newton steps, a semismooth Newton polish and the least one-sided
    curvature, all with dense Hessians. Above: L-BFGS, truncated Newton where that stalls,
    and Lanczos for the curvature, all without; see `ground_states` for what differs.

    The energy falls at every step of the descent, so the end lies in the same basin or a lower
    one; it need not be where the gradient flow from y0 ends. Arguments as in `ground_states`.
    jit- and vmap-able.
    """
    _check_solver(tolerance, max_steps)
    flat, flat_energy, modes, unravel = flatten(energy, y0, zero_modes)
    road = minimise_matrix_free if flat.shape[0] > DENSE_PARAMETERS else minimise_dense
    end = road(flat_energy, flat, modes, tolerance=tolerance, max_steps=max_steps)
    return Minimum(
        state=unravel(end.y),
        energy=end.energy,
        gradient_norm=end.gradient_norm,
        curvature=end.bend.value,
        flat=jnp.abs(end.bend.value) <= end.bend.tolerance,
        result=outcomes.select(
            (~jnp.all(jnp.isfinite(end.y)), outcomes.SOLVER_FAILED),
            (~(end.gradient_norm <= end.limit), outcomes.NOT_POLISHED),
            (end.bend.value < -end.bend.tolerance, outcomes.SADDLE),
            default=outcomes.MINIMUM,
        ),
        stats=end.stats,
    )


def _check_solver(tolerance: Number | None, max_steps: int) -> None:
    if tolerance is not None:
        check_positive("tolerance", tolerance)
    check_count("max_steps", max_steps)


def wilson_interval(hits: np.ndarray, trials: int) -> np.ndarray:
    """95 % score interval of a probability estimated as hits/trials (Wilson 1927). Shape (K, 2)."""
    check_count("trials", trials, 0)
    rule = f"in [0, trials] = [0, {trials}]"
    check_values("hits", real_array("hits", hits), rule, lambda k: (k >= 0) & (k <= trials))
    if trials == 0:
        return np.stack([np.zeros_like(hits, float), np.ones_like(hits, float)], axis=-1)
    z = 1.959963984540054
    share = np.asarray(hits) / trials
    centre = share + z**2 / (2 * trials)
    half = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    norm = 1 + z**2 / trials
    low = np.where(share == 0, 0.0, (centre - half) / norm)  # exact, where rounding is not
    high = np.where(share == 1, 1.0, (centre + half) / norm)
    return np.stack([low, high], axis=-1)


def network_invariant(params: Params) -> Float[Array, " N"]:
    """(WᵀW, b) as one vector: what O(m) leaves unchanged, with the biases of dead outputs at 0.

    An output is dead where b_i + Σ_j max(G_ij, 0) ≤ 0: it is never active, whatever b_i.
    """
    W, b = network_params(params)
    check_pairs("params", W, 3)
    gram = W.T @ W
    dead = b + jnp.sum(jnp.maximum(gram, 0.0), axis=1) <= 0
    return jnp.concatenate([gram.ravel(), jnp.where(dead, 0.0, b)])


def distinct(
    energies: np.ndarray, invariants: np.ndarray, *, distance: float = 1e-6
) -> list[np.ndarray]:
    """Group states whose invariants (S, N) agree to `distance`; lowest energy first.

    Returns the indices of each group's members, the best first.
    """
    groups: list[list[int]] = []
    for index in np.argsort(energies, kind="stable"):
        for group in groups:
            if np.max(np.abs(invariants[index] - invariants[group[0]])) <= distance:
                group.append(int(index))
                break
        else:
            groups.append([int(index)])
    return [np.array(group) for group in groups]


def ground_states(
    energy: Callable[[State], Scalar],
    sampler: Callable[..., State],
    *,
    key: Key,
    starts: int = 64,
    invariant: Callable[[State], Array] = lambda state: ravel_pytree(state)[0],
    zero_modes: Callable[[State], State] | None = None,
    tolerance: Number | None = None,
    max_steps: int = 200,
    distance: float = 1e-6,
    batch: int | None = None,
) -> GroundStates:
    """Distinct local minima of `energy` found from random starts, lowest first.

    Each start is minimised and polished to ‖∇E‖ ≤ `tolerance`; ends that are saddles or did not
    converge are counted and left out. A minimum that no start reaches is not found: judge by
    the hit counts.

    Above 300 parameters no Hessian is formed. The default tolerance is then relative, 1e-8
    (float32: 1e-4) times max(‖∇E‖, ‖∇²E y‖) at the start: see `matrix_free.gradient_scale`. The
    curvature is the least of the one-sided second derivatives along the directions that Lanczos
    finds, an upper bound of the least, to about 1e-5 (float32: 1e-2) of the largest: a negative one
    shows a saddle, a positive one only that no way down was found, the less so the more kinks the
    state is on. It counts as zero below 1e-7 (1e-3) of the largest, or up to 1e-5 of it where
    the gradient that is left leaves it open: see `matrix_free.minimise_matrix_free`. The
    gradient of `energy` must be differentiable in forward mode, and known as well as it is asked
    to vanish: `PopulationLoss(importance, density, rtol=1e-12)`, as at its default of 1e-8 the
    number of nodes changes between states and gradients jump by up to 1e-6, above the tolerance.

    **Arguments:** `energy`: state -> scalar, an `eqx.Module` or function; `sampler(key=key)`: a
    random start; `key`: PRNG key; `starts`: how many; `invariant`: maps a state to an array that
    does not change under the symmetry, by which states are told apart (for networks
    `network_invariant`); `zero_modes`: see `curvature`; `tolerance`: on ‖∇E‖, default 1e-12 in
    float64, 1e-5 in float32, relative above 300 parameters; `max_steps`: Newton steps of each
    start, and ten times as many of L-BFGS; `distance`: invariants that agree so well are one
    state; `batch`: starts minimised at once, by default all up to 300 parameters, above one
    after the other (memory grows with `batch`, and on a CPU nothing is gained).
    Raises `ValueError` for values out of range. Not jit-able: the number of minima is a result.
    """
    check_count("starts", starts)
    check_positive("distance", distance)
    _check_solver(tolerance, max_steps)
    check_key("key", key)
    check_callable(energy=energy, sampler=sampler, invariant=invariant)
    check_optional(zero_modes=zero_modes)
    if batch is not None:
        check_count("batch", batch)
    size = _start_size(sampler, key)
    dense = 6 * size if size <= DENSE_PARAMETERS and batch is None else 8  # numbers of a start
    check_memory("starts", starts, lambda count: 8 * size * dense * count)
    ends = _minimise_all(
        energy,
        jax.random.split(key, starts),
        sampler,
        invariant,
        zero_modes,
        tolerance,
        max_steps,
        batch,
    )
    minima, invariants = ends
    codes = np.asarray(minima.result.code)
    found = np.flatnonzero(codes == outcomes.MINIMUM)
    groups = distinct(
        np.asarray(minima.energy)[found], np.asarray(invariants)[found], distance=distance
    )
    groups = [found[group] for group in groups]
    best = np.array([group[0] for group in groups], dtype=int)
    hits = np.array([len(group) for group in groups], dtype=int)
    best_ends = jax.tree.map(lambda a: a[best], minima)
    return GroundStates(
        energies=best_ends.energy,
        states=best_ends.state,
        hits=jnp.asarray(hits),
        interval=jnp.asarray(wilson_interval(hits, starts)),
        curvature=best_ends.curvature,
        flat=best_ends.flat,
        result=Result(jnp.asarray(outcomes.MINIMUM if len(groups) else int(codes.max()))),
        stats={
            "starts": starts,
            "saddles": int(np.sum(codes == outcomes.SADDLE)),
            "failed": int(np.sum(codes > outcomes.SADDLE)),
        },
    )


def _start_size(sampler: Callable[..., State], key: Key) -> int:
    """How many numbers a start has; raises `ValueError` for one that is no state."""
    start = eqx.filter_eval_shape(lambda key: sampler(key=key), key)
    leaves = jax.tree.leaves(start)
    real = all(map(_is_real, leaves))
    size = sum(math.prod(np.shape(leaf)) for leaf in leaves) if real else 0
    if not size:
        raise ValueError(
            f"Argument `sampler` must give a state of real numbers, but gives {shown(start)}."
        )
    return size


def _is_real(leaf: object) -> bool:
    dtype = getattr(leaf, "dtype", None)
    if dtype is None:
        return isinstance(leaf, int | float) and not isinstance(leaf, bool)
    return jnp.issubdtype(dtype, jnp.floating) or jnp.issubdtype(dtype, jnp.integer)


@eqx.filter_jit
def _minimise_all(
    energy: Callable,
    keys: Shaped[Array, "starts ..."],
    sampler: Callable,
    invariant: Callable,
    zero_modes: Callable | None,
    tolerance: Number | None,
    max_steps: int,
    batch: int | None,
) -> tuple[Minimum, Array]:
    def one(key: Key) -> tuple[Minimum, Array]:
        end = minimise(
            energy,
            sampler(key=key),
            tolerance=tolerance,
            max_steps=max_steps,
            zero_modes=zero_modes,
        )
        return end, invariant(end.state)

    if batch is None:
        start = jax.eval_shape(lambda key: sampler(key=key), keys[0])
        large = sum(leaf.size for leaf in jax.tree.leaves(start)) > DENSE_PARAMETERS
        batch = 1 if large else len(keys)
    if batch >= len(keys):
        return jax.vmap(one)(keys)
    return jax.lax.map(one, keys, batch_size=batch if batch > 1 else None)
