"""Families of arrangements: polygons, simplices, cubes, prisms, products, Hadamard frames."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from scipy.linalg import block_diag, hadamard

from .._checks import check_count, check_number_between, check_shape, host_array, shown
from .._memory import check_memory


def _size(name: str, value: int, least: int, needs: Callable[[int], int]) -> int:
    """`value`, an integer of at least `least` whose arrangement fits memory."""
    check_memory(name, check_count(name, value, least), needs)
    return int(value)


def digon() -> np.ndarray:
    """(1, 2): 1 and -1, an antipodal pair. D_i = 1/2."""
    return np.array([[1.0, -1.0]])


def polygon(k: int) -> np.ndarray:
    """(2, k), k ≥ 3: (cos 2πi/k, sin 2πi/k). A tight frame: D_i = 2/k."""
    angles = 2 * np.pi * np.arange(_size("k", k, 3, lambda size: 64 * size)) / k
    return np.stack([np.cos(angles), np.sin(angles)])


def simplex(d: int) -> np.ndarray:
    """(d, d + 1): the regular simplex, W_i·W_j = -1/d. A tight frame: D_i = d/(d + 1).

    Universally optimal (Cohn and Kumar 2007, Theorem 1.2). Coordinates by recursion: one vertex
    on the last axis, the others a smaller simplex below it.
    """
    _size("d", d, 1, lambda size: 32 * size**2)
    points = digon()
    for k in range(2, d + 1):
        base = np.concatenate([np.sqrt(1 - 1 / k**2) * points, np.full((1, k), -1 / k)])
        points = np.concatenate([base, np.eye(k)[:, -1:]], axis=1)
    return points


def cross_polytope(d: int) -> np.ndarray:
    """(d, 2d): ±e_1, ..., ±e_d, the tegum product of d digons (d = 3: octahedron). D_i = 1/2.

    Universally optimal (Cohn and Kumar 2007, Theorem 1.2).
    """
    return tegum_product(*[digon()] * _size("d", d, 1, lambda size: 64 * size**2))


def cube(d: int) -> np.ndarray:
    """(d, 2^d): (±1, ..., ±1)/√d (d = 3: cube, 4: tesseract). A tight frame: D_i = d/2^d."""
    count = _size("d", d, 1, lambda size: (64 + 32 * size) << min(size, 100))
    signs = product([1.0, -1.0], repeat=count)
    return np.array(list(signs)).T / np.sqrt(d)


def demicube(d: int) -> np.ndarray:
    """(d, 2^(d-1)): the corners of the cube with an even number of minus signs.

    For d ≥ 3 a tight frame: D_i = d/2^(d-1). d = 3: tetrahedron; d = 4: cross-polytope; d = 5: 16
    points, universally optimal (Cohn and Kumar 2007, table 1).
    """
    corners = cube(check_count("d", d, 3))
    return corners[:, np.prod(corners, axis=0) > 0]


def _height(height: float | None, slope: float) -> float:
    """`height`, or the z at which z² = slope (1 - z²)."""
    if height is None:
        return float(np.sqrt(slope / (1 + slope)))
    return check_number_between("height", height, 0.0, 1.0)


def _two_rings(k: int, height: float, twist: float) -> np.ndarray:
    ring = 2 * np.pi * np.arange(k) / k
    angles = np.concatenate([ring, ring + twist])
    flat = np.sqrt(1 - height**2) * np.stack([np.cos(angles), np.sin(angles)])
    return np.concatenate([flat, np.repeat([[height, -height]], k, axis=1)])


def antiprism(k: int, height: float | None = None) -> np.ndarray:
    """(3, 2k), k ≥ 2: regular k-gons at z = ±`height` in [0, 1], turned by π/k to each other.

    D_i = 1/(k ((1 - z²)² + 2z⁴)), which is 3/(2k) where z² = 1/3 (a tight frame) and less
    elsewhere. `height` absent: all edges equal, z² = q/(1 + q), q = sin²(π/k) - sin²(π/2k); for
    k = 4, z² = (2√2 - 1)/7 and D_i = (9 + 4√2)/40. k = 2 is then the tetrahedron, k = 3 the
    octahedron. Elhage et al. 2022 find square antiprisms at D ≈ 3/8.
    """
    _size("k", k, 2, lambda size: 256 * size)
    slope = np.sin(np.pi / k) ** 2 - np.sin(np.pi / (2 * k)) ** 2
    return _two_rings(k, _height(height, float(slope)), np.pi / k)


def prism(k: int, height: float | None = None) -> np.ndarray:
    """(3, 2k), k ≥ 3: regular k-gons at z = ±`height` in [0, 1], one above the other.

    D_i as for `antiprism`. `height` absent: all edges equal, z² = q/(1 + q), q = sin²(π/k).
    """
    _size("k", k, 3, lambda size: 256 * size)
    return _two_rings(k, _height(height, float(np.sin(np.pi / k) ** 2)), 0.0)


def bipyramid(k: int) -> np.ndarray:
    """(3, k + 2): a k-gon and, at right angles, a digon. D_i = 2/k k times and 1/2 twice."""
    return tegum_product(polygon(k), digon())


def tegum_product(*pieces: np.ndarray) -> np.ndarray:
    """(Σ m, Σ n): the pieces (m, n) in orthogonal subspaces. Each particle keeps its D_i.

    Also called direct sum; the convex hull is the free sum (duoprism's dual) of the hulls.
    """
    arrays = [host_array("pieces", piece) for piece in pieces]
    for array in arrays:
        check_shape("pieces", array, "(m, n)", array.ndim == 2 and array.size > 0)
        if not np.all(np.isfinite(array)):
            raise ValueError(f"Argument `pieces` must be finite, but is {shown(array)}.")
    if not arrays:
        raise ValueError("Argument `pieces` must hold at least one array, but is ().")
    rows, columns = (sum(array.shape[axis] for array in arrays) for axis in (0, 1))
    check_memory("pieces", columns, lambda n: 8 * rows * n, "columns")
    return np.asarray(block_diag(*arrays))


def hadamard_frame(rows: Sequence[int] | np.ndarray, n: int) -> np.ndarray:
    """(m, n): m = len(`rows`) distinct rows of Sylvester's Hadamard matrix of size n = 2^k, /√m.

    A tight frame: D_i = m/n. Random rows attain the mean-field loss of many features (Cowsik et
    al. 2024). Columns repeat or oppose each other where the rows span few bits: the first m rows
    of n = 2m columns are an orthonormal basis twice.
    """
    if _size("n", n, 1, lambda size: 24 * size**2) & (n - 1):
        raise ValueError(f"Argument `n` must be a power of 2, but is {n}.")
    host_array("rows", rows)  # raises
    chosen = np.asarray(rows)
    check_shape("rows", chosen, "(m,)", chosen.ndim == 1 and chosen.size > 0)
    whole = np.issubdtype(chosen.dtype, np.integer) and len(np.unique(chosen)) == len(chosen)
    if not (whole and np.min(chosen) >= 0 and np.max(chosen) < n):
        raise ValueError(
            f"Argument `rows` must be distinct integers in [0, {n - 1}], but is {shown(rows)}."
        )
    return hadamard(n)[chosen] / np.sqrt(len(chosen))
