"""Descent without Hessians on the exact loss of more features than the closed form takes."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from tms_physics import PopulationLoss, evaluate_population, xavier_normal
from tms_physics.dynamics.matrix_free import gradient_scale, minimise_matrix_free

N, M, DENSITY = 8, 3, 0.1


def test_networks_reach_a_relative_gradient_of_1e_8() -> None:
    """Three starts end in one and the same minimum, known to more digits than it is asked for."""
    _, unravel = ravel_pytree(xavier_normal(N, M, key=jax.random.key(0)))
    loss = PopulationLoss(jnp.ones(N), DENSITY, rtol=1e-12)

    def energy(y: jax.Array) -> jax.Array:
        return loss(unravel(y))

    @jax.jit
    def descend(y: jax.Array) -> tuple[jax.Array, ...]:
        end = minimise_matrix_free(energy, y, None, tolerance=None, max_steps=50)
        return end.y, end.energy, end.gradient_norm, gradient_scale(energy, y)

    starts = [ravel_pytree(xavier_normal(N, M, key=jax.random.key(k)))[0] for k in range(3)]
    ends = [descend(y) for y in starts]
    for _, _, gradient, scale in ends:
        assert float(gradient) <= 1e-8 * float(scale)
    values = np.array([float(value) for _, value, *_ in ends])
    np.testing.assert_allclose(values, values[0], rtol=1e-10)
    W, b = unravel(ends[0][0])
    known = evaluate_population(W, b, importance=1.0, density=DENSITY, rtol=1e-12)
    assert abs(float(known.loss) - values[0]) <= float(known.error) < 1e-10 * values[0]
    assert values[0] < DENSITY / 3 * (N - M)  # less than m features alone cost
