"""Branches of roots followed in the density, and solved at any density between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from theory.numeric import RootNotFound, System, newton
from theory.two_features.equations import Vector

Parameter = Callable[[float], float]


@dataclass(frozen=True)
class Branch:
    """Roots of `system(p)` tabulated in a parameter s(p) in which they are smooth.

    `parameter` must grow with p. The table only starts Newton's method: a root is always solved
    for at the density asked, so its accuracy does not depend on the table.
    """

    system: Callable[[float], System]
    parameter: Parameter
    table_parameter: Vector
    table_roots: Vector

    def root(self, p: float) -> Vector:
        """The root at density p; raises RootNotFound if Newton's method does not converge."""
        s = self.parameter(p)
        columns = self.table_roots.T
        start = np.array([np.interp(s, self.table_parameter, column) for column in columns])
        return newton(self.system(p), start)


def follow(
    system: Callable[[float], System],
    parameter: Parameter,
    densities: Sequence[float] | Vector,
    start: Vector,
    *,
    accept: Callable[[Vector], bool] = lambda root: True,
) -> Branch:
    """Branch through `start` near densities[0], followed along `densities`.

    Each start is the linear extrapolation of the last two roots. Stops, without an error, where
    Newton's method fails or `accept(root)` is false: the branch ends there.
    Raises RootNotFound if already the first root is not found.
    """
    s = np.array([parameter(float(p)) for p in densities])
    roots = [newton(system(float(densities[0])), start)]
    for k in range(1, len(densities)):
        try:
            root = newton(system(float(densities[k])), _extrapolate(s[: k + 1], roots))
        except RootNotFound:
            break
        if not accept(root):
            break
        roots.append(root)
    order = np.argsort(s[: len(roots)])
    return Branch(system, parameter, s[order], np.array(roots)[order])


def _extrapolate(s: Vector, roots: list[Vector]) -> Vector:
    if len(roots) < 2:
        return roots[-1]
    slope = (roots[-1] - roots[-2]) / (s[-2] - s[-3])
    return roots[-1] + slope * (s[-1] - s[-2])
