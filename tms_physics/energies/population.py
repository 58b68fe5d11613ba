"""The exact population loss of the ReLU-output model: the energy of the particles."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Int

from .._checks import (
    check_number_between,
    density_vector,
    feature_count,
    importance_vector,
    network,
    network_params,
)
from .._memory import check_pairs
from .._types import Features, Number, Params, Scalar, Weights
from ._box import MAX_FEATURES
from ._row import output_loss
from .inversion.loss import OutputLosses
from .inversion.loss import output_losses as inverted_losses
from .inversion.nodes import BLOCK

_CLOSED_FORM_ERROR = 1e-12  # of the closed form, as a share of p_i/3 + E(x_i - x'_i)²
_PAIRS = 64  # arrays (n, n) that the inversion holds at a time; slopes take half as many again
_ABSOLUTE = 1e-13  # of Σ_i I_i p_i/3: the least error asked for, in float64
_SUM = 2.0  # units of the last place that the sum over the outputs may lose
_RELATIVE = 1e-7  # of L, in single precision: far below what is asked of Σ_i I_i p_i/3


class Evaluation(eqx.Module):
    """The population loss and how well it is known.

    `loss` L; `error` an estimate of its error from above; `outputs` (n,) the losses
    E(x_i - x'_i)² of each output; `nodes` of the inversion, 0 for the closed form.
    """

    loss: Scalar
    error: Scalar
    outputs: Features
    nodes: Int[Array, ""]


def _closed_form(W: Array, b: Array, density: Array) -> OutputLosses:
    n = W.shape[1]
    own_first = np.array([[i, *(j for j in range(n) if j != i)] for i in range(n)])
    gram = jnp.matmul(W.T, W, precision=jax.lax.Precision.HIGHEST)
    rows = jnp.concatenate([b[:, None], gram[np.arange(n)[:, None], own_first]], axis=1)
    losses = density / 3 + jax.vmap(output_loss)(rows, density[own_first])
    ulp = jnp.finfo(losses.dtype).eps / jnp.finfo(jnp.float64).eps
    errors = _CLOSED_FORM_ERROR * ulp * (density / 3 + jnp.abs(losses))
    return OutputLosses(losses, jax.lax.stop_gradient(errors), jnp.asarray(0))


def _outputs(W: Array, b: Array, importance: Array, density: Array, rtol: float) -> OutputLosses:
    if W.shape[1] <= MAX_FEATURES:
        return _closed_form(W, b, density)
    given = jnp.result_type(W, b, importance, density)
    dtype = jax.dtypes.canonicalize_dtype(jnp.float64)  # float32 where JAX has no other
    W, b, importance, density = (x.astype(dtype) for x in (W, b, importance, density))
    double = jnp.finfo(given).eps < 1e-10
    floor, relative = (_ABSOLUTE, rtol) if double else (0.3 * _single(given), _RELATIVE)
    scale = jnp.sum(importance * density / 3)
    tolerance = jnp.stack([jnp.asarray(relative, dtype), floor * scale])
    out = inverted_losses(W, b, importance, density, tolerance)
    return out._replace(losses=out.losses.astype(given), errors=out.errors.astype(given))


def _single(dtype: jnp.dtype) -> float:
    """1e-5 in float32: what it can hold of Σ_i I_i p_i/3, rounding included."""
    return 1e-5 * float(jnp.finfo(dtype).eps) / float(np.finfo(np.float32).eps)


@eqx.filter_jit
def _evaluate(W: Array, b: Array, importance: Array, density: Array, rtol: float) -> Evaluation:
    out = _outputs(W, b, importance, density, rtol)
    loss = jnp.sum(importance * out.losses)
    rounding = _SUM * jnp.finfo(loss.dtype).eps * jax.lax.stop_gradient(loss)
    return Evaluation(
        loss,
        jnp.sum(importance * out.errors) + rounding,
        out.losses,
        out.blocks * BLOCK,
    )


def population_loss(
    W: Weights,
    b: Features,
    *,
    importance: Number | Features,
    density: Number | Features,
    rtol: float = 1e-8,
) -> Scalar:
    """Exact expected loss of x' = ReLU(WᵀW x + b): no samples, no noise.

    L = Σ_i I_i E(x_i - x'_i)², the sum over features, with x_j zero with probability 1 - p_j,
    else uniform on [0, 1] (Elhage et al. 2022, "Demonstrating superposition").

    Up to 6 features in closed form, by a recurrence over the faces of the cube, with an error of
    at most 1e-12 Σ_i I_i (p_i/3 + E ReLU(z_i)²) in float64 for every W and b. More features by
    inversion of the Laplace transform of each z_i (see `energies.inversion`), with as many nodes,
    up to 2048, as an error of rtol L + 1e-13 Σ_i I_i p_i/3 needs in float64, 1e-5 Σ_i I_i p_i/3 in
    float32: O(n² nodes) operations, O(n² + n nodes) memory. Input in float32 is computed in float64
    where JAX has that enabled; where it has not, rounding takes 1e-5 Σ_i I_i p_i/3 to n = 400 and
    1.5e-5 at n = 1,000 (see `benchmarks/README.md`). Where the nodes do not suffice (few large
    couplings beside many of 1e-6 to 1e-3, and |b_i| as small as these) the error is
    larger; `evaluate_population` tells it.

    L is continuously differentiable, except where a feature has W_i = 0 and b_i = 0 (there the
    derivative from b_i < 0 is returned); second derivatives jump where b_i = 0. Use
    `tms_physics.curvature` for stability.

    **Arguments:** `W` (m, n), feature i is column i; `b` (n,); `importance` I, a number or (n,),
    finite and ≥ 0; `density` p, a number or (n,), in (0, 1]; `rtol` in [1e-12, 1e-2], of no
    effect for n ≤ 6 and in float32. All dimensionless.

    jit- and vmap-able; reverse- and forward-mode differentiable in W, b and `importance`, and
    forward over either. For n > 6 it is differentiable in `density` by forward mode only, and
    not twice by reverse mode. Raises `ValueError` for other shapes and values (for values only
    known at run time under `jit`, an error when the program runs).
    """
    return evaluate_population(W, b, importance=importance, density=density, rtol=rtol).loss


def evaluate_population(
    W: Weights,
    b: Features,
    *,
    importance: Number | Features,
    density: Number | Features,
    rtol: float = 1e-8,
) -> Evaluation:
    """`population_loss` with an estimate of its error and the loss of every output.

    The estimate is a fifth of what half of the nodes would change, or 1/150 of what half of
    these would, summed over the outputs, and a bound on rounding.
    Arguments and errors as in `population_loss`.
    """
    weights, biases = network(W, b)
    check_pairs("W", weights, _PAIRS)
    n = weights.shape[1]
    vectors = importance_vector(importance, n), density_vector(density, n)
    return _evaluate(weights, biases, *vectors, _checked_rtol(rtol))


def _checked_rtol(rtol: float) -> float:
    return check_number_between("rtol", rtol, 1e-12, 1e-2)


class PopulationLoss(eqx.Module):
    """`population_loss` as an energy: `PopulationLoss(importance, density)((W, b))`.

    Its parameters are array leaves, so that a sweep maps over them and compiles once:
    `eqx.filter_vmap(PopulationLoss)(importances, densities)` is a batch of energies.
    Arguments and errors as in `population_loss`; at least one of the two has shape (n,).
    Values are checked once, here, and not again at each call. To descend to a gradient of 1e-8
    (`minimise`, `ground_states` above 300 parameters) ask for rtol=1e-12.
    """

    importance: Features
    density: Features
    rtol: float = eqx.field(static=True)

    def __init__(
        self, importance: Number | Features, density: Number | Features, rtol: float = 1e-8
    ):
        n = feature_count(importance=importance, density=density)
        self.importance = importance_vector(importance, n)
        self.density = density_vector(density, n)
        self.rtol = _checked_rtol(rtol)

    def __call__(self, params: Params) -> Scalar:
        W, b = network_params(params, self.density.shape[0])
        check_pairs("params", W, _PAIRS)
        vectors = jnp.asarray(self.importance), jnp.asarray(self.density)
        return _evaluate(W, b, *vectors, self.rtol).loss
