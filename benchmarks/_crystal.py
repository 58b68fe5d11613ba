"""A start of 81 to 111 features in 20 dimensions with the order of a sharp arrangement."""

import numpy as np

from tms_physics.arrangements import elliptic_quadric, seen_from

DIMENSIONS, LEAST, MOST = 20, 81, 111


def fits(n: int, m: int) -> bool:
    """Whether there is such a start for n features in m dimensions."""
    return m == DIMENSIONS and LEAST <= n <= MOST


def crystal(n: int, seed: int) -> np.ndarray:
    """(20, n): columns of `elliptic_quadric(3)` seen from one of its points.

    All 81 that are not collinear with that point (inner products 1/10 and -7/20 with each other),
    and n - 81 of the 30 that are, spread evenly over their ten lines; which, and in what order, the
    seed says.
    """
    rng = np.random.default_rng(seed)
    points = elliptic_quadric(3)
    others = points[:, 1:]
    collinear = np.flatnonzero(others.T @ points[:, 0] < 0)
    shared = others[:, collinear].T @ others[:, collinear] < 0
    np.fill_diagonal(shared, True)
    lines = rng.permutation(np.unique(shared, axis=0))  # (10, 30): three points on each
    members = np.array([rng.permutation(np.flatnonzero(line)) for line in lines])
    chosen = collinear[members.T.ravel()[: n - LEAST]]
    apart = np.setdiff1d(np.arange(others.shape[1]), collinear)
    return seen_from(points, 0)[:, rng.permutation(np.concatenate([apart, chosen]))]
