"""Regular k-gons in the plane: critical points of the sparse limit of the population loss.

One active feature at a time, n features in two dimensions, all of one density and importance 1:
H = 3 lim L/p, of which a feature that is not stored costs 1. In a k-gon of norm l and bias b ≤ 0
an output sets in at the share τ = -b/l² of its input. With w = 1 - τ, c_j = cos(2πj/k) and
δ_j = 1 - c_j each feature costs

    h/k = 1 - l² w² (3 - w) + l⁴ S(w),  S(w) = w³ + 2 Σ_{j=1}^s (w - δ_j)³/c_j,

the sum over the s neighbours on one side that are active, δ_j < w: acute ones, but not all of
them. Least over l at l² = w² (3 - w)/(2 S), where h/k = 1 - w⁴ (3 - w)²/(4 S), and stationary in w
where

    w³ (1 - w) + 2 Σ_{j=1}^s (w - δ_j)² [w (1 - w) - 2 δ_j (2 - w)]/c_j = 0,

a quartic. Up to k = 4 there are no acute neighbours, and w = l = 1, b = h = 0. From k = 5 on w < 1:
the restriction b ≤ 0 does not bind, and no other critical point of a k-gon appears without it (as
in data of which one feature is always active, where b > 0 costs a finite amount; then unused
features gain by one, see `height_with_unused`).

Derived here. The values for k = 5 and 6 are those of Chen et al. 2023, arXiv 2310.06301 (their
potential is H, their constants norm l, bias b and height h).
"""

import itertools
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory._checks import check_count
from theory._memory import check_memory

Array = NDArray[np.float64]
w = sp.Symbol("w", positive=True)
_DIGITS = 40
_TERM = 10**5  # bytes that the terms of one neighbour take in sympy, most of them in its caches
_TINY = sp.Float(10) ** -20  # of w next to an end of its interval


class Polygon(NamedTuple):
    """Norm l of each feature, bias b, and height h, its part of H = 3 lim L/p."""

    norm: float
    bias: float
    height: float


class Branch(NamedTuple):
    """A critical k-gon: active and acute neighbours on one side; share w of an active range."""

    active: int
    acute: int
    share: float
    polygon: Polygon


def acute_neighbours(k: int) -> int:
    """How many neighbours on one side have an angle below 90°: ⌈k/4⌉ - 1."""
    return -(-check_count("k", k) // 4) - 1


def self_and_neighbours(k: int, active: int) -> sp.Expr:
    """S(w) with that many active neighbours on each side, exact; raises as `stationarity`."""
    return _sum(_gaps(k, _active(k, active)))


def _sum(gaps: list[sp.Expr]) -> sp.Expr:
    return w**3 + 2 * sp.Add(*((w - delta) ** 3 / (1 - delta) for delta in gaps))


def stationarity(k: int, active: int) -> sp.Poly:
    """The quartic in w, exact, whose roots are critical k-gons with so many active neighbours.

    Raises ValueError unless 0 ≤ active ≤ ⌈k/4⌉ - 1, the acute neighbours on one side.
    """
    return _quartic(_gaps(k, _active(k, active)))


def _active(k: int, active: int) -> int:
    """`active`, an integer up to the number of acute neighbours."""
    acute = acute_neighbours(k)
    if check_count("active", active, 0) > acute:
        rule = f"an integer in [0, {acute}]"
        raise ValueError(f"Argument `active` must be {rule}, but is {active}.")
    check_memory("active", active, lambda count: _TERM * count)
    return active


def _polygon(name: str, k: int) -> int:
    """`k`, an integer, of which all acute neighbours fit memory."""
    check_memory(name, check_count(name, k), lambda size: _TERM * size)
    return int(k)


def _quartic(gaps: list[sp.Expr]) -> sp.Poly:
    terms = ((w - d) ** 2 * (w * (1 - w) - 2 * d * (2 - w)) / (1 - d) for d in gaps)
    return sp.Poly(w**3 * (1 - w) + 2 * sp.Add(*terms), w)


def _gaps(k: int, active: int) -> list[sp.Expr]:
    return [1 - sp.cos(2 * sp.pi * j / k) for j in range(1, active + 1)]


def branches(k: int) -> tuple[Branch, ...]:
    """All critical k-gons with l > 0, by the number of active neighbours; lowest height first.

    Raises ValueError for k < 1.
    """
    return _branches(_polygon("k", k))


@lru_cache
def _branches(k: int) -> tuple[Branch, ...]:
    acute = acute_neighbours(k)
    gaps = [gap.evalf(_DIGITS) for gap in _gaps(k, acute)]
    ends = [sp.S.Zero, *gaps, sp.S.One]
    found = []
    for active, (low, high) in enumerate(itertools.pairwise(ends)):
        roots = _quartic(gaps[:active]).nroots(n=_DIGITS, maxsteps=200)
        reals = [sp.re(root) for root in roots if abs(sp.im(root)) < _TINY]
        inside = [x for x in reals if low + _TINY < x <= high + _TINY]
        found += [Branch(active, acute, float(x), _at(k, gaps[:active], x)) for x in inside]
    return tuple(sorted(found, key=lambda branch: branch.polygon.height))


def _at(k: int, gaps: list[sp.Expr], share: Any) -> Polygon:
    """The k-gon of share w, of the norm that is best for it."""
    total: Any = _sum(gaps).subs(w, share)
    gain = share**2 * (3 - share)
    square = gain / (2 * total)
    bias = -square * (1 - share)
    height = k * (1 - gain**2 / (4 * total))
    return Polygon(*(float(x.evalf(_DIGITS)) for x in (sp.sqrt(square), bias, height)))


def critical_polygon(k: int) -> Polygon:
    """Norm, bias and height of the critical k-gon, the lowest if there are several.

    A critical point, not always a minimum: see `spectrum`. Raises ValueError for k < 1.
    """
    return branches(k)[0].polygon


def height_with_unused(k: int, features: int, positive: int = 0) -> float:
    """H of `features` = c features, k of them in the critical k-gon: h_k + c - k - 3σ/(4c).

    σ = `positive` of the unused ones have the bias 1/(2c), by which each gains 3/(4c), where one
    feature is always active (the k⁺-gons of Chen et al. 2023; c inputs share the cost c b² of it).
    With b ≤ 0, as in the sparse limit, where almost always none is active, σ = 0.
    Raises ValueError unless 1 ≤ k ≤ c and 0 ≤ σ ≤ c - k.
    """
    k, c = check_count("k", k), check_count("features", features)
    if k > c:
        raise ValueError(f"Argument `features` must be an integer >= k = {k}, but is {c}.")
    if check_count("positive", positive, 0) > c - k:
        rule = f"an integer in [0, features - k] = [0, {c - k}]"
        raise ValueError(f"Argument `positive` must be {rule}, but is {positive}.")
    return critical_polygon(k).height + c - k - 0.75 * positive / c


def largest_worth_storing(features: int = 16) -> int:
    """The k ≤ `features` of least h_k + n - k, the best single k-gon of many features: 7.

    h_k - k falls to -5.2513 at k = 7 and then rises (about -4.96 for k → ∞).
    """
    counts = range(1, _polygon("features", features) + 1)
    return min(counts, key=lambda k: critical_polygon(k).height - k)


def crossing_importance(k: int) -> float:
    """Relative importance r of one more feature at which a regular (k+1)-gon ties with dropping it.

    k features of importance 1. Dropped it costs r and the others h_k; in the regular (k+1)-gon of
    equal norms the outputs cost (k + r) h_{k+1}/(k + 1). A relative density r costs the same. An
    ansatz, as the polygon deforms for r ≠ 1: the first-order crossing lies at a smaller r.
    Above 1 (from k = 7 on) the feature is not worth storing at equal importance.
    """
    low, high = critical_polygon(k).height, critical_polygon(k + 1).height
    return (k * high - (k + 1) * low) / (k + 1 - high)


def spectrum(k: int) -> Array:
    """Curvatures of lim L/p at the critical k-gon, k >= 5: (k, 3), row q of wave number q.

    Perturbations (radial, tangential, bias) ∝ e^{2πiqj/k} of feature j decouple by q. The lowest
    of q = 0 is the rotation, 0; negative values are directions in which the k-gon is unstable.
    Rows q and k - q agree. Raises ValueError for k < 5, where b = 0 is a kink.
    """
    check_memory("k", check_count("k", k, 5), lambda size: _TERM * size + 100 * size**2)
    at = branches(k)[0].polygon
    angles = 2 * np.pi * np.arange(k) / k
    own, others = _own_block(at), [_pair_blocks(at, x) for x in angles[1:]]
    own = own + sum(block for block, _ in others)
    coupled = np.array([coupling for _, coupling in others])
    waves = np.exp(1j * np.outer(np.arange(k), angles[1:]))
    blocks = own + np.einsum("qj,jab->qab", waves, coupled)
    return np.asarray(np.linalg.eigvalsh(blocks), dtype=float)


def _own_block(at: Polygon) -> Array:
    """Second derivatives of u(l², b) in (radial, tangential, bias)."""
    a, t = at.norm**2, -at.bias / at.norm**2
    slope = -(1 - t) * (2 * t * t + 2 * (1 - a - at.bias) + t * (1 - a - at.bias) + t) / 3
    aa, ab, bb = (x - 2 * t / a * y for x, y in zip(_moments(t), (t * t, t, 1), strict=True))
    radial = 2 * slope + 4 * a * aa
    return np.array([[radial, 0, 2 * at.norm * ab], [0, 2 * slope, 0], [2 * at.norm * ab, 0, bb]])


def _moments(t: float) -> tuple[float, float, float]:
    """2 ∫_t^1 (x², x, 1) dx."""
    return 2 * (1 - t**3) / 3, 1 - t * t, 2 * (1 - t)


def _pair_blocks(at: Polygon, angle: float) -> tuple[Array, Array]:
    """Of both terms of a pair at an angle: second derivatives in (0, 0), and in (0, j)."""
    cos, sin = np.cos(angle), np.sin(angle)
    g = at.norm**2 * cos
    if g + at.bias <= 0:
        return np.zeros((3, 3)), np.zeros((3, 3))
    t = -at.bias / g
    gg, gb, bb = _moments(t)
    slope = (1 - t) * (g + at.bias) * (2 + t) / 3
    here, there = at.norm * np.array([[cos, sin, 0], [cos, -sin, 0]])
    bias = np.array([0.0, 0.0, 1.0])
    own = 2 * gg * np.outer(here, here) + bb * np.outer(bias, bias)
    own = own + gb * (np.outer(here, bias) + np.outer(bias, here))
    turned = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 0]])
    cross = 2 * gg * np.outer(here, there) + 2 * slope * turned
    return own, cross + gb * (np.outer(here, bias) + np.outer(bias, there))
