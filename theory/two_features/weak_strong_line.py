"""Where weak antipodal gives way to strong antipodal, and where that line meets its mirror."""

import functools

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_density, check_one_density
from theory.numeric import System, bracketed_root, newton
from theory.two_features.coexistence import Coexistence
from theory.two_features.continuation import Branch, follow
from theory.two_features.dedicated_line import strong_branch, triple_point, weak_branch
from theory.two_features.equations import Vector, stationary, tie_of_two
from theory.two_features.excess import antipodal
from theory.two_features.states import state_at


def weak_strong_first_order_line(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance at which weak and strong antipodal tie for the ground state.

    States: two antipodal states w₁ > 0 > w₂, |w₂| small in weak and comparable with w₁ in strong.
    Equations: ∇L = 0 for each and equal losses, nine unknowns with r, by Newton's method.
    NaN outside the densities from `triple_point` (where dedicated ties too) up to
    `symmetry_breaking_density` (where the line reaches r = 1 and meets its mirror image).
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    return np.vectorize(_relative_importance, otypes=[float])(check_density(p, "p"))


def weak_strong_coexistence(p: float) -> Coexistence | None:
    """The two states on `weak_strong_first_order_line` at density p; None where there is no line.

    Raises ValueError for a density outside (0, 1].
    """
    p = check_one_density(p, "p")
    if not _has_line(p):
        return None
    root = _branch().root(p)
    r = min(float(root[8]), 1.0)
    weak, strong = (state_at(y, antipodal(p), r) for y in (root[:4], root[4:8]))
    return Coexistence(p, r, weak, strong, weak.loss)


@functools.cache
def symmetry_breaking_density() -> float:
    """Density p at which the ground state at r = 1 stops being symmetric under exchange.

    States: strong antipodal with w₁ = -w₂, and weak antipodal with its mirror image; equal losses
    at r = 1. The change is of first order: below, the symmetric state; above, two unequal ones.
    Source: derived here.
    """
    last = triple_point()[0] + _branch().table_parameter[-1] ** 2
    starts = _branch().table_roots[-1, :4], _branch().table_roots[-1, 4:8]

    def difference(p: float) -> float:
        weak, strong = (newton(stationary(antipodal(p), 1.0), start) for start in starts)
        return _excess(weak, p) - _excess(strong, p)

    return bracketed_root(difference, last, last + 0.003)


def _excess(y: Vector, p: float) -> float:
    return state_at(y, antipodal(p), 1.0).excess


def _tie(p: float) -> System:
    return tie_of_two(antipodal(p))


def _relative_importance(p: float) -> float:
    return min(float(_branch().root(p)[8]), 1.0) if _has_line(p) else np.nan


def _has_line(p: float) -> bool:
    return triple_point()[0] <= p <= symmetry_breaking_density()


@functools.cache
def _branch() -> Branch:
    """Roots (y, y', r) from the triple point until r = 1; |w₂| of weak grows like √(p - p₀)."""
    first, r = triple_point()
    weak, strong = (branch.root(first)[:4] for branch in (weak_branch(), strong_branch()))
    start = np.concatenate([weak, strong, [r]])
    densities = first + 0.2 * np.linspace(0.0, 1.0, 401) ** 4

    def parameter(p: float) -> float:
        return np.sqrt(max(p - first, 0.0))

    return follow(_tie, parameter, densities, start, accept=lambda root: root[8] < 1 - 1e-9)
