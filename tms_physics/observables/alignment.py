"""How far two arrangements are apart, whatever their orientation and the names of the particles.

Host-side code (numpy, scipy) on known arrays: not for jit, grad or vmap.
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.linalg import qr
from scipy.optimize import linear_sum_assignment

from .._checks import check_count, check_shape, named_network, network
from .._memory import check_memory, check_pairs
from .._types import Weights

STARTS = 16  # partial matches that are completed


class Alignment(NamedTuple):
    """`rotation` (m, m) orthogonal and `permutation` (n,): particle i of W, rotated, lies at
    `distance` from particle permutation[i] of the other arrangement, in root mean square."""

    distance: float
    rotation: np.ndarray
    permutation: np.ndarray


def align(W: Weights, other: np.ndarray, *, width: int = 256) -> Alignment:
    """min over Q in O(m) and permutations π of [Σ_i ‖Q W_i - V_π(i)‖² / n]^½, from above.

    **Arguments:** `W` (m, n) and `other` V (m', n); the one with fewer rows is filled with
    zeros. `width`: partial matches kept on the way, ≥ 1. **Raises:** `ValueError` unless both
    have as many particles. **Valid:** the pair (Q, π) is a local minimum of the distance (the best
    π for Q and the best Q for π), so the distance is an upper bound of the minimum; no lower one
    is given, except that 0 is exact. It is the same for every run: nothing is random.

    Method: independent particles of the one, chosen by pivoted QR, are matched one after the
    other to those of the other with the nearest inner products (beam search); the matches that
    bring every particle near some other are completed by alternating Procrustes rotations with
    optimal assignments. Both ways round, so that the distance is symmetric in W and V.
    """
    network(W)  # raises
    named_network("other", other)
    first, second = np.asarray(W, float), np.asarray(other, float)
    n = first.shape[1]
    check_shape("other", second, f"(m, n) with n = {n}", second.shape[1] == n)
    check_memory("width", check_count("width", width), lambda count: 64 * n * count)
    check_pairs("W", first, 3)
    first, second = _filled(first, second), _filled(second, first)
    there, back = _search(first, second, width), _search(second, first, width)
    if there.distance <= back.distance:
        return there
    return Alignment(back.distance, back.rotation.T, np.argsort(back.permutation))


def _search(first: np.ndarray, second: np.ndarray, width: int) -> Alignment:
    base = _basis(first)
    matches = _matches(first, second, base, width)
    rotations = [_procrustes(first[:, base], second[:, match]) for match in matches]
    starts = [rotations[k] for k in _screened(first, second, rotations)]
    found = [_completed(first, second, start) for start in starts]
    return min(found, key=lambda alignment: alignment.distance)


def _filled(array: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.pad(array, ((0, max(0, len(other) - len(array))), (0, 0)))


def _basis(points: np.ndarray) -> np.ndarray:
    """Indices of well-conditioned independent columns, at least one."""
    factors: Any = qr(points, mode="r", pivoting=True)
    triangle, pivots = factors
    sizes = np.abs(np.diagonal(triangle))
    return pivots[: max(1, int(np.sum(sizes > 1e-6 * sizes[0])))]


def _matches(first: np.ndarray, second: np.ndarray, base: np.ndarray, width: int) -> np.ndarray:
    """Tuples (width, len(base)) of particles of `second` most like those of `base`."""
    wanted = first[:, base].T @ first[:, base]
    gram = second.T @ second
    tuples, costs = np.zeros((1, 0), int), np.zeros(1)
    for level in range(len(base)):
        misfit = (np.diagonal(gram) - wanted[level, level]) ** 2
        steps = [2 * (gram[tuples[:, k]] - wanted[k, level]) ** 2 for k in range(level)]
        total = costs[:, None] + misfit + sum(steps)
        np.put_along_axis(total, tuples, np.inf, axis=1)
        order = _cheapest(total.ravel(), width, max(np.max(wanted) ** 2, np.finfo(float).tiny))
        row, column = np.unravel_index(order, total.shape)
        tuples = np.concatenate([tuples[row], column[:, None]], axis=1)
        costs = total[row, column]
    return tuples


def _cheapest(costs: np.ndarray, width: int, unit: float) -> np.ndarray:
    """Places of the `width` lowest finite costs; those within 1e-6 `unit` count as equal, and
    of them a quasi-random choice is taken, so that not all begin alike."""
    spread = (np.arange(len(costs)) * 0.6180339887498949) % 1
    order = np.lexsort((spread, np.round(costs / (1e-6 * unit))))[:width]
    return order[np.isfinite(costs[order])]


def _screened(first: np.ndarray, second: np.ndarray, rotations: list[np.ndarray]) -> np.ndarray:
    """Indices of the rotations that leave particles nearest to some other, best first."""
    squares = np.sum(second**2, axis=0)
    misfits = [np.sum(np.min(squares - 2 * (Q @ first).T @ second, axis=1)) for Q in rotations]
    return np.argsort(misfits, kind="stable")[:STARTS]


def _procrustes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The orthogonal Q that minimises ‖Q first - second‖ (Schönemann 1966)."""
    left, _, right = np.linalg.svd(second @ first.T)
    return left @ right


def _completed(first: np.ndarray, second: np.ndarray, rotation: np.ndarray) -> Alignment:
    """Alternates the best assignment and the best rotation until nothing improves."""
    n = first.shape[1]
    distance, permutation = np.inf, np.arange(n)
    while True:
        image = linear_sum_assignment((rotation @ first).T @ second, maximize=True)[1]
        turned = _procrustes(first, second[:, image])
        now = float(np.linalg.norm(turned @ first - second[:, image]) / np.sqrt(n))
        if not now < distance:
            return Alignment(distance, rotation, permutation)
        distance, permutation, rotation = now, image, turned
