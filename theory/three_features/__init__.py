"""Exact phases of three features in two dimensions, importances (1, 1, r), any density.

Ground states and every transition between them at fixed density, from the stationary states of
the exact loss: dropped (W₃ = 0), digon 13 or digon 12 beside a single feature, isosceles (the
triangle at r = 1 among them) and scalene. Densities p of features 1 and 2 and `last_density` of
feature 3, by default p. In float64; invalid arguments raise ValueError.
"""

from theory.three_features.families import State as State
from theory.three_features.isosceles import (
    isosceles_stability_limits as isosceles_stability_limits,
)
from theory.three_features.isosceles import isosceles_states as isosceles_states
from theory.three_features.isosceles import triangle as triangle
from theory.three_features.lines import ansatz_boundaries as ansatz_boundaries
from theory.three_features.phases import Transition as Transition
from theory.three_features.phases import ground_state as ground_state
from theory.three_features.phases import transitions as transitions
from theory.three_features.points import digon_13_top as digon_13_top
from theory.three_features.points import (
    isosceles_critical_points as isosceles_critical_points,
)
from theory.three_features.points import triangle_ground_density as triangle_ground_density
from theory.three_features.tilt import digon_12_stability_limit as digon_12_stability_limit
