"""Two particles of one norm in the sparse limit: their energy over the angle, and the torque.

One active feature at a time, importance and relative density 1, norm l and bias b ≤ 0 of both, at
an angle θ: each input costs the other output v(g, b) with g = l² cos θ, so that

    E(θ) = 2 v(g, b),  v(g, b) = ∫_0^1 ReLU(g x + b)² dx = (g + b)_+³/(3 g)

of lim L/p. With t = -b/g the share of its input at which the output sets in and h = g + b its
largest value, v = (1-t) h²/3 and ∂v/∂g = (1-t) h (2+t)/3. At b = 0, l = 1: E = 2 cos²θ/3, acute
angles only. It vanishes beyond cos θ = -b/l². Derived here.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_broadcast, check_finite, check_positive

Array = NDArray[np.float64]


def pair_energy(angle: ArrayLike, *, norm: ArrayLike = 1.0, bias: ArrayLike = 0.0) -> Array:
    """E(θ) = 2 v(l² cos θ, b), the energy of the pair in lim L/p; θ in radians.

    Arguments broadcast; bias ≤ 0. Raises ValueError for a norm that is not positive, a positive
    bias, and what is not finite.
    """
    onset, height, _ = _parts(angle, norm, bias)
    return 2 * (1 - onset) * height**2 / 3


def pair_torque(angle: ArrayLike, *, norm: ArrayLike = 1.0, bias: ArrayLike = 0.0) -> Array:
    """-dE/dθ = 2 l² sin θ ∂v/∂g: positive for θ in (0, π) where it is not zero, it opens the angle.

    The forces themselves point along the other particle and differ; their torques are equal and
    opposite. Arguments and errors as in `pair_energy`.
    """
    onset, height, square = _parts(angle, norm, bias)
    return 2 * square * np.sin(angle) * (1 - onset) * height * (2 + onset) / 3


def _parts(angle: ArrayLike, norm: ArrayLike, bias: ArrayLike) -> tuple[Array, Array, Array]:
    """(t, h, l²): the onset, 1 where the output is silent, and the largest output."""
    size, depth = check_positive("norm", norm), -check_finite("bias", bias)
    turn = check_finite("angle", angle)
    check_broadcast(angle=turn, norm=size, bias=depth)
    square = size**2
    if np.any(depth < 0):
        raise ValueError(f"Argument `bias` must be at most 0, but is {-np.min(depth)}.")
    coupling = square * np.cos(turn)
    on = coupling > depth
    onset = np.where(on, depth / np.where(on, coupling, 1.0), 1.0)
    return onset, np.where(on, coupling - depth, 0.0), square
