"""Where the mean field is not the ground state: dropped features, and digons."""

import functools

import numpy as np

from theory._checks import as_number, check_one_density, check_ratio
from theory.linear_flow import feature_variance
from theory.mean_field.state import loss, scaling_exponent
from theory.numeric import bracketed_root
from theory.two_features.stationary_states import ground_state

_GRID = 60


def storage_ratio(density: float) -> float:
    """ρ* below which dropping some features altogether beats treating all alike.

    A network may drop n - n' features (W_i = 0, loss V = p/3 - p²/4 each) and give all its
    dimensions to the others, at the ratio m/n'. The best choice is the tangent to L(ρ) from
    (0, V): V - L(ρ*) = -ρ* L'(ρ*). Equal features then differ: each is dropped or has a = a(ρ*),
    a jump, while the stored share ρ/ρ* goes to 1 continuously as ρ → ρ*: coexistence of two phases
    with the lever rule, first order in the field conjugate to ρ (the price of a dimension, which is
    the same in both), without a jump in L or L'. It is 0.72 at p = 1, falls with p, and is 1.3 to
    1.4 p ln(1/p) for p between 1e-6 and 1e-3. Checked for p >= 1e-6.
    Raises ValueError for a density outside (0, 1]. Source: derived here.
    """
    return _storage_ratio(check_one_density(density))


@functools.lru_cache(maxsize=256)
def _storage_ratio(p: float) -> float:
    grid = np.exp(np.linspace(np.log(0.05 * p), 0.0, _GRID))[:-1]
    gains = [(float(feature_variance(p)) - loss(ratio, p).loss) / ratio for ratio in grid]
    best = int(np.argmax(gains))
    return bracketed_root(lambda ratio: _tangency(ratio, p), grid[best - 1], grid[best + 1])


def partial_storage_loss(ratio: float, density: float) -> float:
    """Loss per feature with the best share of them dropped: `loss` for ρ >= ρ*, else

        V - (ρ/ρ*)(V - L(ρ*)), V = p/3 - p²/4, ρ* = `storage_ratio`.

    Other mixtures can be lower still: digons, and at p above about 0.81, where L is concave near
    ρ = 1, features with a dimension of their own and no loss beside the others.
    Raises ValueError for a ratio or a density outside (0, 1]. Source: derived here.
    """
    rho, star = as_number("ratio", check_ratio(ratio)), storage_ratio(density)
    if rho >= star:
        return loss(rho, density).loss
    dropped = float(feature_variance(density))
    return dropped - rho / star * (dropped - loss(star, density).loss)


def _tangency(ratio: float, p: float) -> float:
    """(V - L + ρ L')/p, zero where (V - L)/ρ is stationary."""
    value = loss(ratio, p).loss
    rise = scaling_exponent(ratio, p) * value
    return (float(feature_variance(p)) - value + rise) / p


def digon_density() -> float:
    """p below which antipodal pairs beat the mean field at ρ = 1/2: 0.6831.

    A pair takes one dimension and costs the ground state of two features in one dimension,
    L2(p)/2 a feature, exactly: pairs in orthogonal dimensions do not see each other. L2/2 over
    `loss` falls to 0 as p → 0; above 0.6831 it exceeds 1, by less than half a per cent. Against
    `partial_storage_loss`, which drops features there, pairs win at ρ = 1/2 below p = 0.6716. Where
    pairs too may drop the rest, at ρ <= 1/2 and ρ <= ρ*, they win between p = 0.0969 and 0.6716
    only.
    Source: derived here.
    """
    return bracketed_root(lambda p: digon_loss(p) - loss(0.5, p).loss, 0.6, 0.7)


def digon_loss(density: float) -> float:
    """L2(p)/2: loss per feature of the best states of two features in one dimension, at r = 1.

    Digons below `theory.two_features.symmetry_breaking_density`. Raises ValueError as that package.
    """
    return ground_state(check_one_density(density), 1.0).loss / 2
