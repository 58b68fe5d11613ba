"""The sparse limit of the population loss: particles with a one-body and a pair energy.

With densities p_j = p c_j and p → 0 at most one feature is active at a time, and for b ≤ 0

    lim L/p = Σ_i I_i c_i u(a_i, b_i) + Σ_{i≠j} I_i c_j v(G_ij, b_i),  a_i = ‖W_i‖², G = WᵀW,
    u(a, b) = ∫_0^1 (x - ReLU(a x + b))² dx,  v(g, b) = ∫_0^1 ReLU(g x + b)² dx.

A positive bias costs ReLU(b_i)²/p → ∞. At b = 0, u = (1-a)²/3 and v = ReLU(g)²/3; the closed
forms stand in `energies._potentials`. Sums over pairs are made tile by tile (`energies._tiles`),
so that n × n numbers are stored only where they are asked for.
(One active feature at a time is the data of Chen et al. 2023, arXiv 2310.06301,
whose potential is H = 3 lim L/p at I = c = 1.)
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jax.core import Tracer
from jax.sharding import Mesh
from jaxtyping import Float

from .._checks import (
    check_shape,
    check_values,
    feature_count,
    importance_vector,
    network,
    network_params,
    real_array,
    shown,
)
from .._memory import check_pairs
from .._types import Features, Number, Params, Scalar, Weights
from ..cluster import split_features
from ._potentials import one_body_potential, pair_potential, pair_slopes
from ._ring import ring_sums
from ._tiles import charges, pair_sums, pair_total


def _gram(W: Array) -> Array:
    return jnp.matmul(W.T, W, precision=jax.lax.Precision.HIGHEST)


def _at_most_zero(b: Array) -> Array:
    """b where it is valid; its derivative at b = 0 is that from below."""
    return jnp.where(b > 0, 0.0, b)


def _one_body(W: Array, b: Array, importance: Array, c: Array) -> Array:
    energies = importance * c * one_body_potential(jnp.sum(W * W, axis=0), _at_most_zero(b))
    return jnp.where((b > 0) & (importance > 0), jnp.inf, energies)


def _off_diagonal(n: int) -> Array:
    return ~jnp.eye(n, dtype=bool)


def _pairs(W: Array, b: Array, importance: Array, c: Array) -> Array:
    costs = pair_potential(_gram(W), _at_most_zero(b)[:, None])
    return jnp.where(_off_diagonal(len(b)), importance[:, None] * c[None] * costs, 0.0)


@jax.jit
def _total(W: Array, b: Array, importance: Array, c: Array) -> Scalar:
    pairs = pair_total(W, _at_most_zero(b), importance, c)
    return jnp.sum(_one_body(W, b, importance, c)) + pairs


def _relative_density(value: object, n: int) -> Array:
    c = real_array("relative_density", value)
    check_shape("relative_density", c, f"() or (n,) = ({n},)", c.shape in ((), (n,)))
    rule = "positive and finite"
    c = check_values("relative_density", c, rule, lambda a: jnp.isfinite(a) & (a > 0))
    return jnp.broadcast_to(c, (n,))


def _arguments(
    W: object, b: object, importance: object, relative_density: object
) -> tuple[Array, Array, Array, Array]:
    weights, biases = network(W, b)
    if not isinstance(biases, Tracer):
        check_values("b", biases, "at most 0 in the sparse limit", lambda a: a <= 0)
    n = weights.shape[1]
    return weights, biases, importance_vector(importance, n), _relative_density(relative_density, n)


def sparse_limit_energy(
    W: Weights,
    b: Features,
    *,
    importance: Number | Features,
    relative_density: Number | Features = 1.0,
) -> Scalar:
    """lim L/p as p → 0 of the population loss at densities p c: Σ I_i c_i u + Σ I_i c_j v.

    u and v as in the module. Repulsion of acute pairs is of this order; the price of obtuse
    angles is of the next, and so are forces of three bodies. A feature that is not stored costs
    I_i c_i/3. Continuously differentiable in b ≤ 0 (at 0 from below), except where W_i = 0 and
    b_i = 0. O(n m) memory: see `energies._tiles`.

    **Arguments:** `W` (m, n) in any dimension m; `b` (n,), at most 0; `importance` I, a number or
    (n,), finite and ≥ 0; `relative_density` c, a number or (n,), positive and finite: the
    densities over p. All dimensionless.

    jit-, grad- and vmap-able, in float32 too. Raises `ValueError` for other shapes and values; for
    b_i > 0 that are only known at run time (under `jit` or `vmap`) the energy is inf. To descend
    under b ≤ 0 take b = -β² and descend in β: the curvature in β at 0 is -2 ∂E/∂b, positive where
    the restriction binds.
    """
    return _total(*_arguments(W, b, importance, relative_density))


class SparseLimitEvaluation(eqx.Module):
    """The sparse limit at one place, with what acts there.

    `energy` lim L/p; `one_body` (n,) and `pairs` (n,) its two parts by the output that they are
    lost in, I_i c_i u and Σ_{j≠i} I_i c_j v; `forces` (m, n): Σ_j F_ij of `pair_forces`, what all
    others exert on W_i; `gradient`: of the energy in (W, b).
    """

    energy: Scalar
    one_body: Features
    pairs: Features
    forces: Float[Array, "m n"]
    gradient: Params


@eqx.filter_jit
def _evaluate(
    W: Array, b: Array, importance: Array, c: Array, mesh: Mesh | None
) -> SparseLimitEvaluation:
    own, slopes = jax.vjp(lambda W, b: _one_body(W, b, importance, c), W, b)
    W_slope, b_slope = slopes(jnp.ones_like(own))
    features = charges(W, _at_most_zero(b), importance, c)
    sums = pair_sums(features, features) if mesh is None else ring_sums(features, mesh)
    pairs = importance * sums.costs
    gradient = W_slope + sums.x.T, b_slope + sums.b
    return SparseLimitEvaluation(jnp.sum(own) + jnp.sum(pairs), own, pairs, -sums.x.T, gradient)


def evaluate_sparse_limit(
    W: Weights,
    b: Features,
    *,
    importance: Number | Features,
    relative_density: Number | Features = 1.0,
    mesh: Mesh | None = None,
) -> SparseLimitEvaluation:
    """`sparse_limit_energy` with its gradient, its parts and the forces, in one pass.

    4 n² m operations in two products of matrices tile by tile, O(n m) memory. With a `mesh` of D
    devices (`tms_physics.feature_mesh`) each holds n/D features and the shares go round: also over
    processes (`tms_physics.join_cluster`), where every process calls this with the same arrays,
    or with its own part of them (`tms_physics.share_features`). Sums then have another order: the
    numbers agree to rounding, not in every bit.

    **Arguments:** as in `sparse_limit_energy`; `mesh`: 1-D, its size a divisor of n, or None for
    one device. Results by feature are split as the features are. Not differentiable over a mesh.
    Raises `ValueError` for other shapes and values.
    """
    arrays = _arguments(W, b, importance, relative_density)
    if mesh is None:
        return _evaluate(*arrays, None)
    if not isinstance(mesh, Mesh):
        raise ValueError(f"Argument `mesh` must be a Mesh or None, but is {shown(mesh)}.")
    check_shape("mesh", mesh.devices, "(D,)", mesh.devices.ndim == 1)
    n = arrays[0].shape[1]
    if n % mesh.size:
        raise ValueError(
            f"Argument `mesh` must have a size that divides n = {n}, but has {mesh.size} devices."
        )
    names = ("W", "b", "importance", "relative_density")
    W, b, weight, c = split_features(mesh, **dict(zip(names, arrays, strict=True)))
    return _evaluate(W, b, weight, c, mesh)


def one_body_energy(
    W: Weights,
    b: Features,
    *,
    importance: Number | Features,
    relative_density: Number | Features = 1.0,
) -> Features:
    """I_i c_i u(‖W_i‖², b_i), shape (n,): what each output loses on its own input.

    Arguments and errors as in `sparse_limit_energy`.
    """
    return _one_body(*_arguments(W, b, importance, relative_density))


def pair_energy(
    W: Weights,
    b: Features,
    *,
    importance: Number | Features,
    relative_density: Number | Features = 1.0,
) -> Float[Array, "n n"]:
    """I_i c_j v(W_i·W_j, b_i), shape (n, n), 0 on the diagonal: what input j costs output i.

    The energy of the pair {i, j} is the sum of both entries. It vanishes for obtuse angles.
    Arguments and errors as in `sparse_limit_energy`.
    """
    weights, *vectors = _arguments(W, b, importance, relative_density)
    check_pairs("W", weights, 3)
    return _pairs(weights, *vectors)


def pair_forces(
    W: Weights,
    b: Features,
    *,
    importance: Number | Features,
    relative_density: Number | Features = 1.0,
) -> Float[Array, "m n n"]:
    """Force [:, i, j] on the weights W_i by feature j, minus the gradient of the pair's energy.

    F_ij = -(I_i c_j v_g(G_ij, b_i) + I_j c_i v_g(G_ij, b_j)) W_j: along W_j, not along the line
    that joins the two, so action and reaction differ, but their torques cancel,
    W_i ∧ F_ij + W_j ∧ F_ji = 0. Arguments and errors as in `sparse_limit_energy`.
    """
    weights, biases, weight, c = _arguments(W, b, importance, relative_density)
    check_pairs("W", weights, 1 + weights.shape[0])
    slopes = pair_slopes(_gram(weights), _at_most_zero(biases)[:, None])[0]
    one_way = jnp.where(_off_diagonal(len(biases)), weight[:, None] * c[None] * slopes, 0.0)
    return -(one_way + one_way.T)[None] * weights[:, None, :]


class SparseLimitEnergy(eqx.Module):
    """The same energy, `SparseLimitEnergy(importance, relative_density)(params)`, params = (W, b).

    Importances and relative densities are array leaves (n,), so a sweep maps over them and
    compiles once; at least one of the two has shape (n,). Values are checked once, here; b_i > 0
    gives inf.
    """

    importance: Features
    relative_density: Features

    def __init__(self, importance: Number | Features, relative_density: Number | Features = 1.0):
        n = feature_count(importance=importance, relative_density=relative_density)
        self.importance = importance_vector(importance, n)
        self.relative_density = _relative_density(relative_density, n)

    def __call__(self, params: Params) -> Scalar:
        W, b = network_params(params, self.importance.shape[0])
        return _total(W, b, jnp.asarray(self.importance), jnp.asarray(self.relative_density))
