"""What the map of phases has to know of a model, as one object."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Rows = dict[str, Any]


@dataclass(frozen=True)
class System:
    """n features in m dimensions: importances (1, ..., 1, r), densities (p, ..., p, q)."""

    features: int
    hidden: int
    phase_names: tuple[str, ...]
    parameters: str
    """The numbers of a state, in words."""

    descent_rows: int
    flow_rows: int
    train_rows: int
    """Sizes of chunks."""

    chunks_at_once: Callable[[], int]
    """How many chunks `descend`, `lowest` and `flow` take in one go, side by side."""

    prepare_flow: Callable[[], None]
    """Compile the flow in the background."""

    descend: Callable[[Rows], Rows]
    """Minimise each row from `start`: `minimum` tells minima from other stationary states."""

    lowest: Callable[[Rows], Rows]
    """The same where only the lowest minimum of each cell is asked for."""

    flow: Callable[..., Rows]
    train: Callable[..., Rows]
    """Networks from random starts."""

    seeds: Callable[[float, float], np.ndarray]
    """Starts, at densities (p, q), beside states that random ones seldom reach."""

    oriented: Callable[[np.ndarray], np.ndarray]
    """States turned by the symmetry of the hidden space so that equal ones have equal rows."""

    folded: Callable[[np.ndarray], np.ndarray]
    """States with the exchange of equal features undone, where the model has any."""

    mirrored: Callable[[Rows, np.ndarray], Rows]
    """Rows at r from those at 1/r, where the model has that symmetry at equal densities."""

    @property
    def numbers(self) -> int:
        """Of a state."""
        return self.features * self.hidden + self.features

    def random_starts(self, count: int, seed: int) -> np.ndarray:
        """Random states: weights of variance 2/(n + m) (Xavier), b = 0."""
        weights = self.features * self.hidden
        scale = np.sqrt(2 / (self.features + self.hidden))
        drawn = np.random.default_rng(seed).normal(scale=scale, size=(count, weights))
        return np.hstack([drawn, np.zeros((count, self.features))])

    def invariants(self, states: np.ndarray) -> np.ndarray:
        """`tms_physics.network_invariant` of folded states, in numpy: it is called for each."""
        state = self.folded(states)
        n = self.features
        W, b = state[:, :-n].reshape(-1, self.hidden, n), state[:, -n:]
        gram = np.swapaxes(W, 1, 2) @ W
        dead = b + np.maximum(gram, 0).sum(axis=2) <= 0
        return np.hstack([gram.reshape(len(state), -1), np.where(dead, 0.0, b)])
