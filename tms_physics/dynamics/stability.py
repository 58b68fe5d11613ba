"""Stability of stationary points of energies whose second derivatives jump."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from .._checks import (
    check_callable,
    check_optional,
    check_scalar_valued,
    network_params,
    real_state,
)
from .._memory import check_memory
from .._types import BoolScalar, IntScalar, Params, Scalar, State
from .newton import zero_mode_cut

_OFFSET = 1e-8  # distance at which one-sided Hessians are taken
_ROUNDS = 6
_SETTLED = 1e-6  # directions that change by less are those of the round before


class Curvature(NamedTuple):
    """Least one-sided second derivative over unit directions, that direction, and the tolerance
    (a rounding share of the largest curvature) below which it counts as zero."""

    value: Scalar
    direction: State
    tolerance: Scalar


class _Search(NamedTuple):
    """Directions of the next round; the least form met and its direction; the largest curvature."""

    directions: Float[Array, "K N"]
    value: Scalar
    best: Float[Array, " N"]
    scale: Scalar
    moved: BoolScalar
    rounds: IntScalar


def rotation_modes(params: Params) -> tuple[Float[Array, "K m n"], Float[Array, "K n"]]:
    """The zero modes (A W, 0), A antisymmetric, of an O(m)-invariant energy at params = (W, b).

    Returns a pytree like `params` with a leading axis of length m (m - 1)/2 (empty for m = 1).
    """
    W, b = network_params(params)
    m, n = W.shape
    needs = W.dtype.itemsize  # three times the generators, and their products with W
    check_memory("params", m, lambda k: needs * (k * k // 2) * (3 * k * k + k * n), "rows")
    rows, columns = jnp.triu_indices(m, 1)
    count = rows.shape[0]
    generators = jnp.zeros((count, m, m), W.dtype)
    at = jnp.arange(count)
    generators = generators.at[at, rows, columns].set(1.0).at[at, columns, rows].set(-1.0)
    return generators @ jnp.asarray(W), jnp.zeros((count, *b.shape), b.dtype)


def curvature(
    energy: Callable[[State], Scalar],
    y: State,
    *,
    zero_modes: Callable[[State], State] | None = None,
) -> Curvature:
    """Least one-sided curvature of `energy` at the stationary point `y`.

    Q(v) = lim_{t→0+} 2 [E(y + t v) - E(y)]/t² is minimised over unit directions v. Where E is
    twice differentiable this is the least eigenvalue of the Hessian. At a kink Q is a
    piecewise form, homogeneous of degree 2, with Q(v) = v·H(v) v, H(v) the Hessian just off y
    towards v: starting from both senses of each axis, v is replaced by the lowest eigenvector
    of H(v) until it is its own, and the least Q met is returned. It is thus an upper bound of the
    minimum: a negative value proves instability. Parameters at a kink must sit on it exactly,
    as `ground_states` and `gradient_flow` leave them.

    **Arguments:** `energy`: state -> scalar; `y`: any pytree of real arrays; `zero_modes`: maps
    y to directions (leading axis) that are left out, such as `rotation_modes`. Units: energy
    over parameter squared. jit- and vmap-able.
    """
    check_callable(energy=energy)
    check_optional(zero_modes=zero_modes)
    flat, unravel = ravel_pytree(real_state("y", y))
    check_scalar_valued("energy", lambda v: energy(unravel(v)), flat)
    n = flat.shape[0]
    needs = 3 * flat.dtype.itemsize  # Hessians of 2 n directions at a time, their eigenvectors
    check_memory("y", n, lambda count: needs * 2 * count**3, "numbers")
    hessian = jax.jacfwd(jax.jit(jax.grad(lambda v: energy(unravel(v)))))
    basis = jnp.eye(n, dtype=flat.dtype)
    lift = jnp.zeros((n, n), flat.dtype)
    if zero_modes is not None:
        modes = jax.vmap(lambda mode: ravel_pytree(mode)[0])(zero_modes(y))
        if modes.shape[0]:
            inside = jnp.linalg.pinv(modes) @ modes
            basis, lift = basis - inside, inside

    def form(v: jax.Array) -> tuple[Scalar, jax.Array, Scalar]:
        """Q(v), the lowest eigenvector of H(v) turned towards v, and the largest curvature."""
        h = basis @ hessian(flat + _OFFSET * v) @ basis
        values, vectors = jnp.linalg.eigh(h + lift * (1 + n * jnp.max(jnp.abs(h))))
        lowest = vectors[:, 0]
        return v @ h @ v, jnp.where(lowest @ v < 0, -lowest, lowest), jnp.abs(values[-1])

    def follow(search: _Search) -> _Search:
        forms, lowest, scales = jax.vmap(form)(search.directions)
        at = jnp.argmin(forms)
        less = forms[at] < search.value
        return _Search(
            lowest,
            jnp.where(less, forms[at], search.value),
            jnp.where(less, search.directions[at], search.best),
            jnp.maximum(search.scale, jnp.max(scales)),
            jnp.max(jnp.abs(lowest - search.directions)) > _SETTLED,
            search.rounds + 1,
        )

    axes = basis / jnp.maximum(jnp.linalg.norm(basis, axis=1, keepdims=True), 1e-30)
    starts = jnp.concatenate([axes, -axes])
    infinite = jnp.full((), jnp.inf, flat.dtype)
    start = _Search(
        starts, infinite, starts[0], jnp.zeros((), flat.dtype), jnp.array(True), jnp.array(0)
    )
    end = jax.lax.while_loop(lambda s: s.moved & (s.rounds < _ROUNDS), follow, start)
    tolerance = 10 * zero_mode_cut(flat.dtype) * end.scale
    return Curvature(end.value, unravel(end.best), tolerance)
