"""Curves of stationary states in closed form, and the stability limits that follow from them.

The condition of stationarity is quadratic in r with exactly one positive root, so at each density
a state is known by its ratio u = |w₂|/w₁ alone.
"""

import functools
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_broadcast, check_density, check_share
from theory.numeric import Function, array_function, bracketed_root, scalar_function
from theory.two_features.no_bias.profile import (
    Side,
    density,
    functions,
    importance,
    ratio,
    stationarity,
)

_TURN_BRACKET = 0.05, 1.0


def importance_at_antipodal(p: ArrayLike, u: ArrayLike) -> NDArray[np.float64]:
    """Relative importance r at which the antipodal state with |w₂|/w₁ = u is stationary.

    Solves a₂r² + a₁r - a₀ = 0 (stationarity in u), with a₂, a₁ >= 0 and a₀ > 0 on the domain, so
    that there is exactly one such r > 0:

        a₂ = p u⁵ (16(1 - p) + 3p u),   a₀ = p (64 - 48u + p (3u⁴ - 16u³ + 36u² - 36)),
        a₁ = (1 - u) (128(1 + u) - 8p (u⁴ + u³ + u² + 25u + 16) - p²u (u⁴ - 7u³ + 2u² + 10u - 144))

    It starts at p(16 - 9p)/(32(1 - p)) for u → 0, falls to `antipodal_stability_limit`, then rises
    to 1 at u = 1: saddles, then minima. p and u broadcast together. Raises ValueError for p or u
    outside (0, 1]. Source: derived here.
    """
    return _importance(Side.ANTIPODAL, p, u)


def importance_at_confused(p: ArrayLike, u: ArrayLike) -> NDArray[np.float64]:
    """Relative importance r at which the confused state with w₂/w₁ = u is stationary.

    As `importance_at_antipodal`, for the linear model that confused is:

        12 p r (u⁴ - 1) + r (16(1 - r) + 9p²(1 + r)) u³ + (16(1 - r) - 9p²(1 + r)) u = 0

    It rises from 0 to 1 at u = 1. Raises ValueError for p or u outside (0, 1]. Source: derived
    here.
    """
    return _importance(Side.CONFUSED, p, u)


@functools.cache
def importance_expression(side: Side) -> sp.Expr:
    """The positive root r of the stationarity, written without cancellation.

    Minus the stationarity is c₂r² + c₁r + c₀ with c₂, c₁ >= 0 > c₀ for p and u in (0, 1], so
    r = -2c₀/(c₁ + √(c₁² - 4c₂c₀)).
    """
    quadratic = sp.Poly(-stationarity(side), importance)
    coefficients: Any = [sp.factor(quadratic.coeff_monomial(importance**k)) for k in (2, 1, 0)]
    c2, c1, c0 = coefficients
    return -2 * c0 / (c1 + sp.sqrt(c1**2 - 4 * c2 * c0))


def _importance(side: Side, p: ArrayLike, u: ArrayLike) -> NDArray[np.float64]:
    p, u = check_density(p, "p"), check_share("u", u)
    check_broadcast(p=p, u=u)
    return np.asarray(_importance_function(side)(u, p), dtype=np.float64)


@functools.cache
def _importance_function(side: Side) -> Function:
    return array_function((ratio, density), importance_expression(side))


def dropped_stability_limit(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance above which the dropped state w = (1, 0) is downhill to antipodal too.

    Towards w₂ = -δ the best loss changes by p/3 (p - 9p²/16 - 2r(1 - p)) δ²: r = p(16 - 9p)/(32(1 -
    p)), slope 1/2 at small p. Below it a flow with w₂ < 0 can end at the dropped state, although
    the loss falls at first order, by r p²/2 δ, towards w₂ = +δ: it is no local minimum at any r.
    NaN for p > (8 - 4√2)/3 = 0.781, where it exceeds 1: there it is a minimum on the antipodal side
    for all r <= 1. Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_density(p, "p")
    inactive = 32 * (1 - p)
    exists = p * (16 - 9 * p) <= inactive
    return np.where(exists, p * (16 - 9 * p) / np.where(exists, inactive, 1.0), np.nan)


def antipodal_stability_limit(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance below which there is no antipodal state with |w₂| <= w₁.

    States: the antipodal minimum and the saddle between it and dropped, which meet where the r of
    `importance_at_antipodal` is least. Slope (4 + √7)/16 at small p, and 0.6299 at p = 1: antipodal
    is metastable up to r = 1 at every density. Confused has no limit: it is a minimum for all p and
    r. Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    limits = np.vectorize(lambda p: fold(float(p))[1], otypes=[float])
    return limits(check_density(p, "p"))


@functools.lru_cache(maxsize=1024)
def fold(p: float) -> tuple[float, float]:
    """(u, r) where the antipodal minimum and its saddle meet: the turn of r(u)."""
    importance_at, slope_u = _scalar_importance(), functions(Side.ANTIPODAL).slope_u
    u = bracketed_root(lambda u: slope_u(u, p, importance_at(u, p)), *_TURN_BRACKET)
    return u, float(importance_at(u, p))


@functools.cache
def _scalar_importance() -> Function:
    return scalar_function((ratio, density), importance_expression(Side.ANTIPODAL))
