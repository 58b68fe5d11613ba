"""How much a small perturbation of the input raises the loss, with superposition and without.

x' = ReLU(A x + b), A = WᵀW, is shown x + δ, ‖δ‖ ≤ ε = 0.1 E‖x‖, and the right answer is still x.
Elhage et al. 2022, "Superposition and adversarial vulnerability": with L' the attacked loss,

    vulnerability  v = (L' - L) / (L'_0 - L_0),

L_0 and L'_0 those of the model without superposition: m features with a dimension and ‖W_i‖ = 1
each, b_i = 0, all others dropped. Its outputs are exact and stay so up to δ, which it passes on:
the best attack adds ε² for every input, L'_0 - L_0 = ε², and v = (L' - L)/ε².

**One output.** Output i moves by A_i·δ, at most by ε s_i at δ = ε A_i/‖A_i‖, with

    s_i = ‖A_i‖ = ‖WᵀW_i‖ = ‖W_i‖²/√D_i,    D_i = ‖W_i‖⁴/Σ_j (W_i·W_j)².

In a tight frame WWᵀ = λ 1, where λ = ‖W‖_F²/m = 1/D*, also s_i² = W_iᵀWWᵀW_i = ‖W_i‖²/D*. An open
output (z_i > 0) with the residual r_i = x'_i - x_i then adds s_i² ε² + 2 s_i |r_i| ε, so that

    v_i = s_i² + 2 s_i |r_i|/ε:    1/D* at unit norms, if there is no residual.

**All outputs, one δ for all inputs.** A fixed δ shifts the biases by A δ: L'(δ) = L(W, b + A δ),
exactly. At a minimum ∂L/∂b = 0, so the residuals cancel on the average and to second order
v = Σ_j c_j (A δ/ε)_j², c_j = ½ ∂²L/∂b_j² = P(z_j > 0) - E[x_j δ(z_j)] (the last term is the kink).
In a tight frame A A_i = λ A_i: at δ = ε A_i/‖A_i‖

    v = λ² Σ_j c_j A_ij²/‖A_i‖² = c/D*²    if all c_j are equal:

1/D*² where all outputs are open, c = 1, and 1/D* exactly where the open share of outputs is D*:
features alone (c = D* = 1) and antipodal pairs (1/2), one of which is open where x ≠ 0. Denser
superposition keeps fewer outputs open, and v falls behind 1/D*.

**An attack for each input** need not cancel residuals: v is about the first-order term
2 ‖Aᵀr‖/ε, bounded by (2 λ ‖r‖ ε + λ² ε²)/ε² as |ReLU(z + d) - x| ≤ |ReLU(z) - x| + |d|. Only there
v depends on ε: halved, v nearly doubles. All results derived here but for the definition.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.special import erf, ndtr

from theory import mean_field
from theory._checks import (
    as_number,
    check_broadcast,
    check_count,
    check_finite,
    check_nonnegative,
    check_one_density,
    check_positive,
    check_share,
)
from theory._memory import check_pairs
from theory.mean_field.gaussian import normal_density

Array = NDArray[np.float64]


def mean_input_norm(n: int, density: float) -> float:
    """E‖x‖ of n independent features, 0 with probability 1 - p and else uniform on [0, 1].

    (1/√π) ∫_0^∞ (1 - M(s²))/s² ds with M(t) = E e^{-t‖x‖²} = (1 - p + p √π erf(√t)/(2√t))^n; the
    part beyond s = 1 with 1/s as the variable. Relative error below 1e-8.
    Raises ValueError for n < 1 and a density outside (0, 1]. Source: derived here.
    """
    n, p = check_count("n", n), check_one_density(density)

    def lacking(s: float) -> float:
        """1 - M(s²), without cancellation."""
        gap = s * s / 3 * (1 - 0.3 * s * s) if s < 1e-3 else 1 - np.sqrt(np.pi) * erf(s) / (2 * s)
        return -float(np.expm1(n * np.log1p(-p * gap))) if p * gap < 1 else 1.0

    scale = min(1.0, 3 / np.sqrt(n * p))
    options = {"epsabs": 0.0, "epsrel": 1e-10, "limit": 400}
    near = quad(lambda s: lacking(s) / s**2 if s > 0 else n * p / 3, 0, scale, **options)[0]
    far = quad(lambda t: lacking(1 / t) if t > 0 else 1 - (1 - p) ** n, 0, 1 / scale, **options)[0]
    return float((near + far) / np.sqrt(np.pi))


def sensitivity(W: ArrayLike) -> Array:
    """s_i = ‖WᵀW_i‖ (n,) of W (m, n): the most that ‖δ‖ = 1 moves the pre-activation of output i.

    ‖W_i‖²/√D_i, and √(‖W_i‖²/D*) in tight frames. Raises ValueError for W not (m, n), not finite.
    """
    weights = check_finite("W", W)
    if weights.ndim != 2:
        raise ValueError(f"Argument `W` must have shape (m, n), but has shape {weights.shape}.")
    check_pairs("W", weights, 2)
    return np.linalg.norm(weights.T @ weights, axis=0)


def one_output_vulnerability(
    sensitivity: ArrayLike, residual: ArrayLike, radius: ArrayLike
) -> Array:
    """v_i = s² + 2 s |r|/ε of one open output while others are closed; the arguments broadcast.

    Exact while z_i stays positive, an upper bound otherwise. `sensitivity` s ≥ 0, `residual` r
    finite, `radius` ε > 0. Raises ValueError for others.
    """
    s, r = check_nonnegative("sensitivity", sensitivity), check_finite("residual", residual)
    eps = check_positive("radius", radius)
    check_broadcast(sensitivity=s, residual=r, radius=eps)
    return s**2 + 2 * s * np.abs(r) / eps


def frame_vulnerability(dimensions_per_feature: ArrayLike, open_share: ArrayLike) -> Array:
    """v = c/D*² of one δ for all inputs, in a tight frame; the arguments broadcast.

    `dimensions_per_feature` D* > 0; `open_share` c in (0, 1]: the outputs that answer, those with
    z > 0 less the term of the kink. Raises ValueError for others.
    """
    star = check_positive("dimensions_per_feature", dimensions_per_feature)
    share = check_share("open_share", open_share)
    check_broadcast(dimensions_per_feature=star, open_share=share)
    return share / star**2


def piece_maximum(matrix: ArrayLike, residual: ArrayLike, radius: float) -> float:
    """max ‖M δ + r‖² over ‖δ‖ ≤ ε, by its dual: no gap, though the maximum is of a convex form.

    min over μ ≥ s_max of μ ε² + ‖r‖² + Σ_i h_i²/(μ - s_i), with the eigenvalues s_i of MᵀM and the
    components h_i of Mᵀr. `matrix` M (k, d), `residual` r (k,), `radius` ε > 0.
    Raises ValueError for others. Source: Boyd and Vandenberghe, Convex Optimization, appendix B.1.
    """
    M, r = check_finite("matrix", matrix), check_finite("residual", residual)
    eps = as_number("radius", check_positive("radius", radius))
    if M.ndim != 2:
        raise ValueError(f"Argument `matrix` must have shape (k, d), but has shape {M.shape}.")
    if r.shape != M.shape[:1]:
        rule = f"shape (k,) = ({M.shape[0]},)"
        raise ValueError(f"Argument `residual` must have {rule}, but has shape {r.shape}.")
    s, Q = np.linalg.eigh(M.T @ M)
    h, gap = Q.T @ (M.T @ r), s[-1] - s
    active = h != 0
    if not active.any():
        return float(s[-1] * eps**2 + r @ r)
    return float(r @ r + s[-1] * eps**2 + _least_dual(h[active], gap[active], eps))


def _least_dual(h: Array, gap: Array, eps: float) -> float:
    """min over u ≥ 0 of u ε² + Σ h²/(u + gap), convex in u, by bisection of its slope."""
    low, high = 0.0, float(np.linalg.norm(h)) / eps
    for _ in range(200):
        u = (low + high) / 2
        low, high = (u, high) if np.sum((h / (u + gap)) ** 2) > eps**2 else (low, u)
    return high * eps**2 + float(np.sum(h**2 / (high + gap)))


@dataclass(frozen=True)
class MeanFieldVulnerability:
    """D*, the share c of stored outputs that answer a shift of the biases, and v = c/D*²."""

    dimensions_per_feature: float
    open_share: float
    vulnerability: float


def mean_field_vulnerability(n: int, m: int, density: float) -> MeanFieldVulnerability:
    """v of one δ for all inputs, to second order in ε, where n features are stored by mean field.

    `theory.mean_field.loss` at the ratio ρ = max(m/n, ρ*) of dimensions to stored features (those
    dropped do not answer), so D* = ρ/a and, with y = a u + b normal of spread σ about it,

        c = (1 - p) Φ(b/σ) + p ∫_0^1 [Φ(y/σ) - u φ(y/σ)/σ] du.

    Raises ValueError for counts below 1, m > n, and a density outside (0, 1]. Source: derived here.
    """
    n, m, p = check_count("n", n), check_count("m", m), check_one_density(density)
    if m > n:
        raise ValueError(f"Argument `m` must be at most {n}, but is {m}.")
    ratio = max(m / n, mean_field.storage_ratio(p))
    state = mean_field.loss(ratio, p)
    share = _answering_share(state.a, state.bias, state.a * float(mean_field.noise(ratio, p)), p)
    star = ratio / state.a
    return MeanFieldVulnerability(star, share, share / star**2)


def _answering_share(a: float, b: float, sigma: float, p: float) -> float:
    """c of `mean_field_vulnerability`, with k_1(y) = y Φ(y/σ) + σ φ(y/σ) the integral of Φ."""
    if sigma == 0:
        return 1.0
    ends = np.array([b, a + b]) / sigma
    chance, height = ndtr(ends), normal_density(ends)
    rising = sigma * (ends * chance + height)
    opened = (rising[1] - rising[0]) / a
    kink = (sigma * (height[0] - height[1]) - b * (chance[1] - chance[0])) / a**2
    return float((1 - p) * chance[0] + p * (opened - kink))
