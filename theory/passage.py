"""The passage over a saddle whose second derivatives jump, by the Dirichlet principle.

passage = min_u ∫ |∇u|² e^{-Q(v)/2} dv over functions that go from 0 to 1 across the saddle
(`theory.kramers`). Every trial function gives an upper bound. Coordinates: s, whose sign tells the
sides, and ξ, the distance of the others from the valley: on each side Q falls along a ray s (1, x),
and ξ = v_⊥ - |s| x, with x and the fall c = -Q at |s| = 1 of that side. The trial functions are

    u = (∫ e^{-c s²/2} ds + e^{-c s²/2} Σ coefficient × s^i ξ^j ... × (1 or |s|))/norm,

and the best coefficients solve a linear least-squares problem at quasi-random points.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from theory.kramers import Array, Form
from theory.quasi_random import normal_points

_WIDEN = 1.6  # points spread wider than the integrand, whose tails are then well sampled
_OFFSET = 1e-4


def passage_weight(
    form: Form,
    size: int,
    axis: int,
    *,
    function: Form | None = None,
    degree: int = 3,
    power: int = 13,
) -> float:
    """min_u ∫ |∇u|² e^{-Q/2} dv at a saddle, from above, to the accuracy of the trial functions.

    `form`: Q on directions (N, M) -> (M,), homogeneous of degree 2; `size` N; `axis`: the
    coordinate whose sign tells the two sides, Q > 0 where it vanishes; `function`: integrated in
    place of Q, such as 2 [E(√T v) - E(0)]/T at a temperature T; `degree` of the polynomials in the
    trial functions; 2^`power` points of quadrature, with an error of about 1e-3. Where Q is
    quadratic there is no other error. Raises ValueError where Q does not fall on either side.
    Source: Dirichlet principle as in Bovier et al. 2004, J. Eur. Math. Soc. 6, 399; trial functions
    chosen here.
    """
    sides = _side(form, size, axis, -1.0), _side(form, size, axis, 1.0)
    normal = normal_points(power, size + 1)
    at = _Points.spread_over(sides, function or form, axis, normal)
    columns = [at.weighted_gradient(*trial) for trial in _trials(at, degree)]
    matrix = np.stack(columns, axis=1)
    matrix /= np.linalg.norm(matrix, axis=0)
    target = at.weighted_gradient(np.zeros_like(at.s), np.ones_like(at.s), np.zeros_like(at.xi))
    best = np.linalg.pinv(matrix.T @ matrix, rcond=1e-11, hermitian=True) @ (matrix.T @ target)
    norm = np.sqrt(np.pi / 2) * sum(side.fall**-0.5 for side in sides)
    return float(np.sum((target - matrix @ best) ** 2) / norm**2)


@dataclass(frozen=True)
class _Side:
    """One side of the saddle: at |s| = 1 the form is least at `ray`, with the value -`fall`.

    `spread`: a root of the inverse of its second derivatives there.
    """

    ray: Array
    fall: float
    spread: Array


def _side(form: Form, size: int, axis: int, sign: float) -> _Side:
    def at(x: Array) -> Array:
        return form(np.insert(x, axis, np.full(x.shape[1:], sign), axis=0))

    found = minimize(lambda x: float(at(x)), np.zeros(size - 1), method="BFGS", tol=1e-9)
    if not found.fun < 0:
        side = "positive" if sign > 0 else "negative"
        rule = f"negative somewhere on the {side} side of `axis`"
        raise ValueError(f"Argument `form` must be {rule}, but its minimum is {found.fun:.3g}.")
    first, second = np.eye(size - 1)[:, :, None] * _OFFSET, np.eye(size - 1)[:, None] * _OFFSET
    x = found.x[:, None, None]
    mixed = at(x + first + second) - at(x + first - second)
    mixed += at(x - first - second) - at(x - first + second)
    return _Side(found.x, -float(found.fun), _root_of_inverse(mixed / (8 * _OFFSET**2)))


def _root_of_inverse(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    if not values[0] > 0:
        raise ValueError(f"Argument `form` must be convex across its valley, but has {values}.")
    return vectors / np.sqrt(values)


@dataclass(frozen=True)
class _Points:
    """Quadrature points: coordinates s (M,) and ξ (N-1, M), side by side with what they need.

    `rays` (N-1, M) and `falls` (M,) of the side of each; `root` (M,): of e^{-Q/2} over the density.
    """

    s: Array
    xi: Array
    rays: Array
    falls: Array
    root: Array

    @classmethod
    def spread_over(
        cls, sides: tuple[_Side, _Side], function: Form, axis: int, normal: Array
    ) -> "_Points":
        """Along the valley of each side normal in s; across it a mixture of both sides' widths.

        `normal` (N+1, M): the last row, a dimension of its own, chooses the width.
        """
        side = (normal[0] > 0).astype(int)
        falls = np.array([each.fall for each in sides])[side]
        rays = np.array([each.ray for each in sides])[side].T
        s = _WIDEN * normal[0] / np.sqrt(falls)
        wide = [_WIDEN * each.spread for each in sides]
        xi = np.where(normal[-1] > 0, wide[0] @ normal[1:-1], wide[1] @ normal[1:-1])
        across = (
            sum(_density(np.asarray(np.linalg.inv(root), dtype=float), xi) for root in wide) / 2
        )
        density = np.sqrt(falls) / _WIDEN * _density(np.eye(1), normal[:1]) * across
        v = np.insert(rays * np.abs(s) + xi, axis, s, axis=0)
        return cls(s, xi, rays, falls, np.exp(-function(v) / 4) / np.sqrt(density * len(s)))

    def weighted_gradient(self, f: Array, slope_s: Array, slope_xi: Array) -> Array:
        """∇(e^{-c s²/2} f) in v times the root of its weight; `slope_s` + 0 f for ∫ e^{-c s²/2}."""
        along = slope_s - self.falls * self.s * f
        along = along - np.sign(self.s) * np.sum(self.rays * slope_xi, axis=0)
        g = np.exp(-self.falls * self.s**2 / 2)
        return (np.concatenate([along[None], slope_xi]) * (g * self.root)).ravel()


def _density(inverse_root: Array, x: Array) -> Array:
    """The normal density at x (d, M) whose covariance has a root with this inverse (d, d)."""
    scale = np.abs(np.linalg.det(inverse_root)) / (2 * np.pi) ** (len(x) / 2)
    return scale * np.exp(-np.sum((inverse_root @ x) ** 2, axis=0) / 2)


def _trials(at: _Points, degree: int) -> Iterator[tuple[Array, Array, Array]]:
    """f, ∂f/∂s and ∂f/∂ξ of the polynomials f of (s, ξ), plain and times |s|."""
    y = np.concatenate([at.s[None], at.xi])
    y = y / (units := np.sqrt(np.mean(y**2, axis=1, keepdims=True)))
    for powers in itertools.product(range(degree + 1), repeat=len(y)):
        if sum(powers) > degree:
            continue
        factors = np.array([each**k for each, k in zip(y, powers, strict=True)])
        f = np.prod(factors, axis=0)
        slopes = np.array([_slope(factors, y, i, k) for i, k in enumerate(powers)]) / units
        yield f, slopes[0], slopes[1:]
        size = np.abs(at.s)
        yield f * size, slopes[0] * size + f * np.sign(at.s), slopes[1:] * size


def _slope(factors: Array, y: Array, i: int, power: int) -> Array:
    """Derivative of the product of `factors` in y_i, of which the i-th is y_i^power."""
    others = np.prod(np.delete(factors, i, axis=0), axis=0)
    return power * y[i] ** max(power - 1, 0) * others
