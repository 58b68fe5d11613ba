"""How features share dimensions: the capacity model and its phase diagram, in closed form.

The model squares and sums: ŷ = Σ_k (W x)_k² + c for the target y = Σ_i v_i x_i², with independent
symmetric x_i of unit variance and kurtosis κ = E x_i⁴. With G = WᵀW and the best c = Σ (v_i - G_ii)

    L = E(y - ŷ)² = (κ - 1) Σ_i (v_i - ‖W_i‖²)² + 2 Σ_{i≠j} (W_i·W_j)².

The capacity of a feature, C_i = ‖W_i‖⁴ / Σ_j (W_i·W_j)² (its dimensionality elsewhere in this
package), is 1 for a dimension of its own, 0 for none, in between for a shared one.

Two features in one dimension, a = w_1², b = w_2², τ = 2/(κ - 1), ratio = v_2/v_1:

- shared, a = (v_1 - τ v_2)/(1 - τ²) and b = (v_2 - τ v_1)/(1 - τ²): stationary with a, b > 0, and
  then a minimum, exactly where τ < ratio < 1/τ, which asks for κ > 3;
- first (a, b) = (v_1, 0), a minimum where ratio < τ; second (0, v_2), where ratio > 1/τ.

For κ > 3 shared is between the others, entered continuously: C_1 goes from 1 to 0. For κ < 3 first
and second are both minima where 1/τ < ratio < τ, and exchange the ground state at ratio 1. All meet
at the triple point κ = 3, ratio 1, where L depends on a + b alone: for Gaussian features any share
will do. Source: Scherlis et al. 2022, arXiv 2210.01892 (model, shared region); the region of two
minima and the proofs derived here.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from theory._checks import as_number, check_finite, check_positive, check_real
from theory._memory import check_pairs

Phase = Literal["first", "shared", "second"]
TRIPLE_POINT = (3.0, 1.0)  # kurtosis, ratio


@dataclass(frozen=True)
class Derivation:
    """`derivation`'s expressions in the symbols kurtosis κ, v_1, v_2, a and b."""

    loss: Any
    shared: tuple[Any, Any]
    shared_capacity: Any
    first_slope: Any
    hessian_determinant: Any


@dataclass(frozen=True)
class State:
    """The ground state of two features in one dimension: squares w_i², loss, capacities."""

    phase: Phase
    squares: tuple[float, float]
    loss: float
    capacities: tuple[float, float]


def symbols() -> tuple[sp.Symbol, ...]:
    """κ, v_1, v_2, a, b, all positive."""
    return sp.symbols("kappa v_1 v_2 a b", positive=True)


def derivation() -> Derivation:
    """The loss from the moments of x, and what the phase diagram needs of it, by sympy.

    `loss` is E(y - ŷ)² at the best c for w = (√a, √b), expanded in the moments E x² = 1,
    E x⁴ = κ, odd ones 0; `shared` the point where ∂L/∂a = ∂L/∂b = 0; `shared_capacity` C_1
    there; `first_slope` ∂L/∂b at (v_1, 0), positive where that is a minimum;
    `hessian_determinant` of L in (a, b), positive exactly for κ > 3. Source: derived here.
    """
    kurtosis, v1, v2, a, b = symbols()
    x1, x2, c = sp.symbols("x_1 x_2 c", real=True)
    error = v1 * x1**2 + v2 * x2**2 - (sp.sqrt(a) * x1 + sp.sqrt(b) * x2) ** 2 - c
    moment = {0: 1, 2: 1, 4: kurtosis}
    terms = sp.Poly(sp.expand(error**2), x1, x2).terms()
    square = sp.Add(*(k * moment.get(i, 0) * moment.get(j, 0) for (i, j), k in terms))
    loss = sp.expand(square.subs(c, sp.solve(sp.diff(square, c), c)[0]))
    slopes = [sp.diff(loss, a), sp.diff(loss, b)]
    shared: Any = sp.solve(slopes, [a, b])
    own: Any = sp.factor(shared[a])
    other: Any = sp.factor(shared[b])
    return Derivation(
        loss,
        (own, other),
        sp.factor(own / (own + other)),
        sp.factor(slopes[1].subs({a: v1, b: 0})),
        sp.factor(sp.hessian(loss, [a, b]).det()),
    )


def loss(W: ArrayLike, *, value: ArrayLike, kurtosis: float) -> float:
    """L of the model at its best c, any n and m. W: (m, n); value v: (n,) or a number; κ ≥ 1.

    Raises ValueError for shapes that do not fit, values that are not finite, and κ below 1.
    """
    W, value = check_finite("W", W), check_finite("value", value)
    if W.ndim != 2:
        raise ValueError(f"Argument `W` must have shape (m, n), but has shape {W.shape}.")
    n = W.shape[1]
    if value.shape not in ((), (n,)):
        raise ValueError(f"Argument `value` must have shape () or ({n},), but has {value.shape}.")
    check_pairs("W", W, 2)
    gram, kurtosis = W.T @ W, _kurtosis(kurtosis)
    own = np.diag(gram)
    cross = np.sum(gram**2) - np.sum(own**2)
    return float((kurtosis - 1) * np.sum((value - own) ** 2) + 2 * cross)


def shared_range(kurtosis: float) -> tuple[float, float] | None:
    """The ratios v_2/v_1 between which two features share a dimension, (τ, 1/τ), τ = 2/(κ - 1).

    None for κ ≤ 3: there they never do. Raises ValueError unless κ ≥ 1 is finite.
    """
    kurtosis = _kurtosis(kurtosis)
    return (2 / (kurtosis - 1), (kurtosis - 1) / 2) if kurtosis > 3 else None


def coexistence_range(kurtosis: float) -> tuple[float, float] | None:
    """The ratios v_2/v_1 between which "first" and "second" are both minima, (1/τ, τ).

    None for κ ≥ 3; all positive ratios, (0, inf), at κ = 1, where x² is no random number and so
    nothing is lost by a feature that is dropped. Raises ValueError unless κ ≥ 1 is finite.
    """
    kurtosis = _kurtosis(kurtosis)
    if kurtosis >= 3:
        return None
    return ((kurtosis - 1) / 2, 2 / (kurtosis - 1)) if kurtosis > 1 else (0.0, np.inf)


def ground_state(first: float, second: float, kurtosis: float) -> State:
    """The lowest state of two features of values v_1 = first and v_2 = second in one dimension.

    Where two are equally low (κ ≤ 3 and v_1 = v_2) "first" is returned. Raises ValueError unless
    both values are positive and finite and κ ≥ 1.
    """
    v1, v2 = (
        as_number(name, check_positive(name, value))
        for name, value in (("first", first), ("second", second))
    )
    kurtosis = _kurtosis(kurtosis)
    between = shared_range(kurtosis)
    if between is not None and between[0] < v2 / v1 < between[1]:
        tau = between[0]
        a, b = ((v - tau * u) / (1 - tau**2) for v, u in ((v1, v2), (v2, v1)))
        phase: Phase = "shared"
    else:
        phase = "first" if v2 <= v1 else "second"
        a, b = (v1, 0.0) if phase == "first" else (0.0, v2)
    height = (kurtosis - 1) * ((v1 - a) ** 2 + (v2 - b) ** 2) + 4 * a * b
    return State(phase, (a, b), height, (a / (a + b), b / (a + b)))


def _kurtosis(value: float) -> float:
    kurtosis = check_real("kurtosis", value)
    if kurtosis < 1:
        raise ValueError(f"Argument `kurtosis` must be at least 1, but is {kurtosis:g}.")
    return kurtosis
