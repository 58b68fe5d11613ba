"""Exact energies of configurations that are known by their inner products, universal optima above.

From each of N unit vectors the others are seen at inner products t with multiplicities c_t, so a
pair potential f of the squared distance has the energy (N/2) Σ_t c_t f(2 - 2t), exactly.

Universally optimal configurations minimise it for every completely monotone f at once, Riesz
energies included (Cohn and Kumar 2007, J. Amer. Math. Soc. 20, 99). Those here are of their table 1
(all sharp: m inner products, a design of strength 2m - 1), but for the 600-cell, which is not sharp
(their section 7). The 24-cell, the cube and the dodecahedron are not universally optimal.
"""

from collections.abc import Mapping
from numbers import Real
from typing import Any, NamedTuple

import sympy as sp

from theory._checks import check_count, check_type, shown
from theory._memory import check_memory

_TERM = 10**5  # bytes that one inner product takes in sympy, most of them in its caches


class Configuration(NamedTuple):
    """Dimension d, number of points N, and inner products with their multiplicities."""

    dimension: int
    points: int
    products: Mapping[sp.Expr, int]


def _configuration(dimension: int, products: Mapping[sp.Expr, int]) -> Configuration:
    return Configuration(dimension, 1 + sum(products.values()), products)


def simplex(d: int) -> Configuration:
    """d + 1 points in d dimensions, t = -1/d. Raises ValueError for d < 1."""
    return _configuration(d, {sp.Rational(-1, check_count("d", d)): d})


def cross_polytope(d: int) -> Configuration:
    """2d points ± e_i in d dimensions. Raises ValueError for d < 1."""
    return _configuration(d, {sp.S.NegativeOne: 1, sp.S.Zero: 2 * (check_count("d", d) - 1)})


def regular_polygon(k: int) -> Configuration:
    """k points on the circle, k >= 2; universally optimal too. Raises ValueError for k < 2."""
    check_memory("k", check_count("k", k, 2), lambda size: _TERM * size)
    products: dict[sp.Expr, int] = {}
    for j in range(1, k):
        t = sp.cos(2 * sp.pi * min(j, k - j) / k)
        products[t] = products.get(t, 0) + 1
    return _configuration(2, products)


def elliptic_quadric(q: int) -> Configuration:
    """(q + 1)(q³ + 1) points in q(q² - q + 1) dimensions, q a power of a prime (not checked).

    t = -1/q with multiplicity q(q² + 1), t = 1/q² with q⁴ (Cohn and Kumar 2007, table 1). Raises
    ValueError for q < 2.
    """
    q = check_count("q", q, 2)
    products: dict[sp.Expr, int] = {
        sp.Rational(-1, q): q * (q * q + 1),
        sp.Rational(1, q * q): q**4,
    }
    return _configuration(q * (q * q - q + 1), products)


_half, _quarter, _root5 = sp.Rational(1, 2), sp.Rational(1, 4), sp.sqrt(5)

ICOSAHEDRON = _configuration(3, {sp.S.NegativeOne: 1, -1 / _root5: 5, 1 / _root5: 5})
CELL_600 = _configuration(
    4,
    {
        sp.S.NegativeOne: 1,
        **{sign * (_root5 + 1) / 4: 12 for sign in (-1, 1)},
        **{sign * _half: 20 for sign in (-1, 1)},
        **{sign * (_root5 - 1) / 4: 12 for sign in (-1, 1)},
        sp.S.Zero: 30,
    },
)
CLEBSCH = _configuration(5, {sp.Rational(-3, 5): 5, sp.Rational(1, 5): 10})
SCHLAEFLI = _configuration(6, {-_half: 10, _quarter: 16})
E7_MINIMAL = _configuration(7, {sp.S.NegativeOne: 1, sp.Rational(-1, 3): 27, sp.Rational(1, 3): 27})
E8_ROOTS = _configuration(8, {sp.S.NegativeOne: 1, -_half: 56, sp.S.Zero: 126, _half: 56})
LEECH = _configuration(
    24,
    {
        sp.S.NegativeOne: 1,
        -_half: 4600,
        -_quarter: 47104,
        sp.S.Zero: 93150,
        _quarter: 47104,
        _half: 4600,
    },
)


def _power(s: object) -> sp.Expr:
    """`s` as sympy's number."""
    known = isinstance(s, Real | sp.Expr) and not isinstance(s, bool)
    power: Any = sp.sympify(s) if known else sp.nan
    if power.is_real is not True or power.is_negative:
        raise ValueError(f"Argument `s` must be a real number >= 0, but is {shown(s)}.")
    return power


def riesz_energy(configuration: Configuration, s: int | sp.Expr = 1) -> sp.Expr:
    """Σ_{i<j} |r_i - r_j|^{-s} in exact arithmetic; s = 0 is -Σ log |r_i - r_j|.

    |r_i - r_j|² = 2 - 2t. Raises ValueError for s < 0.
    """
    check_type("configuration", configuration, Configuration)
    power = _power(s)
    terms = (
        count * (-sp.log(2 - 2 * t) / 2 if power == 0 else (2 - 2 * t) ** (-power / 2))
        for t, count in configuration.products.items()
    )
    return sp.Rational(configuration.points, 2) * sp.Add(*terms)


def rectified_energy(configuration: Configuration) -> sp.Expr:
    """Σ_{i≠j} ReLU(t_ij)², the interference of unit vectors in the sparse limit at zero bias.

    No completely monotone function of the distance: universal optima need not minimise it.
    """
    check_type("configuration", configuration, Configuration)
    terms = (count * t**2 for t, count in configuration.products.items() if t.is_positive)
    return configuration.points * sp.Add(*terms)
