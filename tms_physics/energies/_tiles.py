"""Σ_{i≠j} I_i c_j v(W_i·W_j, b_i) and its slopes tile by tile: n × n numbers are never stored.

Features are cut into blocks. A tile is one block against another: a product of matrices for the
couplings, the potentials entry by entry, and one more product for the slopes; only sums over the
other block are kept. Memory is O(n m + tile²) in every derivative: differentiated once, value and
slopes come from one pass; further derivatives make the tiles again instead of keeping them.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from ._potentials import pair_potential, pair_slopes

_CPU_TILE, _GPU_TILE = 256, 4096  # features on a side: a tile stays in the cache, or fills the GPU


class Charges(NamedTuple):
    """Features as rows: number, W_i (n, m), b_i ≤ 0, I_i and c_i."""

    number: Array
    x: Array
    b: Array
    importance: Array
    c: Array


class PairSlopes(NamedTuple):
    """Row sums: `costs` Σ_j c_j v_ij, and the slopes of the whole sum in W_i (n, m) and in b_i."""

    costs: Array
    x: Array
    b: Array


Tile = Callable[[Charges, Charges], Any]


def charges(W: Array, b: Array, importance: Array, c: Array) -> Charges:
    return Charges(jnp.arange(len(b)), W.T, b, importance, c)


def _couplings(own: Charges, other: Charges) -> tuple[Array, Array]:
    """W_i·W_j, and which pairs are of two features."""
    g = jnp.matmul(own.x, other.x.T, precision=jax.lax.Precision.HIGHEST)
    return g, own.number[:, None] != other.number[None]


def _costs(own: Charges, other: Charges) -> Array:
    g, apart = _couplings(own, other)
    return jnp.sum(jnp.where(apart, other.c[None] * pair_potential(g, own.b[:, None]), 0.0), axis=1)


def _column_costs(own: Charges, other: Charges) -> Array:
    """Σ_j I_j v_ji: the slope of the sum in c_i."""
    g, apart = _couplings(own, other)
    cost = other.importance[None] * pair_potential(g, other.b[None])
    return jnp.sum(jnp.where(apart, cost, 0.0), axis=1)


def _slopes(own: Charges, other: Charges) -> PairSlopes:
    g, apart = _couplings(own, other)
    c = jnp.where(apart, other.c[None], 0.0)
    back = jnp.where(apart, other.importance[None], 0.0)
    costs = jnp.sum(c * pair_potential(g, own.b[:, None]), axis=1)
    along, beside = pair_slopes(g, own.b[:, None])
    mutual = pair_slopes(g, other.b[None])[0]
    pull = own.importance[:, None] * c * along + own.c[:, None] * back * mutual
    x = jnp.matmul(pull, other.x, precision=jax.lax.Precision.HIGHEST)
    return PairSlopes(costs, x, own.importance * jnp.sum(c * beside, axis=1))


def _blocks(features: Charges, size: int) -> Charges:
    """(blocks, features in a block, ...), filled up with features of no charge."""
    n = len(features.b)
    count = -(-n // size)
    size = -(-n // count)

    def cut(a: Array) -> Array:
        full = jnp.pad(a, [(0, count * size - n)] + [(0, 0)] * (a.ndim - 1))
        return full.reshape(count, size, *a.shape[1:])

    return Charges(*map(cut, features))


def tile_side() -> int:
    return _CPU_TILE if jax.default_backend() == "cpu" else _GPU_TILE


_made_again = jax.checkpoint  # pyright: ignore[reportPrivateImportUsage]


def _summed(tile: Tile, own: Charges, other: Charges, size: int) -> Any:
    """The tile function summed over all other features, for every one of `own`."""
    rows, columns = _blocks(own, size), _blocks(other, size)
    tile = _made_again(tile)

    def add(row: Charges, sums: Any, column: Charges) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, sums, tile(row, column)), None

    def over_columns(row: Charges) -> Any:
        if len(columns.b) == 1:
            return tile(row, _first(columns))
        shapes = jax.eval_shape(tile, row, _first(columns))
        zeros = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), shapes)
        return jax.lax.scan(functools.partial(add, row), zeros, columns)[0]

    if len(rows.b) == 1:
        return over_columns(_first(rows))
    sums = jax.lax.map(_made_again(over_columns), rows)
    n = len(own.b)
    return jax.tree.map(lambda a: a.reshape(-1, *a.shape[2:])[:n], sums)


def _first(blocks: Charges) -> Charges:
    return jax.tree.map(lambda a: a[0], blocks)


def pair_sums(own: Charges, other: Charges) -> PairSlopes:
    """What `other` features, which may be the same ones, contribute to the sums of `own`."""
    return _summed(_slopes, own, other, tile_side())


@jax.custom_jvp
def pair_total(W: Array, b: Array, importance: Array, c: Array) -> Array:
    """Σ_{i≠j} I_i c_j v(W_i·W_j, b_i) for b ≤ 0."""
    features = charges(W, b, importance, c)
    return jnp.sum(importance * _summed(_costs, features, features, tile_side()))


@functools.partial(pair_total.defjvp, symbolic_zeros=True)
def _(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    W, b, importance, c = primals
    features = charges(W, b, importance, c)
    sums = pair_sums(features, features)
    slopes: list[Callable[[], Array]] = [
        lambda: sums.x.T,
        lambda: sums.b,
        lambda: sums.costs,
        lambda: _summed(_column_costs, features, features, tile_side()),
    ]
    value = jnp.sum(importance * sums.costs)
    change = jnp.zeros_like(value)
    for slope, tangent in zip(slopes, tangents, strict=True):
        if not isinstance(tangent, jax.custom_derivatives.SymbolicZero):
            change += jnp.sum(slope() * tangent)
    return value, change
