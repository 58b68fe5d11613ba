"""The exact population loss of the ReLU-output model: the energy of the particles."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .._checks import density_vector, importance_vector, network
from .._types import Features, Number, Params, Scalar, Weights
from ._box import MAX_FEATURES
from ._row import output_loss


@jax.jit
def _loss(W: jax.Array, b: jax.Array, importance: jax.Array, density: jax.Array) -> jax.Array:
    """Σ_i I_i (p_i/3 - 2 E[x_i ReLU(z_i)] + E ReLU(z_i)²); jitted so that it is traced once."""
    n = W.shape[1]
    own_first = np.array([[i, *(j for j in range(n) if j != i)] for i in range(n)])
    gram = jnp.matmul(W.T, W, precision=jax.lax.Precision.HIGHEST)
    rows = jnp.concatenate([b[:, None], gram[np.arange(n)[:, None], own_first]], axis=1)
    return jnp.sum(importance * (density / 3 + jax.vmap(output_loss)(rows, density[own_first])))


def _check_size(n: int) -> None:
    if n > MAX_FEATURES:
        raise ValueError(
            f"Argument `W` must have at most {MAX_FEATURES} columns (features) for the exact "
            f"population loss, but has {n}."
        )


def population_loss(
    W: Weights,
    b: Features,
    *,
    importance: Number | Features,
    density: Number | Features,
) -> Scalar:
    """Exact expected loss of x' = ReLU(WᵀW x + b): no samples, no noise.

    L = Σ_i I_i E(x_i - x'_i)², the sum over features, with x_j zero with probability 1 - p_j,
    else uniform on [0, 1] (Elhage et al. 2022, "Demonstrating superposition"). Evaluated in
    closed form by a recurrence over the faces of the cube, with an error of at most
    1e-12 Σ_i I_i (p_i/3 + E ReLU(z_i)²) in float64 for every W and b, duplicates, antipodes,
    zeros and large weights included.

    L is continuously differentiable, except where a feature has W_i = 0 and b_i = 0 (there the
    derivative from b_i < 0 is returned); second derivatives jump where b_i = 0. Use
    `tms_physics.curvature` for stability.

    **Arguments:** `W` (m, n), feature i is column i, n ≤ 6; `b` (n,); `importance` I, a number or
    (n,), finite and ≥ 0; `density` p, a number or (n,), in (0, 1]. All dimensionless.

    Differentiable, jit- and vmap-able. Raises `ValueError` for other shapes and values (for
    values only known at run time under `jit`, an error when the program runs).
    """
    weights, biases = network(W, b)
    n = weights.shape[1]
    _check_size(n)
    return _loss(weights, biases, importance_vector(importance, n), density_vector(density, n))


class PopulationLoss(eqx.Module):
    """`population_loss` as an energy: `PopulationLoss(importance, density)((W, b))`.

    Its parameters are array leaves, so that a sweep maps over them and compiles once:
    `eqx.filter_vmap(PopulationLoss)(importances, densities)` is a batch of energies.
    Arguments and errors as in `population_loss`; at least one of the two has shape (n,).
    Values are checked once, here, and not again at each call.
    """

    importance: Features
    density: Features

    def __init__(self, importance: Number | Features, density: Number | Features):
        n = max(jnp.size(importance), jnp.size(density))
        _check_size(n)
        self.importance = importance_vector(importance, n)
        self.density = density_vector(density, n)

    def __call__(self, params: Params) -> Scalar:
        n = self.density.shape[0]
        shapes = tuple(jnp.shape(leaf) for leaf in params)
        if len(shapes) != 2 or len(shapes[0]) != 2 or shapes[0][1] != n or shapes[1] != (n,):
            raise ValueError(
                f"Argument `params` must be (W, b) of shapes (m, {n}) and ({n},), "
                f"but has shapes {shapes}."
            )
        W, b = params
        return _loss(W, b, self.importance, self.density)
