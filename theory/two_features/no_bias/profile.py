"""The loss without biases at fixed ratio of the weights, derived and reduced to polynomials.

With w = √s (1, ±u), u > 0, every output is s times a function of the data, so

    L = (1 + r) p/3 - 2 B s + C s²,   B = E[x₁y₊] ± r u E[x₂(±y)₊],   C = E[y₊²] + r u² E[(±y)₊²]

with y = x₁ ± u x₂ and t₊ = ReLU(t). Both are positive, so s = B/C is the one best scale and the
best loss at the ratio is (1 + r) p/3 - B²/C: the *profile*. A path that minimises over s at every
ratio is the lowest of all, so the minima, saddles and barriers of the profile are those of L. For
u <= 1 the kink x₁ = u x₂ leaves the unit square through one side and B and C are polynomials;
u > 1 is the mirror image 1/u, 1/r. Source: derived here.
"""

import enum
import functools
from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory.numeric import Function, scalar_function
from theory.population_loss import feature_loss
from theory.truncated_power import TruncatedPower
from theory.two_features.excess import density, importance

ratio, scale = sp.symbols("u s", positive=True)
ARGUMENTS = (ratio, density, importance)


class Side(enum.IntEnum):
    """The sign of w₁w₂: a ray of ratios that ends in a dropped feature on either hand."""

    ANTIPODAL = -1
    CONFUSED = 1


def dropped_loss() -> sp.Expr:
    """p/3, the loss E x² of a dropped feature of importance 1 whose output is zero."""
    return density / 3


@functools.cache
def loss(side: Side) -> Any:
    """L at w = √s (1, ±u), a polynomial in s and for 0 < u <= 1 a Laurent polynomial in u."""
    weights = sp.sqrt(scale), side * ratio * sp.sqrt(scale)
    total = sp.S.Zero
    for i, weight in enumerate((sp.S.One, importance)):
        couplings = [weights[i] * other for other in weights]
        total += weight * feature_loss(couplings, sp.S.Zero, (density, density), i)
    return sp.expand(total.replace(TruncatedPower, _power_below_one))


def _power_below_one(base: Any, power: Any) -> Any:
    """The truncated power for 0 < u < 1, where the sign of its base is that at u = 1/2."""
    return sp.S.Zero if base.subs(ratio, sp.S.Half).is_negative else base**power


def linear_coefficient(side: Side) -> sp.Expr:
    """B(u; p, r): half the gain at first order in s."""
    return sp.expand(-loss(side).coeff(scale, 1) / 2)


def quadratic_coefficient(side: Side) -> sp.Expr:
    """C(u; p, r): the cost at second order in s, Σ I_i E(x'_i)² at s = 1."""
    return sp.expand(loss(side).coeff(scale, 2))


@functools.cache
def excess(side: Side) -> sp.Expr:
    """Profile minus the dropped loss r p/3, (C p/3 - B²)/C: the lowest order cancels exactly.

    It falls like -u at small u on the confused side (at any p and r > 0) and like ±u² on the
    antipodal side, so the profile has a kink at the dropped state u = 0.
    """
    b, c = linear_coefficient(side), quadratic_coefficient(side)
    numerator = _in_powers_of_ratio(sp.expand(dropped_loss() * c - b**2))
    return numerator / _in_powers_of_ratio(c)


@functools.cache
def stationarity(side: Side) -> sp.Expr:
    """Polynomial with the sign of d(profile)/du: B C' - 2 B' C without its monomial factor.

    Quadratic in r and of degree 6 (antipodal) or 4 (confused) in u.
    """
    b, c = linear_coefficient(side), quadratic_coefficient(side)
    slope = sp.Poly(b * c.diff(ratio) - 2 * b.diff(ratio) * c, *ARGUMENTS)
    return _in_powers_of_ratio(slope.terms_gcd()[1].as_expr())


def _in_powers_of_ratio(polynomial: Any) -> Any:
    """The polynomial as u^k times a Horner form in u, so that small u costs no digits."""
    (order,), rest = sp.Poly(polynomial, ratio).terms_gcd()
    coefficients = [sp.factor(coefficient) for coefficient in rest.all_coeffs()]
    return ratio**order * functools.reduce(lambda form, c: form * ratio + c, coefficients)


@dataclass(frozen=True)
class Functions:
    """Scalar functions of (u, p, r), r positive and u in (0, 1].

    scale: s = w₁²; excess; loss_slope: dL/dr; slope: the polynomial `stationarity`, and slope_u
    its derivative.
    """

    scale: Function
    excess: Function
    loss_slope: Function
    slope: Function
    slope_u: Function


@functools.cache
def functions(side: Side) -> Functions:
    """The numeric functions of one side; the first call derives them, in about a second."""
    b, c = linear_coefficient(side), quadratic_coefficient(side)
    polynomial = stationarity(side)
    loss_slope = dropped_loss() - 2 * (b / c) * b.diff(importance)
    loss_slope += (b / c) ** 2 * c.diff(importance)
    return Functions(
        *(
            scalar_function(ARGUMENTS, expression)
            for expression in (b / c, excess(side), loss_slope, polynomial, polynomial.diff(ratio))
        )
    )
