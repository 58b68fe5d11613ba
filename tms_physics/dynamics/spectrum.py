"""Lowest curvatures of an energy without its Hessian: index and unstable directions of saddles."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import check_count, check_positive
from .._types import BoolScalar, IntScalar, Number, Scalar, State, Vector
from ._flat import flatten
from .lanczos import generic_vectors, lowest_eigenpairs, orthonormal_span
from .newton import Energy
from .stability import Curvature
from .truncated_newton import hessian_product

_ROUNDS = 4  # one-sided Hessians looked at
_RESIDUAL = {"float64": 1e-6, "float32": 1e-3}  # of Ritz vectors, over the largest curvature


class Curvatures(NamedTuple):
    """The k lowest curvatures, lowest first, with unit directions (leading axis k), the residuals
    ‖H v - θ v‖, the largest curvature met (in magnitude) and the number of Hessian products."""

    values: Float[Array, " k"]
    directions: State
    residuals: Float[Array, " k"]
    largest: Scalar
    products: IntScalar


def _left_out(y: Vector, zero_modes: Callable[[Vector], Array] | None) -> Float[Array, "s N"]:
    modes = jnp.zeros((0, y.shape[0]), y.dtype) if zero_modes is None else zero_modes(y)
    return orthonormal_span(modes) if modes.shape[0] else modes


def lowest_curvatures(
    energy: Callable[[State], Scalar],
    y: State,
    *,
    k: int = 1,
    zero_modes: Callable[[State], State] | None = None,
    tolerance: Number | None = None,
) -> Curvatures:
    """The `k` lowest eigenvalues of the Hessian of `energy` at `y`, and where they point.

    At a saddle the number of negative values is its index, as far as `k` reaches, and the most
    negative is the rate of escape ẏ = -∇E. Block Lanczos with thick restarts on products of the
    Hessian with vectors (see `lanczos.lowest_eigenpairs`), at the cost of about three gradients
    each and memory for 60 + 3 `k` states.

    Each value is a Ritz value: the i-th is an upper bound of the i-th eigenvalue, so that j values
    below zero prove j unstable directions; near it, within its residual, lies an eigenvalue,
    and a simple one at a distance d from the others is met to about residual²/d. That none was
    missed is not proved. Second derivatives that jump at y are those that automatic
    differentiation returns, of one side or of their mean: for the least one-sided curvature see
    `curvature` and `minimise`.

    **Arguments:** `energy`: state -> scalar, with a gradient differentiable in forward mode; `y`:
    any pytree of real arrays; `k` ≥ 1: how many, multiple eigenvalues counted as often
    (infinite beyond the last); `zero_modes`: maps y to directions (leading axis) that are left
    out, such as `rotation_modes`; `tolerance`: on the residuals, over the largest curvature
    (default 1e-6 in float64, 1e-3 in float32). Units: energy over parameter squared. jit- and
    vmap-able. Raises `ValueError` for values out of range.
    """
    check_count("k", k)
    if tolerance is not None:
        check_positive("tolerance", tolerance)
    problem = flatten(energy, y, zero_modes, name="y")
    dtype, size = problem.y.dtype, problem.y.shape[0]
    if k > size:
        raise ValueError(
            f"Argument `k` must be at most the number of parameters, {size}, but is {k}."
        )
    rtol = _RESIDUAL[dtype.name] if tolerance is None else tolerance
    left_out = _left_out(problem.y, problem.zero_modes)
    product = hessian_product(problem.energy)
    pairs = lowest_eigenpairs(
        lambda v: product(problem.y, v),
        generic_vectors(k, size, dtype),
        left_out,
        tolerance=rtol,
    )
    directions = jax.vmap(problem.unravel)(pairs.vectors)
    return Curvatures(pairs.values, directions, pairs.residuals, pairs.scale, pairs.products)


class _Search(NamedTuple):
    """Side that is looked at; the least form met and its direction; the largest curvature."""

    side: Vector
    value: Scalar
    best: Vector
    scale: Scalar
    products: IntScalar
    moved: BoolScalar
    rounds: IntScalar


def least_curvature(
    energy: Energy,
    y: Vector,
    zero_modes: Callable[[Vector], Array] | None,
    *,
    share: float,
) -> tuple[Curvature, IntScalar]:
    """Least one-sided curvature met at the stationary point `y`, and the Hessian products it took.

    The lowest Ritz vector v of the Hessian at y is judged in both senses by the one-sided
    form Q(±v) (see `curvature`). Where the lower one is not what the Hessian at y says, y lies on
    a kink: the search goes on with the Hessian on that side, up to 4 times in all, and the
    least Q met is returned. As every Q is a second derivative that exists, a negative value
    proves instability; a positive one says that none was found. `share` of the largest
    curvature counts as zero.

    As y is known to a share of itself only, sides are taken at a distance of a ‖y‖, with
    a = `share`^(3/4) (6e-6 for 1e-7): Q is that at y to about a, and at kinks it is followed
    until it is within 10 a of the lowest Ritz value, in units of the largest curvature.
    """
    left_out = _left_out(y, zero_modes)
    product = hessian_product(energy)
    start = generic_vectors(1, y.shape[0], y.dtype)
    size = jnp.linalg.norm(y)
    away = share**0.75
    offset = away * jnp.where(size > 0, size, 1.0)
    rtol = _RESIDUAL[y.dtype.name]

    def form(v: Vector) -> Scalar:
        return v @ product(y + offset * v, v)

    def follow(search: _Search) -> _Search:
        at = y + offset * search.side
        pairs = lowest_eigenpairs(lambda v: product(at, v), start, left_out, tolerance=rtol)
        senses = jnp.concatenate([pairs.vectors, -pairs.vectors])
        forms = jax.lax.map(form, senses)
        low = jnp.argmin(forms)
        scale = jnp.maximum(search.scale, pairs.scale)
        less = forms[low] < search.value
        return _Search(
            senses[low],
            jnp.where(less, forms[low], search.value),
            jnp.where(less, senses[low], search.best),
            scale,
            search.products + pairs.products + 2,
            jnp.abs(forms[low] - pairs.values[0]) > 10 * away * scale,
            search.rounds + 1,
        )

    def unfinished(search: _Search) -> BoolScalar:
        return search.moved & (search.rounds < _ROUNDS)

    zero, none = jnp.zeros((), y.dtype), jnp.asarray(0)
    infinite = jnp.full((), jnp.inf, y.dtype)
    at_y = jnp.zeros_like(y)
    begin = _Search(at_y, infinite, at_y, zero, none, jnp.asarray(True), none)
    end = jax.lax.while_loop(unfinished, follow, begin)
    return Curvature(end.value, end.best, share * end.scale), end.products
