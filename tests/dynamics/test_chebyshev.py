"""One Runge-Kutta-Chebyshev step: order, stability, honest error estimate, spectral radius."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.systems import SYSTEMS
from tms_physics.dynamics.chebyshev import (
    Step,
    chebyshev_step,
    first_guess,
    local_error,
    spectral_radius,
    stability_interval,
    stages_for,
)

STAGES = np.array([2, 3, 4, 7, 20, 50])


def test_order_of_convergence_is_two_for_any_stages() -> None:
    """Errors at a fixed time fall by four when steps are halved."""
    system, time = SYSTEMS["double well"], 2.0
    field = jax.grad(lambda y: -system.energy(y))

    def error(steps: jax.Array, stages: jax.Array) -> jax.Array:
        def advance(_: jax.Array, state: tuple) -> tuple:
            return chebyshev_step(field, *state, time / steps, stages)

        y = jnp.asarray(system.start)
        end, _ = jax.lax.fori_loop(0, steps, advance, (y, field(y)))
        return jnp.linalg.norm(end - system.flow(time))

    counts = jnp.array([40, 80, 160, 320])
    errors = jax.jit(jax.vmap(lambda s: jax.lax.map(lambda n: error(n, s), counts)))(STAGES)
    orders = np.log2(errors[:, :-1] / errors[:, 1:])
    np.testing.assert_allclose(orders[:, -1], 2.0, atol=0.05)
    assert np.all((orders > 1.8) & (orders < 2.2))


def test_stability_interval_is_two_thirds_of_the_square_of_the_stages() -> None:
    """|P_s| ≤ 1 on [-β, 0], damped inside to about 1 - 2/39, and above 1 beyond 1.2 β."""
    shares = np.concatenate([np.linspace(0, 1, 2001), [1.2]])
    lengths = stability_interval(STAGES)
    assert np.all(lengths >= 0.65 * (STAGES**2 - 1))

    def polynomial(stages: jax.Array, length: jax.Array) -> jax.Array:
        rates = -length * shares
        ones = jnp.ones(shares.size)
        return chebyshev_step(lambda y: rates * y, ones, rates, jnp.ones(()), stages)[0]

    values = np.abs(jax.vmap(polynomial)(jnp.asarray(STAGES), jnp.asarray(lengths)))
    assert np.all(values[:, :-1] <= 1 + 1e-12)
    assert np.all(values[:, -1] > 1)
    inside = (shares > 0.1) & (shares < 0.9)
    assert np.all(values[2:, inside] < 0.97)


def test_stages_are_as_few_as_stability_allows() -> None:
    stiffness = jnp.geomspace(1e-3, 1e5, 200)
    stages = jax.vmap(stages_for)(stiffness)
    assert np.all(stability_interval(stages) >= stiffness * (1 - 1e-12))
    fewer = np.asarray(stages) - 1
    assert np.all((fewer == 1) | (stability_interval(fewer) < stiffness))


def test_the_error_is_estimated_from_above() -> None:
    """Many stages leave h³ y'''/15 on e^{-t}; the estimate is 1.8 times that, never less."""
    h, one = jnp.array(0.05), jnp.ones(1)

    def step(stages: jax.Array) -> tuple[jax.Array, jax.Array]:
        y, f = chebyshev_step(lambda y: -y, one, -one, h, stages)
        return local_error(Step(0 * h, h, one, y, -one, f))[0], y[0] - jnp.exp(-h)

    estimates, errors = jax.vmap(step)(jnp.asarray(STAGES))
    assert np.all(np.abs(estimates) > np.abs(errors))
    np.testing.assert_allclose(errors[-2:], h**3 / 15, rtol=0.05)
    np.testing.assert_allclose(estimates[-2:], -1.8 * errors[-2:], rtol=0.02)


def test_between_steps_the_error_is_of_fourth_order() -> None:
    def error(h: jax.Array) -> jax.Array:
        y = jnp.exp(-jnp.stack([0 * h, h]))[:, None]
        step = Step(0 * h, h, y[0], y[1], -y[0], -y[1])
        return jnp.abs(step.at(0.3 * h)[0] - jnp.exp(-0.3 * h))

    errors = jax.vmap(error)(jnp.array([0.2, 0.1]))
    assert np.log2(float(errors[0] / errors[1])) == pytest.approx(4, abs=0.2)


def test_spectral_radius_bounds_the_largest_rate() -> None:
    """Between 1 and 1.25 times it; from a start without a share of it, and close to another."""
    rates = jnp.array([[100.0, 99.0, 5.0, -20.0], [3.0, 0.0, 0.0, -4.0], [1e-6, 0.0, 0.0, 0.0]])
    y = jnp.array([0.0, 0.0, 1.0, 0.0])

    def bound(row: jax.Array) -> jax.Array:
        f = -row * y
        return spectral_radius(lambda v: -row * v, y, f, first_guess(f), jnp.array(True)).value

    ratio = jax.jit(jax.vmap(bound))(rates) / jnp.max(jnp.abs(rates), axis=1)
    assert np.all((ratio >= 1.0) & (ratio < 1.25))
