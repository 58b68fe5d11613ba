"""Stability of stationary points of energies whose second derivatives jump."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from .._types import Params, Scalar, State
from .newton import zero_mode_cut

_OFFSET = 1e-8  # distance at which one-sided Hessians are taken
_ROUNDS = 6


class Curvature(NamedTuple):
    """Least one-sided second derivative over unit directions, that direction, and the tolerance
    (a rounding share of the largest curvature) below which it counts as zero."""

    value: Scalar
    direction: State
    tolerance: Scalar


def rotation_modes(params: Params) -> Params:
    """The zero modes (A W, 0), A antisymmetric, of an O(m)-invariant energy at params = (W, b).

    Returns a pytree like `params` with a leading axis of length m (m - 1)/2 (empty for m = 1).
    """
    W, b = params
    m = W.shape[0]
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
    towards v: starting from both senses of each eigenvector, v is replaced by the lowest
    eigenvector of H(v), and the least Q met is returned. It is thus an upper bound of the
    minimum: a negative value proves instability. Parameters at a kink must sit on it exactly,
    as `ground_states` and `gradient_flow` leave them.

    **Arguments:** `energy`: state -> scalar; `y`: any pytree of real arrays; `zero_modes`: maps
    y to directions (leading axis) that are left out, such as `rotation_modes`. Units: energy
    over parameter squared. jit- and vmap-able.
    """
    flat, unravel = ravel_pytree(y)
    n = flat.shape[0]
    hessian = jax.jacfwd(jax.jit(jax.grad(lambda v: energy(unravel(v)))))
    basis = jnp.eye(n, dtype=flat.dtype)
    lift = jnp.zeros((n, n), flat.dtype)
    if zero_modes is not None:
        modes = jax.vmap(lambda mode: ravel_pytree(mode)[0])(zero_modes(y))
        if modes.shape[0]:
            inside = jnp.linalg.pinv(modes) @ modes
            basis, lift = basis - inside, inside

    def ladder(v: jax.Array) -> tuple[jax.Array, jax.Array]:
        h = basis @ hessian(flat + _OFFSET * v) @ basis
        values, vectors = jnp.linalg.eigh(h + lift * (1 + jnp.max(jnp.abs(h)) * n))
        return values, vectors

    def form(v: jax.Array) -> jax.Array:
        u = basis @ v
        return u @ hessian(flat + _OFFSET * v) @ u / jnp.maximum(u @ u, 1e-30)

    def follow(v: jax.Array, _: None) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        lowest = ladder(v)[1][:, 0]
        new = jnp.where(lowest @ v < 0, -lowest, lowest)
        return new, (form(new), new)

    values, vectors = ladder(jnp.zeros(n, flat.dtype))
    starts = jnp.concatenate([vectors.T, -vectors.T])
    ends, (forms, directions) = jax.lax.scan(jax.vmap(follow, (0, None)), starts, None, _ROUNDS)
    del ends
    forms = jnp.concatenate([jax.vmap(form)(starts)[None], forms]).reshape(-1)
    directions = jnp.concatenate([starts[None], directions]).reshape(-1, n)
    best = jnp.argmin(forms)
    scale = jnp.max(jnp.abs(jnp.where(values > 0, values, -values)))
    return Curvature(
        forms[best], unravel(directions[best]), 10 * zero_mode_cut(flat.dtype) * scale
    )
