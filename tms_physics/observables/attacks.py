"""Adversarial perturbations of a network's inputs, at most so long in the L2 norm.

An attack turns the output x' = ReLU(A x + b), A = WᵀW, into ReLU(A (x + δ) + b), ‖δ‖ ≤ ε, and is
judged by f(δ) = ‖ReLU(A (x + δ) + b) - x‖²: the right answer is still x, all importances are 1.
Only W δ matters, so δ is sought in the row space of W: δ = V y, ‖y‖ = ‖δ‖, with the thin singular
value decomposition W = U Σ Vᵀ, and A δ = C y with C = V Σ² of shape (n, m).

While no pre-activation changes its sign (one *piece*), f is a convex quadratic, greatest on the
sphere ‖δ‖ = ε, and its maximum is known up to one root (`linear_attack`). Across pieces f is
neither convex nor concave: `worst_attack` is a local search from the best attacks on features.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from .._checks import check_count, check_positive, check_shape, check_values, network, real_array
from .._memory import check_pairs
from .._types import Features, Number, Scalar, Weights

_HALVINGS = 60
_MIXES = (1.0, 0.3, 0.1, 0.03, 0.01)  # shares of the way to a candidate; small ones at kinks


class Attack(eqx.Module):
    """A perturbation δ (n,) of one input, what it adds to ‖x' - x‖², and how stationary it is.

    `defect` is ‖∇f/‖∇f‖ - δ/‖δ‖‖ at δ: 0 where no step along the sphere changes f to first order,
    and where ∇f = 0. At a maximum on a kink, where an active feature's output is just shut, it is
    not 0.
    """

    perturbation: Features
    change: Scalar
    defect: Scalar


def linear_attack(
    matrix: Float[Array | np.ndarray, "k d"],
    residual: Float[Array | np.ndarray, " k"],
    *,
    radius: Number,
) -> Float[Array, " d"]:
    """The δ that makes ‖M δ + r‖² greatest on ‖δ‖ ≤ ε: a global maximum, on the sphere.

    With the eigenvalues s_i of MᵀM and the components h_i of Mᵀr along its eigenvectors,
    δ_i = h_i/(μ - s_i) at the root μ ≥ s_max of the secular equation Σ h_i²/(μ - s_i)² = ε²,
    bisected between s_max + |h_max|/ε and s_max + ‖h‖/ε. What then lacks of ε, all of it in the
    hard case h_max = 0, goes to the eigenvector of s_max. Moré and Sorensen 1983, SIAM J. Sci.
    Stat. Comput. 4, 553.

    **Arguments:** `matrix` M (k, d), `residual` r (k,), finite; `radius` ε > 0. Raises
    `ValueError` for other shapes and values.
    """
    M, r = real_array("matrix", matrix), real_array("residual", residual)
    check_shape("matrix", M, "(k, d)", M.ndim == 2 and M.size > 0)
    check_shape("residual", r, f"(k,) = ({M.shape[0]},)", r.shape == M.shape[:1])
    M, r = (check_values(k, v, "finite", jnp.isfinite) for k, v in (("matrix", M), ("residual", r)))
    check_pairs("matrix", M, 4)
    return _sphere_maximum(M.T @ M, M.T @ r, jnp.asarray(check_positive("radius", radius), M.dtype))


def feature_attack(W: Weights, b: Features, x: Features, *, radius: Number) -> Attack:
    """The most harmful of the 2n attacks ±ε A_i/‖A_i‖, A_i = WᵀW_i, on one input x (n,).

    ε A_i/‖A_i‖ raises the pre-activation of output i by as much as any δ can, ε ‖A_i‖ =
    ε ‖W_i‖²/√D_i with D_i its `feature_dimensionality`. Elhage et al. 2022, "Superposition and
    adversarial vulnerability", take the most harmful of these. `jax.vmap` over x for a batch.

    **Arguments:** `W` (m, n), `b` (n,), `x` (n,); `radius` ε > 0. Raises `ValueError` for others.
    """
    problem = _problem(W, b, x, radius)
    y, values = _feature_attacks(problem)
    return _attack(problem, y[jnp.argmax(values)])


def worst_attack(
    W: Weights, b: Features, x: Features, *, radius: Number, starts: int = 2, steps: int = 10
) -> Attack:
    """A local maximum of f on ‖δ‖ = ε for one input x (n,), never below that of `feature_attack`.

    From the `starts` most harmful attacks on features, `steps` times the best of: δ itself, the
    exact maximum for the piece of δ (`linear_attack`), ∇f drawn to the sphere, and points between.
    So f never falls, and on a single piece the first step is exact; across pieces a higher maximum
    may be missed. `jax.vmap` over x for a batch.

    **Arguments:** as `feature_attack`; `starts` (at most 2n are used) and `steps` ≥ 1.
    """
    starts, steps = check_count("starts", starts), check_count("steps", steps)
    problem = _problem(W, b, x, radius)
    y, values = _feature_attacks(problem)
    first = y[jax.lax.top_k(values, min(starts, len(values)))[1]]

    def climb(start: Array) -> Array:
        return jax.lax.fori_loop(0, steps, lambda _, now: _step(problem, now), start)

    ends = jax.vmap(climb)(first)
    return _attack(problem, ends[jnp.argmax(jax.vmap(problem.value)(ends))])


class _Problem(eqx.Module):
    """f in the coordinates y, for one input: C, V, z = A x + b, x, ε."""

    C: Float[Array, "n rank"]
    V: Float[Array, "n rank"]
    z: Features
    x: Features
    radius: Scalar

    def value(self, y: Array) -> Array:
        return jnp.sum((jax.nn.relu(self.z + self.C @ y) - self.x) ** 2)

    def gradient(self, y: Array) -> Array:
        """∇f/2; 0 of a pre-activation that is 0 or less."""
        z = self.z + self.C @ y
        return self.C.T @ jnp.where(z > 0, z - self.x, 0.0)

    def drawn(self, y: Array) -> Array:
        """y made ε long; 0 stays."""
        norm = jnp.linalg.norm(y)
        return jnp.where(norm > 0, self.radius / jnp.where(norm > 0, norm, 1.0), 0.0) * y


def _problem(W: Weights, b: Features, x: Features, radius: Number) -> _Problem:
    weights, biases = network(W, b)
    example = real_array("x", x)
    check_shape("x", example, f"(n,) = {biases.shape}", example.shape == biases.shape)
    example = check_values("x", example, "finite", jnp.isfinite)
    check_pairs("W", weights, 3)
    eps = jnp.asarray(check_positive("radius", radius), weights.dtype)
    _, singular, rows = jnp.linalg.svd(weights, full_matrices=False)
    C = rows.T * singular[None] ** 2
    return _Problem(C, rows.T, C @ (rows @ example) + biases, example, eps)


def _feature_attacks(problem: _Problem) -> tuple[Array, Array]:
    """All y (2n, rank) of attacks on single features, and their f; A_i = V C_i, ‖A_i‖ = ‖C_i‖."""
    y = jax.vmap(problem.drawn)(problem.C)
    both = jnp.concatenate([y, -y])
    return both, jax.vmap(problem.value)(both)


def _step(problem: _Problem, y: Array) -> Array:
    opened = jnp.where(problem.z + problem.C @ y > 0, 1.0, 0.0)
    C = problem.C * opened[:, None]
    exact = _sphere_maximum(C.T @ C, C.T @ (problem.z - problem.x), problem.radius)
    towards = (exact, problem.drawn(problem.gradient(y)))
    states = [y, *(problem.drawn(y + mix * (end - y)) for end in towards for mix in _MIXES)]
    stacked = jnp.stack(states)
    return stacked[jnp.argmax(jax.vmap(problem.value)(stacked))]


def _sphere_maximum(S: Array, g: Array, radius: Array) -> Array:
    """The y of length ε that makes yᵀSy + 2 gᵀy greatest, S symmetric and not negative."""
    s, Q = jnp.linalg.eigh(S)
    h = Q.T @ g
    gap = s[-1] - s

    def halved(_: object, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        low, high = ends
        middle = (low + high) / 2
        long = jnp.sum((h / jnp.maximum(middle + gap, _tiny(s))) ** 2) > radius**2
        return jnp.where(long, middle, low), jnp.where(long, high, middle)

    ends = jnp.abs(h[-1]) / radius, jnp.linalg.norm(h) / radius
    _, excess = jax.lax.fori_loop(0, _HALVINGS, halved, ends)  # μ - s_max
    y = h / jnp.maximum(excess + gap, _tiny(s))
    rest = jnp.sum(y[:-1] ** 2)
    top = jnp.sqrt(jnp.maximum(radius**2 - rest, 0.0))
    y = y.at[-1].set(jnp.where(h[-1] >= 0, top, -top))
    return Q @ (y * radius / jnp.linalg.norm(y))


def _tiny(s: Array) -> Array:
    """Far below any μ - s_i that matters, so that 0/0 is 0."""
    return jnp.finfo(s.dtype).tiny ** 0.5 + 0.0 * s[-1]


def _attack(problem: _Problem, y: Array) -> Attack:
    gradient = problem.gradient(y)
    norm = jnp.linalg.norm(gradient)
    off = gradient / jnp.where(norm > 0, norm, 1.0) - y / problem.radius
    change = problem.value(y) - problem.value(jnp.zeros_like(y))
    defect = jnp.where(norm > 0, jnp.linalg.norm(off), 0.0)
    return Attack(problem.V @ y, change, defect)
