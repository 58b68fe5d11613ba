"""The networks: n features squeezed through m hidden dimensions, with tied or untied weights."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from ._checks import check_count, check_key, example, hidden_network, network
from ._memory import check_memory
from ._types import Features, Key, Params, Weights


class LinearModel(eqx.Module):
    """x' = WᵀW x + b on one example x (n,): the model without a nonlinearity.

    Its best solution is principal component analysis: it never stores more than m features.
    Elhage et al. 2022, "Demonstrating superposition". `W` (m, n), `b` (n,), zero where absent.
    """

    W: Weights
    b: Features

    def __init__(self, W: Weights, b: Features | None = None):
        self.W, self.b = network(W, b)

    def __call__(self, x: Features) -> Features:
        return self.W.T @ (self.W @ example(x, self.W.shape[-1])) + self.b


class ReluOutputModel(eqx.Module):
    """x' = ReLU(WᵀW x + b) on one example x (n,): the toy model of superposition.

    Elhage et al. 2022, "Demonstrating superposition". `W` (m, n), `b` (n,), zero where absent.
    """

    W: Weights
    b: Features

    def __init__(self, W: Weights, b: Features | None = None):
        self.W, self.b = network(W, b)

    def __call__(self, x: Features) -> Features:
        return jax.nn.relu(self.W.T @ (self.W @ example(x, self.W.shape[-1])) + self.b)


class ReluHiddenModel(eqx.Module):
    """x' = ReLU(Wᵀ ReLU(W x) + b) on one example x (n,): neurons, so a privileged basis.

    A rotation of the hidden layer changes the model: a row of W is what one neuron stores.
    Elhage et al. 2022, "Superposition in a privileged basis". `W` (m, n), `b` (n,), zero where
    absent. `hidden_relu_population_loss` is its exact loss where each row of W has one sign.
    """

    W: Weights
    b: Features

    def __init__(self, W: Weights, b: Features | None = None):
        self.W, self.b = network(W, b)

    def __call__(self, x: Features) -> Features:
        return jax.nn.relu(self.W.T @ jax.nn.relu(self.W @ example(x, self.W.shape[-1])) + self.b)


class AbsoluteValueModel(eqx.Module):
    """y = ReLU(W₂ ReLU(W₁ x) + b) on one example x (n,), to be trained to the target |x|.

    Untied, with neurons that compute: |x_i| = ReLU(x_i) + ReLU(-x_i) takes two of them. The loss
    does not change when row k of W₁ is multiplied by a > 0 and column k of W₂ divided by it.
    Elhage et al. 2022, "Computation in superposition". `W1` (m, n), `W2` (n, m), `b` (n,), zero
    where absent. Raises `ValueError` for other shapes.
    """

    W1: Weights
    W2: Float[jax.Array | np.ndarray, "n m"]
    b: Features

    def __init__(
        self, W1: Weights, W2: Float[jax.Array | np.ndarray, "n m"], b: Features | None = None
    ):
        self.W1, self.W2, self.b = hidden_network(W1, W2, b)

    def __call__(self, x: Features) -> Features:
        return jax.nn.relu(self.W2 @ jax.nn.relu(self.W1 @ example(x, self.W1.shape[-1])) + self.b)


def xavier_normal(n: int, m: int, *, key: Key) -> Params:
    """The paper's starting point: W_ij normal with variance 2/(n + m), b = 0.

    Returns (W, b) of shapes (m, n) and (n,), in JAX's default floating-point type.
    """
    n, m = check_count("n", n), check_count("m", m)
    check_key("key", key)
    largest = max(n, m)
    check_memory("n" if n == largest else "m", largest, lambda size: 32 * size * min(n, m))
    W = jax.random.normal(key, (m, n)) * jnp.sqrt(2.0 / (n + m))
    return W, jnp.zeros(n, W.dtype)
