"""Exact phase boundaries of the model with two features in one dimension.

Density p in, relative importance r <= 1 of the second feature out (the mirror image is 1/r), in
float64; NaN only where a valid density has no such object; an invalid one raises ValueError.
Equal densities, unless a function takes `second_density`. `no_bias` holds the diagram of the same
model with the biases fixed at zero.
"""

from theory.two_features import no_bias as no_bias
from theory.two_features.barriers import acute_barrier as acute_barrier
from theory.two_features.certificate import Certificate as Certificate
from theory.two_features.certificate import certify as certify
from theory.two_features.closed_forms import acute_onset as acute_onset
from theory.two_features.closed_forms import ansatz_boundary as ansatz_boundary
from theory.two_features.closed_forms import dedicated_stability_limit as dedicated_stability_limit
from theory.two_features.closed_forms import small_density_slope as small_density_slope
from theory.two_features.coexistence import Coexistence as Coexistence
from theory.two_features.dedicated_line import critical_end_point as critical_end_point
from theory.two_features.dedicated_line import dedicated_coexistence as dedicated_coexistence
from theory.two_features.dedicated_line import (
    dedicated_first_order_line as dedicated_first_order_line,
)
from theory.two_features.dedicated_line import tricritical_point as tricritical_point
from theory.two_features.dedicated_line import tricritical_points as tricritical_points
from theory.two_features.dedicated_line import triple_point as triple_point
from theory.two_features.escape import AcuteEscape as AcuteEscape
from theory.two_features.escape import acute_escape as acute_escape
from theory.two_features.exchange_line import exchange_coexistence as exchange_coexistence
from theory.two_features.finite_temperature import acute_rate_at as acute_rate_at
from theory.two_features.fold_tables import acute_tricritical_point as acute_tricritical_point
from theory.two_features.fold_tables import (
    symmetric_stability_density as symmetric_stability_density,
)
from theory.two_features.normal_form import NormalForm as NormalForm
from theory.two_features.normal_form import normal_form as normal_form
from theory.two_features.stability_limits import (
    acute_stability_limit as acute_stability_limit,
)
from theory.two_features.stability_limits import (
    acute_stability_limits as acute_stability_limits,
)
from theory.two_features.stability_limits import (
    strong_stability_limit as strong_stability_limit,
)
from theory.two_features.stability_limits import weak_cusp as weak_cusp
from theory.two_features.stability_limits import (
    weak_stability_limits as weak_stability_limits,
)
from theory.two_features.states import State as State
from theory.two_features.stationary_states import Curve as Curve
from theory.two_features.stationary_states import acute_curve as acute_curve
from theory.two_features.stationary_states import acute_states as acute_states
from theory.two_features.stationary_states import antipodal_curve as antipodal_curve
from theory.two_features.stationary_states import antipodal_states as antipodal_states
from theory.two_features.stationary_states import dedicated_states as dedicated_states
from theory.two_features.stationary_states import ground_state as ground_state
from theory.two_features.weak_strong_line import (
    symmetry_breaking_density as symmetry_breaking_density,
)
from theory.two_features.weak_strong_line import weak_strong_coexistence as weak_strong_coexistence
from theory.two_features.weak_strong_line import (
    weak_strong_first_order_line as weak_strong_first_order_line,
)
