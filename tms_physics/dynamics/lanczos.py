"""Lowest eigenpairs of a symmetric operator that is known by its products with vectors."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._types import BoolScalar, IntScalar, Number, Scalar, Vector

_BASIS = 60  # vectors of a Krylov space, at least
_BLOCKS = 6  # blocks of it, at least


class Eigenpairs(NamedTuple):
    """The k lowest Ritz pairs, lowest first; ‖H v - θ v‖ of each; largest |θ| met; products."""

    values: Float[Array, " k"]
    vectors: Float[Array, "k N"]
    residuals: Float[Array, " k"]
    scale: Scalar
    products: IntScalar


class _Krylov(NamedTuple):
    """Orthonormal rows V, the block that follows them, and H V; the Ritz pairs of round `round`."""

    basis: Float[Array, "K N"]
    image: Float[Array, "K N"]
    next: Float[Array, "k N"]
    pairs: Eigenpairs
    round: IntScalar


def generic_vectors(k: int, size: int, dtype: jnp.dtype) -> Float[Array, "k N"]:
    """k fixed directions without symmetry, to start from: sin(j²), j = 1, 2, ..."""
    at = jnp.arange(1.0, k * size + 1, dtype=dtype).reshape(k, size)
    return jnp.sin(at * at)


def orthonormal_span(rows: Float[Array, "r N"]) -> Float[Array, "s N"]:
    """Orthonormal rows that span those of `rows`; zeros in place of what depends on others."""
    _, values, span = jnp.linalg.svd(rows, full_matrices=False)
    cut = max(rows.shape) * float(jnp.finfo(rows.dtype).eps) * jnp.max(values, initial=0.0)
    return jnp.where((values > cut)[:, None], span, 0.0)


def _outside(block: Array, bases: tuple[Array, ...]) -> Array:
    """`block` without its part along `bases`; twice, as rounding leaves some at once."""
    for _ in range(2):
        for basis in bases:
            block = block - (block @ basis.T) @ basis
    return block


def _new_block(block: Array, *bases: Array) -> Array:
    """`block` made orthonormal and orthogonal to `bases`; zero rows once the space is used up."""
    for _ in range(2):
        block = jnp.linalg.qr(_outside(block, bases).T)[0].T
    left = jnp.linalg.norm(_outside(block, bases), axis=1, keepdims=True)
    return jnp.where(left > 0.5, block, 0.0)


def _ritz(basis: Array, image: Array) -> tuple[Array, Array, Array]:
    """Ritz values, infinite for zero rows of `basis`; combinations of rows; the largest |θ|."""
    small = basis @ image.T
    empty = 1.0 - jnp.sum(basis**2, axis=1).round()
    above = jnp.diag(empty) * (1 + 4 * len(basis) * jnp.max(jnp.abs(small)))
    values, vectors = jnp.linalg.eigh((small + small.T) / 2 + above)
    real = empty @ vectors**2 < 0.5
    scale = jnp.max(jnp.where(real, jnp.abs(values), 0.0))
    return jnp.where(real, values, jnp.inf), vectors.T, scale


def lowest_eigenpairs(
    product: Callable[[Vector], Vector],
    start: Float[Array, "k N"],
    left_out: Float[Array, "s N"],
    *,
    tolerance: Number,
    max_rounds: int = 20,
) -> Eigenpairs:
    """The k lowest eigenpairs of v -> `product(v)` on the complement of the rows `left_out`.

    Block Lanczos with full reorthogonalisation and thick restarts (Wu and Simon 2000): a Krylov
    space of at least 60 vectors is built from blocks of k, reduced to its lowest third by
    Rayleigh-Ritz, and built up again until all k residuals are at most `tolerance` times the
    largest Ritz value. A block of k finds eigenvalues of multiplicity up to k.

    Ritz values are upper bounds: the i-th is never below the i-th eigenvalue. Within `residuals`
    of each lies an eigenvalue, but a lower one that the start hardly contains can be missed.
    Values beyond the dimension of the complement are infinite.
    """
    k, size = start.shape
    blocks = max(-(-_BASIS // k), _BLOCKS)
    blocks = min(blocks, -(-size // k))
    kept = max(1, blocks // 3)
    total = blocks * k

    def expand(at: int | Array, carry: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        basis, image, block = carry
        along = jax.lax.map(product, block)
        along = along - (along @ left_out.T) @ left_out
        basis = jax.lax.dynamic_update_slice(basis, block, (at * k, 0))
        image = jax.lax.dynamic_update_slice(image, along, (at * k, 0))
        return basis, image, _new_block(along, left_out, basis)

    def round_of(at: _Krylov) -> _Krylov:
        first = jnp.where(at.round == 0, 0, kept)
        basis, image, block = jax.lax.fori_loop(
            first, blocks, expand, (at.basis, at.image, at.next)
        )
        values, combinations, scale = _ritz(basis, image)
        keep = combinations[: kept * k]
        ritz, along = keep @ basis, keep @ image
        finite = jnp.where(jnp.isfinite(values), values, 0.0)[:k, None]
        residuals = jnp.linalg.norm(along[:k] - finite * ritz[:k], axis=1)
        scale = jnp.maximum(at.pairs.scale, scale)
        products = at.pairs.products + (blocks - first) * k
        return _Krylov(
            jnp.zeros_like(basis).at[: kept * k].set(ritz),
            jnp.zeros_like(image).at[: kept * k].set(along),
            block,
            Eigenpairs(values[:k], ritz[:k], residuals, scale, products),
            at.round + 1,
        )

    def unfinished(at: _Krylov) -> BoolScalar:
        open_ = jnp.any(at.pairs.residuals > tolerance * at.pairs.scale)
        return open_ & (at.round < max_rounds)

    zeros = jnp.zeros((total, size), start.dtype)
    block = _new_block(start, left_out)
    unknown = Eigenpairs(
        jnp.zeros(k, start.dtype),
        block,
        jnp.full(k, jnp.inf, start.dtype),
        jnp.zeros((), start.dtype),
        jnp.asarray(0),
    )
    begin = _Krylov(zeros, zeros, block, unknown, jnp.asarray(0))
    return jax.lax.while_loop(unfinished, round_of, begin).pairs
