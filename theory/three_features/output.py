"""The exact loss of one output with its first and second derivatives, for any couplings.

E(x_i - ReLU(b + g·x))² for the couplings g = (g_own, g_2, ...) of output i. The closed form of
`theory.population_loss` divides by the couplings, so that small ones cost digits. The average over
the feature with the smallest coupling is therefore taken by Gauss-Legendre quadrature where that
is small: it shifts the bias, and between the points at which z vanishes at a corner of the others
the integrand is a polynomial, so that the rule is exact. A second small coupling stays in the
closed form: where W_i is nearly orthogonal to both others, or nearly zero, its terms are small too.
"""

import functools
import itertools
from typing import NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory.numeric import Function, scalar_function
from theory.population_loss import feature_loss, positive_part_feature_loss
from theory.symbols import model_symbols

Vector = Matrix = NDArray[np.float64]
_SMALL = 0.03  # below, the average over the feature with the smallest coupling is by quadrature
_UPPER = {n: np.triu_indices(n + 1) for n in (1, 2, 3)}
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)


class Output(NamedTuple):
    """Loss of one output, its gradient and Hessian in (g_own, g_2, ..., b)."""

    value: float
    gradient: Vector
    hessian: Matrix


def output_loss(couplings: tuple[float, ...], bias: float, density: tuple[float, ...]) -> Output:
    """E(x_i - ReLU(z_i))² with own coupling and density first."""
    sizes = [abs(coupling) for coupling in couplings[1:]]
    if not sizes or min(sizes) >= _SMALL:
        return _closed_form(couplings, bias, density)
    return _averaged(couplings, bias, density, 1 + sizes.index(min(sizes)))


def _averaged(
    couplings: tuple[float, ...], bias: float, density: tuple[float, ...], k: int
) -> Output:
    """The same, with the average over feature k by quadrature."""
    g, p = couplings[k], density[k]
    rest, rest_density = couplings[:k] + couplings[k + 1 :], density[:k] + density[k + 1 :]
    nodes, weights = _rule(g, bias, rest)
    x, weight = np.append(0.0, nodes), np.append(1 - p, p * weights)
    outputs = [_closed_form(rest, bias + g * shift, rest_density) for shift in x]
    slopes, curvatures = (np.array([output[part] for output in outputs]) for part in (1, 2))
    lift = _lift(len(couplings), k, x)
    return Output(
        float(weight @ [output.value for output in outputs]),
        np.einsum("i,ia,iab->b", weight, slopes, lift),
        (lift.transpose(0, 2, 1) @ (weight[:, None, None] * curvatures) @ lift).sum(axis=0),
    )


def _lift(n: int, k: int, x: Vector) -> NDArray[np.float64]:
    """Derivatives of (g without g_k, b + g_k x) in (g, b), for each x."""
    lift = np.tile(np.delete(np.eye(n + 1), k, axis=0), (len(x), 1, 1))
    lift[:, -1, k] = x
    return lift


def _rule(g: float, bias: float, rest: tuple[float, ...]) -> tuple[Vector, Vector]:
    """Nodes and weights on [0, 1], exact between the kinks of the rest in the bias."""
    corners = (sum(subset) for size in range(len(rest) + 1) for subset in _subsets(rest, size))
    kinks = [-(bias + corner) / g for corner in corners] if g else []
    ends = np.array(sorted({0.0, 1.0, *(kink for kink in kinks if 0.0 < kink < 1.0)}))
    half = np.diff(ends)[:, None] / 2
    return (ends[:-1, None] + half * (1 + _NODES)).ravel(), (half * _WEIGHTS).ravel()


def _subsets(values: tuple[float, ...], size: int) -> itertools.combinations:
    return itertools.combinations(values, size)


def _closed_form(couplings: tuple[float, ...], bias: float, density: tuple[float, ...]) -> Output:
    n = len(couplings)
    numbers = np.array(_function(n, bias < 0)(*couplings, bias, *density))
    hessian = np.empty((n + 1, n + 1))
    upper = _UPPER[n]
    hessian[upper] = hessian[upper[::-1]] = numbers[n + 2 :]
    return Output(float(numbers[0]), numbers[1 : n + 2], hessian)


@functools.cache
def _function(n: int, negative_bias: bool) -> Function:
    """(g_own, ..., b, p_own, ...) -> loss, slopes and curvatures (upper triangle by rows).

    Of the two forms of the loss the one that is accurate where z has the sign of b throughout.
    """
    symbols = model_symbols(n)
    variables = (*symbols.gram[0], symbols.bias[0])
    form = positive_part_feature_loss if negative_bias else feature_loss
    value = form(symbols.gram[0], symbols.bias[0], symbols.density, 0)
    gradient = [value.diff(variable) for variable in variables]
    pairs = itertools.combinations_with_replacement(range(n + 1), 2)
    hessian: list[sp.Expr] = [gradient[i].diff(variables[j]) for i, j in pairs]
    return scalar_function((*variables, *symbols.density), [value, *gradient, *hessian])
