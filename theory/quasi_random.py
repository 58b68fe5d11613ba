"""Points spread evenly over many dimensions, without a seed."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri


def normal_points(count: int, dimension: int) -> NDArray[np.float64]:
    """`count` points (dimension, count) spread like N(0, 1) in each coordinate.

    An additive recurrence, point k at the fractional part of (k + 1/2) α in the cube, with α_j =
    g^{-j} and g the root of g^{d+1} = g + 1 (the golden ratio for d = 1; Roberts 2018, "The
    unreasonable effectiveness of quasirandom sequences"), each coordinate mapped to the normal
    distribution. Means of smooth functions converge nearly as 1/count.
    """
    g = 2.0
    for _ in range(60):
        g = (1 + g) ** (1 / (dimension + 1))
    powers = g ** -np.arange(1.0, dimension + 1)
    return ndtri(np.mod(powers[:, None] * (np.arange(count) + 0.5), 1.0))
