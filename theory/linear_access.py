"""What one linear map reads out of h = W x, and what a threshold on one direction does.

Features are independent, with variances v_i. Two questions that "features are directions" mixes:

- recovery, E(x_i - u·h - c)² at the best u and c: `probe_recovery`, R_i² with Σ_i R_i² = rank W at
  every density, so that sparsity helps no linear map;
- detection, whether x_i > 0, by a threshold on W_i·h: `theory.interference.detection`, which goes
  to certainty as p → 0.

A network rectifies what it reads out linearly: its R_i² may sum to more than m.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_finite
from theory.linear_flow import feature_variance

Array = NDArray[np.float64]


def probe_recovery(W: ArrayLike, *, density: ArrayLike) -> Array:
    """R_i² = v_i W_iᵀ (W V Wᵀ)⁺ W_i (n,) of the best affine probe of each x_i, V = diag(v).

    The least squares of x_i on h: R² = C (Cov h)⁺ Cᵀ / v_i with Cov h = W V Wᵀ and
    C = Cov(x_i, h) = v_i W_iᵀ. It is the diagonal of the orthogonal projector on the rows of W V^½,

        W' = W V^½,   P = W'ᵀ (W' W'ᵀ)⁺ W',   R_i² = P_ii,   Σ_i R_i² = tr P = rank W <= m,

    so for equal variances it is the leverage W_iᵀ (W Wᵀ)⁺ W_i, which has no density in it. In
    [0, 1]; 1 for all i if and only if the n columns are linearly independent; 0 for W_i = 0. No x
    enters beyond its first two moments: sparsity changes nothing, and m/n is what a feature can
    have on the average. A bound for every linear read-out, tied or not.
    W (m, n); density p, scalar or (n,), in (0, 1]. Singular values below m n eps of the largest
    count as 0. Raises ValueError for W that is not a finite matrix and for invalid densities.
    Source: Gauss-Markov; derived here.
    """
    W = check_finite("W", W)
    if W.ndim != 2 or not W.size:
        raise ValueError(f"Argument `W` must have shape (m, n), but has shape {W.shape}.")
    variance = feature_variance(density)
    if variance.shape not in ((), (W.shape[1],)):
        raise ValueError(
            f"Argument `density` must have shape () or ({W.shape[1]},), "
            f"but has shape {variance.shape}."
        )
    _, singular, right = np.linalg.svd(W * np.sqrt(variance), full_matrices=False)
    kept = singular > W.size * np.finfo(float).eps * np.max(singular, initial=0.0)
    return np.sum(right[kept] ** 2, axis=0)
