"""What the other features do to one: exact, at any n, by Fourier series on a bounded support.

Feature i is read along its own direction, z_i = b_i + G_ii x_i + ξ_i, where G = WᵀW and the
interference is ξ_i = Σ_{j≠i} G_ij x_j. Features have one density p: x_j = 0 with probability 1 - p,
else uniform on [0, 1], independent. So ξ_i is bounded and E e^{iωξ} a product,

    C_i(ω) = Π_{j≠i} (1 - p + p φ(ω G_ij)),   φ(θ) = (e^{iθ} - 1)/(iθ).

On |z| <= B both |z| and the sign of z are Fourier series of odd harmonics ω_k = k π/B,
|z| = B/2 - (4B/π²) Σ cos(ω_k z)/k², sgn z = (4/π) Σ sin(ω_k z)/k, so that their means are sums
over C(ω_k) without any error of aliasing. No active feature and one active feature are taken out
of C and added exactly; what is left falls as 1/ω², and the sums are cut at `HARMONICS` terms, with
an error that falls as the third power of their number: at 512 of order 1e-6 of the answer, seen
in networks of 30 to 100 features.
Source: derived here.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_finite, check_one_density, shown

Array = NDArray[np.float64]
Waves = NDArray[np.complex128]
HARMONICS = 512
_ROOTS, _SHARES = np.polynomial.legendre.leggauss(24)


def detection(G: ArrayLike, density: float) -> Array:
    """A_i = P(s_i of an active x_i > s_i of an inactive one), s_i = W_i·h = Σ_j G_ij x_j; (n,).

    The area under the ROC curve of a threshold on s_i for "x_i > 0", which no base rate enters:
    1 for a certain answer, 1/2 for none. Exactly P(D > 0) of
    D = G_ii u + ξ_i - ξ'_i, u uniform, ξ' another draw,

        A_i = 1/2 + (2/π) Σ_{k odd} (1 - cos ω_k G_ii)/(ω_k G_ii) abs(C_i(ω_k))²/k,  ω_k = k π/B.

    1/2 for a dead feature. Orthogonal features have A_i = 1.
    G = WᵀW, symmetric (n, n) with a diagonal >= 0; density p in (0, 1], a number. Raises ValueError
    for others.
    """
    G, p = _gram(G), check_one_density(density)
    return np.array([_detected(each) for each in _features(G, np.zeros(len(G)), p)])


def sparse_detection(G: ArrayLike, density: float) -> Array:
    """1 - p Σ_{j≠i} q(abs(G_ij)/G_ii), the first order in p of `detection`; (n,).

    q(t) = t/2 for t <= 1, else 1 - 1/(2t): the chance that one other active feature makes the two
    scores change places, by a negative coupling beside the active one, or a positive one beside the
    inactive one. Either sign costs the same. 1/2 for a dead feature; below 1/2 outside its range.
    Arguments and errors as in `detection`.
    """
    G, p = _gram(G), check_one_density(density)
    own = np.diagonal(G)
    t = np.abs(G) / np.where(own > 0, own, 1.0)[:, None]
    swapped = _swapped(t) * (1 - np.eye(len(G)))
    return np.where(own > 0, 1 - p * swapped.sum(1), 0.5)


def value_error(G: ArrayLike, b: ArrayLike, density: float) -> Array:
    """V_i = E (x_i - r_i(x_i))² of x' = ReLU(G x + b), r_i(x) = E[x'_i | x_i = x] its mean.

    By the law of total variance the loss of an output is V_i plus its interference,

        E(x_i - x'_i)² = V_i + E Var(x'_i | x_i),

    what the other features add at given x_i. As Var ReLU(z) <= Var z for every z, ReLU with any
    bias has at most the interference of the linear read-out, Σ_{j≠i} G_ij² v (`linear_parts`): the
    share that it filters out is in [0, 1]. In the sparse limit the two parts are "feature benefit"
    and "interference" of Elhage et al. 2022.
    G as in `detection`; b (..., n) finite, and so is the answer; density p in (0, 1]. Raises
    ValueError for others.
    """
    G, p, b = _gram(G), check_one_density(density), check_finite("b", b)
    if not b.shape or b.shape[-1] != len(G):
        raise ValueError(f"Argument `b` must have shape (..., {len(G)}), but has shape {b.shape}.")
    flat = b.reshape(-1, len(G))
    rows = _features(G, np.abs(flat).max(0, initial=0.0), p)
    values = [[_value_error(row, bias) for bias in flat[:, i]] for i, row in enumerate(rows)]
    return np.array(values).T.reshape(b.shape)


def sparse_interference(G: ArrayLike, b: ArrayLike, density: float) -> Array:
    """E Var(x'_i | x_i) to first order in p: p Σ_{j≠i} ∫_0^1 (ReLU(b_i + G_ij x) - ReLU(b_i))² dx.

    The integral is g²/3, g = G_ij, where nothing is cut off; (b + g)_+³/(3g) for b <= 0, which is 0
    for couplings up to -b; and for g < -b < 0 it is g² x² up to x = b/|g|, then b². (n,); arguments
    and errors as in `value_error`, b (n,).
    """
    G, p, b = _gram(G), check_one_density(density), check_finite("b", b)
    if b.shape != (len(G),):
        raise ValueError(f"Argument `b` must have shape ({len(G)},), but has shape {b.shape}.")
    shift = np.broadcast_to(b[:, None], G.shape)
    size = np.where(G != 0, np.abs(G), 1.0)
    beyond = np.maximum(shift + G, 0.0) ** 3 / (3 * size)
    share = np.clip(shift / size, 0.0, 1.0)
    cut = G**2 * share**3 / 3 + shift**2 * (1 - share)
    each = np.where(shift <= 0, np.where(G > 0, beyond, 0.0), np.where(G >= 0, G**2 / 3, cut))
    return p * np.sum(each * (1 - np.eye(len(G))), axis=1)


def linear_parts(G: ArrayLike, density: float) -> tuple[Array, Array]:
    """((1 - G_ii)² v, Σ_{j≠i} G_ij² v): value error and interference of x' = G x + b, b its best.

    v = p/3 - p²/4; b_i = (1 - G_ii) p/2 - Σ_{j≠i} G_ij p/2 puts the means right. Arguments and
    errors as in `detection`.
    """
    G, p = _gram(G), check_one_density(density)
    v, own = p / 3 - p**2 / 4, np.diagonal(G)
    return (1 - own) ** 2 * v, (np.sum(G**2, axis=1) - own**2) * v


@dataclass(frozen=True)
class _Feature:
    """One row: a = G_ii, couplings g (n-1,), and `product`, C at the frequencies of odd harmonics.

    `waves` is Σ_j φ(ω g_j); `none` is P(no other is active), `one` P(a given other alone is).
    `small` counts couplings that the highest frequency does not resolve: without the term `close`
    C would not fall where two of these are active, and the sums would end too early.
    """

    a: float
    g: Array
    p: float
    harmonics: Array
    bound: float
    product: Waves
    waves: Waves

    @property
    def none(self) -> float:
        return (1 - self.p) ** len(self.g)

    @property
    def one(self) -> float:
        return self.p * (1 - self.p) ** (len(self.g) - 1) if len(self.g) else 0.0

    @property
    def frequencies(self) -> Array:
        return self.harmonics * np.pi / self.bound

    @property
    def small(self) -> NDArray[np.bool_]:
        return np.abs(self.g) * self.frequencies[-1] < 1

    def close(self, draws: int) -> float:
        """P(two or more others are active, all with small couplings), in so many draws of ξ."""
        count, others = draws * int(self.small.sum()), draws * int((~self.small).sum())
        p = self.p
        if count < 2:
            return 0.0
        alone = (1 - p) ** count + count * p * (1 - p) ** (count - 1)
        return (1 - p) ** others * (1 - alone)


def _features(G: Array, largest_shift: Array, p: float) -> Iterator[_Feature]:
    harmonics = np.arange(1, 2 * HARMONICS, 2).astype(np.float64)
    for i, row in enumerate(G):
        g = np.delete(row, i)
        # |z| and |D| stay below it; a dead feature without bias has nothing to bound
        bound = max(largest_shift[i] + row[i] + np.abs(g).sum(), 1e-6)
        waves = _uniform(np.multiply.outer(g, harmonics * np.pi / bound))
        product = np.prod(1 - p + p * waves, axis=0)
        yield _Feature(row[i], g, p, harmonics, bound, product, waves.sum(0))


def _uniform(theta: Array) -> Waves:
    """φ(θ) = e^{iθ/2} sin(θ/2)/(θ/2), E e^{iθx} of a uniform x."""
    half = theta / 2
    sine = np.sin(half)
    size = np.divide(sine, half, out=np.ones_like(half), where=half != 0)
    return size * np.cos(half) + 1j * (size * sine)


def _swapped(t: Array) -> Array:
    """P(u < t y) for u, y uniform on [0, 1]."""
    return np.where(t <= 1, t / 2, 1 - 0.5 / np.where(t > 1, t, 1.0))


def _detected(at: _Feature) -> float:
    if at.a <= 0:
        return 0.5
    few, close = at.none * at.one, at.close(2)
    direct = at.none**2 + few * np.sum(2 - _swapped(np.abs(at.g) / at.a)) + close
    theta = at.frequencies * at.a
    rest = np.abs(at.product) ** 2 - at.none**2 - 2 * few * np.real(at.waves) - close
    share = 1 - at.none**2 - 2 * few * len(at.g) - close
    series = np.sum((1 - np.cos(theta)) / theta * rest / at.harmonics)
    return float(direct + share / 2 + 2 / np.pi * series)


def _value_error(at: _Feature, b: float) -> float:
    inactive = _response(at, np.array([b]))[0]
    kink = np.clip(-b / at.a, 0.0, 1.0) if at.a > 0 else 0.0
    ends = np.unique([0.0, kink, 1.0])
    total = (1 - at.p) * inactive**2
    for low, high in itertools.pairwise(ends):
        u = low + (high - low) * (_ROOTS + 1) / 2
        error = u - _response(at, at.a * u + b)
        total += at.p * (high - low) / 2 * (_SHARES @ error**2)
    return float(total)


def _response(at: _Feature, c: Array) -> Array:
    """E ReLU(c + ξ) (k,) = (E z + E|z|)/2 at the shifts c (k,)."""
    close = at.close(1)
    direct = (at.none + close) * np.abs(c) + at.one * _rectified(c[:, None], at.g).sum(1)
    rest = at.product - at.none - at.one * at.waves - close
    share = 1 - at.none - at.one * len(at.g) - close
    shifted = np.real(np.exp(1j * np.multiply.outer(c, at.frequencies)) * rest)
    series = at.bound * (share / 2 - 4 / np.pi**2 * (shifted @ (1 / at.harmonics**2)))
    return (c + at.p / 2 * at.g.sum() + direct + series) / 2


def _rectified(c: Array, g: Array) -> Array:
    """E abs(c + g x), x uniform: abs(c + g/2) if the sign is one, else (c² + (c+g)²)/(2 abs(g))."""
    end = c + g
    mixed = c * end < 0
    across = (c**2 + end**2) / (2 * np.where(mixed, np.abs(g), 1.0))
    return np.where(mixed, across, np.abs(c + g / 2))


def _gram(G: ArrayLike) -> Array:
    G = check_finite("G", G)
    if G.ndim != 2 or G.shape[0] != G.shape[1] or not G.size:
        raise ValueError(f"Argument `G` must have shape (n, n), but has shape {G.shape}.")
    if np.max(np.abs(G - G.T)) > 1e-8 * np.max(np.abs(G)):
        raise ValueError(f"Argument `G` must be symmetric, but is {shown(G.tolist())}.")
    if np.any(np.diagonal(G) < 0):
        raise ValueError(
            f"Argument `G` must have a diagonal >= 0, but has {np.diagonal(G).min()} on it."
        )
    return G
