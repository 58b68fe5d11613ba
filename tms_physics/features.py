"""Distributions of the features x."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from ._checks import check_count, check_key, density_vector, feature_count
from ._memory import check_memory
from ._types import Features, Key, Number


def _size(density: object, n: int | None) -> int:
    """The number of features, by default that of densities; of numbers that fit memory."""
    if n is None:
        return check_count("n", feature_count(density=density))
    check_memory("n", check_count("n", n), lambda size: 64 * size)
    return int(n)


class UniformWhereActive(eqx.Module):
    """Moments of features whose values, where they are active, are uniform on [0, 1]."""

    density: eqx.AbstractVar[Features]

    @property
    def mean(self) -> Features:
        """E x_i = p_i / 2."""
        return self.density / 2

    @property
    def second_moment(self) -> Features:
        """E x_i² = p_i / 3: the loss of a feature that is reconstructed as zero."""
        return self.density / 3

    @property
    def variance(self) -> Features:
        """Var x_i = p_i / 3 - p_i² / 4: the loss of a feature reconstructed by its mean."""
        return self.second_moment - self.mean**2


class SparseUniform(UniformWhereActive):
    """Independent sparse features: x_i = 0 with probability 1 - p_i, else uniform on [0, 1].

    The distribution of Elhage et al. 2022, "Toy Models of Superposition"; p = 1 - S is called
    `density` here, as the literature uses "sparsity" for both p and S.

    **Arguments:** `density`: p in (0, 1], a number or shape (n,); `n`: number of features,
    needed where `density` is a number. Raises `ValueError` for other values or shapes.
    """

    density: Features

    def __init__(self, density: Number | Features, n: int | None = None):
        n = _size(density, n)
        self.density = density_vector(density, n)

    def sample(self, *, key: Key) -> Float[Array, " n"]:
        """One example x (n,); `jax.vmap` over keys for a batch.

        One uniform number u serves a feature: u < p decides that it is active, and u / p is
        then uniform on [0, 1].
        """
        check_key("key", key)
        u = jax.random.uniform(key, self.density.shape, self.density.dtype)
        return jnp.where(u < self.density, u / self.density, 0.0)


class SymmetricUniform(eqx.Module):
    """Independent sparse features of both signs: x_i = 0 with probability 1 - p_i, else U[-1, 1].

    The inputs of the absolute-value model (Elhage et al. 2022, "Computation in superposition").
    Moments are exact; arguments and errors as in `SparseUniform`.
    """

    density: Features

    def __init__(self, density: Number | Features, n: int | None = None):
        n = _size(density, n)
        self.density = density_vector(density, n)

    def sample(self, *, key: Key) -> Float[Array, " n"]:
        """One example x (n,); `jax.vmap` over keys for a batch. One uniform number a feature."""
        check_key("key", key)
        u = jax.random.uniform(key, self.density.shape, self.density.dtype)
        return jnp.where(u < self.density, 2 * u / self.density - 1, 0.0)

    @property
    def mean(self) -> Features:
        """E x_i = 0."""
        return jnp.zeros_like(self.density)

    @property
    def second_moment(self) -> Features:
        """E x_i² = E |x_i|² = p_i / 3: the loss of |x_i| answered by zero."""
        return self.density / 3

    @property
    def variance(self) -> Features:
        """Var x_i = p_i / 3."""
        return self.second_moment

    @property
    def absolute_mean(self) -> Features:
        """E |x_i| = p_i / 2."""
        return self.density / 2

    @property
    def absolute_variance(self) -> Features:
        """Var |x_i| = p_i / 3 - p_i² / 4: the loss of |x_i| answered by its mean."""
        return self.second_moment - self.absolute_mean**2
