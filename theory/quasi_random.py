"""Points spread evenly over many dimensions, without a seed."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc


def normal_points(power: int, dimension: int) -> NDArray[np.float64]:
    """2^power points (dimension, 2^power) spread like N(0, 1) in each coordinate.

    Sobol's net, each coordinate of which takes every multiple of 2^-power once, moved by half of
    that and mapped to the normal distribution: symmetric in every coordinate, and no point is at 0
    or infinity. Means of smooth functions converge nearly as 2^-power.
    """
    net = qmc.Sobol(dimension, scramble=False, bits=power).random_base2(power)
    return np.asarray(ndtri(net.T + 0.5 / (1 << power)), dtype=np.float64)
