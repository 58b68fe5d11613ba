"""The escape from acute states at a given temperature: the same integrals, of the loss itself.

k = T cap/Z, with Z = ∫ e^{-L/T} over w₁w₂ > 0 and cap = min_u ∫ |∇u|² e^{-L/T} about a pass. In
place of the second-order forms of `theory.two_features.escape` both take the loss, so that what is
left out is of order e^{-ΔL/T}, and cap is an upper bound to the accuracy of its trial functions.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from theory._checks import as_number, check_callable, check_positive
from theory.passage import passage_weight
from theory.quasi_random import normal_points
from theory.two_features.escape import W2, AcuteEscape, acute_escape, pass_forms

Array = NDArray[np.float64]
Loss = Callable[[Array], Array]
_POWER = 15
_RARE = 15.0  # what is so many temperatures higher has no weight
_WIDEN = 1.3  # the tails of a well are softer than its Gaussian
_EXCHANGED = [1, 0, 3, 2]


def acute_rate_at(p: float, r: float, temperature: float, loss: Loss) -> float:
    """Rate out of the acute states at density p, relative importance r and temperature T.

    `loss`: states (4, M), rows w₁, w₂, b₁, b₂, -> (M,): the population loss at importances (1, r),
    such as `tms_physics.PopulationLoss`. Good to a few percent for ΔL/T >= 3; NaN where
    `acute_escape` is None. Raises ValueError for values out of range. Source: derived here.
    """
    heat = as_number("temperature", check_positive("temperature", temperature))
    check_callable("loss", loss)
    escape = acute_escape(p, r)
    if escape is None:
        return float("nan")
    origins = np.array([[1.0, 0.0, 0.0, p / 2], [0.0, 1.0, p / 2, 0.0]])
    orders = [0, 1, 2, 3], _EXCHANGED
    total = 0.0
    for form, height, origin, order in zip(
        pass_forms(p, r), escape.passes, origins, orders, strict=True
    ):
        if height - min(escape.passes) > _RARE * heat:
            continue

        def excess(v: Array) -> Array:
            state = origin[:, None] + np.sqrt(heat) * v[order]  # noqa: B023
            return 2 * (loss(state) - height) / heat  # noqa: B023

        weight = passage_weight(form, 4, W2, function=excess)
        total += weight * np.exp(-(height - escape.wells[0]) / heat)
    return float(total / _acute_weight(escape, heat, loss))


def _acute_weight(escape: AcuteEscape, heat: float, loss: Loss) -> float:
    """∫ e^{-(L - L₀)/T} over w₁w₂ > 0 in units of T², from normal points about every well."""
    normal = normal_points(_POWER, 5)
    filled = escape.wells - escape.wells[0] < _RARE * heat
    minima = escape.minima[filled]
    roots = [np.linalg.cholesky(hessian).T for hessian in escape.hessians[filled]]
    own = (ndtr(normal[4]) * len(roots)).astype(int)  # a dimension of its own chooses the well
    v = np.stack([_WIDEN * np.linalg.solve(root, normal[:4]) for root in roots])
    centres = minima.T[:, own] / np.sqrt(heat)
    states = centres + v[own, :, np.arange(len(own))].T
    density = np.zeros(len(own))
    for root, centre in zip(roots, minima / np.sqrt(heat), strict=True):
        distance = np.sum((root @ (states - centre[:, None]) / _WIDEN) ** 2, axis=0)
        density += np.linalg.det(root) * np.exp(-distance / 2)
    density /= len(roots) * (2 * np.pi) ** 2 * _WIDEN**4
    boltzmann = np.exp(-(loss(np.sqrt(heat) * states) - escape.wells[0]) / heat)
    return float(np.mean(np.where(states[0] * states[1] > 0, boltzmann / density, 0.0)))
