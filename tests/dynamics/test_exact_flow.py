"""The gradient flow of the exact loss of 100 features in 20 dimensions, over its first moves."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tms_physics import PopulationLoss, Trajectory, gradient_flow, xavier_normal

N, M, P = 100, 20, 0.05
TIMES = np.linspace(0.0, 2.0, 17)


@pytest.fixture(scope="module")
def energy() -> PopulationLoss:
    return PopulationLoss(jnp.ones(N), P, 1e-6)


@pytest.fixture(scope="module")
def flow(energy: PopulationLoss) -> Trajectory:
    start = xavier_normal(N, M, key=jax.random.key(3))
    return jax.jit(lambda y: gradient_flow(energy, y, times=jnp.asarray(TIMES), last_time=2.0))(
        start
    )


def slopes(energy: PopulationLoss, flow: Trajectory) -> tuple[np.ndarray, np.ndarray]:
    out = jax.lax.map(jax.jit(jax.grad(energy)), flow.states)
    return np.asarray(out[0]), np.asarray(out[1])


def test_energy_is_lost_at_the_rate_of_the_squared_gradient(energy, flow) -> None:
    """Simpson's rule over ‖∇L‖², exact to the spacing's fourth power."""
    W, b = slopes(energy, flow)
    rate = np.sum(W**2, axis=(1, 2)) + np.sum(b**2, axis=1)
    weights = np.array([1, *([4, 2] * 7), 4, 1]) / 3 * (TIMES[1] - TIMES[0])
    assert flow.energies[0] - flow.energies[-1] == pytest.approx(weights @ rate, rel=1e-3)
    assert np.all(np.diff(flow.energies) < 0)


def test_nothing_turns(energy, flow) -> None:
    """W Ẇᵀ is symmetric at every time: the flow moves no angle that O(m) leaves free."""
    slope, _ = slopes(energy, flow)
    torque = np.einsum("tmn,tkn->tmk", np.asarray(flow.states[0]), slope)
    size = np.max(np.abs(torque), axis=(1, 2))
    assert np.all(np.abs(torque - torque.swapaxes(1, 2)).max(axis=(1, 2)) < 1e-11 * size)
