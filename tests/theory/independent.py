"""The loss by quadrature, written without the theory: exact for piecewise polynomials.

The integrand is a polynomial on each side of z = 0. Over the last active feature it is smooth
between the points at which z vanishes at a vertex of the box of the others, so Gauss-Legendre on
each such piece is exact; the same again inside.
"""

import functools
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

Array = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)


def box_nodes(offset: float, slopes: Sequence[float]) -> tuple[Array, Array]:
    """Nodes (N, d) and weights (N,) on the unit box, split where offset + slopes·x = 0."""
    if not slopes:
        return np.zeros((1, 0)), np.ones(1)
    *inner, last = slopes
    points, weights = [], []
    for x, weight in zip(*_split_nodes(offset, inner, last), strict=True):
        inner_points, inner_weights = box_nodes(offset + last * x, inner)
        points.append(np.column_stack([inner_points, np.full(len(inner_points), x)]))
        weights.append(weight * inner_weights)
    return np.concatenate(points), np.concatenate(weights)


def _split_nodes(offset: float, inner: Sequence[float], last: float) -> tuple[Array, Array]:
    vertices = itertools.product((0, 1), repeat=len(inner))
    values = [offset + float(np.dot(inner, vertex)) for vertex in vertices]
    kinks = [-value / last for value in values] if last else []
    ends = np.array(sorted({0.0, 1.0, *(kink for kink in kinks if 0 < kink < 1)}))
    half = np.diff(ends)[:, None] / 2
    nodes = ends[:-1, None] + half * (1 + _NODES)
    return nodes.ravel(), (half * _WEIGHTS).ravel()


def row_loss(couplings: Array, bias: float, density: Array, i: int) -> tuple[float, Array, float]:
    """E(x_i - ReLU(z_i))² with its gradient in the couplings and the derivative in the bias."""
    n, total, slope, bias_slope = len(couplings), 0.0, np.zeros(len(couplings)), 0.0
    for active in itertools.chain.from_iterable(
        itertools.combinations(range(n), size) for size in range(n + 1)
    ):
        points, weights = box_nodes(bias, [float(couplings[j]) for j in active])
        x = np.zeros((len(points), n))
        x[:, list(active)] = points
        z = bias + x @ couplings
        error = x[:, i] - np.maximum(z, 0.0)
        chance = np.prod([density[j] if j in active else 1 - density[j] for j in range(n)])
        pull = -2 * error * (z > 0) * weights * chance
        total += chance * float(weights @ error**2)
        slope += pull @ x
        bias_slope += float(np.sum(pull))
    return total, slope, bias_slope


def loss_and_gradient(
    W: Array, b: Array, importance: Array, density: Array
) -> tuple[float, Array, Array]:
    """Σ_i I_i E(x_i - ReLU(W_i·W x + b_i))² with its gradients in W and b."""
    gram = W.T @ W
    total, gram_slope, bias_slope = 0.0, np.zeros_like(gram), np.zeros_like(b)
    for i, weight in enumerate(importance):
        row, slope, bias_slope[i] = row_loss(gram[i], float(b[i]), density, i)
        total += weight * row
        gram_slope[i] = weight * slope
        bias_slope[i] *= weight
    return total, W @ (gram_slope + gram_slope.T), bias_slope


def two_feature_loss(y: Array, p: float, r: float, q: float | None = None) -> tuple[float, Array]:
    """Loss and gradient in y = (w₁, w₂, b₁, b₂); q: density of feature 2, by default p."""
    density, importance = np.array([p, p if q is None else q]), np.array([1.0, r])
    value, weight_slope, bias_slope = loss_and_gradient(y[None, :2], y[2:], importance, density)
    return value, np.concatenate([weight_slope[0], bias_slope])


def hessian(y: Array, p: float, r: float, step: float = 1e-5) -> Array:
    """Second derivatives in y by central differences of the gradient."""
    moves = step * np.eye(4)
    pairs = ((two_feature_loss(y + d, p, r)[1], two_feature_loss(y - d, p, r)[1]) for d in moves)
    matrix = np.array([(up - down) / (2 * step) for up, down in pairs])
    return (matrix + matrix.T) / 2


def minimise(start: Sequence[float], p: float, r: float, q: float | None = None) -> OptimizeResult:
    """The local minimum that BFGS reaches from `start`."""
    loss = functools.partial(two_feature_loss, p=p, r=r, q=q)
    options = {"gtol": 1e-13, "maxiter": 300}
    return minimize(loss, np.array(start), jac=True, method="BFGS", options=options)


def dropped(p: float) -> float:
    """Loss of a dropped feature of importance 1: its variance."""
    return p / 3 - p**2 / 4
