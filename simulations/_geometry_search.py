"""Minima of one energy from many starts, and how far the lowest are from a reference."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize

import tms_physics as tp

from . import _geometry_energies as energies
from ._geometry_energies import FREE, Held, Size, Slope

ALIKE = 1e-5  # of the energy in its unit (at least 1): as low as the lowest
DEAD = 0.05  # of the largest norm
_ABSENT = 0.2  # norm of a weight next to the origin, where a feature is to be left out
CLOSE = 0.1  # root mean square displacement of unit vectors that still is the same arrangement
_POLISHED = 2  # of the ends as low as the lowest, and compared with the references
_ROUGH = {"maxcor": 20, "maxfun": 120, "maxiter": 120, "ftol": 1e-10, "gtol": 1e-6}
_FINE = {"maxcor": 20, "maxfun": 250, "maxiter": 250, "ftol": 1e-15, "gtol": 1e-9}


class Ends(NamedTuple):
    """Of all descents: values (S,), rising, states y (S, N), the value of the first start's.

    The first `polished` have been descended to rounding.
    """

    value: np.ndarray
    y: np.ndarray
    first: float
    polished: int

    @property
    def lowest(self) -> int:
        """How many are as low as the lowest."""
        return int(np.sum(self.value <= self.value[0] + _blur(self.value[0])))

    def levels(self, count: int) -> list[np.ndarray]:
        """States of the `count` lowest different values."""
        steps = np.diff(self.value, prepend=-np.inf) > _blur(self.value[0])
        return list(self.y[np.flatnonzero(steps)[:count]])


def _blur(value: float) -> float:
    return ALIKE * max(1.0, abs(float(value)))


def descend(slope: Slope, starts: Iterable[np.ndarray]) -> Ends:
    """L-BFGS from each start; up to two of those as low as the lowest once more, to rounding."""
    found = [_descent(slope, y, _ROUGH) for y in starts]
    first = found[0].fun
    found.sort(key=lambda end: end.fun)
    near = [end for end in found if end.fun <= found[0].fun + _blur(found[0].fun)][:_POLISHED]
    fine = sorted((_descent(slope, end.x, _FINE) for end in near), key=lambda end: end.fun)
    every = [*fine, *found[len(near) :]]
    values = np.array([end.fun for end in every])
    return Ends(values, np.stack([end.x for end in every]), max(first, values[0]), len(fine))


def _descent(slope: Slope, y: np.ndarray, options: dict[str, float]) -> Any:
    return minimize(slope, y, jac=True, method="L-BFGS-B", options=options)


def random_starts(size: Size, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Normal columns of about unit norm; biases, or their roots, about 0.3."""
    n, m = size
    return [
        size.padded(rng.normal(size=(m, n)) / np.sqrt(m), 0.3 * rng.normal(size=n))
        for _ in range(count)
    ]


def network_starts(size: Size, density: float, states: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Starts at given W (m, n), with biases of -0.1, and of p/2 where W_i is next to 0.

    That is the best constant output: from a negative bias a feature without weights never gets
    there, as no input changes its output.
    """
    beta = np.sqrt(0.1) if density == 0 else -0.1
    return [
        size.padded(W, np.where(np.linalg.norm(W, axis=0) < _ABSENT, density / 2, beta))
        for W in states
    ]


def stored(W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Which features are: norm above 0.05 of the largest, and ‖W_i‖² + b_i > 0, an output that is
    on for x_i = 1 alone (silent ones may have a small W in the sparse limit);
    the longest where there is none."""
    norms = np.linalg.norm(W, axis=0)
    on = (norms > DEAD * norms.max()) & (norms**2 + b > 0)
    return on if on.any() else norms == norms.max()


def units(W: np.ndarray) -> np.ndarray:
    """Directions of the columns."""
    return W / np.linalg.norm(W, axis=0)


class Distances(NamedTuple):
    """Of the polished ends, as low as the lowest: nearest and farthest from the reference."""

    nearest: float
    farthest: float


def distances(
    size: Size, density: float, ends: Ends, reference: np.ndarray, held: Held = FREE
) -> Distances:
    """Root mean square over the stored features, after the best rotation and matching.

    `reference` (m, k), as many columns as the lowest end stores features; ends with
    another number of them are as far as can be, 2.
    """
    out = []
    for y in ends.y[: ends.polished]:
        W, b = energies.network_state(size, density, y, held)
        W = units(W[:, stored(W, b)])
        same = W.shape == reference.shape
        out.append(float(tp.align(W, reference).distance) if same else 2.0)
    return Distances(min(out), max(out))
