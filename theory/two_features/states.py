"""States of the two-feature model."""

import itertools
from dataclasses import dataclass

import numpy as np

from theory.two_features.closed_forms import acute_onset, dedicated_stability_limit
from theory.two_features.equations import Vector, loss_curvature
from theory.two_features.excess import Excess, Family, excess_at

_NO_BIAS = 1e-11  # a bias below is zero but for rounding: the curvature jumps there
_BESIDE = 1e-9


@dataclass(frozen=True)
class State:
    """A stationary state: w = (w₁, w₂), b = (b₁, b₂) and its loss.

    excess: loss minus that of dedicated at the same point, free of cancellation;
    loss_slope: ∂L/∂r = E(x₂ - x'₂)²; stable: whether it is a strict local minimum.
    """

    weights: tuple[float, float]
    biases: tuple[float, float]
    loss: float
    excess: float
    loss_slope: float
    stable: bool


def dropped_feature_loss(p: float) -> float:
    """V = p/3 - p²/4, the loss of a dropped feature of importance 1, its bias at the mean."""
    return p / 3 - p**2 / 4


def dedicated_state(family: Family, r: float) -> State:
    """w = (1, 0), b = (0, q/2), loss r (q/3 - q²/4): stationary for every p, q and r."""
    p, q = family.density, family.second_density
    slope = dropped_feature_loss(q)
    limits = (limit(p, second_density=q) for limit in (dedicated_stability_limit, acute_onset))
    return State((1.0, 0.0), (0.0, q / 2), r * slope, 0.0, slope, r <= min(map(float, limits)))


def state_at(y: Vector, family: Family, r: float) -> State:
    """The state at the coordinates y = (v, a, β, γ) of `theory.two_features.excess`, v > 0."""
    v, a, beta, gamma = map(float, y)
    biases = (beta * v, family.second_density / 2 + gamma * v)
    at = excess_at(y, family, r)
    dropped = dropped_feature_loss(family.second_density)
    return State(
        weights=(1 + a * v, family.side * v),
        biases=biases,
        loss=r * dropped + v**2 * at.value,
        excess=v**2 * at.value,
        loss_slope=dropped + v**2 * at.value_r,
        stable=all(_convex(beside, family, r) for beside in _sides(y, biases)),
    )


def _convex(y: Vector, family: Family, r: float) -> bool:
    at: Excess = excess_at(y, family, r)
    return bool(np.all(np.linalg.eigvalsh(loss_curvature(y, at)) > 0.0))


def _sides(y: Vector, biases: tuple[float, float]) -> list[Vector]:
    """The point itself, or beside it on each side of every bias that vanishes.

    Such are the biases of the acute state of equal weights at r = 1, where the curvature has one
    form for each pair of signs and rounding would choose among them.
    """
    signs = [(-1, 1) if abs(b) < _NO_BIAS else (0,) for b in biases]
    shifts = ((0.0, 0.0, s1, s2) for s1, s2 in itertools.product(*signs))
    return [np.asarray(y) + _BESIDE / y[0] * np.array(shift) for shift in shifts]
