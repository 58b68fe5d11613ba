"""The line between antipodal and confused ground states, and its special points."""

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory._checks import check_density, check_one_density
from theory.numeric import bracketed_root
from theory.two_features.no_bias.closed_forms import small_density_slope, symmetric_density
from theory.two_features.no_bias.curves import dropped_stability_limit, fold
from theory.two_features.no_bias.states import (
    State,
    antipodal_minimum,
    antipodal_states,
    confused_state,
    dropped_state,
)

_TINY = 1e-16  # below, the boundary is its leading order to the last digit


@dataclass(frozen=True)
class Coexistence:
    """Antipodal and confused of equal loss at one point of the boundary.

    top: the highest point of the lowest path between them, the antipodal saddle or, where there is
    none, the dropped state, at which the loss has a kink.
    """

    density: float
    relative_importance: float
    confused: State
    antipodal: State
    top: State
    loss: float

    @property
    def jump(self) -> float:
        """Jump of the order parameter w₂/w₁ as r falls through the boundary; positive."""
        return self.confused.ratio - self.antipodal.ratio

    @property
    def latent_loss(self) -> float:
        """Kink of the minimal loss in r: dL/dr of confused minus that of antipodal; 0 at r = 1."""
        return self.confused.loss_slope - self.antipodal.loss_slope

    @property
    def barrier(self) -> float:
        """Loss of the top minus that of the two states."""
        return self.top.excess - self.confused.excess


def boundary(p: ArrayLike) -> NDArray[np.float64]:
    """Relative importance at which antipodal and confused tie for the ground state.

    States: the antipodal minimum (ground state above, up to r = 1) and confused (below). Equations:
    both stationary and equal losses, solved for r. The change is of first order. The line starts
    like (2 + √2)/8 p, and meets r = 1 and its mirror image at p = 4(10 - √14)/43 = 0.5822,
    vertically; NaN for larger densities, where confused is the ground state at every r. The losses
    decide r: its error is about 1e-16/(1 - r) near that end. Raises ValueError for a density
    outside (0, 1]. Source: derived here.
    """
    return np.vectorize(_boundary, otypes=[float])(check_density(p, "p"))


def coexistence(p: float) -> Coexistence | None:
    """The two states on the `boundary` at density p and what parts them; None beyond its end.

    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_one_density(p, "p")
    r = _boundary(p)
    if np.isnan(r):
        return None
    antipodal, confused = antipodal_minimum(p, r), confused_state(p, r)
    return Coexistence(p, r, confused, antipodal, _top(p, r), confused.loss)


@functools.cache
def ridge_point() -> tuple[float, float]:
    """(p, r) where the `boundary` crosses `dropped_stability_limit`.

    Below this density the states on the boundary are parted by an antipodal saddle, above by the
    dropped state itself: a ridge at which the loss is not differentiable. Equations: equal losses
    and r = p(16 - 9p)/(32(1 - p)). Source: derived here.
    """
    p = bracketed_root(lambda p: _tie(p, float(dropped_stability_limit(p))), 0.45, 0.58)
    return p, float(dropped_stability_limit(p))


@functools.cache
def _end() -> float:
    return float(symmetric_density())


def _boundary(p: float) -> float:
    if p > _end():
        return np.nan
    if p < _TINY:
        return float(small_density_slope()) * p
    if _tie(p, 1.0) >= 0.0:  # the end itself, to rounding
        return 1.0
    # In ln r, so that small r keep their relative precision.
    low = math.log(fold(p)[1])
    return math.exp(bracketed_root(lambda rho: _tie(p, math.exp(rho)), low, 0.0))


def _tie(p: float, r: float) -> float:
    """Loss of antipodal minus that of confused."""
    return antipodal_minimum(p, r).excess - confused_state(p, r).excess


def _top(p: float, r: float) -> State:
    """The first obstacle between w₂ = 0 and the antipodal minimum, or w₂ = 0 itself."""
    saddles = [s for s in antipodal_states(p, r) if not s.stable and s.ratio > -1.0]
    return saddles[0] if saddles else dropped_state(p, r)
