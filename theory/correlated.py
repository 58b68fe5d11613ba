"""Two features in one dimension, active together or apart: antipodal pair or principal component.

Both features have the density p and the importance 1; c = P(one active | the other active), so
that both are active with probability q = c p: c = p if they are independent, 1 if correlated (all
or none), 0 if anticorrelated (never both). c ≥ 2 - 1/p always. Model x' = ReLU(G x + b), G = WᵀW.

- *Antipodal pair*, w = (√A, -√A), b_1 = b_2 = b in [0, A]. It has, at t = b/A,

      L/2 = (1 - 2p + q) b² + (p - q) [E(x - A x - b)² + b³/(3A)]
            + q [E(x_1 - A(x_1 - x_2) - b)² - A (A + 1) (1 - t)⁴/12],

  least at A > 1, b > 0 for c > 0. For c = 0: A = 1, b = 0 and L = 0, both features are exact.
- *Principal component*, w = (1, 1)/√2, b = 0: no z is ever negative, so it is the optimum of the
  linear model where c > p, with L = λ_2 = p/3 - q/4, the smaller eigenvalue of the covariance
  (p/3 - p²/4 on the diagonal, (q - p²)/4 beside it; λ_1 = p/3 + q/4 - p²/2).
- *Tilted*, w_1 ≠ w_2 of one sign, b_1 ≠ b_2, which leaves the principal component continuously
  below `tilt_limit`: a negative bias is free while nothing is active.

The principal component is lower than the pair above the crossover c*(p): 4/7 if A = 1 and b = 0
are kept fixed, (40 - 4√14)/43 = 0.58217 as p → 0, and rising with p. There the ground state changes
discontinuously: beside c* both are minima. This is so up to p = 0.2441; denser, the tilted state
comes between the two. Source: the question is Elhage et al. 2022, "Correlated and anticorrelated
features"; all results derived here.
"""

import functools
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from theory._checks import (
    check_broadcast,
    check_density,
    check_finite,
    check_one_density,
    check_real,
)
from theory.numeric import Function, array_function, bracketed_root, newton, scalar_function
from theory.truncated_power import box_first_moment, box_mean

_p, _q, _A = sp.symbols("p q A", positive=True)
_b = sp.Symbol("b", nonnegative=True)


@dataclass(frozen=True)
class Antipodal:
    """An antipodal pair: A = ‖W_i‖², the bias of both outputs, the loss of both together."""

    square: float
    bias: float
    loss: float


def antipodal_loss() -> sp.Expr:
    """L of the antipodal pair, in the symbols A, b, p, q, by sympy, for 0 ≤ b ≤ A.

    With both active and z_1 = A (x_1 - x_2) + b, the loss is that of the linear model less
    E[n² + 2 x_1 n], n = (-z_1)_+ = A (d - t)_+: d = x_2 - x_1 has the density 1 - d, and the mean
    of x_1 at given d is (1 - d)/2. Source: derived here.
    """
    x, y, d, t = sp.symbols("x y d t", real=True)
    one = sp.integrate((x - _A * x - _b) ** 2, (x, 0, 1)) + _b**3 / (3 * _A)
    gap = sp.expand((x - _A * (x - y) - _b) ** 2)
    gain = _A * (d - t) * (_A * (d - t) + (1 - d)) * (1 - d)
    rectified = sp.factor(sp.integrate(sp.expand(gain), (d, t, 1))).subs(t, _b / _A)
    both = sp.integrate(sp.integrate(gap, (x, 0, 1)), (y, 0, 1)) - rectified
    return 2 * ((1 - 2 * _p + _q) * _b**2 + (_p - _q) * one + _q * both)


def small_density_crossover() -> sp.Expr:
    """c* as p → 0, (40 - 4√14)/43, by sympy.

    A positive bias costs b² on nearly all inputs, so b → 0 and the loss of the pair over p is
    quadratic in A, least at A = (8 - 5c)/(8 - 6c); the principal component has 1/3 - c/4.
    Source: derived here.
    """
    c = sp.Symbol("c", positive=True)
    height = sp.expand(antipodal_loss().subs(_b, 0).subs(_q, c * _p) / _p)
    square = sp.solve(sp.diff(height, _A), _A)[0]
    roots = sp.solve(sp.together(height.subs(_A, square) - (sp.Rational(1, 3) - c / 4)), c)
    return sp.simplify(next(root for root in roots if 0 < root < 1))


def ansatz_crossover() -> sp.Expr:
    """4/7, the crossover at every p where the antipodal pair is held at A = 1, b = 0 (L = q/3).

    At c = p it is the density 4/7 at which that pair and the dedicated feature are equally low.
    """
    fixed = sp.simplify(antipodal_loss().subs({_A: 1, _b: 0}))
    return sp.solve(fixed - (_p / 3 - _q / 4), _q)[0] / _p


def principal_component_loss(density: ArrayLike, together: ArrayLike) -> np.ndarray:
    """L = p/3 - c p/4 of w = (1, 1)/√2, b = 0, see the module. Arguments broadcast.

    Raises ValueError for p outside (0, 1] and c outside [max(0, 2 - 1/p), 1].
    """
    p, q = _joint(density, together)
    return p / 3 - q / 4


def antipodal_state(density: float, together: float) -> Antipodal:
    """The antipodal pair of least loss with equal norms and biases, by Newton's method.

    Equations: ∂L/∂A = ∂L/∂b = 0 of `antipodal_loss`. Raises ValueError as
    `principal_component_loss`, and `RootNotFound` if no pair with 0 ≤ b ≤ A is stationary.
    """
    check_one_density(density)
    check_real("together", together)
    p, q = (float(value) for value in _joint(density, together))
    if q == 0:
        return Antipodal(1.0, 0.0, 0.0)
    value, slopes, curvature = _antipodal_functions()

    def system(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = (*map(float, y), p, q)
        rows = np.array([f(*at) for f in curvature]).reshape(2, 2) / p
        return np.array([f(*at) for f in slopes]) / p, rows

    c = q / p
    A, b = newton(system, np.array([(8 - 5 * c) / (8 - 6 * c), q / 4]))
    return Antipodal(float(A), float(b), float(value(A, b, p, q)))


def crossover(density: float) -> float:
    """c* at density p: the antipodal pair is lower below it, the principal component above.

    For p up to `largest_direct_density()`, where both are the lowest states beside c*. Raises
    ValueError for others.
    """
    p = check_one_density(density)
    if p > largest_direct_density():
        limit = largest_direct_density()
        raise ValueError(f"Argument `density` must be at most {limit:.4f}, but is {p:g}.")
    return _crossing(p)


@functools.cache
def largest_direct_density() -> float:
    """p at which c* = `tilt_limit`, 0.2441: denser, the pair gives way to the tilted state."""
    return bracketed_root(lambda p: _crossing(p) - tilt_limit(p), 0.05, 0.5)


def _crossing(p: float) -> float:
    def gap(c: float) -> float:
        return (antipodal_state(p, c).loss - float(principal_component_loss(p, c))) / p

    return bracketed_root(gap, 0.5, 0.8)


def tilt_limit(density: float) -> float:
    """c below which the principal component is no minimum: it tilts to unequal weights.

    Second order about it, in the angle φ of w, a growth ε of ‖w‖² and the biases, with u = P(none
    active) = 1 - 2p + q: (λ_1 - λ_2) φ² + λ_1 ε² + (b_1 - p(φ - ε)/2)² + (b_2 + p(φ + ε)/2)², less
    u b_i² for each negative b_i, as the ReLU is silent then. For φ > 0, b_2 < 0; the least over
    ε, b_1 and b_2 is positive for all φ if and only if, with k = (p²/4) u/(1 - u),

        (λ_1 - λ_2) (λ_1 - k) > k λ_1.

    Raises ValueError for p outside (0, 1). Source: derived here.
    """
    p = check_one_density(density)
    if p == 1:
        raise ValueError("Argument `density` must be in (0, 1), but is 1.")

    def form(c: float) -> float:
        q = c * p
        silent = 1 - 2 * p + q
        k = p**2 / 4 * silent / (1 - silent)
        larger = p / 3 + q / 4 - p**2 / 2
        return ((q - p**2) / 2 * (larger - k) - k * larger) / p**2

    return bracketed_root(form, max(p, 2 - 1 / p), 1.0)


def loss(w: ArrayLike, b: ArrayLike, *, density: ArrayLike, both: float) -> float:
    """Exact loss of any two weights w (2,) and biases b (2,), importance 1.

    density: p, a number or (2,); both: q = P(both active). By truncated powers at the corners of
    the square, as `theory.population_loss`: couplings must not be small beside 1, or 0 exactly.
    Raises ValueError for other shapes, values that are not finite and impossible probabilities.
    """
    w, b = check_finite("w", w), check_finite("b", b)
    for name, array in (("w", w), ("b", b)):
        if array.shape != (2,):
            raise ValueError(f"Argument `{name}` must have shape (2,), but has {array.shape}.")
    p, both = check_density(density), check_real("both", both)
    if p.shape not in ((), (2,)):
        raise ValueError(f"Argument `density` must have shape () or (2,), but has {p.shape}.")
    p = np.broadcast_to(p, (2,))
    if not max(0.0, p.sum() - 1) - 1e-12 <= both <= p.min() + 1e-12:
        raise ValueError(
            f"Argument `both` must be in [max(0, p_1 + p_2 - 1), min(p_1, p_2)], but is {both!r}."
        )
    total = 0.0
    for own, other in ((0, 1), (1, 0)):
        row = (w[own] ** 2, w[own] * w[other])
        function = _output(row[0] != 0, row[1] != 0)
        total += float(function(*row, b[own], p[own], p[other], float(both)))
    return total


@functools.cache
def _output(own: bool, other: bool) -> Function:
    """numpy function (g_11, g_12, b_1, p_1, p_2, q) -> E(x_1 - x'_1)², some couplings 0."""
    g, h, b = sp.symbols("g h b", real=True)
    p, r, q = sp.symbols("p r q", positive=True)
    slope = (g if own else sp.S.Zero, h if other else sp.S.Zero)
    chances = {(): 1 - p - r + q, (0,): p - q, (1,): r - q, (0, 1): q}
    total = p / 3
    for active, chance in chances.items():
        slopes = [slope[j] for j in active]
        total += chance * box_mean(b, slopes, 2)
        if 0 in active:
            total -= 2 * chance * box_first_moment(b, slopes, 1, active.index(0))
    return array_function((g, h, b, p, r, q), total)


@functools.cache
def _antipodal_functions() -> tuple[Function, list[Function], list[Function]]:
    """Numeric L, its slopes and second derivatives in (A, b)."""
    form, names = antipodal_loss(), (_A, _b, _p, _q)
    slopes = [sp.diff(form, v) for v in (_A, _b)]
    curvature = [sp.diff(slope, v) for slope in slopes for v in (_A, _b)]
    first, second = ([scalar_function(names, e) for e in each] for each in (slopes, curvature))
    return scalar_function(names, form), first, second


def _joint(density: ArrayLike, together: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """p and q = c p, checked; they broadcast."""
    p, c = check_density(density), check_finite("together", together)
    check_broadcast(density=p, together=c)
    p, c = np.broadcast_arrays(p, c)
    wrong = c[~((c >= np.maximum(0.0, 2 - 1 / p) - 1e-12) & (c <= 1))]
    if wrong.size:
        raise ValueError(
            f"Argument `together` must be in [max(0, 2 - 1/p), 1], but is {wrong.flat[0]}."
        )
    return p, c * p
