"""Exact phase diagram of two features in one dimension with the biases fixed at zero.

Model: x' = ReLU(w_i (w·x)), L = E(x₁ - x'₁)² + r E(x₂ - x'₂)², equal densities p. The states, named
in readers' comments on Elhage et al. 2022 (Toy Models of Superposition), and their place here:

- antipodal (w₁w₂ < 0): one local minimum for `antipodal_stability_limit(p)` < r <= 1, with
  |w₂| <= w₁; the ground state for `boundary(p)` < r <= 1;
- confused (w₁w₂ > 0, where the ReLU does nothing): always one local minimum, the ground state
  below `boundary(p)`, and everywhere for p > `symmetric_density()`;
- dropped (w₂ = 0): never a local minimum, since the loss falls at first order towards confused;
  yet towards antipodal it rises for r < `dropped_stability_limit(p)`.

The boundary is of first order. The landscape between its two states is exact too, since at fixed
ratio w₂/w₁ the best loss is a rational function of the ratio: see `profile`. Density p in, relative
importance r <= 1 out (the mirror image is 1/r), NaN only where a valid density has no such object;
an invalid one raises ValueError.
"""

from theory.two_features.no_bias.closed_forms import end_curvature as end_curvature
from theory.two_features.no_bias.closed_forms import end_latent_loss as end_latent_loss
from theory.two_features.no_bias.closed_forms import small_density_barrier as small_density_barrier
from theory.two_features.no_bias.closed_forms import small_density_slope as small_density_slope
from theory.two_features.no_bias.closed_forms import (
    small_density_stability_slope as small_density_stability_slope,
)
from theory.two_features.no_bias.closed_forms import symmetric_density as symmetric_density
from theory.two_features.no_bias.closed_forms import symmetric_losses as symmetric_losses
from theory.two_features.no_bias.curves import (
    antipodal_stability_limit as antipodal_stability_limit,
)
from theory.two_features.no_bias.curves import dropped_stability_limit as dropped_stability_limit
from theory.two_features.no_bias.curves import importance_at_antipodal as importance_at_antipodal
from theory.two_features.no_bias.curves import importance_at_confused as importance_at_confused
from theory.two_features.no_bias.diagram import Coexistence as Coexistence
from theory.two_features.no_bias.diagram import boundary as boundary
from theory.two_features.no_bias.diagram import coexistence as coexistence
from theory.two_features.no_bias.diagram import ridge_point as ridge_point
from theory.two_features.no_bias.states import State as State
from theory.two_features.no_bias.states import antipodal_states as antipodal_states
from theory.two_features.no_bias.states import confused_state as confused_state
from theory.two_features.no_bias.states import dropped_state as dropped_state
from theory.two_features.no_bias.states import ground_state as ground_state
