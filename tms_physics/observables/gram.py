"""Order parameters of a configuration: norms, interference, dimensionality, recovery."""

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float

from .._checks import check_shape, check_values, network, real_array
from .._memory import check_pairs
from .._types import Features, Scalar, Weights


def feature_norms(W: Weights) -> Float[Array, " n"]:
    """‖W_i‖ for each column of W (m, n): how strongly feature i is represented."""
    return jnp.linalg.norm(network(W)[0], axis=0)


def _overlaps(W: Weights) -> tuple[Array, Array]:
    """‖W_i‖² and Σ_j (W_i·W_j)²."""
    weights, _ = network(W)
    check_pairs("W", weights, 2)
    gram = weights.T @ weights
    return jnp.diagonal(gram), jnp.sum(gram**2, axis=1)


def interference(W: Weights) -> Float[Array, " n"]:
    """Σ_{j≠i} (Ŵ_i·W_j)² for W (m, n): what the other features add along feature i.

    Elhage et al. 2022 colour features by it ("superposition"). 0 for a dead feature.
    """
    squares, sums = _overlaps(W)
    alive = squares > 0
    other = sums / jnp.where(alive, squares, 1.0) - squares
    return jnp.where(alive, jnp.maximum(other, 0.0), 0.0)


def feature_dimensionality(W: Weights) -> Float[Array, " n"]:
    """D_i = ‖W_i‖² / Σ_j (Ŵ_i·W_j)² = ‖W_i‖⁴ / Σ_j (W_i·W_j)², for W (m, n).

    The share of a dimension that feature i has: 1 if alone, 1/2 in an antipodal pair, 2/k in a
    regular k-gon; 0 for a dead feature. ΣD_i ≤ rank W, with equality iff every non-zero W_i is an
    eigenvector of WWᵀ. Elhage et al. 2022, "The geometry of superposition"; the capacity of
    Scherlis et al. 2022.
    """
    weights, _ = network(W)
    check_pairs("W", weights, 3)
    # powers of two round nothing, and no square of a small or large norm is taken
    scaled = weights * _power_of_two(jnp.max(jnp.abs(weights), initial=0.0))
    own = _power_of_two(jnp.max(jnp.abs(scaled), axis=0, initial=0.0))
    overlaps = ((scaled * own[None]).T @ scaled) * own[:, None]
    squares, sums = jnp.diagonal(overlaps), jnp.sum(overlaps**2, axis=1)
    alive = squares > 0
    return jnp.where(alive, squares**2 / jnp.where(alive, sums, 1.0), 0.0)


def _power_of_two(size: Array) -> Array:
    """The power of two that brings a size into [1/2, 1), if it is a number; 1 for 0."""
    exponent = jnp.minimum(-jnp.frexp(size)[1], jnp.finfo(size.dtype).maxexp - 2)
    return lax.stop_gradient(jnp.ldexp(jnp.ones_like(size), exponent))


def dimensions_per_feature(W: Weights) -> Scalar:
    """D* = m / ‖W‖_F² for W (m, n); infinite for W = 0. Elhage et al. 2022, "The geometry of
    superposition"."""
    weights, _ = network(W)
    return weights.shape[0] / jnp.sum(weights**2)


def tight_frame_defect(W: Weights) -> Scalar:
    """‖W Wᵀ - λ 1‖_F / λ with λ = ‖W‖_F²/m, for W (m, n): 0 exactly for tight frames.

    There, and only there if all norms are equal and positive, every D_i is m/n (Benedetto and
    Fickus 2003, Adv. Comput. Math. 18, 357). Infinite or NaN does not occur: 0 for W = 0.
    """
    weights, _ = network(W)
    m = weights.shape[0]
    check_pairs("W", weights, 4, "rows")
    mean = jnp.sum(weights**2) / m
    defect = jnp.linalg.norm(weights @ weights.T - mean * jnp.eye(m, dtype=weights.dtype))
    return jnp.where(mean > 0, defect / jnp.where(mean > 0, mean, 1.0), 0.0)


def recovery(error: Features, variance: Features) -> Float[Array, " n"]:
    """R_i² = 1 - E(x_i - x'_i)² / Var x_i: 1 for a perfect output, 0 for the best constant.

    A linear model obeys Σ R_i² ≤ m at equal variances. **Arguments:** `error` E(x_i - x'_i)²
    (n,), `variance` Var x_i > 0 (n,); see `SparseUniform.variance`.
    """
    loss, spread = real_array("error", error), real_array("variance", variance)
    check_shape("variance", spread, "that of `error`", spread.shape == loss.shape)
    check_shape("error", loss, "(n,)", loss.ndim == 1 and loss.size > 0)
    loss = check_values("error", loss, "finite", jnp.isfinite)
    rule = "positive and finite"
    spread = check_values("variance", spread, rule, lambda a: (a > 0) & jnp.isfinite(a))
    return 1 - loss / spread
