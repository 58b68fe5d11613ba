"""Computation in superposition: small exact solutions of the absolute-value model.

y = ReLU(W₂ ReLU(W₁ x) + b) with target |x|; x_i = 0 with probability 1-p, else uniform on [-1, 1];
losses are E(|x_i| - y_i)² of one output, to be multiplied by its importance.

**Monosemantic.** Two neurons ReLU(±x) compute |x| exactly; without neurons the best constant p/2
leaves p/3 - p²/4; one neuron leaves `half_loss`. Second neurons gain more than first ones at every
p, as 8 - 3p > 4: at most one feature has one neuron.

**The motif.** Three features A, B, C on four neurons, where two would each have their own:

    h = ReLU(±(A - tB)), ReLU(±(A - tC)): |A - tB| and |A - tC|, t the asymmetry, 0 < t <= 1
    y_A = (|A - tB| + |A - tC|)/2
    y_B = ReLU(|A - tB| - κ|A - tC|)/t, y_C = ReLU(|A - tC| - κ|A - tB|)/t, κ = 1 + st

Each neuron has A with the large weight in and 1/2 out, and B or C with the small weight t in and
the reciprocal 1/t out: B disturbs A by t|B|/2 only, A would disturb B by |A|/t. It does not, as
the other pair, which A excites as well, inhibits B: A alone gives y_B = ReLU(-s|A|) = 0. What is
left as t → 0 is exact for inputs with one active feature, and costs only where two are active:

    E(|B| - y_B)² = p²(1-p) (1/2 - s/4 + s²/3 - s³/8) + p³ (7/24 - s/12 + s²/12 - s³/48)

for 0 <= s <= 1, the excess of inhibition. The neurons ReLU(A - tB), ReLU(A - tC) alone are one
half of it: three half-features A⁺, B⁻, C⁻ on two neurons, at half the price.
Sources: motif with weights [2, -1/2] and inhibition: Elhage et al. 2022, "The Asymmetric
Superposition Motif"; the network above, its losses and densities derived here.
"""

import functools
from dataclasses import dataclass

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory._checks import (
    as_number,
    check_count,
    check_density,
    check_importance,
    check_nonnegative,
    check_one_density,
    check_share,
)
from theory._memory import check_memory
from theory.numeric import bracketed_root

Values = NDArray[np.float64]


def dropped_loss(density: ArrayLike) -> Values:
    """p/3 - p²/4: the loss of a feature without neurons, answered by b = p/2. p in (0, 1]."""
    p = check_density(density)
    return p / 3 - p**2 / 4


def half_loss(density: ArrayLike) -> Values:
    """p/6 - p²/(2(8-3p)): the least loss of a feature with one neuron, for p in (0, 1].

    y = ReLU(w ReLU(x) + b) at b = 2p/(8-3p), w = 1 - 3b/2: with c = 1 - w the loss is
    (1-p) b² + (p/2)(1/3 - b + b²) + (p/2)(c²/3 - cb + b²), least at c = 3b/2.
    """
    p = check_density(density)
    return p / 6 - p**2 / (2 * (8 - 3 * p))


def monosemantic_loss(importance: ArrayLike, neurons: int, density: float) -> float:
    """Least Σ_i I_i E(|x_i| - y_i)² when each neuron reads and writes one feature.

    The neurons // 2 most important features are exact, an odd neuron serves the next one by half,
    the others are dropped. importance (n,) in any order, >= 0; neurons >= 1; density p.
    """
    ranked, m = _ranked(importance), check_count("neurons", neurons)
    p = check_one_density(density)
    rest = ranked[m // 2 :]
    gain = float(dropped_loss(p) - half_loss(p)) if m % 2 and rest.size else 0.0
    return float(dropped_loss(p) * rest.sum()) - gain * (float(rest[0]) if rest.size else 0.0)


@dataclass(frozen=True)
class Motif:
    """Loss of B, and of C, per importance, in the motif at t → 0; A has none.

    loss: least over the inhibition; inhibition: s, where κ = 1 + st.
    """

    loss: float
    inhibition: float


def motif(density: float) -> Motif:
    """The motif with the best inhibition s in [0, 1] at density p in (0, 1]."""
    return _motif(check_one_density(density))


@functools.cache
def _motif(p: float) -> Motif:
    two, three = (np.array(each) for each in (_TWO, _THREE))
    coefficients = p**2 * (1 - p) * two + p**3 * three
    s = np.roots(np.polyder(coefficients))
    inside = [0.0, 1.0, *(float(x.real) for x in s if abs(x.imag) < 1e-12 and 0 < x.real < 1)]
    best = min(inside, key=lambda x: float(np.polyval(coefficients, x)))
    return Motif(float(np.polyval(coefficients, best)), best)


_TWO = (-1 / 8, 1 / 3, -1 / 4, 1 / 2)  # of s³, s², s, 1: two features active
_THREE = (-1 / 48, 1 / 12, -1 / 12, 7 / 24)  # all three


def motif_derivation() -> tuple[sp.Expr, sp.Expr]:
    """The two polynomials in s of the motif's loss, by integration: for p²(1-p) and for p³.

    A > 0 by symmetry: y_B = ReLU(C - B - sA) with A, B, C set to 0 where inactive. A and B active:
    |B| - y_B is min(-B, sA) or B. A and C: ReLU(±C - sA). B and C: min(|B|, |C|). All three:
    C - B has the density (2-|d|)/4, and E over C of (C-B-sA)_+ is (1-B-sA)_+²/4.
    """
    s, a, b, x = sp.symbols("s a b x", nonnegative=True)

    def mean(of: sp.Expr) -> sp.Expr:
        return sp.expand(sp.integrate(sp.expand(of.subs(x, s * a)), (a, 0, 1)))

    third, half = sp.Rational(1, 3), sp.Rational(1, 2)
    one_and_two = half * (mean(x**3 / 3 + (1 - x) * x**2) + third)
    one_and_other = half * mean((1 - x) ** 3 / 3)
    others = 2 * sp.integrate(b**2 * (1 - b), (b, 0, 1))
    mixed = sp.integrate(b * (1 + b - x) ** 2, (b, 0, 1)) + (1 - x) ** 4 / 12
    three = third - mean(mixed / 4) + mean((2 - x) ** 4 / 48)
    return sp.expand(one_and_two + one_and_other + others), sp.expand(three)


def small_density_coefficient() -> sp.Expr:
    """lim motif loss / p² = 1/2 - s/4 + s²/3 - s³/8 at s = (8 - √10)/9, about 0.4425."""
    s = (8 - sp.sqrt(10)) / 9
    return sp.expand(sp.Rational(1, 2) - s / 4 + s**2 / 3 - s**3 / 8)


def sharing_density(relative_importance: float) -> float:
    """The density below which four neurons are better shared by three features than by two.

    Root of (I_B + I_C) motif(p) = I_C (p/3 - p²/4), with `relative_importance` r = I_C/I_B in
    (0, 1] of the feature that is dropped otherwise. About 0.326 at r = 1, and
    r/(3 (1+r) `small_density_coefficient`) for r → 0. Sufficient: the motif is one way to share.
    """
    r = as_number("relative_importance", check_share("relative_importance", relative_importance))

    def excess(p: float) -> float:
        return (1 + r) * motif(p).loss / p - r * float(dropped_loss(p)) / p

    return bracketed_root(excess, 1e-9 * r, 1.0)


def motif_loss(importance: ArrayLike, neurons: int, density: float) -> float:
    """Least Σ_i I_i E(|x_i| - y_i)² with K motifs (t → 0) and all other neurons monosemantic.

    Least over K from 0 to m/4. The m/2 - K most important features are exact (alone on two neurons
    or as A of a motif), the next 2K are B and C of motifs, the rest is dropped; for odd m one
    neuron stays without use. Arguments as in `monosemantic_loss`, of which it is the case K = 0.
    """
    return min(losses_of_motifs(importance, neurons, density))


def losses_of_motifs(importance: ArrayLike, neurons: int, density: float) -> list[float]:
    """The losses of `motif_loss` for K = 0, 1, ... motifs, while there are features for them."""
    ranked, m = _ranked(importance), check_count("neurons", neurons)
    shared, alone = motif(check_one_density(density)).loss, float(dropped_loss(density))
    counts = range(min(m // 4, max(ranked.size - m // 2, 0)) + 1)
    out = [monosemantic_loss(ranked, m, density)]
    for k in counts[1:]:
        middle = ranked[m // 2 - k : m // 2 + k].sum()
        out.append(float(shared * middle + alone * ranked[m // 2 + k :].sum()))
    return out


def motif_network(asymmetry: float, inhibition: float) -> tuple[Values, Values, Values]:
    """W₁ (4, 3), W₂ (3, 4) and b = 0 of the motif, for t in (0, 1] and s >= 0; A, B, C in order."""
    t = as_number("asymmetry", check_share("asymmetry", asymmetry))
    kappa = 1 + as_number("inhibition", check_nonnegative("inhibition", inhibition)) * t
    W1 = np.array([[1.0, -t, 0.0], [-1.0, t, 0.0], [1.0, 0.0, -t], [-1.0, 0.0, t]])
    own, other = 1 / t, -kappa / t
    W2 = np.array([[0.5] * 4, [own, own, other, other], [other, other, own, own]])
    return W1, W2, np.zeros(3)


def six_neuron_network(features: int, spread: float = 1.0) -> tuple[Values, Values, Values]:
    """Six neurons that compute |x_i| of any number n of features exactly, one active at a time.

    Three neurons see x_i with the weights a_i = 1 + ε cos(θ_i - 2πk/3), k = 0, 1, 2, the other
    three with -a_i; θ_i = 2πi/n, 0 < ε <= 1 the `spread`. The means over k of a_jk and of
    a_jk cos(θ_i - 2πk/3) are 1 and (ε/2) cos(θ_i - θ_j), so weights u_i out exist with u_i·a_j
    proportional to cos(θ_i - θ_j) - cos(2π/n), which is 1 for j = i and <= 0 for all others. So
    without biases and for p → 0 the loss is o(p) for any n: six neurons are enough for any number
    of features that are sparse enough.
    The price is W₂ of order n². Derived here. n >= 2.
    """
    n = check_count("features", features, 2)
    check_memory("features", n, lambda size: 300 * size)
    epsilon = as_number("spread", check_share("spread", spread))
    angle, phase = 2 * np.pi * np.arange(n) / n, 2 * np.pi * np.arange(3) / 3
    wave = np.cos(angle[:, None] - phase[None])
    scale = 1 - np.cos(2 * np.pi / n)
    read = (2 / (3 * epsilon) * wave - np.cos(2 * np.pi / n) / 3) / scale
    seen = 1 + epsilon * wave
    return np.vstack([seen.T, -seen.T]), np.hstack([read, read]), np.zeros(n)


def _ranked(importance: ArrayLike) -> Values:
    values = check_importance(importance)
    if values.ndim > 1:
        rule = "() or (n,)"
        raise ValueError(f"Argument `importance` must have shape {rule}, but has {values.shape}.")
    return np.sort(np.atleast_1d(values))[::-1]
