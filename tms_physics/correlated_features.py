"""Features that are active together, or never together."""

import abc
import functools
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from ._checks import check_count, check_key, check_values, density_vector, shown
from ._memory import check_memory
from ._types import FeatureMatrix, Features, Key, Number, SetProbabilities
from .features import UniformWhereActive

MOST_LISTED = 20  # features for which all 2^n sets are listed


def _sizes(sizes: object) -> tuple[int, ...]:
    """At least one size >= 1, of features that fit memory."""
    if not isinstance(sizes, tuple | list | np.ndarray) or len(sizes) == 0:
        raise ValueError(f"Argument `sizes` must be a tuple of integers, but is {shown(sizes)}.")
    counts = tuple(check_count("sizes", size) for size in sizes)
    check_memory("sizes", sum(counts), lambda size: 64 * size)
    return counts


class _Sets(UniformWhereActive):
    """Disjoint sets of neighbouring features, independent of each other; see the subclasses.

    Where a feature is active its value is uniform on [0, 1], independent of all else.
    """

    density: eqx.AbstractVar[Features]
    sizes: eqx.AbstractVar[tuple[int, ...]]

    @property
    def set_of(self) -> np.ndarray:
        """Number (n,) of the set that each feature is in."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def same_set(self) -> np.ndarray:
        """Whether (n, n) two features are in one set."""
        return self.set_of[:, None] == self.set_of[None]

    @abc.abstractmethod
    def _within(self) -> Array:
        """P(i and j active) (n, n), for features of one set."""

    @property
    def joint_density(self) -> FeatureMatrix:
        """P(i and j both active) (n, n); the densities on the diagonal."""
        apart = self.density[:, None] * self.density[None]
        return jnp.where(self.same_set, self._within(), apart)

    @property
    def second_moments(self) -> FeatureMatrix:
        """E x_i x_j (n, n) = P_ij / 4 for i ≠ j, and p_i / 3."""
        own = np.eye(len(self.set_of), dtype=bool)
        return self.joint_density / jnp.where(own, 3.0, 4.0)

    @property
    def covariance(self) -> FeatureMatrix:
        """E x_i x_j - E x_i E x_j (n, n)."""
        return self.second_moments - self.mean[:, None] * self.mean[None]

    @abc.abstractmethod
    def _set_chances(self) -> list[Array]:
        """For each set of s features, the probability (2^s,) of each of its subsets."""

    @property
    def set_probabilities(self) -> SetProbabilities:
        """Probability (2^n,) of every set of active features, as `joint_population_loss` takes it.

        Raises `ValueError` for n > 20, where they are too many.
        """
        if sum(self.sizes) > MOST_LISTED:
            raise ValueError(
                f"Argument `sizes` must have a sum of at most {MOST_LISTED}, "
                f"but has {sum(self.sizes)}."
            )
        return functools.reduce(jnp.kron, self._set_chances())


class CorrelatedSets(_Sets):
    """Sets of features that are all active, or all inactive, together.

    Set s of n_s features is active with probability p_s; the values of its features are then
    independent and uniform on [0, 1]. Sets are independent (Elhage et al. 2022, "Correlated and
    anticorrelated features"). Cov(x_i, x_j) = p_s (1 - p_s) / 4 in a set.

    **Arguments:** `sizes`: (n_1, ..., n_K), features are numbered set by set; `density`: p in
    (0, 1], a number or one for each set (K,). Raises `ValueError` for other values or shapes.
    """

    density: Features
    sizes: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, sizes: tuple[int, ...], density: Number | Features):
        self.sizes = _sizes(sizes)
        self.density = density_vector(density, len(self.sizes))[np.array(self.set_of)]

    def sample(self, *, key: Key) -> Float[Array, " n"]:
        """One example x (n,); `jax.vmap` over keys for a batch."""
        check_key("key", key)
        switch, value = jax.random.split(key)
        u = jax.random.uniform(switch, (len(self.sizes),), self.density.dtype)
        x = jax.random.uniform(value, self.density.shape, self.density.dtype)
        return jnp.where(u[self.set_of] < self.density, x, 0.0)

    def _within(self) -> Array:
        return jnp.broadcast_to(self.density[:, None], self.same_set.shape)

    def _set_chances(self) -> list[Array]:
        first = np.cumsum([0, *self.sizes[:-1]])
        return [
            jnp.zeros(2**size, self.density.dtype).at[0].set(1 - p).at[-1].add(p)
            for size, p in zip(self.sizes, self.density[first], strict=True)
        ]


class AnticorrelatedSets(_Sets):
    """Sets of features of which at most one is active: one, when the set is active.

    A set is active with probability Σ_{i in it} p_i ≤ 1; feature i is then the active one with
    probability proportional to p_i, with a value uniform on [0, 1]. Sets are independent (Elhage
    et al. 2022, "Correlated and anticorrelated features"). Cov(x_i, x_j) = -p_i p_j / 4 in a set.

    **Arguments:** `sizes`: (n_1, ..., n_K), features are numbered set by set; `density`: p_i in
    (0, 1], of a feature and not of its set, a number or (n,), with sums in each set of at most 1.
    Raises `ValueError` for other values or shapes.
    """

    density: Features
    sizes: tuple[int, ...] = eqx.field(static=True)

    def __init__(self, sizes: tuple[int, ...], density: Number | Features):
        self.sizes = _sizes(sizes)
        self.density = density_vector(density, sum(self.sizes))
        rule = "at most 1 in sum over each set"
        self.density = check_values("density", self.density, rule, self._fits)

    def _fits(self, density: Array) -> Array:
        totals = jnp.zeros(len(self.sizes)).at[self.set_of].add(density)
        return totals[self.set_of] <= 1 + 1e-6

    def sample(self, *, key: Key) -> Float[Array, " n"]:
        """One example x (n,); `jax.vmap` over keys for a batch.

        One uniform number u serves a set: feature i is active where u lies between the sums of
        the densities before it and with it, and u in that interval is its value.
        """
        check_key("key", key)
        u = jax.random.uniform(key, (len(self.sizes),), self.density.dtype)[self.set_of]
        before = jnp.tril(jnp.asarray(self.same_set, self.density.dtype), -1) @ self.density
        value = (u - before) / self.density
        return jnp.where((value >= 0) & (value < 1), value, 0.0)

    def _within(self) -> Array:
        return jnp.diag(self.density)

    def _set_chances(self) -> list[Array]:
        ends = np.cumsum([0, *self.sizes])
        return [self._chances(self.density[a:b]) for a, b in itertools.pairwise(ends)]

    @staticmethod
    def _chances(density: Features) -> Array:
        n = len(density)
        out = jnp.zeros(2**n, density.dtype).at[2 ** np.arange(n - 1, -1, -1)].set(density)
        return out.at[0].set(jnp.maximum(1 - jnp.sum(density), 0.0))
