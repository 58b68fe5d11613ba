"""States in which one feature has a dimension to itself: two-feature states, exactly.

Where W_k is orthogonal to the others, with norm 1 and b_k = 0, feature k is represented perfectly
and costs nothing; the two others share one dimension as in `theory.two_features`. The couplings
that vanish stay stationary: at the best bias of the others the mean of what they would add is
zero. So the losses of

    dropped    W₃ = 0, W₁ ⊥ W₂                    r (q/3 - q²/4)
    digon 13   W₁, W₃ on one line, W₂ ⊥           two features of densities p, q, importances 1, r
    digon 12   W₁, W₂ on one line, W₃ ⊥           two features of density p and importance 1

need no new calculation. digon 13 stands for its mirror image digon 23 too.
"""

import numpy as np

from theory.three_features.families import State
from theory.three_features.loss import Matrix, Model
from theory.two_features import antipodal_states, ground_state
from theory.two_features.closed_forms import leaves_dedicated
from theory.two_features.curve import curve
from theory.two_features.excess import ANTIPODAL, Family
from theory.two_features.states import State as Pair
from theory.two_features.states import dedicated_state, state_at


def dropped(model: Model, r: float) -> State:
    """W₃ = 0 and features 1 and 2 alone; stable up to the stability limit of dedicated.

    In the direction W₃ = -δ (cos θ, sin θ) the second-order form is that of the two-feature model
    for every θ between the two features, and the third-order one is B (cos³θ + sin³θ): where
    the change is continuous (B > 0) W₃ grows along the bisector, as an isosceles state.
    """
    pair = dedicated_state(pair_family(model), r)
    weights = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    biases = np.array([0.0, 0.0, pair.biases[1]])
    return State("dropped", weights, biases, pair.loss, pair.loss_slope, pair.stable)


def digon_13(pair: Pair) -> State:
    """The state whose features 1 and 3 are a state of two features, feature 2 alone.

    `stable` is that of the pair: against tilts out of the line it can still be unstable.
    """
    (w1, w3), (b1, b3) = pair.weights, pair.biases
    weights = np.array([[w1, 0.0, w3], [0.0, 1.0, 0.0]])
    biases = np.array([b1, 0.0, b3])
    return State("digon 13", weights, biases, pair.loss, pair.loss_slope, pair.stable)


def digon_12(model: Model) -> State:
    """Features 1 and 2 in their two-feature ground state, feature 3 alone; independent of r."""
    pair = ground_state(model.density, 1.0)
    (w1, w2), (b1, b2) = pair.weights, pair.biases
    weights = np.array([[w1, w2, 0.0], [0.0, 0.0, -1.0]])
    return State("digon 12", weights, np.array([b1, b2, 0.0]), pair.loss, 0.0, pair.stable)


def pair_family(model: Model) -> Family:
    """Features 1 and 3 as two antipodal features."""
    return Family(model.density, model.last_density, ANTIPODAL)


def digon_13_rows(model: Model) -> Matrix:
    """Rows (loss, ∂L/∂r, r) of all antipodal pairs of features 1 and 3, along their curve.

    The curve that leaves dedicated to feature 1 or, where that never turns unstable, the one that
    leaves dedicated to feature 3: the mirror model, with r → 1/r and losses times r.
    """
    family = pair_family(model)
    if leaves_dedicated(family):
        return np.array([(pair.loss, pair.loss_slope, r) for r, pair in _along(family)])
    mirror = Family(family.second_density, family.density, ANTIPODAL)
    return np.array(
        [(pair.loss / r, pair.loss - pair.loss_slope * r, 1 / r) for r, pair in _along(mirror)]
    )


def digon_13_states(model: Model, r: float) -> list[State]:
    """All antipodal pairs of features 1 and 3 at r, with feature 2 alone."""
    pairs = antipodal_states(model.density, r, second_density=model.last_density)
    return [digon_13(pair) for pair in pairs]


def _along(family: Family) -> list[tuple[float, Pair]]:
    """The pairs along the curve of a family, each with its r."""
    whole = family.density != family.second_density  # else digon 12 is lower beyond r = 1
    rows = (row for row in curve(family, whole) if 0.0 < row[4] < np.pi / 2)
    found = ((float(np.tan(row[4])), row[:4]) for row in rows)
    return [(r, state_at(y, family, r)) for r, y in found]
