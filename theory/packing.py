"""How many directions fit: bounds of Welch and Rankin, and almost orthogonal random directions.

They bind unit vectors, not networks: what a network pays for an angle, its loss says.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammaln

from theory._checks import check_count, real_array

Array = NDArray[np.float64]
_ORDERS = np.arange(1, 201)  # k of the means of cos^2k


def welch_coherence(n: int, m: int) -> float:
    """√((n-m)/(m(n-1))), the least max_{i≠j} abs(cos θ_ij) of n unit vectors; 0 for n ≤ m.

    A bound, attained by equiangular tight frames alone. Raises ValueError for counts below 1.
    Source: Welch 1974, IEEE Trans. Inf. Theory 20, 397.
    """
    n, m = check_count("n", n), check_count("m", m)
    return float(np.sqrt((n - m) / (m * (n - 1)))) if n > m else 0.0


def least_mean_square(n: int, m: int) -> float:
    """(n-m)/(m(n-1)), the least mean of cos² θ_ij over pairs of n unit vectors; 0 for n ≤ m.

    Attained by tight frames of equal norms, and by these alone (‖W Wᵀ‖_F² >= n²/m). Random
    directions have 1/m. Raises ValueError for counts below 1. Source: Welch 1974.
    """
    return welch_coherence(n, m) ** 2


def coherence_bound(n: int, m: int) -> float:
    """The least max abs(cos θ_ij) of n unit vectors that means of cos^2k allow, over k ≤ 200.

    max_k [(n t_k - 1)/(n - 1)]^{1/2k}, t_k = 1·3···(2k-1)/(m(m+2)···(m+2k-2)) the mean of cos^2k of
    random directions: Σ_ij cos^2k θ_ij >= n² t_k, diagonal included. k = 1 is Welch's; beyond
    n = m(m+1)/2 or so higher ones are better. 0 for n ≤ m. Raises ValueError for counts below 1.
    Source: Sidelnikov 1974, Mat. Sb. 95, 148; Welch 1974.
    """
    n, m = check_count("n", n), check_count("m", m)
    if n <= m:
        return 0.0
    share = np.maximum(n * np.exp(_log_means(m)) - 1, 0.0) / (n - 1)
    return float(np.max(share ** (1 / (2 * _ORDERS))))


def rankin_cosine(n: int, m: int) -> float:
    """What the largest cos θ_ij of n unit vectors is never below, for n ≤ 2m; attained.

    -1/(n-1) up to n = m + 1 (the simplex), 0 from there to n = 2m (subsets of the cross-polytope):
    at most 2m unit vectors have pairwise non-positive products. For n > 2m it is positive, and 0 is
    returned. Raises ValueError for n < 2 or m < 1.
    Source: Rankin 1955, Proc. Glasgow Math. Assoc. 2, 139.
    """
    n, m = check_count("n", n, 2), check_count("m", m)
    return -1 / (n - 1) if n <= m + 1 else 0.0


def welch_count(m: int, coherence: ArrayLike) -> Array:
    """Most unit vectors with abs(cos θ_ij) ≤ ε: m (1-ε²)/(1-m ε²) for ε < 1/√m, else inf.

    The bound of Welch solved for n, rounded down. ε in (0, 1); broadcasts. Raises ValueError for
    other values.
    """
    m, eps = check_count("m", m), _coherence(coherence)
    room = 1 - m * eps**2
    room = np.where(room > 4 * np.finfo(float).eps, room, 0.0)  # ε = 1/√m, rounded
    counts = m * (1 - eps**2) / np.where(room > 0, room, np.nan)
    return np.where(room > 0, np.floor(counts * (1 + 1e-12)), np.inf)


def most_directions(m: int, coherence: ArrayLike) -> Array:
    """No more unit vectors than this have all abs(cos θ_ij) ≤ ε: `coherence_bound` solved for n.

    min_k (1 - ε^2k)/(t_k - ε^2k) over the k ≤ 200 with t_k > ε^2k, rounded down: `welch_count` or
    less, and finite where that is inf, up to ε² near 1 - m/400. ε in (0, 1); broadcasts; inf where
    no k helps. Raises ValueError for m < 1 and other ε.
    """
    m, eps = check_count("m", m), _coherence(coherence)
    power = eps[..., None] ** (2 * _ORDERS)
    room = np.exp(_log_means(m)) - power
    enough = room > 1e-12 * power
    counts = np.where(enough, (1 - power) / np.where(enough, room, 1.0), np.inf)
    return np.floor(counts.min(-1) * (1 + 1e-9))


def _log_means(m: int) -> Array:
    """ln t_k: cos² of random directions is Beta(1/2, (m-1)/2); 0 on the line, m = 1."""
    k = _ORDERS
    return gammaln(k + 0.5) - gammaln(0.5) + gammaln(m / 2) - gammaln(k + m / 2)


def cosine_density(m: int, cosine: ArrayLike) -> Array:
    """Density of cos θ of two random directions, Γ(m/2)/(√π Γ((m-1)/2)) (1 - c²)^{(m-3)/2}.

    Mean 0, variance 1/m, symmetric; normal as m → ∞. m ≥ 2; c in (-1, 1), broadcasts. Raises
    ValueError for others.
    """
    if check_count("m", m) < 2:
        raise ValueError(f"Argument `m` must be an integer >= 2, but is {m}.")
    c = real_array("cosine", cosine)
    wrong = c[~(np.abs(c) < 1)]
    if wrong.size:
        raise ValueError(f"Argument `cosine` must be in (-1, 1), but is {wrong.flat[0]}.")
    height = np.exp(gammaln(m / 2) - gammaln((m - 1) / 2)) / np.sqrt(np.pi)
    return height * ((1 - c) * (1 + c)) ** ((m - 3) / 2)


def random_overlap(m: int, coherence: ArrayLike) -> Array:
    """P(abs(cos θ) > ε) of two random directions in m ≥ 2 dimensions: I_{1-ε²}((m-1)/2, 1/2).

    I is the regularised incomplete beta function: cos² θ is Beta(1/2, (m-1)/2). Below
    2 e^{-m ε²/2}. ε in (0, 1); broadcasts. Raises ValueError for m < 2 and other ε.
    """
    m = check_count("m", m, 2)
    eps = _coherence(coherence)
    return np.asarray(betainc((m - 1) / 2, 0.5, (1 - eps) * (1 + eps)))


def almost_orthogonal_count(m: int, coherence: ArrayLike) -> Array:
    """A number n of directions in m dimensions that exists with all abs(cos θ_ij) ≤ ε.

    The largest n with n(n-1)/2 P < 1, P = `random_overlap`, by which random directions succeed with
    a probability above 0; or m, an orthonormal basis, where that is more. At least e^{m ε²/4},
    exponential in m, where orthogonal ones are m (Johnson and Lindenstrauss 1984, Contemp. Math.
    26, 189, by the union bound; better constructions exist). ε in (0, 1); broadcasts; inf where P
    underflows.
    Raises ValueError for m < 2 and other ε.
    """
    overlap = random_overlap(m, coherence)
    with np.errstate(divide="ignore", over="ignore"):
        n = np.ceil((1 + np.sqrt(1 + 8 / overlap)) / 2 * (1 - 1e-12)) - 1
    return np.maximum(n, m)


def _coherence(value: ArrayLike) -> Array:
    eps = real_array("coherence", value)
    wrong = eps[~((eps > 0) & (eps < 1))]
    if wrong.size:
        raise ValueError(f"Argument `coherence` must be in (0, 1), but is {wrong.flat[0]}.")
    return eps
