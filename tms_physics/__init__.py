"""tms_physics: superposition in neural networks, treated as interacting particles.

The public names, grouped as the data flows: features → energy → flow or minimum → observables.
"""

from . import _compat

_compat.check_jax_version()

from .dynamics.gradient_flow import (  # noqa: E402
    Trajectory as Trajectory,
    gradient_flow as gradient_flow,
)
from .dynamics.minimise import (  # noqa: E402
    GroundStates as GroundStates,
    Minimum as Minimum,
    ground_states as ground_states,
    minimise as minimise,
    network_invariant as network_invariant,
    wilson_interval as wilson_interval,
)
from .dynamics.result import Result as Result  # noqa: E402
from .dynamics.stability import (  # noqa: E402
    Curvature as Curvature,
    curvature as curvature,
    rotation_modes as rotation_modes,
)
from .dynamics.training import train as train  # noqa: E402
from .energies.population import (  # noqa: E402
    PopulationLoss as PopulationLoss,
    population_loss as population_loss,
)
from .energies.sampled import sampled_loss as sampled_loss  # noqa: E402
from .features import SparseUniform as SparseUniform  # noqa: E402
from .models import (  # noqa: E402
    LinearModel as LinearModel,
    ReluOutputModel as ReluOutputModel,
    xavier_normal as xavier_normal,
)
from .observables.gram import (  # noqa: E402
    dimensions_per_feature as dimensions_per_feature,
    feature_dimensionality as feature_dimensionality,
    feature_norms as feature_norms,
    interference as interference,
    recovery as recovery,
)
from .observables.phases import (  # noqa: E402
    PHASE_NAMES as PHASE_NAMES,
    two_feature_phase as two_feature_phase,
)
