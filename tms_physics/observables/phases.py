"""Phases of the smallest models, by exact predicates on W.

Two features in one dimension: signs of w = (w₁, w₂). Three features in two dimensions: the Gram
matrix G = WᵀW, which rotations leave unchanged.
"""

import jax.numpy as jnp
from jax import Array
from jaxtyping import Int

from .._checks import check_positive, check_shape, network
from .._types import Number, Weights

DEAD, DEDICATED_1, DEDICATED_2, ANTIPODAL, ACUTE = range(5)

PHASE_NAMES = ("dead", "dedicated to 1", "dedicated to 2", "antipodal", "acute")

THREE_PHASE_NAMES = (
    "dead",
    *("dropped 1", "dropped 2", "dropped 3"),
    *("digon 23", "digon 13", "digon 12"),
    *("acute pair 23", "acute pair 13", "acute pair 12"),
    "triangle",
    *("isosceles 1", "isosceles 2", "isosceles 3"),
    "scalene",
    *("acute isosceles", "acute scalene"),
    "other",
)
# The three of a kind follow each other: the odd feature out is the first, second or third.
DROPPED, DIGON, ACUTE_PAIR, TRIANGLE, ISOSCELES, SCALENE = 1, 4, 7, 10, 11, 14
ISOSCELES_ACUTE, SCALENE_ACUTE, OTHER = 15, 16, 17
_ODD = ((0, 1, 2), (1, 0, 2), (2, 0, 1))  # the odd feature, then the other two


def two_feature_phase(W: Weights) -> Int[Array, ""]:
    """The phase of W (1, 2) as an index into `PHASE_NAMES`.

    dead: w₁ = w₂ = 0; dedicated to 1: w₂ = 0; dedicated to 2: w₁ = 0; antipodal: w₁w₂ < 0;
    acute: w₁w₂ > 0. Exact, without tolerance: `gradient_flow` and `ground_states` leave vanishing
    parameters at exactly zero. Raises `ValueError` for other shapes.
    """
    weights, _ = network(W)
    check_shape("W", weights, "(1, 2)", weights.shape == (1, 2))
    first, second = weights[0, 0], weights[0, 1]
    alone = jnp.where(first != 0, DEDICATED_1, jnp.where(second != 0, DEDICATED_2, DEAD))
    pair = jnp.where((first > 0) == (second > 0), ACUTE, ANTIPODAL)
    return jnp.where((first == 0) | (second == 0), alone, pair)


def three_feature_phase(W: Weights, *, tolerance: Number = 1e-7) -> Int[Array, ""]:
    """The phase of W (2, 3) as an index into `THREE_PHASE_NAMES`, by predicates on G = WᵀW.

    dead: W = 0. dropped k: W_k = 0, the others orthogonal. digon ij: W_i and W_j opposite on one
    line, the third orthogonal to it; acute pair ij: the same with W_i and W_j on one side. With
    all three couplings G_ij negative, triangle: equal norms and couplings; isosceles k: the
    exchange of the other two leaves G unchanged (the apex is k); scalene: neither. With a positive
    coupling: acute isosceles or acute scalene. All else is other: a coupling that vanishes
    alone, or a second vanishing feature.

    Two numbers are equal where they differ by at most `tolerance` times the largest G_ii, a norm
    vanishes where ‖W_i‖ is below that share of the largest: rotations leave rounding behind, so
    these predicates have a tolerance. Raises `ValueError` for other shapes. jit- and vmap-able.
    """
    weights, _ = network(W)
    check_shape("W", weights, "(2, 3)", weights.shape == (2, 3))
    check_positive("tolerance", tolerance)
    gram = jnp.asarray(weights.T @ weights)
    squares = jnp.diagonal(gram)
    near = jnp.asarray(tolerance * jnp.max(squares))
    silent = squares <= tolerance * near
    zero = jnp.abs(gram) <= near
    code = _all_coupled(gram, near)
    code = jnp.where(zero[0, 1] | zero[0, 2] | zero[1, 2], OTHER, code)
    for k, i, j in _ODD:
        single = zero[k, i] & zero[k, j]
        pair = jnp.where(gram[i, j] < 0, DIGON, ACUTE_PAIR) + k
        code = jnp.where(single & ~zero[i, j], pair, code)
    for k, i, j in _ODD:
        code = jnp.where(silent[k], OTHER, code)
        alone = silent[k] & ~silent[i] & ~silent[j] & zero[i, j]
        code = jnp.where(alone, DROPPED + k, code)
    return jnp.where(jnp.max(squares) > 0, code, DEAD)


def _all_coupled(gram: Array, near: Array) -> Array:
    """The code where no coupling vanishes."""
    even = jnp.stack([_exchanges(gram, near, i, j, k) for k, i, j in _ODD])
    acute = (gram[0, 1] > 0) | (gram[0, 2] > 0) | (gram[1, 2] > 0)
    kind = jnp.where(jnp.all(even), TRIANGLE, ISOSCELES + jnp.argmax(even))
    obtuse = jnp.where(jnp.any(even), kind, SCALENE)
    return jnp.where(acute, jnp.where(jnp.any(even), ISOSCELES_ACUTE, SCALENE_ACUTE), obtuse)


def _exchanges(gram: Array, near: Array, i: int, j: int, k: int) -> Array:
    """Whether the exchange of i and j leaves G unchanged."""
    norms = jnp.abs(gram[i, i] - gram[j, j]) <= near
    return norms & (jnp.abs(gram[i, k] - gram[j, k]) <= near)
