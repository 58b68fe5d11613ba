"""Points of elliptic quadrics over finite fields: sharp arrangements in many dimensions."""

from itertools import product

import numpy as np

from .._checks import check_count, host_array, shown
from .._memory import check_pairs

_PRIMES = (2, 3, 5)


def _squares(points: np.ndarray, q: int) -> np.ndarray:
    """x₁x₂ + x₃x₄ + N(x₅, x₆) mod q for each row, N without zeros but (0, 0)."""
    a, b, c, d, e, f = points.T
    norm = e * e + e * f + f * f if q == 2 else e * e - _non_residue(q) * f * f
    return (a * b + c * d + norm) % q


def _non_residue(q: int) -> int:
    """The smallest number that is no square mod q."""
    return min(set(range(1, q)) - {x * x % q for x in range(1, q)})


def _singular_points(q: int) -> np.ndarray:
    """((q + 1)(q³ + 1), 6): points of PG(5, q) on the quadric, their first entry not 0 a 1."""
    vectors = np.array(list(product(range(q), repeat=6)))[1:]
    leading = vectors[np.arange(len(vectors)), (vectors != 0).argmax(axis=1)]
    points = vectors[leading == 1]
    return points[_squares(points, q) == 0]


def elliptic_quadric(q: int) -> np.ndarray:
    """(q(q² - q + 1), (q + 1)(q³ + 1)): one unit vector for each point of the quadric Q⁻(5, q).

    W_i·W_j = -1/q where the points are collinear on the quadric, that is for q(q² + 1) of the
    others, and 1/q² for the q⁴ that are left. A tight frame: D_i = m/n = q/(q + 1)². q = 2 is
    `schlaefli_27`, q = 3 has 112 points in 21 dimensions; universally optimal (Cohn and Kumar 2007,
    J. Amer. Math. Soc. 20, 99, table 1; the arrangement: Cameron, Goethals and Seidel 1978, J.
    Algebra 55, 257). The columns of each line of the quadric, q + 1 of them, add up to 0.

    **Arguments**: `q`, 2, 3 or 5. Raises ValueError for any other.
    """
    if check_count("q", q, 2) not in _PRIMES:
        raise ValueError(f"Argument `q` must be 2, 3 or 5, but is {q}.")
    points = _singular_points(q)
    pairs = points[:, None, :] + points[None, :, :]
    polar = _squares(pairs.reshape(-1, 6), q).reshape(len(points), len(points))
    gram = np.where(polar == 0, -1 / q, 1 / q**2)
    np.fill_diagonal(gram, 1.0)
    values, vectors = np.linalg.eigh(gram)
    span = vectors[:, values > 0.5] * np.sqrt(values[values > 0.5])
    return np.ascontiguousarray(span.T)


def seen_from(points: np.ndarray, index: int) -> np.ndarray:
    """(m - 1, n - 1): the other columns, projected along column `index` and brought to norm 1.

    **Arguments**: `points` (m, n), m ≥ 2, no other column parallel to the one named; `index`, of
    that column. Raises ValueError otherwise.

    Its use: n - 1 points in m - 1 dimensions, nearly as well spread as the n in m. Where a network
    of many features has about the size of a sharp arrangement, descent from such a start ends lower
    than from random ones (benchmarks/time_to_solution.json: `elliptic_quadric(3)` seen from a point
    at n = 100, m = 20).
    """
    points = host_array("points", points)
    if not np.all(np.isfinite(points)):
        raise ValueError(f"Argument `points` must be finite, but is {shown(points)}.")
    if points.ndim != 2 or len(points) < 2:
        raise ValueError(
            f"Argument `points` must have shape (m, n), m >= 2, but has shape {points.shape}."
        )
    if not 0 <= check_count("index", index, 0) < points.shape[1]:
        raise ValueError(f"Argument `index` must be in [0, {points.shape[1] - 1}], but is {index}.")
    check_pairs("points", points, 2, "rows")
    complement = np.linalg.svd(points[:, [index]])[0][:, 1:]
    seen = complement.T @ np.delete(points, index, axis=1)
    norms = np.linalg.norm(seen, axis=0)
    if not np.all(norms > 1e-8):
        raise ValueError(
            f"Argument `points` must have no other column parallel to column {index}, but column"
            f" {int(np.argmin(norms)) + (np.argmin(norms) >= index)} is."
        )
    return seen / norms
