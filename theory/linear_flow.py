"""Gradient flow of the model with linear output, x' = WᵀW x + b, in closed form.

The bias is always at its optimum, b = (1 - G) E x, so that means drop out of the loss. With
G = WᵀW, D = diag(I) and C = diag(v), v_i = p_i/3 - p_i²/4 the variances of independent features,

    L = Σ_ij I_i v_j (δ_ij - G_ij)²,   Ẇ = -∂L/∂W = 2 W N,   N = D(1-G)C + C(1-G)D,
    Ġ = 4(ΣG + GΣ) - 2[(DGC + CGD)G + G(DGC + CGD)],   Σ = DC.

The bracket is ΣG² + 2GΣG + G²Σ, an equation in the product Σ alone, if and only if
(I_i - I_j)(v_i - v_j) = 0 for every coupled pair, G_ij ≠ 0: uniform importance or uniform density
will do. Otherwise I and v enter apart, except on aligned modes (G diagonal) and in the optimum.

Closed solutions: Σ ∝ 1 from any start (`isotropic_weights`), aligned modes (`aligned_modes`), and
one feature of the ReLU model (`single_feature`). All are logistic curves. No ReLU elsewhere here.
Source: derived here; aligned modes as in Saxe et al. 2014, arXiv 1312.6120.
"""

from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory._checks import (
    as_number,
    check_broadcast,
    check_count,
    check_density,
    check_finite,
    check_importance,
    check_nonnegative,
    check_positive,
    real_array,
)
from theory._memory import check_pairs

Array = NDArray[np.float64]


def feature_variance(density: ArrayLike) -> Array:
    """v = p/3 - p²/4, the variance of a feature; raises ValueError for p outside (0, 1]."""
    p = check_density(density)
    return p / 3 - p**2 / 4


def loss(W: ArrayLike, *, importance: ArrayLike, density: ArrayLike) -> float:
    """L = Σ_ij I_i v_j (δ_ij - G_ij)², the population loss of the linear model at its best bias.

    W: (m, n); importance, density: scalar or (n,). Raises ValueError for an invalid one of them.
    """
    W, importance, variance = _model(W, importance, density)
    check_pairs("W", W, 2)
    error = np.eye(W.shape[1]) - W.T @ W
    return float(importance @ error**2 @ variance)


def velocity(W: ArrayLike, *, importance: ArrayLike, density: ArrayLike) -> Array:
    """Ẇ = -∂L/∂W (m, n) of `loss`, whose arguments it takes."""
    W, importance, variance = _model(W, importance, density)
    check_pairs("W", W, 3)
    pull = np.outer(importance, variance) * (np.eye(W.shape[1]) - W.T @ W)
    return 2 * W @ (pull + pull.T)


def gram_velocity(G: ArrayLike, *, importance: ArrayLike, density: ArrayLike) -> Array:
    """Ġ (n, n) at a symmetric G = WᵀW, for any importances and densities (scalar or (n,)).

    Raises ValueError unless G is square and finite, and for invalid importances or densities.
    """
    G = check_finite("G", G)
    if G.ndim != 2 or G.shape[0] != G.shape[1]:
        raise ValueError(f"Argument `G` must have shape (n, n), but has shape {G.shape}.")
    importance, variance = _per_feature(importance, density, len(G))
    pull = np.outer(importance, variance) * (np.eye(len(G)) - G)
    return 2 * ((pull + pull.T) @ G + G @ (pull + pull.T))


def logistic(t: ArrayLike, u0: ArrayLike, rate: ArrayLike) -> Array:
    """u(t) with u̇ = rate · u (1 - u), u(0) = u0 >= 0, for t >= 0 and rate >= 0; they broadcast.

    Raises ValueError for negative or infinite arguments.
    """
    t, u0 = check_nonnegative("t", t), check_nonnegative("u0", u0)
    rate = check_nonnegative("rate", rate)
    check_broadcast(t=t, u0=u0, rate=rate)
    decay = np.exp(-rate * t)
    return np.where(u0 > 0, u0 / np.where(u0 > 0, u0 + (1 - u0) * decay, 1.0), 0.0)


def logistic_time(u: ArrayLike, u0: ArrayLike, rate: ArrayLike) -> Array:
    """Time at which `logistic` reaches u: ln[u (1 - u0) / (u0 (1 - u))] / rate; they broadcast.

    Raises ValueError unless u0 and rate are positive and u lies between u0 and 1, where u = 1 is
    reached never; from u0 = 1 nothing moves, so that is refused as well.
    """
    u, u0, rate = check_finite("u", u), check_positive("u0", u0), check_positive("rate", rate)
    check_broadcast(u=u, u0=u0, rate=rate)
    passed = ((u0 <= u) & (u < 1)) | ((u > 1) & (u <= u0))
    if not np.all(passed):
        wrong = np.broadcast_to(u, passed.shape)[~passed].flat[0]
        raise ValueError(f"Argument `u` must lie from `u0` up to 1 exclusive, but is {wrong}.")
    return np.log(u * (1 - u0) / (u0 * (1 - u))) / rate


def isotropic_weights(
    t: ArrayLike, W0: ArrayLike, *, importance: float = 1.0, density: float
) -> Array:
    """W(t) (..., m, n) from any W(0) = W0 (m, n) with one importance I and one density p.

    Σ = s 1 with s = I v: Ġ = 8 s G(1 - G), so G keeps its eigenvectors, each eigenvalue is
    logistic of rate 8 s, and W = W0 e^{4st} [1 + (e^{8st} - 1) G(0)]^{-1/2} keeps its singular
    vectors. As t → ∞ G tends to the projector on the row space of W0 and the loss to
    s (n - rank W0): modes do not compete, and PCA has nothing to choose between. Singular values
    of W0 at the level of rounding are taken as 0, or they would grow. t: times >= 0.
    Raises ValueError for invalid arguments, among them an I or p that is not a scalar.
    """
    scale = as_number("importance", check_importance(importance))
    variance = as_number("density", feature_variance(density))
    W = _weights("W0", W0)
    left, singular, right = np.linalg.svd(W, full_matrices=False)
    rounding = np.finfo(np.float64).eps * max(W.shape)
    singular = np.where(singular > rounding * np.max(singular), singular, 0.0)
    rate = 8 * scale * variance
    mode = np.sqrt(logistic(real_array("t", t)[..., None], singular**2, rate))
    return (left * mode[..., None, :]) @ right


def mode_rates(importance: ArrayLike, density: ArrayLike) -> Array:
    """8 I_i v_i, the rates of the logistic curves of `aligned_modes`; arguments broadcast."""
    importance, variance = check_importance(importance), feature_variance(density)
    check_broadcast(importance=importance, density=variance)
    return 8 * importance * variance


def aligned_modes(
    t: ArrayLike, u0: ArrayLike, *, importance: ArrayLike, density: ArrayLike
) -> Array:
    """u_i(t) (..., n) of u_i = ‖W_i‖² from orthogonal columns: G(0) = diag(u0), u0 (n,).

    u̇_i = 8 I_i v_i u_i (1 - u_i) for any I and v: columns stay orthogonal, each grows on its own,
    in the order of I_i v_i when all start equal, at the times `logistic_time(u, u0, mode_rates)`.
    With m < n at most m of the u_i are not 0, those at 0 stay there, and the flow ends with the
    features it started with, which is not the optimum if others have larger I_i v_i. There is no
    competition for room in this solution; off it there is: a small overlap of a dropped feature
    with a kept one grows at `takeover_rate`, and where that is positive the end is a saddle.
    t: times >= 0.
    Raises ValueError for invalid arguments. Source: Saxe et al. 2014, arXiv 1312.6120, section 3.
    """
    u0 = check_nonnegative("u0", u0)
    if u0.ndim != 1:
        raise ValueError(f"Argument `u0` must have shape (n,), but has shape {u0.shape}.")
    importance, variance = _per_feature(importance, density, u0.size)
    return logistic(real_array("t", t)[..., None], u0, 8 * importance * variance)


def takeover_rate(importance: ArrayLike, density: ArrayLike) -> Array:
    """λ_ij (n, n): growth rate of a dropped W_i, small, along a kept unit W_j; 0 for i = j.

    λ_ij = 4 I_i v_i - 2 (I_j v_i + I_i v_j), about a state of m orthonormal kept columns that fill
    the hidden space. It is 2 (Σ_i - Σ_j) at uniform I or v: then only the optimum is stable. In
    general λ_ij < 0 if and only if I_j/I_i + v_j/v_i > 2, which allows Σ_i > Σ_j: the state is then
    a local minimum that is not the optimum. Raises ValueError unless an argument has shape (n,).
    Source: derived here.
    """
    importance, variance = _broadcast(importance, density)
    own = importance * variance
    cross = np.outer(variance, importance)
    return 4 * own[:, None] - 2 * (cross + cross.T)


def linear_optimum(m: int, importance: ArrayLike, density: ArrayLike) -> float:
    """Loss of the best linear model of m dimensions: the n - m smallest I_i v_i, summed.

    The lower bound (Eckart-Young): L = ‖Σ^½ - D^½ G C^½‖², and the second matrix has rank <= m; it
    holds for untied weights too. Tied weights attain it, for any I and v, by W_i orthonormal for
    the m features of largest I_i v_i and 0 for the others. importance, density: scalar or (n,),
    one of them (n,). Raises ValueError for arguments out of range.
    """
    m = check_count("m", m)
    importance, variance = _broadcast(importance, density)
    return float(np.sum(np.sort(importance * variance)[: max(len(variance) - m, 0)]))


def recovery(W: ArrayLike, *, density: ArrayLike) -> Array:
    """R_i² (n,) = 1 - E(x_i - x'_i)²/v_i of the linear model at its best bias; Σ R_i² <= rank W.

    The bound is `linear_optimum` at I_i = 1/v_i, so it holds for unequal densities as well.
    W: (m, n); density: scalar or (n,). Raises ValueError for an invalid one of them.
    """
    W, _, variance = _model(W, 1.0, density)
    check_pairs("W", W, 2)
    return 1 - (np.eye(W.shape[1]) - W.T @ W) ** 2 @ variance / variance


def single_feature_velocity() -> sp.Expr:
    """u̇ = (8/3) p I u (1 - u), u = ‖W‖², as sympy derives it, in symbols u, p, I.

    From L = p I ∫_0^1 (x - ReLU(u x))² dx with u >= 0, the loss of one feature of the ReLU model
    at b = 0, and u̇ = -4 u dL/du.
    """
    u, p, importance = sp.symbols("u p I", positive=True)
    x = sp.Symbol("x", positive=True)
    energy = p * importance * sp.integrate(sp.expand((x - u * x) ** 2), (x, 0, 1))
    velocity: Any = sp.factor(-4 * u * sp.diff(energy, u))
    return velocity


def single_feature(
    t: ArrayLike, u0: ArrayLike, *, importance: ArrayLike = 1.0, density: ArrayLike
) -> Array:
    """u(t) = ‖W(t)‖² of one feature of the ReLU model, b fixed at 0, one-active limit.

    `logistic` of rate (8/3) p I, see `single_feature_velocity`. Exact for n = 1; with more features
    it holds to first order in p for one that is orthogonal to the others. Arguments broadcast.
    Raises ValueError for invalid arguments.
    """
    t, u0 = check_nonnegative("t", t), check_nonnegative("u0", u0)
    rate = _single_rate(importance, density)
    check_broadcast(t=t, u0=u0, density=rate)
    return logistic(t, u0, rate)


def single_feature_time(
    u: ArrayLike, u0: ArrayLike, *, importance: ArrayLike = 1.0, density: ArrayLike
) -> Array:
    """Time at which `single_feature` reaches u; raises as `logistic_time`."""
    check_positive("importance", importance)
    u, u0, rate = real_array("u", u), real_array("u0", u0), _single_rate(importance, density)
    check_broadcast(u=u, u0=u0, density=rate)
    return logistic_time(u, u0, rate)


def _single_rate(importance: ArrayLike, density: ArrayLike) -> Array:
    p, importance = check_density(density), check_importance(importance)
    check_broadcast(importance=importance, density=p)
    return 8 / 3 * p * importance


def _model(W: ArrayLike, importance: ArrayLike, density: ArrayLike) -> tuple[Array, Array, Array]:
    """W (m, n), I (n,) and v (n,), checked."""
    W = _weights("W", W)
    return W, *_per_feature(importance, density, W.shape[1])


def _weights(name: str, W: ArrayLike) -> Array:
    """W (m, n), checked."""
    array = check_finite(name, W)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"Argument `{name}` must have shape (m, n), but has shape {array.shape}.")
    return array


def _per_feature(importance: ArrayLike, density: ArrayLike, n: int) -> tuple[Array, Array]:
    importance, variance = check_importance(importance), feature_variance(density)
    for name, array in (("importance", importance), ("density", variance)):
        if array.shape not in ((), (n,)):
            raise ValueError(
                f"Argument `{name}` must have shape () or ({n},), but has shape {array.shape}."
            )
    return np.broadcast_to(importance, (n,)), np.broadcast_to(variance, (n,))


def _broadcast(importance: ArrayLike, density: ArrayLike) -> tuple[Array, Array]:
    """I and v, each (n,), n the length of the one that is no scalar."""
    importance, density = check_importance(importance), check_density(density)
    shape = max(importance.shape, density.shape, key=len)
    if len(shape) != 1:
        raise ValueError(
            "Argument `importance` or `density` must have shape (n,), but they have shapes "
            f"{importance.shape} and {density.shape}."
        )
    return _per_feature(importance, density, shape[0])
