"""Regular polygons of `theory.polygons` against minima, Hessians and the p → 0 limit of networks.

Sizes are padded to one, with features that matter to no output, so that one program serves all.
"""

from itertools import pairwise

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import root, root_scalar

import tms_physics as tp
from theory.polygons import critical_polygon, crossing_importance, spectrum

SIZE = 9
NOTHING = 1e-30  # relative density of padding


class Bounded(eqx.Module):
    """The energy of (W, β) with b = -β² <= 0."""

    energy: tp.SparseLimitEnergy

    def __call__(self, y) -> jax.Array:
        return self.energy((y[0], -(y[1] ** 2)))


class Near(eqx.Module):
    """Random states next to one, the padding at 0."""

    W: jax.Array
    beta: jax.Array
    used: jax.Array

    def __call__(self, *, key: jax.Array):
        first, second = jax.random.split(key)
        shift = 0.03 * jax.random.normal(first, self.W.shape) * self.used[None]
        return self.W + shift, self.beta + 0.03 * jax.random.normal(second, self.beta.shape)


class Gram(eqx.Module):
    """WᵀW of the features that are used."""

    used: jax.Array

    def __call__(self, y) -> jax.Array:
        W = y[0] * self.used[None]
        return W.T @ W


def unit_polygon(k: int, size: int) -> np.ndarray:
    angle = 2 * np.pi * np.arange(size) / k
    return np.where(np.arange(size) < k, [np.cos(angle), np.sin(angle)], 0.0)


def padded(k: int, last: float = 1.0) -> tuple[Bounded, Near, Gram]:
    at, used = critical_polygon(k), jnp.asarray((np.arange(SIZE) < k).astype(float))
    importance = used.at[k - 1].set(last)
    energy = Bounded(tp.SparseLimitEnergy(importance, jnp.where(used > 0, 1.0, NOTHING)))
    beta = jnp.full(SIZE, np.sqrt(-at.bias))
    return energy, Near(jnp.asarray(at.norm * unit_polygon(k, SIZE)), beta, used), Gram(used)


@pytest.mark.parametrize("k", range(1, 10))
def test_ground_states_are_the_polygons(k: int) -> None:
    """From random states next to the k-gon; for k <= 4 one of the many states without a loss."""
    energy, sampler, invariant = padded(k)
    found = tp.ground_states(
        energy, sampler, key=jax.random.key(k), starts=4, invariant=invariant, tolerance=1e-11
    )
    at = critical_polygon(k)
    assert found.result.code == 0
    assert abs(3 * float(found.energies[0]) - at.height) <= 1e-8
    if k >= 5:
        assert int(found.hits[0]) == 4
        W, beta = (leaf[0] for leaf in found.states)
        np.testing.assert_allclose(tp.feature_norms(W)[:k], at.norm, atol=1e-8)
        np.testing.assert_allclose(-(beta[:k] ** 2), at.bias, atol=1e-8)


def test_spectrum_is_that_of_the_hessian() -> None:
    """Also at the decagon, which is a saddle."""
    for k in (5, 6, 10):
        at = critical_polygon(k)
        energy = tp.SparseLimitEnergy(jnp.ones(k))
        y = jnp.concatenate([jnp.ravel(at.norm * unit_polygon(k, k)), jnp.full(k, at.bias)])

        def flat(v: jax.Array) -> jax.Array:
            return energy((v[:-k].reshape(2, k), v[-k:]))  # noqa: B023

        slope = jax.jit(jax.grad(flat))
        assert float(jnp.linalg.norm(slope(y))) < 1e-13
        values = np.linalg.eigvalsh(jax.jit(jax.jacfwd(slope))(y))
        np.testing.assert_allclose(values, np.sort(spectrum(k).ravel()), atol=1e-12)


def loss(y: jax.Array, p: jax.Array, unit: jax.Array, outputs: jax.Array) -> jax.Array:
    """Exact loss of a polygon of norm and bias y: as many outputs like the first as there are."""
    energy = tp.PopulationLoss(outputs, p, rtol=1e-12)
    return energy((y[0] * unit, jnp.full(unit.shape[1], y[1])))


@eqx.filter_jit
def slope(y: jax.Array, *more: jax.Array) -> tuple[jax.Array, jax.Array]:
    return jax.value_and_grad(loss)(y, *more)


def exact_polygon(k: int, p: float) -> np.ndarray:
    """(norm, bias, 3 L/p) at density p: stationary among k-gons, so among all states.

    With 7 features, so that the loss is that of the inversion, quick to compile; those that pad
    have W_i = 0 and importance 0.
    """
    outputs = jnp.zeros(7).at[0].set(float(k))
    more = jnp.asarray(p), jnp.asarray(unit_polygon(k, 7)), outputs
    start = critical_polygon(k)[:2]
    found = root(lambda y: np.asarray(slope(jnp.asarray(y), *more)[1]) / p, start, tol=1e-12)
    value, rest = slope(jnp.asarray(found.x), *more)
    assert np.linalg.norm(rest) < 1e-9 * p
    return np.array([*found.x, 3 * float(value) / p])


@pytest.mark.parametrize("k", [5, 6])
def test_networks_approach_the_polygon_linearly_in_the_density(k: int) -> None:
    """The fitted power of p tends to 1, and p → 0 is the closed form, norm, bias and height."""
    values = np.array([exact_polygon(k, p) for p in (0.008, 0.004, 0.002, 0.001)])
    limit = np.array(critical_polygon(k))
    steps = [a - b for a, b in pairwise(values)]
    powers = [np.log2(a / b) for a, b in pairwise(steps)]
    assert np.all(np.abs(powers[1] - 1) < np.abs(powers[0] - 1))
    np.testing.assert_allclose(2 * powers[1] - powers[0], 1.0, atol=3e-3)
    first = [2 * b - a for a, b in pairwise(values)]
    second = [(4 * b - a) / 3 for a, b in pairwise(first)]
    np.testing.assert_allclose((8 * second[1] - second[0]) / 7, limit, atol=1e-6)


def test_the_exact_crossing_lies_below_that_of_regular_polygons() -> None:
    """A pentagon free to deform ties with two digons and a dropped feature at a smaller r."""

    @eqx.filter_jit
    def deformed(energy: Bounded, start) -> jax.Array:
        return tp.minimise(energy, start).energy

    def gap(r: float) -> float:
        energy, near, _ = padded(5, r)
        return float(deformed(energy, (near.W, near.beta))) - r / 3

    r = root_scalar(gap, bracket=(0.1, 1), xtol=1e-6).root
    assert 0.05 < r < crossing_importance(4)
