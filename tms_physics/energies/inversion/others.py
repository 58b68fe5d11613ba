"""The product over the other features, by interpolation where that is exact enough, else directly.

With few features the interpolation costs more than it saves.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax

from . import series as interpolation
from .product import Others, Pair, Powers, block_products, block_slopes, powers
from .series import Series

INTERPOLATE_FROM = 128  # features


class Prepared(NamedTuple):
    """Couplings and densities (others, rows), the relative tolerance, what interpolation needs."""

    couplings: Array
    densities: Array
    rtol: Array
    series: Series | None


class SlopeSums(NamedTuple):
    """Slopes in the couplings: summed directly (others, rows), and at points (rows, points)."""

    direct: Array
    at_points: Array | None


Cursor = Powers | None  # where only direct products are taken, the powers of the next node


def prepare(couplings: Array, densities: Array, rtol: Array) -> Prepared:
    many = couplings.shape[0] >= INTERPOLATE_FROM
    series = interpolation.prepare(couplings, densities) if many else None
    return Prepared(couplings, densities, rtol, series)


def cursor(prepared: Prepared) -> Cursor:
    """At the first node."""
    if prepared.series is not None:
        return None
    return powers(prepared.couplings, jnp.zeros((), prepared.couplings.dtype))


def products(prepared: Prepared, at: Cursor, first: Array) -> tuple[Others, Array, Cursor]:
    """`Others` at the nodes of a block, whether they were interpolated, the next cursor."""
    couplings, densities, rtol, series = prepared
    if at is not None:
        others, at = block_products(at, densities, first)
        return others, jnp.asarray(False), at
    assert series is not None
    table = interpolation.table(series, first, rtol)
    others = lax.cond(
        table.good,
        lambda: interpolation.products(series, table),
        lambda: block_products(powers(couplings, first), densities, first)[0],
    )
    return others, table.good, None


def no_slopes(prepared: Prepared) -> SlopeSums:
    series = prepared.series
    points = None if series is None else jnp.zeros_like(series.weights)
    return SlopeSums(jnp.zeros_like(prepared.couplings), points)


def add_slopes(
    prepared: Prepared,
    at: Cursor,
    sums: SlopeSums,
    first: Array,
    quick: Array,
    whole: Pair,
    single: Pair,
) -> tuple[SlopeSums, Cursor]:
    """The sums with a block's Σ_k Re[(whole_k/F_j - single_k a_j) p_j s_k φ'(s_k g_j)]."""
    couplings, densities, _, series = prepared
    if at is not None:
        more, at = block_slopes(at, densities, first, whole, single)
        return sums._replace(direct=sums.direct + more), at
    points = sums.at_points
    assert series is not None
    assert points is not None

    def direct() -> SlopeSums:
        more, _ = block_slopes(powers(couplings, first), densities, first, whole, single)
        return sums._replace(direct=sums.direct + more)

    def at_points() -> SlopeSums:
        more = interpolation.slopes_at_points(series, first, whole, single)
        return sums._replace(at_points=points + more)

    return lax.cond(quick, at_points, direct), None


def total_slopes(prepared: Prepared, sums: SlopeSums) -> Array:
    """In every coupling: (others, rows)."""
    if prepared.series is None or sums.at_points is None:
        return sums.direct
    return sums.direct + interpolation.at_couplings(prepared.series, sums.at_points)
