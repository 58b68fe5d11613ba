"""Mean field of superposition: many equal features, Gaussian interference (Cowsik et al. 2024).

Per feature: multiply by n for the loss of a network with n features of importance 1.

Each feature sees Σ_j G_ij x_j of all the others as one Gaussian of variance
σ² = a² (1/ρ - 1)(p/3 - p²/4), with a = ‖W_i‖², ρ = m/n the ratio of dimensions to features and p
the density. That is the least variance at given a (all singular values of W equal), and every
feature has the same a and the same bias. It fails

- at small n, and at any n where few features are active at a time: the noise is a sum of about n p
  terms, its excess kurtosis is of order 1/(n p), and at small p the loss is made in the tail of the
  noise, beyond b/σ = -2.8 at p = 1e-3 and -4.4 at 1e-6, the last part to become Gaussian;
- where few large couplings do better than many small ones: at ρ = 1/2 antipodal pairs, one coupling
  each and so no Gaussian, have the lower loss at all densities below `digon_density`. Mean field is
  an approximation to a state, no bound on the ground state;
- where features differ: below `storage_ratio` it is better to drop some altogether, and
  `partial_storage_loss` is then lower than `loss`.

p → 1 is no trouble in itself: the sum is Gaussian there too, and the ReLU hardly matters.
Source: Cowsik et al. 2024, arXiv 2410.12101; reduction to one unknown, coexistence with dropped
features and comparison with digons derived here.
"""

from theory.mean_field.coexistence import digon_density as digon_density
from theory.mean_field.coexistence import digon_loss as digon_loss
from theory.mean_field.coexistence import partial_storage_loss as partial_storage_loss
from theory.mean_field.coexistence import storage_ratio as storage_ratio
from theory.mean_field.networks import hadamard_rows_weights as hadamard_rows_weights
from theory.mean_field.networks import hadamard_weights as hadamard_weights
from theory.mean_field.networks import hidden_bias as hidden_bias
from theory.mean_field.readout import detection as detection
from theory.mean_field.readout import parts as parts
from theory.mean_field.state import MeanField as MeanField
from theory.mean_field.state import edge_slope as edge_slope
from theory.mean_field.state import linear_loss as linear_loss
from theory.mean_field.state import loss as loss
from theory.mean_field.state import noise as noise
from theory.mean_field.state import scaling_exponent as scaling_exponent
from theory.mean_field.state import stationary_loss as stationary_loss
