"""First growth of features out of small weights: the rates at which a flow leaves its plateaus.

Near a state of orthonormal stored features (‖W_i‖ = 1, b_i = 0) with the others dropped (W_j = 0,
b_j = p_j/2) a dropped feature can grow in two ways, w its amplitude:

free, orthogonal to all stored ones (at W = 0: in any direction). While b >= 0 no ReLU is reached,
so that the loss is that of the linear model, L = Σ_i I_i [Σ_j v_j (δ_ij - G_ij)² + (mean)²]. At
W = 0 the bias relaxes first, ḃ = -2 I (b - p/2); at b = p/2 the terms of second order in W
are -2 Σ_i I_i v_i ‖W_i‖², without a pair term, so that Ẇ_i = 4 I_i v_i W_i.

paired, antiparallel to a stored feature i, W_j = -w W_i: the loss changes by
I_i w² f - I_j w² V', with f and V' of `theory.two_features.dedicated_stability_limit` = f/V' (at
equal densities V' = v), w_1 and b_i at their best. Hence the rate 2 v (I_j - I_i f/v), to leading
order in rate/2I_i, the ratio of times at which w_i and b_i follow. Costs of several i add up, so
the feature of least I_i is taken. The second derivatives jump there: this is a one-sided rate.

v_i = p_i/3 - p_i²/4. Times are those of the gradient flow Ẇ = -∂L/∂W, ḃ = -∂L/∂b. Derived here.
"""

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory._checks import (
    check_broadcast,
    check_density,
    check_importance,
    check_nonnegative,
    check_positive,
)
from theory.linear_flow import feature_variance
from theory.population_loss import linear_loss
from theory.two_features.closed_forms import dedicated_stability_limit

Array = NDArray[np.float64]


def growth_of_origin() -> sp.Expr:
    """4 I_1 v_1 in symbols I_1, p_1, as sympy derives it from the loss of two features.

    -∂²L/∂w², W_1 = (w, 0), at W = 0 and the best bias b = p/2. `linear_loss` is exact there, since
    z = b + O(W²) > 0.
    """
    w, b1, b2 = sp.symbols("w b_1 b_2", real=True)
    p, importance = sp.symbols("p_1:3", positive=True), sp.symbols("I_1:3", positive=True)
    own = linear_loss((w**2, sp.Integer(0)), b1, p, 0)
    other = linear_loss((sp.Integer(0), sp.Integer(0)), b2, p, 1)
    energy: Any = importance[0] * own + importance[1] * other
    best = {b: sp.solve(sp.diff(energy.subs(w, 0), b), b)[0] for b in (b1, b2)}
    bend: Any = sp.diff(energy, w, 2)
    rate: Any = sp.factor(-bend.subs(w, 0).subs(best))
    return rate


def free_rate(importance: ArrayLike, density: ArrayLike) -> Array:
    """4 I v: growth rate of a small W_j orthogonal to all stored features; arguments broadcast.

    `importance` I >= 0 and `density` p in (0, 1] of the feature that grows. Raises ValueError for
    others. u = ‖W_j‖² is logistic with twice this rate (`linear_flow.mode_rates`) while b_j
    follows its optimum (1 - u) p/2, for I v << I/2.
    """
    importance, variance = check_importance(importance), feature_variance(density)
    check_broadcast(importance=importance, density=variance)
    return 4 * importance * variance


def paired_rate(importance: ArrayLike, stored: ArrayLike, density: ArrayLike) -> Array:
    """2 v (I_j - I_i r*): one-sided growth rate of a small W_j against a stored unit W_i.

    `importance` I_j >= 0 of the feature that grows, `stored` I_i >= 0, `density` p of both, in
    (0, 1]; r* = `two_features.dedicated_stability_limit`(p). Negative: the pair does not form.
    Relative error O(v), as b_i follows at a rate of about 2 I_i. Raises ValueError for values out
    of range.
    """
    p, grows = check_density(density), check_importance(importance)
    kept = check_nonnegative("stored", stored)
    check_broadcast(importance=grows, stored=kept, density=p)
    return 2 * feature_variance(p) * (grows - kept * dedicated_stability_limit(p))


def plateau_length(start: ArrayLike, rate: ArrayLike, *, end: ArrayLike) -> Array:
    """ln(end/start)/rate: time in which an amplitude grows from `start` to `end`, all > 0.

    Zero where it starts beyond its end; the law of a plateau with one unstable direction. Raises
    ValueError for values that are not positive.
    """
    first, last = check_positive("start", start), check_positive("end", end)
    rate = check_positive("rate", rate)
    check_broadcast(start=first, rate=rate, end=last)
    return np.maximum(np.log(last / first), 0.0) / rate


def jump_speed(rate: ArrayLike, ratio: ArrayLike) -> Array:
    """Speed |ẇ| at which a free growth leaves its plateau: its maximum over √ratio.

    ẇ = λ w (1 - w²) is fastest at w² = 1/3: 2λ/√27. `rate` λ >= 0, `ratio` > 0, see
    `tms_physics.gradient_flow`. Raises ValueError for others.
    """
    rate, ratio = check_nonnegative("rate", rate), check_positive("ratio", ratio)
    check_broadcast(rate=rate, ratio=ratio)
    return 2 * rate / np.sqrt(27.0) / np.sqrt(ratio)
