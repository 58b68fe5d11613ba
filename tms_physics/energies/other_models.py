"""Exact population losses of the linear model and, where there is one, of the hidden-ReLU model."""

import jax.numpy as jnp

from .._checks import check_values, density_vector, importance_vector, network
from .._memory import check_pairs
from .._types import Features, Number, Scalar, Weights
from .population import population_loss


def linear_population_loss(
    W: Weights, b: Features, *, importance: Number | Features, density: Number | Features
) -> Scalar:
    """Exact expected loss of x' = WᵀW x + b, the model without a nonlinearity.

    L = Σ_i I_i [Σ_j (δ_ij - G_ij)² Var x_j + (Σ_j (δ_ij - G_ij) E x_j - b_i)²], G = WᵀW,
    E x_j = p_j/2, Var x_j = p_j/3 - p_j²/4. Arguments, shapes and errors as in `population_loss`,
    for any n; differentiable without limits. Elhage et al. 2022, "Demonstrating superposition".
    """
    weights, biases = network(W, b)
    n = weights.shape[1]
    weight, p = importance_vector(importance, n), density_vector(density, n)
    check_pairs("W", weights, 2)
    residual = jnp.eye(n, dtype=weights.dtype) - weights.T @ weights
    spread, offset = residual**2 @ (p / 3 - p**2 / 4), residual @ p / 2 - biases
    return weight @ (spread + offset**2)


def hidden_relu_population_loss(
    W: Weights,
    b: Features,
    *,
    importance: Number | Features,
    density: Number | Features,
    rtol: float = 1e-8,
) -> Scalar:
    """Exact expected loss of x' = ReLU(Wᵀ ReLU(W x) + b), where the hidden ReLU is never mixed.

    As x ≥ 0, a hidden neuron whose weights are all ≥ 0 is linear, and one whose weights are all
    ≤ 0 is always off: the loss is then `population_loss` of the rows that are ≥ 0. With weights
    of both signs in one row, hidden neurons are rectified sums, several enter one output, and no
    closed form or one-dimensional transform of their joint distribution is known to us: such W
    raise `ValueError` (under `jit`, an error at run time); use `sampled_loss`.
    Arguments as in `population_loss`. Elhage et al. 2022, "Superposition in a privileged basis".
    """
    weights, biases = network(W, b)
    check_values(
        "W", weights, "of one sign in each row (hidden neuron)", lambda w: _one_sign(w) | (w == 0)
    )
    return population_loss(
        jnp.maximum(weights, 0.0), biases, importance=importance, density=density, rtol=rtol
    )


def _one_sign(W: jnp.ndarray) -> jnp.ndarray:
    mixed = jnp.any(W > 0, axis=1, keepdims=True) & jnp.any(W < 0, axis=1, keepdims=True)
    return jnp.broadcast_to(~mixed, W.shape)
