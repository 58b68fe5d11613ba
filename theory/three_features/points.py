"""Special points of the three-feature diagram."""

import functools

import numpy as np

from theory.numeric import bounded_minimum, bracketed_root
from theory.three_features.blocks import digon_12, digon_13_states
from theory.three_features.curve import on_chord, slope_at, slopes
from theory.three_features.families import ISOSCELES
from theory.three_features.isosceles import isosceles_curve, isosceles_states, triangle
from theory.three_features.loss import Model

Point = tuple[float, float]
_TIE_DENSITIES = (0.5, 0.6)  # the triangle wins against the digon in between
_TOP_DENSITIES, _TOP_R = (0.535, 0.56), (0.7, 0.85)


@functools.cache
def triangle_ground_density() -> float:
    """Density above which the ground state of three equal features is the triangle.

    States: the equilateral triangle, and two features as an antipodal pair beside a single one.
    Equation: equal losses at r = 1; of first order. Below, the triangle is metastable.
    Source: derived here.
    """

    def difference(p: float) -> float:
        return triangle(p).loss - digon_12(Model(p, p)).loss

    return bracketed_root(difference, *_TIE_DENSITIES)


@functools.cache
def digon_13_top() -> Point:
    """(p, r) of the highest density at which digon 13 is the ground state.

    Around it the isosceles state wins on both sides in r; at it the two tie and the difference of
    their losses is stationary in r. Source: derived here.
    """

    def most(p: float) -> tuple[float, float]:
        return bounded_minimum(lambda r: -_advantage(p, r), *_TOP_R)

    p = bracketed_root(lambda p: most(p)[1], *_TOP_DENSITIES)
    return p, most(p)[0]


def _advantage(p: float, r: float) -> float:
    """How much lower digon 13 is than the lowest isosceles state."""
    digon = min(state.loss for state in digon_13_states(Model(p, p), r))
    return isosceles_states(p, r)[0].loss - digon


@functools.cache
def isosceles_critical_points() -> tuple[Point, Point]:
    """The two (p, r) at which weak and strong isosceles states become one.

    A first-order line between the two ends at each: like liquid and vapour, one can be led into the
    other around them. Condition: the curve of isosceles states has a vertical inflexion, dr/ds
    = d²r/ds² = 0, between its two folds. Source: derived here.
    """
    found = []
    for low, high in ((0.69, 0.72), (0.73, 0.76)):
        p = bracketed_root(lambda p: _least_slope(p)[0], low, high)
        found.append((p, _least_slope(p)[1]))
    return found[0], found[1]


def _least_slope(p: float) -> tuple[float, float]:
    """The least dr along the unit tangent of the isosceles curve below r = 1, and r there."""
    model = Model(p, p)
    rows = isosceles_curve(model)
    rows = rows[rows[:, -1] < 1.0]
    k = int(np.clip(np.argmin(slopes(ISOSCELES, model, rows)), 1, len(rows) - 2))
    low, high = rows[k - 1], rows[k + 1]

    def slope(share: float) -> float:
        row = on_chord(ISOSCELES, model, low, high, share)
        return slope_at(ISOSCELES, model, row, high - low)

    share, least = bounded_minimum(slope, 0.0, 1.0)
    return least, float(on_chord(ISOSCELES, model, low, high, share)[-1])
