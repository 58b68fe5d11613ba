"""The line r = 1 at high density, where an antipodal state and its mirror image have one loss."""

from theory._checks import check_one_density
from theory.two_features.coexistence import Coexistence
from theory.two_features.stationary_states import antipodal_states
from theory.two_features.weak_strong_line import symmetry_breaking_density


def exchange_coexistence(p: float) -> Coexistence | None:
    """The two ground states at r = 1 and density p; None where the ground state is symmetric.

    Above `symmetry_breaking_density` the ground state at r = 1 is an antipodal state with
    w₁ > |w₂| or its mirror image (exchange of the features). As r grows through 1 the second takes
    over: a first-order line. The saddle between them is the symmetric state w₁ = -w₂ where that is
    unstable, above `symmetric_stability_density`, and one of two on either side of it below.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    p = check_one_density(p, "p")
    if p < symmetry_breaking_density():
        return None
    minima = [state for state in antipodal_states(p, 1.0) if state.stable]
    low = min((s for s in minima if s.weights[0] > -s.weights[1]), key=lambda state: state.loss)
    high = min((s for s in minima if s.weights[0] < -s.weights[1]), key=lambda state: state.loss)
    return Coexistence(p, 1.0, low, high, low.loss)
