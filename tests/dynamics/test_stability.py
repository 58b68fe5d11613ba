"""One-sided curvature: Hessians where they exist, kinks solved by hand, the dedicated state."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.systems import KINKS, SYSTEMS
from tms_physics import PopulationLoss, curvature, rotation_modes


@pytest.mark.parametrize("name", SYSTEMS)
def test_equals_the_least_eigenvalue_where_the_hessian_exists(name: str) -> None:
    system = SYSTEMS[name]
    points = (*system.minima, *system.saddles)
    at = jnp.stack([point.y for point in points])
    bends = jax.jit(jax.vmap(lambda y: curvature(system.energy, y)))(at)
    expected = [point.curvature for point in points]
    if name == "single feature":
        expected[0] = 0.0  # around the circle
    scale = np.max(np.abs(jax.vmap(jax.hessian(system.energy))(at)))
    np.testing.assert_allclose(bends.value, expected, rtol=0, atol=1e-7 * scale)


@pytest.mark.parametrize("name", KINKS)
def test_kinks_solved_by_hand(name: str) -> None:
    kink = KINKS[name]
    bend = curvature(kink.energy, jnp.zeros(2))
    assert bend.value == pytest.approx(kink.curvature, abs=1e-12)
    assert jnp.linalg.norm(bend.direction) == pytest.approx(1.0, rel=1e-12)
    step = 1e-3
    along = 2 * kink.energy(step * bend.direction) / step**2
    assert along == pytest.approx(kink.curvature, abs=1e-9)


def test_zero_modes_are_left_out() -> None:
    """The circle of minima of a single feature: stiff outwards, flat along it."""
    system = SYSTEMS["single feature"]
    y = jnp.asarray(system.minima[0].y)

    def around(w: jax.Array) -> jax.Array:
        return jnp.stack([w[1], -w[0]])[None]

    assert curvature(system.energy, y).value == pytest.approx(0.0, abs=1e-8)
    bend = curvature(system.energy, y, zero_modes=around)
    assert bend.value == pytest.approx(system.minima[0].curvature, rel=1e-7)
    assert abs(bend.direction @ around(y)[0]) < 1e-8


def test_rotations_are_zero_modes_of_three_features_in_the_plane() -> None:
    """Turning the triangle turns its gradient along: A W for an antisymmetric A, biases at rest."""
    energy = PopulationLoss(jnp.ones(3), 0.9)
    angles = 2 * np.pi / 3 * np.arange(3)
    W, b = jnp.array([np.cos(angles), np.sin(angles)]), jnp.full(3, 0.1)
    modes = rotation_modes((W, b))
    assert modes[0].shape == (1, 2, 3)
    assert not np.any(modes[1])
    gradient = jax.jit(jax.grad(energy))
    along, turned = jax.jvp(gradient, ((W, b),), ((modes[0][0], modes[1][0]),))
    generator = np.array(modes[0][0] @ W.T @ np.linalg.inv(W @ W.T))
    np.testing.assert_allclose(generator + generator.T, 0.0, atol=1e-14)
    # ∇L(QW) = Q ∇L(W), hence H·(A W) = A ∇L: a zero mode where the gradient vanishes.
    np.testing.assert_allclose(turned[0], generator @ along[0], atol=1e-12)
    np.testing.assert_allclose(turned[1], 0.0, atol=1e-12)


def test_one_dimension_has_no_rotations() -> None:
    modes = rotation_modes((jnp.ones((1, 2)), jnp.zeros(2)))
    assert modes[0].shape == (0, 1, 2)
    assert modes[1].shape == (0, 2)


@eqx.filter_jit
def _dedicated(p: jax.Array, r: jax.Array) -> tuple[jax.Array, jax.Array, tuple]:
    energy = PopulationLoss(jnp.stack([jnp.ones_like(r), r]), p)
    state = jnp.array([[1.0, 0.0]]), jnp.stack([jnp.zeros_like(p), p / 2])
    bend = curvature(energy, state)
    step = 1e-5
    ahead = jax.tree.map(lambda y, v: y + step * v, state, bend.direction)
    return bend.value, 2 * (energy(ahead) - energy(state)) / step**2, bend.direction


@pytest.fixture(scope="module")
def dedicated():
    p, r = jnp.array([0.05, 0.4, 0.4, 0.7, 0.95]), jnp.array([0.1, 0.1, 0.9, 0.3, 0.99])
    return jax.vmap(_dedicated)(p, r)


def test_direction_attains_the_curvature_at_the_dedicated_state(dedicated) -> None:
    """Second difference of the loss itself along the direction, to its rounding and ∇³L."""
    value, along, _ = dedicated
    np.testing.assert_allclose(along, value, rtol=0, atol=2e-5)


def test_dedicated_gives_way_towards_the_antipodal_side(dedicated) -> None:
    value, _, (W, b) = dedicated
    unstable = np.array([True, False, True, False, True])
    np.testing.assert_array_equal(value < 0, unstable)
    assert np.all(W[unstable, 0, 1] < 0)
    assert np.all(b[unstable, 0] > 0)
