"""The inversion of all rows at once: nodes in blocks until the error estimate is small enough."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from . import nodes as rule
from .factors import phi, psi
from .moments import CUMULANTS
from .product import Others, block_products, block_slopes


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


class Slopes(NamedTuple):
    """∂/∂ bias, own, couplings and cumulants of the value of each row."""

    bias: Array
    own: Array
    couplings: Array
    cumulants: Array


class Inverted(NamedTuple):
    """Values (rows,), an error estimate of each, the number of blocks of nodes."""

    value: Array
    error: Array
    blocks: Array


class _Buffer(NamedTuple):
    """n and t of `Others` at all nodes met so far: (MAX_NODES, rows)."""

    some: tuple[Array, Array]
    several: tuple[Array, Array]


class _Kernel(NamedTuple):
    """At the nodes of a block (BLOCK, rows): e^{sb} κ₀ and e^{sb} κ₁ of the remainders, and the
    parts of M = (none + n) S: S of the small couplings, their mean e^{sμ}."""

    s: Array
    idle: Array
    active: Array
    active_slope: Array
    small: Array
    mean: Array


def _kernel(rows: Rows, first: Array) -> _Kernel:
    real = rows.bias.dtype
    k = first + jnp.arange(rule.BLOCK, dtype=real)[:, None]
    s = lax.complex(jnp.full_like(k, rule.SHIFT), 2 * jnp.pi * k)
    phase, p = jnp.exp(s * rows.bias[None]), rows.own_density[None]
    u = s * rows.own[None]

    def own(v: Array) -> Array:
        return 2 * phi(v) / s**3 - 2 * psi(v) / (s**2 * rows.period[None])

    active, slope = jax.jvp(own, (u,), (jnp.broadcast_to(s, u.shape),))
    mean = jnp.exp(s * rows.cumulants[:1])
    higher = sum(
        rows.cumulants[r : r + 1] * s ** (r + 1) / _FACTORIAL[r] for r in range(1, CUMULANTS)
    )
    return _Kernel(
        s, phase * (1 - p) * 2 / s**3, phase * p * active, phase * p * slope,
        mean * jnp.exp(higher), mean,
    )  # fmt: skip


_FACTORIAL = (1.0, 2.0, 6.0, 24.0)


class _Remainder(NamedTuple):
    """M, what is taken out of it where feature i is idle and where it is active, what is left."""

    whole: Array
    out_idle: Array
    out_active: Array
    idle: Array
    active: Array


def _remainder(rows: Rows, kernel: _Kernel, others: Others) -> _Remainder:
    some, several = (lax.complex(*part) for part in others)
    none = jnp.prod(jnp.maximum(1 - rows.densities, 0.0), axis=0, keepdims=True)
    lost = kernel.small - kernel.mean
    one_or_none = none + some - several
    return _Remainder(
        kernel.small * (none + some),
        kernel.mean * one_or_none,
        kernel.mean * none,
        kernel.small * several + lost * one_or_none,
        kernel.small * some + lost * none,
    )


def _weights(dtype: jnp.dtype) -> Array:
    return jnp.asarray(rule.weights(), dtype)


class _Search(NamedTuple):
    block: Array
    sums: Array
    buffer: _Buffer
    done: Array
    value: Array
    error: Array


def _invert(
    rows: Rows, rest: Array, importance: Array, tolerance: Array
) -> tuple[Inverted, _Buffer]:
    dtype, count = rows.bias.dtype, rows.bias.shape[0]
    table = _weights(dtype)
    complete, level, half, quarter = (jnp.asarray(x) for x in rule.order_tables())
    squared = rows.period**2
    zeros = jnp.zeros((rule.MAX_NODES, count), dtype)
    floor = tolerance[1]

    def step(state: _Search) -> _Search:
        first = state.block * rule.BLOCK
        others = block_products(rows.couplings, rows.densities, first.astype(dtype))
        kernel = _kernel(rows, first.astype(dtype))
        left = _remainder(rows, kernel, others)
        integrand = (kernel.idle * left.idle + kernel.active * left.active).real
        chosen = lax.dynamic_slice_in_dim(table, first, rule.BLOCK)
        sums = state.sums + jnp.matmul(chosen.T, integrand, precision=lax.Precision.HIGHEST)
        buffer = jax.tree.map(
            lambda all_, new: lax.dynamic_update_slice_in_dim(all_, new, first, 0),
            state.buffer,
            _Buffer(*others),
        )
        block = state.block + 1
        value = squared * sums[level[block]]
        before, earlier = squared * sums[half[block]], squared * sums[quarter[block]]
        error = jnp.maximum(
            rule.SAFETY * jnp.abs(value - before), rule.EARLIER * jnp.abs(before - earlier)
        )
        total = jnp.abs(jnp.sum(importance * (rest + value)))
        good = jnp.sum(importance * error) <= tolerance[0] * total + floor
        return _Search(block, sums, buffer, complete[block] & good, value, error)

    start = _Search(
        jnp.asarray(0),
        jnp.zeros((len(rule.LEVELS), count), dtype),
        _Buffer((zeros, zeros), (zeros, zeros)),
        jnp.asarray(False),
        jnp.zeros(count, dtype),
        jnp.zeros(count, dtype),
    )
    last = rule.MAX_NODES // rule.BLOCK
    end = lax.while_loop(lambda state: ~state.done & (state.block < last), step, start)
    return Inverted(end.value, end.error, end.block), end.buffer


def _block_slopes(rows: Rows, buffer: _Buffer, block: Array, level: Array) -> Slopes:
    dtype = rows.bias.dtype
    first = block * rule.BLOCK
    some, several = (
        tuple(lax.dynamic_slice_in_dim(x, first, rule.BLOCK) for x in part) for part in buffer
    )
    kernel = _kernel(rows, first.astype(dtype))
    left = _remainder(rows, kernel, Others(some, several))  # type: ignore[arg-type]
    chosen = lax.dynamic_slice_in_dim(_weights(dtype), first, rule.BLOCK)[:, level][:, None]
    weight = chosen * rows.period[None] ** 2

    def total(integrand: Array) -> Array:
        return jnp.sum(weight * integrand.real, axis=0)

    s, both = kernel.s, kernel.idle + kernel.active
    whole = weight * both * left.whole
    single = weight * kernel.idle * kernel.mean
    taken = kernel.idle * left.out_idle + kernel.active * left.out_active
    small = [total(both * left.whole * s ** (r + 1) / _FACTORIAL[r]) for r in range(CUMULANTS)]
    small[0] = small[0] - total(s * taken)
    return Slopes(
        total(s * (kernel.idle * left.idle + kernel.active * left.active)),
        total(kernel.active_slope * left.active),
        block_slopes(
            rows.couplings, rows.densities, first.astype(dtype),
            (whole.real, whole.imag), (single.real, single.imag),
        ),
        jnp.stack(small),
    )  # fmt: skip


def invert(rows: Rows, rest: Array, importance: Array, tolerance: Array) -> Inverted:
    """P² times the inversion of the remainders, (rows,), until Σ I error ≤ tolerance.

    tolerance = (relative to Σ I (rest + value), absolute); rest (rows,) is the rest of each loss.
    """
    return _invert(rows, rest, importance, tolerance)[0]


def inverted_with_slopes(
    rows: Rows, rest: Array, importance: Array, tolerance: Array
) -> tuple[Inverted, Slopes]:
    """The same with the derivatives of the value, at the number of nodes that it took."""
    inverted, buffer = _invert(rows, rest, importance, tolerance)
    level = jnp.asarray(rule.order_tables()[1])[inverted.blocks]
    zero = jax.tree.map(jnp.zeros_like, Slopes(rows.bias, rows.own, rows.couplings, rows.cumulants))

    def add(block: Array, total: Slopes) -> Slopes:
        return jax.tree.map(jnp.add, total, _block_slopes(rows, buffer, block, level))

    return inverted, lax.fori_loop(0, inverted.blocks, add, zero)
