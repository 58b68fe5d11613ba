"""The literature's boundaries between fixed ansätze, for three features."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_density
from theory.two_features import ansatz_boundary

MEETING_DENSITY = 4 / 7


def ansatz_boundaries(p: ArrayLike) -> dict[str, NDArray[np.float64]]:
    """Boundaries r(p) between the fixed ansätze of three features, importances (1, 1, r).

    With unit weights: dropping a feature of importance I, its bias at the mean, costs
    I (p/3 - p²/4); an antipodal pair without biases costs (I_a + I_b) p²/6. Keys:

        dropped | digon 13      r = 2p/(4 - 5p) for p < 4/7
        digon 13 | digon 12     r = 1 for p < 4/7
        dropped 3 | dropped 1   r = 1 for p > 4/7

    each NaN elsewhere; and digon 12 gives way to dropped 1 at p = 4/7 (`MEETING_DENSITY`) for every
    r > 1. None is a phase boundary of the model, whose norms and biases are free.
    Raises ValueError for a density outside (0, 1].
    Source: Elhage et al. 2022, Toy Models of Superposition.
    """
    p = check_density(p, "p")
    sparse = p < MEETING_DENSITY
    return {
        "dropped | digon 13": ansatz_boundary(p),
        "digon 13 | digon 12": np.where(sparse, 1.0, np.nan),
        "dropped 3 | dropped 1": np.where(sparse, np.nan, 1.0),
    }
