"""Tegum factors: groups of particles in mutually orthogonal subspaces.

Host-side code (numpy) on known arrays: not for jit, grad or vmap.
"""

import numpy as np
from scipy.sparse.csgraph import connected_components

from .._checks import check_number_between, network
from .._memory import check_pairs
from .._types import Weights


def tegum_factors(W: Weights, tol: float = 1e-6) -> tuple[tuple[int, ...], ...]:
    """The particles of W (m, n) by factor: connected parts of the graph of those that are not
    orthogonal, |Ŵ_i·Ŵ_j| > `tol`. Each factor and the factors ascend; the dead are in none.

    Particles of different factors span orthogonal subspaces, so ΣD_i of a factor is at most the
    dimension of its own. `tol` in [0, 0.5]; norms up to `tol` max ‖W_i‖ are dead. Elhage et al.
    2022, "The geometry of superposition".
    """
    network(W)  # raises
    tol = check_number_between("tol", tol, 0.0, 0.5)
    weights = np.asarray(W, float)
    check_pairs("W", weights, 4)
    norms = np.linalg.norm(weights, axis=0)
    alive = np.flatnonzero(norms > tol * np.max(norms))
    units = weights[:, alive] / norms[alive]
    labels = connected_components(np.abs(units.T @ units) > tol, directed=False)[1]
    firsts = np.sort(np.unique(labels, return_index=True)[1])
    return tuple(tuple(alive[labels == labels[i]].tolist()) for i in firsts)
