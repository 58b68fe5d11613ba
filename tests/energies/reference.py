"""The population loss and its gradient in exact rational arithmetic: no rounding, no digits lost.

Independent of the package: truncated powers at the vertices of the box, one active set at a time.
Floating-point arguments are rational numbers, so the only rounding is the last one, to a float.
"""

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Exact(NamedTuple):
    """L, ∂L/∂W (m, n), ∂L/∂b (n,), and the scale Σ_i I_i (p_i/3 + E ReLU(z_i)²) of its errors."""

    loss: float
    weight_slope: Array
    bias_slope: Array
    scale: float


def box_moment(z: Fraction, slopes: Sequence[Fraction], powers: Sequence[int], d: int) -> Fraction:
    """∫ Π_j x_j^powers_j (z + Σ_j slopes_j x_j)₊^d over the unit box; (.)₊⁰ is the step z > 0.

    One variable after the other, ∫_0^1 x^a (z + g x)₊^d dx =
    Σ_s (-1)^s a!/(a-s)! d!/(d+s+1)! [x^{a-s} (z + g x)₊^{d+s+1}]_0^1 / g^{s+1} by parts.
    """
    if not slopes:
        return z**d if z > 0 else Fraction(0)
    (g, *inner), (a, *rest) = slopes, powers
    if g == 0:
        return box_moment(z, inner, rest, d) / (a + 1)
    total = Fraction(0)
    for s in range(a + 1):
        factor = Fraction((-1) ** s * math.perm(a, s), math.perm(d + s + 1, s + 1)) / g ** (s + 1)
        ends = box_moment(z + g, inner, rest, d + s + 1)
        if s == a:
            ends -= box_moment(z, inner, rest, d + s + 1)
        total += factor * ends
    return total


def _mean(z: Fraction, row: list[Fraction], p: list[Fraction], powers: list[int], d: int):
    """E Π_j x_j^powers_j z₊^d: active sets that hold every j with a power, by their chances."""
    n, needed = len(row), {j for j, power in enumerate(powers) if power}
    total = Fraction(0)
    for size in range(n + 1):
        for active in itertools.combinations(range(n), size):
            if needed <= set(active):
                chance = math.prod(p[j] if j in active else 1 - p[j] for j in range(n))
                if chance:
                    slopes, raised = [row[j] for j in active], [powers[j] for j in active]
                    total += chance * box_moment(z, slopes, raised, d)
    return total


def _unit(n: int, *features: int) -> list[int]:
    return [features.count(j) for j in range(n)]


def _fractions(values: Array) -> list[Fraction]:
    return [Fraction(float(value)) for value in np.ravel(values)]


def exact(W: Array, b: Array, importance: Array, density: Array, *, slopes: bool = True) -> Exact:
    """Everything at once; without `slopes` the gradients are left zero, which is much faster."""
    m, n = W.shape
    w = [_fractions(column) for column in W.T]
    bias, weight, p = _fractions(b), _fractions(importance), _fractions(density)
    gram = [[sum((u * v for u, v in zip(a, c, strict=True)), Fraction(0)) for c in w] for a in w]
    loss = scale = Fraction(0)
    gram_slope = [[Fraction(0)] * n for _ in range(n)]
    bias_slope = [Fraction(0)] * n
    for i in range(n):
        square = _mean(bias[i], gram[i], p, _unit(n), 2)
        product = _mean(bias[i], gram[i], p, _unit(n, i), 1)
        loss += weight[i] * (p[i] / 3 - 2 * product + square)
        scale += weight[i] * (p[i] / 3 + square)
        if not slopes:
            continue
        bias_slope[i] = _slope(bias[i], gram[i], p, i, None) * weight[i]
        gram_slope[i] = [_slope(bias[i], gram[i], p, i, j) * weight[i] for j in range(n)]
    weight_slope = np.array(
        [
            [
                float(sum((gram_slope[i][j] + gram_slope[j][i]) * w[j][h] for j in range(n)))
                for i in range(n)
            ]
            for h in range(m)
        ]
    )
    return Exact(float(loss), weight_slope, np.array([float(s) for s in bias_slope]), float(scale))


def _slope(z: Fraction, row: list[Fraction], p: list[Fraction], i: int, j: int | None) -> Fraction:
    """∂/∂g_ij (or ∂/∂b_i for j = None) of E z₊² - 2 E x_i z₊: 2 E x_j z₊ - 2 E x_i x_j [z > 0]."""
    other = [] if j is None else [j]
    n = len(row)
    return 2 * _mean(z, row, p, _unit(n, *other), 1) - 2 * _mean(z, row, p, _unit(n, i, *other), 0)
