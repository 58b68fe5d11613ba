"""One-body kernels of a row at the nodes, and what is left of the product over the others."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from .factors import phi, psi
from .moments import CUMULANTS
from .nodes import BLOCK, SHIFT
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


def kernel_of(rows: Rows, first: Array) -> Kernel:
    real = rows.bias.dtype
    k = first + jnp.arange(BLOCK, dtype=real)[:, None]
    s = lax.complex(jnp.full_like(k, SHIFT), 2 * jnp.pi * k)
    phase, p = jnp.exp(s * rows.bias[None]), rows.own_density[None]
    u = s * rows.own[None]

    def own(v: Array) -> Array:
        return 2 * phi(v) / s**3 - 2 * psi(v) / (s**2 * rows.period[None])

    active, slope = jax.jvp(own, (u,), (jnp.broadcast_to(s, u.shape),))
    mean = jnp.exp(s * rows.cumulants[:1])
    higher = sum(
        rows.cumulants[r : r + 1] * s ** (r + 1) / FACTORIALS[r] for r in range(1, CUMULANTS)
    )
    return Kernel(
        s, phase * (1 - p) * 2 / s**3, phase * p * active, phase * p * slope,
        mean * jnp.exp(higher), mean,
    )  # fmt: skip


class Remainder(NamedTuple):
    """M, what is taken out of it where feature i is idle and where it is active, what is left."""

    whole: Array
    out_idle: Array
    out_active: Array
    idle: Array
    active: Array


def remainder_of(rows: Rows, kernel: Kernel, others: Others) -> Remainder:
    some, several = (lax.complex(*part) for part in others)
    none = jnp.prod(jnp.maximum(1 - rows.densities, 0.0), axis=0, keepdims=True)
    lost = kernel.small - kernel.mean
    one_or_none = none + some - several
    return Remainder(
        kernel.small * (none + some),
        kernel.mean * one_or_none,
        kernel.mean * none,
        kernel.small * several + lost * one_or_none,
        kernel.small * some + lost * none,
    )
