"""Newton's method: steps without zero modes, quadratic polish, descent that always falls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.systems import SYSTEMS
from tms_physics.dynamics.newton import descend, gradient_tolerance, newton_step, polish

KINK = 2.0  # curvature on the upper side of `_kinked`, half of it on the lower


def _kinked(v: jax.Array) -> jax.Array:
    """Minimum at (-0.25, 0), where the slope of x is 1/4 and the curvature 1."""
    x, y = v
    below = jnp.minimum(x, 0)
    return KINK / 2 * jnp.maximum(x, 0) ** 2 + below**2 / 2 + x / 4 + y**2 + y**4


def test_step_leaves_zero_modes_alone() -> None:
    hessian = jnp.diag(jnp.array([4.0, -2.0, 0.0, 1e-13]))
    np.testing.assert_allclose(
        newton_step(jnp.ones(4), hessian), [-0.25, 0.5, 0.0, 0.0], atol=1e-15
    )


@pytest.mark.parametrize("name", SYSTEMS)
def test_polish_finds_the_stationary_point_nearby(name: str) -> None:
    system = SYSTEMS[name]
    points = (*system.minima, *system.saddles)
    near = jnp.stack([point.y for point in points]) + 1e-3
    ends = jax.jit(jax.vmap(lambda y: polish(system.energy, y, tolerance=1e-12)))(near)
    assert np.all(ends.gradient_norm <= 1e-12)
    assert np.all(ends.steps <= 6)
    energies = jax.vmap(system.energy)(ends.y)
    np.testing.assert_allclose(energies, [point.energy for point in points], atol=1e-14)


def test_polish_passes_a_kink() -> None:
    end = polish(_kinked, jnp.array([0.3, 0.1]), tolerance=1e-12)
    np.testing.assert_allclose(end.y, [-0.25, 0.0], atol=1e-12)
    assert end.steps <= 8


def test_polish_puts_vanishing_parameters_to_zero() -> None:
    end = polish(lambda y: jnp.sum(y**2 + y**4), jnp.array([1e-3, 2.0]), tolerance=1e-12)
    assert np.all(np.asarray(end.y) == 0.0)


def test_polish_reports_what_it_did_not_reach() -> None:
    end = polish(lambda y: jnp.sum(jnp.exp(-y)), jnp.zeros(1), tolerance=1e-12, max_steps=5)
    assert end.gradient_norm > 1e-12
    assert end.steps == 5


@pytest.mark.parametrize("name", SYSTEMS)
def test_descent_falls_to_a_minimum(name: str) -> None:
    system = SYSTEMS[name]
    rng = np.random.default_rng(0)
    starts = jnp.asarray(rng.normal(size=(8, len(system.start))))
    descent = jax.jit(jax.vmap(lambda y: descend(system.energy, y, tolerance=1e-8)))
    ends, steps = descent(starts)
    energies = jax.vmap(system.energy)
    assert np.all(energies(ends) <= energies(starts))
    assert np.all(steps < 100)
    lowest = np.array([point.energy for point in system.minima])
    gaps = np.abs(np.asarray(energies(ends))[:, None] - lowest)
    assert np.all(np.min(gaps, axis=1) < 1e-10)


def test_descent_leaves_a_saddle_that_it_does_not_start_on() -> None:
    system = SYSTEMS["double well"]
    end, _ = descend(system.energy, jnp.array([1e-6, 1.0]), tolerance=1e-8)
    np.testing.assert_allclose(end, [1.0, 1.0], atol=1e-7)


def test_tolerance_follows_the_precision() -> None:
    assert gradient_tolerance(jnp.dtype("float64")) == 1e-12
    assert gradient_tolerance(jnp.dtype("float32")) == 1e-5
    assert gradient_tolerance(jnp.dtype("float32"), 0.1) == 0.1
