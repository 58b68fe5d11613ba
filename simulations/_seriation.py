"""An order of features in which those that share a direction are neighbours."""

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage

_DROPPED = 1e-3  # ‖W_i‖² below this share of the largest


def order(W: np.ndarray) -> np.ndarray:
    """Indices (n,) that sort the columns of W (m, n): clusters first, dropped features last.

    Average linkage with the distance 1 - |cos|, leaves ordered so that neighbours are close: an
    antipodal pair, or any group in a space of its own, becomes a block on the diagonal of WᵀW.
    """
    squares = np.sum(W**2, axis=0)
    kept = np.flatnonzero(squares > _DROPPED * max(squares.max(), np.finfo(float).tiny))
    dropped = np.setdiff1d(np.arange(W.shape[1]), kept)
    dropped = dropped[np.argsort(-squares[dropped], kind="stable")]
    if len(kept) < 3:
        return np.concatenate([kept, dropped])
    unit = W[:, kept] / np.sqrt(squares[kept])
    distance = np.clip(1 - np.abs(unit.T @ unit), 0, None)
    pairs = distance[np.triu_indices(len(kept), 1)]
    leaves = leaves_list(linkage(pairs, "average", optimal_ordering=True))
    return np.concatenate([kept[leaves], dropped])
