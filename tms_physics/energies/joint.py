"""The exact population loss where features are not independent: any joint law of who is active."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._checks import (
    check_shape,
    check_values,
    feature_count,
    importance_vector,
    network,
    network_params,
    real_array,
)
from .._types import Features, Number, Params, Scalar, SetProbabilities
from ._box import MAX_FEATURES
from ._row import joint_output_loss

_SUM_ERROR = 1e-6  # float32 sums of 64 probabilities


def joint_population_loss(
    W: Array | np.ndarray,
    b: Features,
    *,
    importance: Number | Features,
    probabilities: SetProbabilities,
) -> Scalar:
    """Exact expected loss of x' = ReLU(WᵀW x + b) for features that are active together or apart.

    L = Σ_i I_i E(x_i - x'_i)², the sum over features. The set A of active features has the
    probability P(A); given A the values of its features are independent and uniform on [0, 1],
    the others are 0 (Elhage et al. 2022, "Correlated and anticorrelated features").

    L is linear in P, and `population_loss` is the case P(A) = Π_{A} p_j Π_{not A} (1 - p_j): the
    same closed form, with the same error, at most 1e-12 Σ_i I_i (P(i)/3 + E ReLU(z_i)²) in float64
    for every W and b, and the same smoothness: continuously differentiable, except where W_i = 0
    and b_i = 0; second derivatives jump where b_i = 0. All 3^n faces of the cube are visited
    whatever P, so n is at most 6.

    **Arguments:** `W` (m, n), feature i is column i; `b` (n,); `importance` I, a number or (n,),
    finite and ≥ 0; `probabilities` P (2^n,), ≥ 0 with sum 1, in the order of
    `itertools.product((inactive, active), repeat=n)`: entry Σ_{i∈A} 2^(n-1-i), the first feature
    counts most (`CorrelatedSets` and `AnticorrelatedSets` have it as `set_probabilities`).

    jit- and vmap-able; differentiable in forward and reverse mode in all arguments. Raises
    `ValueError` for other shapes and values, n > 6 among them (for values only known at run
    time under `jit`, an error when the program runs).
    """
    weights, biases = network(W, b)
    n = _few(weights.shape[1])
    return _loss(weights, biases, importance_vector(importance, n), _joint(probabilities, n))


class JointPopulationLoss(eqx.Module):
    """`joint_population_loss` as an energy: `JointPopulationLoss(importance, probabilities)(y)`.

    y = (W, b). Its parameters are array leaves, so that a sweep maps over them and compiles once.
    Arguments and errors as in `joint_population_loss`; values are checked once, here.
    """

    importance: Features
    probabilities: SetProbabilities

    def __init__(self, importance: Number | Features, probabilities: SetProbabilities):
        n = _few(max(feature_count(probabilities=probabilities).bit_length() - 1, 1))
        self.probabilities = _joint(probabilities, n)
        self.importance = importance_vector(importance, n)

    def __call__(self, params: Params) -> Scalar:
        W, b = network_params(params, self.importance.shape[0])
        return _loss(W, b, jnp.asarray(self.importance), jnp.asarray(self.probabilities))


@jax.jit
def _loss(W: Array, b: Array, importance: Array, probabilities: Array) -> Array:
    n = W.shape[1]
    own_first = np.array([[i, *(j for j in range(n) if j != i)] for i in range(n)])
    gram = jnp.matmul(W.T, W, precision=jax.lax.Precision.HIGHEST)
    rows = jnp.concatenate([b[:, None], gram[np.arange(n)[:, None], own_first]], axis=1)
    cube = probabilities.reshape((2,) * n)
    chances = jnp.stack([jnp.transpose(cube, order).ravel() for order in own_first.tolist()])
    marginal = jnp.sum(chances[:, 2 ** (n - 1) :], axis=1)
    losses = marginal / 3 + jax.vmap(joint_output_loss)(rows, chances)
    return jnp.sum(importance * losses)


def _few(n: int) -> int:
    if n > MAX_FEATURES:
        raise ValueError(
            f"Argument `probabilities` must be of at most {MAX_FEATURES} features, "
            f"but n is {n}: train on samples."
        )
    return n


def _joint(probabilities: object, n: int) -> Array:
    """P as an array of shape (2^n,), each ≥ 0, with sum 1."""
    joint = real_array("probabilities", probabilities)
    check_shape("probabilities", joint, f"(2^n,) = ({2**n},)", joint.shape == (2**n,))
    joint = check_values("probabilities", joint, ">= 0", lambda a: a >= 0)

    def sums_to_one(a: Array) -> Array:
        return jnp.broadcast_to(jnp.abs(jnp.sum(a) - 1) <= _SUM_ERROR, a.shape)

    return check_values("probabilities", joint, "of sum 1", sums_to_one)
