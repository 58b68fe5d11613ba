"""The loss around the dedicated state, order by order: why it ends the way it does.

With δ = |w₂| and everything else at its best,

    L - L_dedicated = (r₀ - r) V' δ² + B δ³ + C δ⁴ + ...,

r₀ the stability limit. The cubic term is there because the two senses of w₂ are different
directions: nothing maps antipodal states to acute ones, and b₁ = β|w₂| is a kink. So where B > 0
the order parameter grows linearly, δ = 2V'(r - r₀)/(3B), and the gain is cubic,
4V'³(r - r₀)³/(27B²): exponents 1 and 3 in place of Landau's 1/2 and 2. Where B = 0, at a
tricritical point, δ = √(V'(r - r₀)/(2C)) and the gain is V'²(r - r₀)²/(4C). Where B < 0 the change
is of first order. Source: derived here.
"""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory._checks import check_one_density, shown
from theory.numeric import Function, array_function
from theory.truncated_power import TruncatedPower
from theory.two_features.closed_forms import near_dedicated
from theory.two_features.excess import (
    ACUTE,
    ANTIPODAL,
    COORDINATES,
    Family,
    density,
    excess,
    first_bias_slope,
    importance,
    second_density,
    second_weight,
)

_INNER = COORDINATES[1:]


@dataclass(frozen=True)
class NormalForm:
    """L - L_dedicated = quadratic (r₀ - r) δ² + cubic δ³ + quartic δ⁴ at δ = |w₂|, near δ = 0.

    relative_importance: r₀, where dedicated stops being a local minimum on that side.
    """

    density: float
    relative_importance: float
    quadratic: float
    cubic: float
    quartic: float

    @property
    def weight_slope(self) -> float:
        """dδ/dr of the state that grows out of dedicated; negative: it grows backwards."""
        return 2 * self.quadratic / (3 * self.cubic)

    @property
    def continuous(self) -> bool:
        """Whether dedicated gives way continuously."""
        return self.cubic > 0


def normal_form(p: float, *, side: int = ANTIPODAL) -> NormalForm:
    """The normal form at the stability limit of dedicated at density p, towards one side.

    side: -1 antipodal (`dedicated_stability_limit`), 1 acute (`acute_onset`).
    Raises ValueError for a density outside (0, 1] or another side. Source: derived here.
    """
    p = check_one_density(p, "p")
    if not isinstance(side, int) or side not in (-1, 1):
        raise ValueError(f"Argument `side` must be -1 or 1, but is {shown(side)}.")
    *inner, angle = near_dedicated(Family(p, p, side))
    r = float(np.tan(angle))
    cubic, value, slope, hessian = orders(side)(*inner, p, p, r)
    soft = np.array(slope, dtype=np.float64).ravel()
    stiff = np.array(hessian, dtype=np.float64).reshape(3, 3)
    quartic = float(value - soft @ np.linalg.solve(stiff, soft) / 2)
    return NormalForm(p, r, p / 3 - p**2 / 4, float(cubic), quartic)


def third_order(p: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """B along the stability limit; its zeros are the tricritical points."""
    return np.vectorize(lambda p: normal_form(float(p), side=side).cubic, otypes=[float])(p)


@functools.cache
def acute_third_order() -> sp.Expr:
    """B towards the acute side as a function of p: p(27p³ - 51p² + 16p + 7)/96.

    From s* = 1/2 at equal densities. Source: derived here.
    """
    p = density
    r = (5 + 8 * p - 9 * p**2) / (16 - 12 * p)
    inner = (3 * (1 - p) / 8, -sp.Rational(1, 2), -p / 2)
    at = dict(zip(_INNER, inner, strict=True)) | {second_density: p, importance: r}
    slope: Any = excess_near_dedicated(ACUTE).diff(second_weight).subs(second_weight, 0)
    third: Any = sp.factor(sp.together(slope.subs(at)))
    return third


@functools.cache
def excess_near_dedicated(side: int) -> sp.Expr:
    """Q = (L - r V)/v² for small v, free of truncated powers, regular at v = 0.

    For 0 < β < 1 on the antipodal side, 0 < -β < 1 on the acute one.
    """
    near: Any = excess(side).replace(
        TruncatedPower, lambda base, power: _power_near_dedicated(base, power, side)
    )
    return near


def _power_near_dedicated(base: Any, power: Any, side: int) -> Any:
    """The truncated power as v → 0+: its sign is that of its base there."""
    middle = sp.Rational(-side, 2)
    some = {second_density: sp.Rational(1, 2), first_bias_slope: middle, second_weight: sp.S.Zero}
    return sp.S.Zero if base.subs(some).is_negative else base**power


@functools.cache
def second_order_form(side: int) -> sp.Expr:
    """f(β) - r V': the loss over δ² around the dedicated state, w₁ and b₂ at their best."""
    form: Any = sp.expand(excess_near_dedicated(side).subs(second_weight, 0))
    unknowns = [unknown for unknown in _INNER if unknown != first_bias_slope]
    best = sp.solve([form.diff(unknown) for unknown in unknowns], unknowns)
    return sp.expand(form.subs(best))


@functools.cache
def orders(side: int) -> Function:
    """(a, β, γ, p, q, r) -> B, Q₂, ∇Q₁ and the Hessian of Q₀, with Q = Q₀ + Q₁ v + Q₂ v² + ...

    At the minimum of Q₀ in (a, β, γ) the third order is Q₁, and the fourth is
    Q₂ - ½ ∇Q₁·(∇²Q₀)⁻¹ ∇Q₁, as the soft coordinates follow δ.
    """
    near: Any = excess_near_dedicated(side)
    first, second, third = (
        near.diff(second_weight, order).subs(second_weight, 0) / sp.factorial(order)
        for order in range(3)
    )
    gradient = [second.diff(y) for y in _INNER]
    hessian = sp.hessian(first, _INNER)
    arguments = (*_INNER, density, second_density, importance)
    return array_function(arguments, [second, third, gradient, list(hessian)])
