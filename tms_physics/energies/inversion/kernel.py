"""One-body kernels of a row at the nodes, and what is left of the product over the others."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from .factors import factors
from .idle import all_idle
from .moments import CUMULANTS
from .nodes import BLOCK, SHIFT, STEP
from .product import Others

FACTORIALS = (1.0, 2.0, 6.0, 24.0)


class Rows(NamedTuple):
    """Rows in units of their period P: bias b, own coupling d, own density, P: (rows,);
    couplings g_j and densities p_j of the others (others, rows), 0 where small or j = i;
    cumulants (4, rows) of the small ones."""

    bias: Array
    own: Array
    own_density: Array
    period: Array
    couplings: Array
    densities: Array
    cumulants: Array


class Kernel(NamedTuple):
    """At the nodes of a block (BLOCK, rows): e^{sb} κ₀ and e^{sb} κ₁ of the remainders, and the
    parts of M = (none + n) S: S of the small couplings, their mean e^{sμ}."""

    s: Array
    idle: Array
    active: Array
    active_slope: Array
    small: Array
    mean: Array


class Turns(NamedTuple):
    """e^{ihkb} and e^{ihkd} at the nodes k of the first block (BLOCK, rows), whether there are
    small couplings at all, and Π_j (1 - p_j) (rows,): what all blocks share."""

    bias: Array
    own: Array
    small: Array
    none: Array


def turns_of(rows: Rows) -> Turns:
    angle = STEP * jnp.arange(BLOCK, dtype=rows.bias.dtype)[:, None]

    def turn(x: Array) -> Array:
        return lax.complex(jnp.cos(angle * x[None]), jnp.sin(angle * x[None]))

    none = all_idle(rows.densities)
    return Turns(turn(rows.bias), turn(rows.own), jnp.any(rows.cumulants != 0), none)


def kernel_of(rows: Rows, turns: Turns, first: Array) -> Kernel:
    real = rows.bias.dtype
    k = first + jnp.arange(BLOCK, dtype=real)[:, None]
    s = lax.complex(jnp.full_like(k, SHIFT), STEP * k)
    p, u = rows.own_density[None], s * rows.own[None]
    phase = jnp.exp(s[:1] * rows.bias[None]) * turns.bias
    at = factors(u, jnp.exp(s[:1] * rows.own[None]) * turns.own)
    inverse = 1 / s
    cube, square = 2 * inverse**3, 2 * inverse**2 / rows.period[None]
    small, mean = _small(rows, turns, s)
    return Kernel(
        s,
        phase * (1 - p) * cube,
        phase * p * (cube * at.phi - square * at.psi),
        phase * p * (cube * at.psi - square * at.psi_slope) * s,
        small,
        mean,
    )


def _small(rows: Rows, turns: Turns, s: Array) -> tuple[Array, Array]:
    """e^{sμ + ...} of the small couplings, and of their mean alone."""

    def some() -> tuple[Array, Array]:
        mean = s * rows.cumulants[:1]
        higher = sum(
            rows.cumulants[r : r + 1] * s ** (r + 1) / FACTORIALS[r] for r in range(1, CUMULANTS)
        )
        return jnp.exp(mean + higher), jnp.exp(mean)

    def none() -> tuple[Array, Array]:
        one = jnp.ones((BLOCK, rows.bias.shape[0]), s.dtype)
        return one, one

    return lax.cond(turns.small, some, none)


class Remainder(NamedTuple):
    """M, what is taken out of it where feature i is idle and where it is active, what is left."""

    whole: Array
    out_idle: Array
    out_active: Array
    idle: Array
    active: Array


def remainder_of(turns: Turns, kernel: Kernel, others: Others) -> Remainder:
    some, several = (lax.complex(*part) for part in others)
    none = turns.none[None]
    lost = kernel.small - kernel.mean
    one_or_none = none + some - several
    return Remainder(
        kernel.small * (none + some),
        kernel.mean * one_or_none,
        kernel.mean * none,
        kernel.small * several + lost * one_or_none,
        kernel.small * some + lost * none,
    )
