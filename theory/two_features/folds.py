"""Turning points of the curves of stationary states in r: where a minimum and a saddle merge.

At equal densities |w₂| = v grows along every curve, so a curve is a function r(v) and its turns
are the zeros of dr/dv. The derivative is exact; each of its values costs one Newton solution.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from theory.numeric import RootNotFound, bracketed_root, newton
from theory.two_features.curve import curve, first_weight
from theory.two_features.equations import Vector, stationary_on_plane
from theory.two_features.excess import Family

_ALONG_V = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
_NUDGE = 1e-4  # between the first two points of the secant method
_MAX_STEPS = 40
_NO_CHANGE = 1e-16  # of the angle, relative: a turn is a maximum or minimum, so v may be off more

Parameter = Callable[[float], float]


def at_weight(family: Family, v: float, start: Vector) -> Vector:
    """The row z = (v, a, β, γ, φ) of the curve with |w₂| = v, by Newton's method from `start`."""
    start = np.append(v, start[1:])
    return newton(stationary_on_plane(family, start, _ALONG_V), start)


def tangent(family: Family, row: Vector) -> Vector:
    """dz/dv along the curve; its last entry dφ/dv vanishes at a turn."""
    _, jacobian = stationary_on_plane(family, row, _ALONG_V)(row)
    return np.append(1.0, np.linalg.solve(jacobian[:4, 1:], -jacobian[:4, 0]))


def turn(family: Family, start: Vector, nudge: float = _NUDGE) -> Vector:
    """The row near `start` at which dφ/dv = 0, by the secant method in v from v and v + `nudge`.

    Stops when the angle can gain less than its last digit. Raises RootNotFound where it does not.
    """
    last = at_weight(family, start[0], start)
    slope = tangent(family, last)
    row = at_weight(family, last[0] + nudge, last + nudge * slope)
    for _ in range(_MAX_STEPS):
        before, slope = slope[4], tangent(family, row)
        change = slope[4] - before
        step = -slope[4] * (row[0] - last[0]) / change if change else 0.0
        if abs(step * slope[4]) <= _NO_CHANGE * abs(row[4]):
            return row
        last, row = row, at_weight(family, row[0] + step, row + step * slope)
    raise RootNotFound(f"No turn of the stationary states was found near |w₂| = {start[0]:.2g}.")


def symmetric_row(family: Family) -> Vector:
    """The row with w₁ = |w₂|, the symmetric state at r = 1."""
    return _crossing(family, lambda row: row[0] - first_weight(row))


def kink_row(family: Family) -> Vector:
    """The antipodal row with b₂ = w₁|w₂|: z₂ = 0 where x = (1, 0). The third derivatives of the
    loss jump there, and d²r/dv² with them.
    """
    half = family.second_density / 2
    return _crossing(family, lambda row: row[0] * (first_weight(row) - row[3]) - half)


def _crossing(family: Family, function: Callable[[Vector], float]) -> Vector:
    """The first row of the curve at which `function` vanishes, bracketed by its points."""
    rows = curve(family)
    signs = np.sign([function(row) for row in rows])
    k = int(np.flatnonzero(signs[1:] != signs[:-1])[0])
    low, high = rows[k], rows[k + 1]

    def row(v: float) -> Vector:
        return at_weight(family, v, low + (v - low[0]) / (high[0] - low[0]) * (high - low))

    return row(bracketed_root(lambda v: function(row(v)), low[0], high[0]))


@dataclass(frozen=True)
class Turns:
    """One turn followed in the density, tabulated in a parameter s(p) in which it is smooth.

    The table only starts the secant method: a turn is always solved for at the density asked.
    `nudge`: where that method takes its second point, to keep it on one side of a kink.
    """

    side: int
    parameter: Parameter
    nudge: float
    table_parameter: Vector
    table_rows: Vector

    def row(self, p: float) -> Vector:
        """The turn at density p; raises RootNotFound if it is not found."""
        s, columns = self.parameter(p), self.table_rows.T
        start = np.array([np.interp(s, self.table_parameter, column) for column in columns])
        return turn(Family(p, p, self.side), start, self.nudge)

    def with_ends(self, ends: dict[float, Vector]) -> "Turns":
        """The same with known rows at densities beyond the table, where the turn degenerates."""
        s = np.append(self.table_parameter, [self.parameter(p) for p in ends])
        rows, order = np.array([*self.table_rows, *ends.values()]), np.argsort(s)
        return replace(self, table_parameter=s[order], table_rows=rows[order])

    def relative_importance(self, p: float) -> float:
        """r of the turn at density p."""
        return float(np.tan(self.row(p)[4]))


def follow_turns(
    side: int,
    densities: Sequence[float] | Vector,
    first: Vector,
    *,
    parameter: Parameter = float,
    nudge: float = _NUDGE,
) -> Turns:
    """Turns at all `densities`; `first` is known, at the first of them.

    Each start is the linear extrapolation of the last two rows, or the last row.
    """
    s, rows = np.array([parameter(float(p)) for p in densities]), [first]
    for k, p in enumerate(map(float, densities[1:]), start=1):
        start = rows[-1]
        if k > 1:
            start = start + (rows[-1] - rows[-2]) * (s[k] - s[k - 1]) / (s[k - 1] - s[k - 2])
        rows.append(turn(Family(p, p, side), start, nudge))
    order = np.argsort(s)
    return Turns(side, parameter, nudge, s[order], np.array(rows)[order])
