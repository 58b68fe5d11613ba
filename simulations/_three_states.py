"""States of three features in two dimensions as rows: symmetry, starts, which ends are distinct.

A state is the row of W (2, 3), row by row, and b. Rotations and reflections of the plane leave the
loss as it is, and so does the exchange of features 1 and 2, which have equal importance.
"""

from collections.abc import Mapping

import numpy as np

from tms_physics.dynamics.minimise import distinct

_EXCHANGED = [1, 0, 2, 4, 3, 5, 7, 6, 8]
_TIE = 1e-8  # couplings, norms and biases that differ by less do not decide which feature is first
_SILENT = 1e-6
_DEAD_BIAS = -0.2


def _weights(states: np.ndarray) -> np.ndarray:
    return states[:, :6].reshape(-1, 2, 3)


def folded(states: np.ndarray) -> np.ndarray:
    """States with features 1 and 2 exchanged or not, so that G_13 <= G_23.

    In a tie feature 1 is the one of larger norm, and if these tie too of larger bias.
    """
    W = _weights(states)
    gram = np.swapaxes(W, 1, 2) @ W
    orders = np.stack(
        [
            gram[:, 1, 2] - gram[:, 0, 2],
            gram[:, 0, 0] - gram[:, 1, 1],
            states[:, 6] - states[:, 7],
        ]
    )
    decides = np.abs(orders) > _TIE
    first = np.argmax(decides, axis=0)
    order = np.where(decides.any(axis=0), np.take_along_axis(orders, first[None], axis=0)[0], 0.0)
    return np.where((order < 0)[:, None], states[:, _EXCHANGED], states)


def oriented(states: np.ndarray) -> np.ndarray:
    """Folded states, turned so that W_1 points along the first axis and W_2 above it.

    Where W_1 vanishes W_2 takes its place; where W_2 lies on the axis, W_3 is above it.
    """
    states = folded(states)
    W = _weights(states)
    lead = np.where(np.linalg.norm(W[:, :, 0], axis=1) > _SILENT, 0, 1)
    ahead = W[np.arange(len(W)), :, lead]
    angle = np.arctan2(ahead[:, 1], ahead[:, 0])
    cosine, sine = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cosine, sine], 1), np.stack([-sine, cosine], 1)], 1)
    turned = turn @ W
    second, third = turned[:, 1, 1], turned[:, 1, 2]
    above = np.where(np.abs(second) > _SILENT, second, third)
    turned[:, 1] *= np.where(above < 0, -1.0, 1.0)[:, None]
    return np.hstack([turned.reshape(-1, 6), states[:, 6:]])


def _state(polar: list[tuple[float, float]], biases: tuple[float, float, float]) -> np.ndarray:
    """A state from the norm and the angle in degrees of each feature."""
    norms, angles = np.array(polar).T
    angles = np.radians(angles)
    return np.hstack([norms * np.cos(angles), norms * np.sin(angles), biases])


def seeds(p: float, q: float) -> np.ndarray:
    """Starts beside states whose basins random starts seldom meet.

    A third feature dropped, and leaving that state on either side; one feature dead; digons and
    acute pairs beside a single feature; the triangle and isosceles states of both kinds.
    """
    axes = [(1.0, 0.0), (1.0, 90.0)]
    dropped = [
        _state([*axes, (t, angle)], (0.0, 0.0, q / 2))
        for angle in (225.0, 180.0)
        for t in (0.02, 0.1, 0.3)
    ]
    dropped += [
        _state([*axes, (0.1, 45.0)], (0.0, 0.0, q / 2)),
        _state([*axes, (0.0, 0.0)], (0.0, 0.0, _DEAD_BIAS)),
        _state([(1.0, 0.0), (0.1, 180.0), (1.0, 90.0)], (0.0, p / 2, 0.0)),
        _state([(1.0, 0.0), (0.1, 270.0), (1.0, 90.0)], (0.0, p / 2, 0.0)),
    ]
    pairs = [
        _state(state, (0.0, 0.0, 0.0))
        for state in (
            *([*axes, (w, 180.0)] for w in (0.6, 1.0, 1.3)),
            *([(1.0, 0.0), (w, 180.0), (1.0, 90.0)] for w in (0.5, 1.0)),
            [*axes, (0.6, 0.0)],
            [(1.0, 0.0), (0.6, 0.0), (1.0, 90.0)],
        )
    ]
    triangles = [
        _state([(1.1, angle), (1.1, -angle), (norm, 0.0)], (-0.05, -0.05, -0.05))
        for angle, norm in ((120.0, 1.1), (105.0, 0.7), (140.0, 1.2), (70.0, 0.5))
    ]
    return np.array([*dropped, *pairs, *triangles])


def distinct_in_cells(
    cells: Mapping[str, np.ndarray], rows: Mapping[str, np.ndarray], wanted: np.ndarray
) -> list[list[np.ndarray]]:
    """For each cell (p, r) among the rows, the wanted rows of each distinct end, lowest first."""
    places = np.stack([cells["density"], cells["relative_importance"]], axis=1)
    _, cell = np.unique(places, axis=0, return_inverse=True)
    out = []
    for members in (np.flatnonzero((cell == k) & wanted) for k in range(cell.max() + 1)):
        groups = distinct(rows["loss"][members], rows["invariant"][members])
        out.append([members[group] for group in groups])
    return out
