"""Pairs of states in coexistence on a first-order line, and the saddle between them."""

import functools
from dataclasses import dataclass

from theory.two_features.barriers import saddle_between
from theory.two_features.states import State


@dataclass(frozen=True)
class Coexistence:
    """Two stationary states of equal loss at one point of a first-order line.

    low_state is the ground state at smaller relative importance, high_state at larger.
    """

    density: float
    relative_importance: float
    low_state: State
    high_state: State
    loss: float

    @property
    def jump(self) -> float:
        """Jump of the order parameter |w₂| as r grows through the line."""
        return abs(self.high_state.weights[1]) - abs(self.low_state.weights[1])

    @property
    def latent_loss(self) -> float:
        """Kink of the minimal loss: its slope dL/dr below the line minus that above; positive."""
        return self.low_state.loss_slope - self.high_state.loss_slope

    @functools.cached_property
    def saddle(self) -> State:
        """The stationary state to climb over on the way from one to the other.

        Of the antipodal states between the two in |w₂|, all on one curve, the highest: a saddle
        with one direction of descent, which leads to either side. ∇L = 0 at the r of the line.
        Raises RootNotFound where rounding hides it. Source: derived here.
        """
        r = self.relative_importance
        return saddle_between(self.density, r, self.low_state, self.high_state)

    @property
    def barrier(self) -> float:
        """Loss of the saddle above the common loss of the two states; positive."""
        return self.saddle.excess - self.low_state.excess
