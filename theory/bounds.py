"""How many features fit: the linear model's exact bound, and the scale of compressed sensing.

Neither binds the ReLU model. The first is what it has to beat to show superposition. The second
belongs to another decoder, a linear program, and to random encoders. Bounds on directions alone,
Welch's and Rankin's among them, are in `theory.packing` and have their names here too.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from theory._checks import as_number, check_count, check_ratio, check_share, real_array
from theory.mean_field.gaussian import normal_density
from theory.numeric import bracketed_root
from theory.packing import almost_orthogonal_count as almost_orthogonal_count
from theory.packing import coherence_bound as coherence_bound
from theory.packing import cosine_density as cosine_density
from theory.packing import least_mean_square as least_mean_square
from theory.packing import most_directions as most_directions
from theory.packing import random_overlap as random_overlap
from theory.packing import rankin_cosine as rankin_cosine
from theory.packing import welch_coherence as welch_coherence
from theory.packing import welch_count as welch_count

Array = NDArray[np.float64]
_LARGEST = 38.0  # threshold τ at which a normal tail underflows


def linear_recovered(n: int, m: int, threshold: ArrayLike) -> Array:
    """min(n, ⌊m/θ⌋): the most features of a linear model with R_i² >= θ, at equal variances.

    The features of any set S have Σ_{i∈S} R_i² <= m (`theory.linear_flow.linear_optimum` with
    importance 1 on S and 0 elsewhere), so |S| θ <= m. It is attained by k = ⌊m/θ⌋ >= m columns of
    an equal-norm tight frame, R_i² = m/k. For θ = 1 it is m.
    The ReLU model obeys neither, but only by superposition: if its non-zero columns W_i are
    orthogonal there are at most m, each with R_i² <= 1, the outputs of the others are constant, and
    so Σ R_i² <= m.
    θ in (0, 1]; broadcasts. Raises ValueError for a count below 1 and for θ outside (0, 1].
    Source: Eckart-Young; derived here.
    """
    n, m = check_count("n", n), check_count("m", m)
    theta = check_share("threshold", threshold)
    return np.minimum(n, np.floor(m / theta * (1 + 1e-12)))


def compressed_sensing_dimensions(n: int, active: ArrayLike) -> Array:
    """Dimensions m at which a linear program recovers `active` = k of n features from h = W x.

    For W with independent normal entries, x >= 0 with k entries > 0 at unknown places, and the
    decoder min Σ x_i with W x = h, x >= 0: recovery is exact with a probability that goes from 0 to
    1 within O(√n) dimensions of

        m = n min_τ { ε (1 + τ²) + (1 - ε) E (z - τ)_+² }, ε = k/n, z standard normal,

    and m ~ 2 k ln(n/k) for k << n. At k = n it is n. `active` = n p, a mean, may be any number in
    (0, n].
    A scale, no bound for the ReLU model: that has one layer for a decoder, which can do no better
    than approximate, but trained weights; its number of active features fluctuates, and a large
    Σ R_i² does not ask for exact recovery.
    Raises ValueError for n < 1 and `active` outside (0, n].
    Source: Donoho and Tanner 2005, PNAS 102, 9446 and 9452 (the weak threshold of x >= 0); the
    form in τ is Donoho, Maleki and Montanari 2009, PNAS 106, 18914, and, with the width, Amelunxen,
    Lotz, McCoy and Tropp 2014, arXiv 1303.6672.
    """
    n = check_count("n", n)
    return n * np.vectorize(_least_ratio, otypes=[float])(_share(active, n))


def compressed_sensing_density(ratio: float) -> float:
    """Density p at which `compressed_sensing_dimensions` of k = n p features is ρ n; 1 at ρ = 1.

    Sparser data could be decoded exactly. ratio ρ = m/n. Raises ValueError for ρ outside (0, 1];
    checked for ρ >= 1e-4.
    """
    rho = as_number("ratio", check_ratio(ratio))
    if rho == 1.0:
        return 1.0
    return bracketed_root(lambda p: _least_ratio(p) - rho, 1e-12, 1.0)


def _share(active: ArrayLike, n: int) -> Array:
    array = real_array("active", active)
    wrong = array[~((array > 0) & (array <= n))]
    if wrong.size:
        raise ValueError(f"Argument `active` must be in (0, {n}], but is {wrong.flat[0]}.")
    return array / n


def _least_ratio(share: float) -> float:
    """min_τ of the above; stationary where ε τ = (1 - ε) E (z - τ)_+, one τ in [0, ∞)."""

    def slope(tau: float) -> float:
        return float(share * tau - (1 - share) * (normal_density(tau) - tau * ndtr(-tau)))

    tau = 0.0 if share == 1.0 else bracketed_root(slope, 0.0, _LARGEST)
    beyond = (1 + tau**2) * ndtr(-tau) - tau * normal_density(tau)
    return float(share * (1 + tau**2) + (1 - share) * beyond)
