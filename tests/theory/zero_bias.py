"""The two-feature loss at zero bias by quadrature, and its best value at a ratio of the weights."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tests.theory.independent import two_feature_loss

Array = NDArray[np.float64]


def loss_and_gradient(w: Sequence[float] | Array, p: float, r: float) -> tuple[float, Array]:
    """Loss and gradient in (w₁, w₂)."""
    value, gradient = two_feature_loss(np.array([*w, 0.0, 0.0]), p, r)
    return value, gradient[:2]


def profile(t: float, p: float, r: float) -> float:
    """Least loss at w₂/w₁ = t, a quadratic in s = w₁²: from L(0) and from L, dL/ds at s = 1."""
    zero = (1 + r) * p / 3
    one, gradient = loss_and_gradient([1.0, t], p, r)
    slope = (gradient[0] + t * gradient[1]) / 2
    quadratic = slope - (one - zero)
    return zero - (slope - 2 * quadratic) ** 2 / (4 * quadratic)
