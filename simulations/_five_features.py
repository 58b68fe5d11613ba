"""Five features in the plane: the exact loss with its slope, and states turned to one gauge."""

import jax.numpy as jnp
import numpy as np

from ._networks import value_and_slope

N, M = 5, 2
SIZE = M * N + N
_RTOL = 1e-8  # of no effect: five features have a closed form
Rows = dict[str, np.ndarray]


def loss_and_slope(
    y: np.ndarray, importance: np.ndarray, density: np.ndarray
) -> tuple[float, np.ndarray]:
    """L and its gradient at y = (W row by row, b) (15,), importances and densities (5,)."""
    given = map(jnp.asarray, (y, importance, density))
    value, slope = value_and_slope(N, M, _RTOL)(*given)
    return float(value), np.asarray(slope)


def weights(y: np.ndarray) -> np.ndarray:
    """W (..., 2, 5) of rows y (..., 15)."""
    return y[..., : M * N].reshape(*y.shape[:-1], M, N)


def upright(W: np.ndarray, feature: int) -> np.ndarray:
    """W (2, 5) turned so that one feature points up, if it is stored."""
    x, y = W[:, feature]
    length = np.hypot(x, y)
    return W if length == 0 else np.array([[y, -x], [x, y]]) @ W / length


def stored(W: np.ndarray, least: float = 0.5) -> np.ndarray:
    """Which columns of W (2, 5) have at least that norm."""
    return np.linalg.norm(W, axis=0) > least


def name(W: np.ndarray) -> str:
    """What W (2, 5) is: orthogonal pair, two digons, pentagon; else how many are stored."""
    kept = W[:, stored(W)]
    unit = kept / np.linalg.norm(kept, axis=0)
    cosine = np.sort(np.clip((unit.T @ unit)[np.triu_indices(kept.shape[1], 1)], -1, 1))
    for text, angles in _NAMES.items():
        if len(cosine) == len(angles) and np.allclose(cosine, angles, atol=CLOSE):
            return text
    return f"{kept.shape[1]} features"


CLOSE = 0.15  # of cosines, in a name: pentagons of unequal features are not regular
_NAMES = {
    "orthogonal pair": [0.0],
    "two digons": [-1.0, -1.0, 0.0, 0.0, 0.0, 0.0],
    "pentagon": np.repeat(np.cos(np.radians([144.0, 72.0])), 5),
}
