"""Probabilities that features are idle, such that the roundings of a thousand do not add up.

All features of one density share the rounding of 1 - p, and a product over n of them has it n
times. So sparse features are taken out of the product as a factor of their own, known to twice the
digits, and for the others p is moved by less than its last digits to the nearest value for which
p and 1 - p sum to 1 exactly.
"""

import jax.numpy as jnp
from jax import Array, lax

LEAST_IDLE = 1e-30  # 1 - p of a feature that is always active
_SPARSE = 0.03  # below it, moving p to its neighbour would change it by too much
_LARGEST_LOG = 40.0  # of Π 1/(1 - p) over the sparse ones, so that single precision holds it


def complementary(p: Array) -> Array:
    """p (n,), for features that are not sparse the value beside it of which 1 - p is exact."""
    exact = 1 - lax.optimization_barrier(1 - p)
    return jnp.where(is_sparse(p), p, p + lax.stop_gradient(exact - p))


def is_sparse(p: Array) -> Array:
    """Which of the features, the first axis, are taken out of the product over them."""
    return p < min(_SPARSE, _LARGEST_LOG / p.shape[0])


def product_error(x: Array, y: Array) -> Array:
    """x y less its rounded value, exactly (Dekker 1971, "A floating-point technique")."""
    (x_high, x_low), (y_high, y_low) = _halves(x), _halves(y)
    rounded = lax.optimization_barrier(x * y)
    return ((x_high * y_high - rounded) + x_high * y_low + x_low * y_high) + x_low * y_low


def _halves(x: Array) -> tuple[Array, Array]:
    digits = (jnp.finfo(x.dtype).nmant + 2) // 2
    raised = lax.optimization_barrier(x * (2.0**digits + 1))
    high = raised - lax.optimization_barrier(raised - x)
    return high, x - high


def all_idle(p: Array) -> Array:
    """Π_j (1 - p_j) over (others, rows), to more digits than each factor has: (rows,)."""
    plain = jnp.prod(jnp.maximum(1 - p, LEAST_IDLE), axis=0)
    dense = jnp.where(is_sparse(p), 1.0, jnp.maximum(1 - p, LEAST_IDLE))
    lost = jnp.where(dense > 0.5, (1 - lax.optimization_barrier(dense)) - p, 0.0) / dense
    accurate = _product(dense, jnp.where(is_sparse(p), 0.0, lost)) / _odds_plus_one(p)
    return plain + lax.stop_gradient(accurate - plain)


def scaled(p: Array) -> tuple[Array, Array, Array]:
    """Idle and active weight of each feature, for sparse ones 1 and the odds p_j/(1 - p_j), and
    the product of their 1 - p_j (rows,)."""
    sparse, idle = is_sparse(p), jnp.maximum(1 - p, LEAST_IDLE)
    common = jnp.prod(jnp.where(sparse, idle, 1.0), axis=0)
    accurate = common + lax.stop_gradient(1 / _odds_plus_one(p) - common)
    return jnp.where(sparse, 1.0, idle), jnp.where(sparse, p / idle, p), accurate


def _odds_plus_one(p: Array) -> Array:
    """Π_j (1 + p_j/(1 - p_j)) over the sparse ones: at s = 0 no rounding of their odds is left."""
    odds = jnp.where(is_sparse(p), p / jnp.maximum(1 - p, LEAST_IDLE), 0.0)
    factors = lax.optimization_barrier(1 + odds)
    return _product(factors, (odds - (factors - 1)) / factors)


def _product(factors: Array, lost: Array) -> Array:
    """Π_j factor_j (1 + lost_j), each rounding on the way kept."""

    def times(carry: tuple[Array, Array], factor: tuple[Array, Array]) -> tuple:
        product, missing = carry
        value = product * factor[0]
        error = product_error(product, factor[0]) / jnp.maximum(value, LEAST_IDLE)
        return (value, missing + factor[1] + error), None

    one, zero = jnp.ones_like(factors[0]), jnp.zeros_like(factors[0])
    (product, missing), _ = lax.scan(times, (one, zero), (factors, lost))
    return product * (1 + missing)
