"""Closed solutions of the linear model's flow against integrators of `diffrax`."""

import diffrax
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theory import linear_flow

M, N, END = 2, 4, 2.0
START = 0.5 * np.random.default_rng(11).normal(size=(M, N))


def quadratic_loss(W: jax.Array, matrix: jax.Array) -> jax.Array:
    """Σ_ij I_i v_j (δ_ij - G_ij)² with matrix_ij = I_i v_j."""
    return jnp.sum(matrix * (jnp.eye(N) - W.T @ W) ** 2)


@eqx.filter_jit
def solve(
    solver: diffrax.AbstractSolver,
    controller: diffrax.AbstractStepSizeController,
    W0: jax.Array,
    matrix: jax.Array,
    step: jax.Array | None,
) -> jax.Array | None:
    """W(END) of the flow from W0; `step` is that of a fixed-step method."""
    return diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, W, matrix: -jax.grad(quadratic_loss)(W, matrix)),
        solver,
        0.0,
        END,
        step,
        W0,
        args=matrix,
        stepsize_controller=controller,
        max_steps=4096,
    ).ys


def adaptive(W0: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    controller = diffrax.PIDController(rtol=1e-12, atol=1e-13)
    return final(solve(diffrax.Dopri8(), controller, jnp.asarray(W0), jnp.asarray(matrix), None))


def final(ys: jax.Array | None) -> np.ndarray:
    assert ys is not None
    return np.asarray(ys[0])


def test_isotropic_weights() -> None:
    variance = float(linear_flow.feature_variance(0.5))
    end = linear_flow.isotropic_weights(END, START, importance=1.5, density=0.5)
    found = adaptive(START, np.full((N, N), 1.5 * variance))
    np.testing.assert_allclose(found, end, atol=1e-10)


def test_aligned_modes_at_unequal_importance_and_density() -> None:
    importance, density = np.array([1.0, 3.0, 0.5, 2.0]), np.array([0.2, 0.9, 0.5, 0.05])
    matrix = np.outer(importance, linear_flow.feature_variance(density))
    start = np.zeros((M, N))
    start[0, 0], start[1, 2] = 0.1, 1.2
    found = adaptive(start, matrix)
    modes = linear_flow.aligned_modes(
        END, np.sum(start**2, axis=0), importance=importance, density=density
    )
    np.testing.assert_allclose(found.T @ found, np.diag(modes), atol=1e-10)


def test_general_flow_obeys_the_gram_equation_of_both_importance_and_variance() -> None:
    """At unequal I and v no solution is known, but dG/dt is: at the start of the flow."""
    importance, density = np.array([1.0, 3.0, 0.5, 2.0]), np.array([0.2, 0.9, 0.5, 0.05])
    matrix = jnp.asarray(np.outer(importance, linear_flow.feature_variance(density)))
    velocity = -np.asarray(jax.grad(quadratic_loss)(jnp.asarray(START), matrix))
    exact = linear_flow.gram_velocity(START.T @ START, importance=importance, density=density)
    np.testing.assert_allclose(velocity.T @ START + START.T @ velocity, exact, atol=1e-14)


@pytest.mark.parametrize(
    ("solver", "order", "steps"),
    [(diffrax.Heun(), 2, (64, 128, 256)), (diffrax.Tsit5(), 5, (16, 32, 64))],
)
def test_order_of_convergence(
    solver: diffrax.AbstractSolver, order: int, steps: tuple[int, ...]
) -> None:
    """To first order in the step the measured order is off by as much: extrapolated."""
    matrix = jnp.full((N, N), 3.0 * float(linear_flow.feature_variance(0.5)))
    exact = linear_flow.isotropic_weights(END, START, importance=3.0, density=0.5)
    errors = []
    for count in steps:
        step = jnp.asarray(END / count)
        found = solve(solver, diffrax.ConstantStepSize(), jnp.asarray(START), matrix, step)
        errors.append(np.max(np.abs(final(found) - exact)))
    measured = np.log2(np.array(errors[:-1]) / errors[1:])
    assert 2 * measured[1] - measured[0] == pytest.approx(order, abs=0.1)
    assert errors[-1] > 1e-13


def test_single_feature_of_the_relu_model() -> None:
    """x' = ReLU(w² x), always active: L = p I ∫ (x - w² x)² dx by Gauss-Legendre in the test."""
    nodes, weights = np.polynomial.legendre.leggauss(4)
    x, share = jnp.asarray((nodes + 1) / 2), jnp.asarray(weights / 2)

    def loss(w: jax.Array) -> jax.Array:
        return 0.3 * 2.0 * jnp.sum(share * (x - jax.nn.relu(w * w * x)) ** 2)

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(lambda t, w, args: -jax.grad(loss)(w)),
        diffrax.Dopri8(),
        0.0,
        END,
        None,
        jnp.asarray(0.1),
        stepsize_controller=diffrax.PIDController(rtol=1e-12, atol=1e-13),
    )
    assert solution.ys is not None
    end = linear_flow.single_feature(END, 0.01, importance=2.0, density=0.3)
    assert float(solution.ys[0]) ** 2 == pytest.approx(float(end), abs=1e-11)
