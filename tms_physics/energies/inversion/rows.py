"""The inversion of all rows at once: nodes in blocks until the error estimate is small enough."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from . import nodes as rule
from . import others
from .kernel import FACTORIALS, Kernel, Remainder, Rows, Turns, kernel_of, remainder_of, turns_of
from .moments import CUMULANTS
from .others import Cursor, Prepared, SlopeSums
from .product import Others


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
    """`Others` at all nodes met so far, (MAX_NODES, rows), and which blocks were interpolated."""

    others: Others
    quick: Array


class _Search(NamedTuple):
    block: Array
    cursor: Cursor
    sums: Array
    buffer: _Buffer
    done: Array
    value: Array
    error: Array


class _Sums(NamedTuple):
    rows: Slopes
    couplings: SlopeSums
    cursor: Cursor


def _weights(dtype: jnp.dtype) -> Array:
    return jnp.asarray(rule.weights(), dtype)


def _start(count: int, dtype: jnp.dtype, cursor: Cursor) -> _Search:
    zeros = jnp.zeros((rule.MAX_NODES, count), dtype)
    quick = jnp.zeros(rule.MAX_NODES // rule.BLOCK, bool)
    none = jnp.zeros(count, dtype)
    return _Search(
        jnp.asarray(0),
        cursor,
        jnp.zeros((len(rule.LEVELS), count), dtype),
        _Buffer(Others((zeros, zeros), (zeros, zeros)), quick),
        jnp.asarray(False),
        none,
        none,
    )


def _stored(buffer: _Buffer, others_: Others, quick: Array, block: Array) -> _Buffer:
    def put(all_: Array, new: Array) -> Array:
        return lax.dynamic_update_slice_in_dim(all_, new, block * rule.BLOCK, 0)

    return _Buffer(jax.tree.map(put, buffer.others, others_), buffer.quick.at[block].set(quick))


def _taken(buffer: _Buffer, block: Array) -> Others:
    def take(all_: Array) -> Array:
        return lax.dynamic_slice_in_dim(all_, block * rule.BLOCK, rule.BLOCK)

    return jax.tree.map(take, buffer.others)


def _invert(
    rows: Rows, prepared: Prepared, rest: Array, importance: Array, tolerance: Array
) -> tuple[Inverted, _Buffer]:
    dtype = rows.bias.dtype
    table = _weights(dtype)
    complete, level, half, quarter = (jnp.asarray(x) for x in rule.order_tables())
    squared, turns = rows.period**2, turns_of(rows)

    def step(state: _Search) -> _Search:
        first = (state.block * rule.BLOCK).astype(dtype)
        product, quick, cursor = others.products(prepared, state.cursor, first)
        kernel = kernel_of(rows, turns, first)
        left = remainder_of(turns, kernel, product)
        integrand = (kernel.idle * left.idle + kernel.active * left.active).real
        chosen = lax.dynamic_slice_in_dim(table, state.block * rule.BLOCK, rule.BLOCK)
        sums = state.sums + jnp.matmul(chosen.T, integrand, precision=lax.Precision.HIGHEST)
        block = state.block + 1
        value, before, earlier = (squared * sums[at[block]] for at in (level, half, quarter))
        error = jnp.maximum(
            rule.SAFETY * jnp.abs(value - before), rule.EARLIER * jnp.abs(before - earlier)
        )
        total = jnp.abs(jnp.sum(importance * (rest + value)))
        good = jnp.sum(importance * error) <= tolerance[0] * total + tolerance[1]
        buffer = _stored(state.buffer, product, quick, state.block)
        return _Search(block, cursor, sums, buffer, complete[block] & good, value, error)

    last = rule.MAX_NODES // rule.BLOCK
    start = _start(rows.bias.shape[0], dtype, others.cursor(prepared))
    end = lax.while_loop(lambda state: ~state.done & (state.block < last), step, start)
    return Inverted(end.value, end.error, end.block), end.buffer


def _add_block(
    rows: Rows,
    prepared: Prepared,
    buffer: _Buffer,
    level: Array,
    turns: Turns,
    block: Array,
    sums: _Sums,
) -> _Sums:
    dtype = rows.bias.dtype
    first = (block * rule.BLOCK).astype(dtype)
    kernel = kernel_of(rows, turns, first)
    left = remainder_of(turns, kernel, _taken(buffer, block))
    chosen = lax.dynamic_slice_in_dim(_weights(dtype), block * rule.BLOCK, rule.BLOCK)
    weight = chosen[:, level][:, None] * rows.period[None] ** 2
    whole = weight * (kernel.idle + kernel.active) * left.whole
    single = weight * kernel.idle * kernel.mean
    couplings, cursor = others.add_slopes(
        prepared, sums.cursor, sums.couplings, first, buffer.quick[block],
        (whole.real, whole.imag), (single.real, single.imag),
    )  # fmt: skip
    more = _one_body(kernel, left, weight, whole)
    return _Sums(jax.tree.map(jnp.add, sums.rows, more), couplings, cursor)


def _one_body(kernel: Kernel, left: Remainder, weight: Array, whole: Array) -> Slopes:
    """Slopes in all but the couplings, whose field is left empty."""
    s = kernel.s[:, 0]
    powers = jnp.stack([s ** (r + 1) / FACTORIALS[r] for r in range(CUMULANTS)])

    def total(powers: Array, integrand: Array) -> Array:
        real = jnp.matmul(powers.real, integrand.real, precision=lax.Precision.HIGHEST)
        return real - jnp.matmul(powers.imag, integrand.imag, precision=lax.Precision.HIGHEST)

    small = total(powers, whole)
    taken = weight * (kernel.idle * left.out_idle + kernel.active * left.out_active)
    return Slopes(
        total(s, weight * (kernel.idle * left.idle + kernel.active * left.active)),
        jnp.sum((weight * kernel.active_slope * left.active).real, axis=0),
        jnp.zeros((), weight.dtype),
        small.at[0].add(-total(s, taken)),
    )


def invert(rows: Rows, rest: Array, importance: Array, tolerance: Array) -> Inverted:
    """P² times the inversion of the remainders, (rows,), until Σ I error ≤ tolerance.

    tolerance = (relative to Σ I (rest + value), absolute); rest (rows,) is the rest of each loss.
    """
    prepared = others.prepare(rows.couplings, rows.densities, tolerance[0])
    return _invert(rows, prepared, rest, importance, tolerance)[0]


def inverted_with_slopes(
    rows: Rows, rest: Array, importance: Array, tolerance: Array
) -> tuple[Inverted, Slopes]:
    """The same with the derivatives of the value, at the number of nodes that it took."""
    prepared = others.prepare(rows.couplings, rows.densities, tolerance[0])
    inverted, buffer = _invert(rows, prepared, rest, importance, tolerance)
    level, turns = jnp.asarray(rule.order_tables()[1])[inverted.blocks], turns_of(rows)
    zero = jnp.zeros_like(rows.bias)
    none = Slopes(zero, zero, jnp.zeros((), zero.dtype), jnp.zeros_like(rows.cumulants))

    def add(block: Array, sums: _Sums) -> _Sums:
        return _add_block(rows, prepared, buffer, level, turns, block, sums)

    start = _Sums(none, others.no_slopes(prepared), others.cursor(prepared))
    end = lax.fori_loop(0, inverted.blocks, add, start)
    return inverted, end.rows._replace(couplings=others.total_slopes(prepared, end.couplings))
