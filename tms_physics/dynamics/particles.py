"""Minima of particles on spheres: thousands of starts side by side, distinct minima, hit rates."""

import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Bool, Float, Int

from .._checks import check_count, check_key, host_array, shown
from .._memory import check_memory
from .._types import Key
from ..spaces import Space
from . import result as outcomes
from .minimise import wilson_interval
from .polish import ZERO, Polished, polished
from .queue import Ends, Problem, descend_all, lanes_by_default, problem
from .result import Result

_SAME_ENERGY = 1e-9  # of the largest energy
_SAME_ENDS, _SAME_MINIMA, _SAME_FLAT = 1e-3, 1e-6, 1e-2  # of the features of `particle_invariant`
_LOST = 1e-4  # ‖∇E‖ over its scale above which a start did not converge
CONVERGED = 1e-12  # the same after the polish


class ParticleMinima(eqx.Module):
    """Distinct local minima, lowest first; arrays have the leading axis K.

    `energies` (K,), `states` (K, d, N), `hits` (K,) starts that ended there, `interval` (K, 2) of
    the probability to be hit (Wilson, 95 %), `gradient` (K,): ‖∇E‖ along the space over its
    scale (on the sphere the force that presses on it), `curvature` (K,): least eigenvalue of the
    Hessian that is no zero mode, `zero_modes` (K,), `flat` (K,): whether there are more of them
    than rotations. `result` speaks of all starts: code 0 if any reached a minimum. `stats`:
    starts, saddles, failed, unpolished (starts whose ends were too many to look at), evaluations.
    """

    energies: Float[Array, " K"]
    states: Float[Array, "K d N"]
    hits: Int[Array, " K"]
    interval: Float[Array, "K 2"]
    gradient: Float[Array, " K"]
    curvature: Float[Array, " K"]
    zero_modes: Int[Array, " K"]
    flat: Bool[Array, " K"]
    result: Result
    stats: dict[str, int]


def particle_minima(
    energy: Any,
    space: Space,
    n: int,
    *,
    key: Key,
    starts: int = 1024,
    lanes: int | None = None,
    polish: int = 64,
) -> ParticleMinima:
    """Distinct local minima of `n` particles found from random starts, lowest first.

    Every start descends by L-BFGS along the space to ‖∇E‖ ≤ 1e-8 of its scale (float32: 1e-4),
    many side by side; ends that are not the same are polished by Newton's method, to about 1e-14,
    and told apart once more. A minimum that no start reaches is not found: judge by the hits.

    Ends are the same where energies agree to 1e-9 and `particle_invariant` to 1e-6 (1e-2 where
    there are flat directions, along which convergence is slow). This is necessary for states that
    differ by rotations, reflections and the order of particles only; it does not prove it.

    **Valid:** energies whose minima press on the sphere. One whose gradient vanishes altogether
    there (`relu_interference` with n ≤ 2 d, which is then 0) has no scale, and its starts count as
    failed.

    **Arguments:** `energy`: `RieszEnergy`, or any function of X (d, N) that rotations leave
    unchanged; `space`: `Sphere` or `FreeSpace`; `n` ≥ 2; `key`: start i has fold_in(key, i);
    `starts`: how many; `lanes`: side by side, by default 64 on a CPU, 4,096 on a GPU (memory
    grows with it, not with `starts` but for their ends); `polish`: at most so many ends, the
    lowest. With an energy that has charges, n is padded to a few sizes that share programs.
    Raises `ValueError` for values out of range. Not jit-able: the number of minima is a result.
    """
    if not isinstance(space, Space):
        raise ValueError(
            f"Argument `space` must be a Sphere or a FreeSpace, but is {shown(space)}."
        )
    check_search(n, starts, lanes, polish, key=key, dimension=space.dimension)
    at = problem(energy, space, n)
    return minima_from(at, random_draw(at, key), starts=starts, lanes=lanes, polish=polish)


def check_search(
    n: int, starts: int, lanes: int | None, polish: int, *, key: Key, dimension: int
) -> None:
    """Raise `ValueError` for counts out of range or beyond memory, and for what is no key."""
    check_key("key", key)
    check_count("n", n, 2)
    check_count("starts", starts)
    check_count("polish", polish)
    width = lanes_by_default() if lanes is None else check_count("lanes", lanes)
    state = 8 * dimension * n
    check_memory("n", n, lambda size: 4 * dimension**2 * size**3)  # the Hessian of the polish
    check_memory("lanes", width, lambda count: 30 * state * count)
    check_memory("starts", starts, lambda count: 3 * state * count)


Draw = Callable[[np.ndarray], np.ndarray]  # numbers (K,) of starts -> states (K, d, N)


def minima_from(
    at: Problem, draw: Draw, *, starts: int, lanes: int | None, polish: int
) -> ParticleMinima:
    """Distinct minima from the starts that `draw` gives for the numbers 0 to `starts` - 1."""
    supply = NumberedStarts(draw, starts)
    descend_all(at, supply, lanes=lanes)
    return distinct_minima(at, supply.ends(), polish=polish)


class NumberedStarts:
    """Starts by their numbers, and where they end."""

    def __init__(self, draw: Draw, starts: int) -> None:
        self._draw, self._starts, self._next = draw, starts, 0
        self._taken: list[Ends] = []

    def give(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        index = np.arange(self._next, min(self._next + count, self._starts))
        self._next += len(index)
        return index, self._draw(index) if len(index) else np.zeros((0, 1, 1))

    def take(self, ends: Ends) -> None:
        self._taken.append(ends)

    def ends(self) -> Ends:
        """All ends, in the order of the starts."""
        every = [np.concatenate(parts) for parts in zip(*self._taken, strict=True)]
        order = np.argsort(every[0])
        return Ends(*(part[order] for part in every))


_CHUNK = 64  # random states drawn at once
_POINTS = 128  # points are drawn in multiples of so many, so that one program serves many n


def random_draw(at: Problem, key: Key) -> Draw:
    """Start i: the first points of `space.random` with fold_in(key, i), for idle ones as well."""
    size = at.charges.shape[0]
    draw = _drawn(at.space, -(-size // _POINTS) * _POINTS)

    def states(index: np.ndarray) -> np.ndarray:
        chunks = []
        for first in range(0, len(index), _CHUNK):
            part = index[first : first + _CHUNK]
            whole = np.concatenate([part, np.repeat(part[-1:], _CHUNK - len(part))])
            chunks.append(np.array(draw(key, jnp.asarray(whole)))[: len(part), :, :size])
        return np.concatenate(chunks)

    return states


@functools.cache
def _drawn(space: Space, size: int) -> Any:
    def one(key: Key, number: Array) -> Array:
        return space.random(size, key=jax.random.fold_in(key, number))

    return jax.jit(jax.vmap(one, (None, 0)))


def particle_invariant(states: np.ndarray) -> np.ndarray:
    """Numbers of X (K, d, N) that rotations, reflections and the order leave: shape (K, 2 N).

    The means over j of r_ij and of r_ij³, each sorted over the particles i.
    """
    known = host_array("states", states)
    if known.ndim != 3 or not np.all(np.isfinite(known)):
        rule = "finite, of shape (K, d, N)"
        raise ValueError(f"Argument `states` must be {rule}, but is {shown(states)}.")
    _, d, count = known.shape
    check_memory("states", count, lambda n: 8 * (d + 1) * n * n, "particles")
    out = []
    for X in known:
        squares = np.sum((X[:, :, None] - X[:, None]) ** 2, axis=0)
        r = np.sqrt(squares)
        out.append(np.concatenate([np.sort(r.mean(1)), np.sort((r * squares).mean(1))]))
    return np.stack(out) if out else np.zeros((0, 2))


def grouped(energies: np.ndarray, states: np.ndarray, within: np.ndarray) -> list[np.ndarray]:
    """Indices of states that are the same, the lowest first in each group, lowest group first.

    `within` (K,): how well `particle_invariant` has to agree with that of the lowest.
    """
    left = np.argsort(energies, kind="stable")
    features = particle_invariant(states)
    blur = _SAME_ENERGY * np.max(np.abs(energies), initial=0.0)
    groups = []
    while len(left):
        best = left[0]
        near = energies[left] <= energies[best] + blur
        apart = np.max(np.abs(features[left[near]] - features[best]), axis=1)
        same = np.zeros(len(left), bool)
        same[np.flatnonzero(near)] = apart <= np.maximum(within[left[near]], within[best])
        groups.append(left[same])
        left = left[~same]
    return groups


def distinct_minima(at: Problem, ends: Ends, *, polish: int) -> ParticleMinima:
    """Ends told apart, polished, told apart again and counted."""
    good = np.flatnonzero((ends.relative <= _LOST) & np.isfinite(ends.energy))
    states = ends.X[good, :, : at.n]
    rough = grouped(ends.energy[good], states, np.full(len(good), _SAME_ENDS))
    looked, rest = rough[:polish], rough[polish:]
    counts = np.array([len(group) for group in looked], int)
    found = [_polished(at, ends, int(good[group[0]])) for group in looked]
    modes = [_modes(at, each) for each in found]
    minimum = np.array([curvature > 0 for curvature, _, _ in modes], bool)
    converged = np.array([float(each.relative) <= CONVERGED for each in found], bool)
    kept = np.flatnonzero(minimum & converged)
    energies = np.array([float(found[k].energy) for k in kept])
    X = np.array([np.asarray(found[k].X)[:, : at.n] for k in kept])
    flat = np.array([modes[k][2] for k in kept], bool)
    same = grouped(energies, X, np.where(flat, _SAME_FLAT, _SAME_MINIMA))
    best = np.array([kept[group[0]] for group in same], int)
    first = np.array([group[0] for group in same], int)
    hits = np.array([counts[kept[group]].sum() for group in same], int)
    starts = len(ends.number)
    stats = {
        "starts": starts,
        "saddles": int(counts[converged & ~minimum].sum()),
        "failed": starts - len(good) + int(counts[~converged].sum()),
        "unpolished": sum(len(group) for group in rest),
        "evaluations": int(ends.evaluations.sum()),
    }
    code = outcomes.MINIMUM if len(same) else outcomes.NOT_POLISHED
    d = at.space.dimension
    return ParticleMinima(
        energies=jnp.asarray(energies[first]),
        states=jnp.asarray(X[first] if len(first) else np.zeros((0, d, at.n))),
        hits=jnp.asarray(hits),
        interval=jnp.asarray(wilson_interval(hits, starts)),
        gradient=jnp.asarray([float(found[k].relative) for k in best], float),
        curvature=jnp.asarray([modes[k][0] for k in best], float),
        zero_modes=jnp.asarray([modes[k][1] for k in best], int),
        flat=jnp.asarray([modes[k][2] for k in best], bool),
        result=Result(jnp.asarray(code)),
        stats=stats,
    )


def _polished(at: Problem, ends: Ends, k: int) -> Polished:
    X, scale = jnp.asarray(ends.X[k]), jnp.asarray(ends.scale[k])
    return polished(X, at.charges, scale, energy=at.energy, space=at.space)


def _modes(at: Problem, end: Polished) -> tuple[float, int, bool]:
    """Least curvature that is no zero mode, zero modes, whether they exceed the rotations."""
    values = np.asarray(end.curvatures)
    X = np.asarray(end.X)[:, : at.n]
    bend = np.abs(values) <= ZERO * np.max(np.abs(values))
    idle = len(values) // len(at.charges) * (len(at.charges) - at.n)
    zero = int(bend.sum()) - idle
    left = values[~bend]
    least = float(left[0]) if len(left) else float("inf")
    return least, zero, zero > rotations(X)


def rotations(X: np.ndarray) -> int:
    """Dimension of the orbit of X (d, N) under rotations: those that fix X are not counted."""
    d = X.shape[0]
    rank = int(np.linalg.matrix_rank(X, tol=1e-6))
    return (d * (d - 1) - (d - rank) * (d - rank - 1)) // 2
