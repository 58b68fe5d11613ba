"""Products over many features of one density, by one interpolation for all of them.

log Π_j F_j = Σ_j λ(s g_j), with λ(u) = log(1 + φ(u) p/(1-p)): at each node one and the same
function of g for every row and every feature. It is interpolated at D Chebyshev points g_q, so that
Σ_j λ(s_k g_ij) = Σ_q w_iq λ(s_k g_q), where w_iq = Σ_j ℓ_q(g_ij) are sums of Lagrange
polynomials: n² K values of λ become n² D multiplications for w, D K values of λ, and a product of
matrices. Whether D points suffice at a node is seen from the last Chebyshev coefficients of λ.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from .nodes import BLOCK, SHIFT, STEP
from .product import Others, Pair, inverse, mean_phase, mean_phase_slope, powers, times

_LOW, _HIGH = 16, 16  # degrees are a + 16 b
POINTS = _LOW * _HIGH
_LAST = 16  # coefficients that must have died away
_SHARE = 1e-6  # of the relative tolerance times p |s|²: what they may be
_DENSEST = 0.5  # above it log F has singularities too near
_LARGEST_LOG = 600.0  # of Π 1/(1 - p), so that its inverse is a number
_LEAST = 1e-30
_BEND = 2.0  # g = γ sinh(βy)/sinh(β), y in [-1, 1]: finer near g = 0, where λ varies most
_STRETCH = float(np.sinh(_BEND))


class Series(NamedTuple):
    """Largest coupling γ, weights w (rows, D), where a coupling counts (rows, others), u = g/γ of
    the same shape, the density p, log Π (1 - p_j) (rows,), and whether the densities are equal."""

    largest: Array
    weights: Array
    counts: Array
    scaled: Array
    density: Array
    log_none: Array
    equal: Array


class Table(NamedTuple):
    """λ and φ p/(1-p) at the nodes of a block and the points: (BLOCK, D), and if D suffices."""

    log: Pair
    odds: Pair
    good: Array


def points() -> np.ndarray:
    """Chebyshev points of the first kind (D,)."""
    return np.cos(np.pi * (np.arange(POINTS) + 0.5) / POINTS)


def _to_coefficients() -> np.ndarray:
    """Matrix (D, D): Chebyshev coefficients from values at the points."""
    degree = np.arange(POINTS)[:, None]
    norm = np.where(degree == 0, 1.0, 2.0) / POINTS
    return norm * np.cos(np.pi * degree * (np.arange(POINTS) + 0.5)[None] / POINTS)


def _chebyshev(u: Array, count: int) -> list[Array]:
    out = [jnp.ones_like(u), u]
    while len(out) < count:
        out.append(2 * u * out[-1] - out[-2])
    return out


def _factors(u: Array) -> tuple[Array, Array]:
    """T_a(u) for a < 16 and T_{16 b}(u) for b < 16, stacked after the rows."""
    low = _chebyshev(u, _LOW + 1)
    high = _chebyshev(low[_LOW], _HIGH)
    return jnp.stack(low[:_LOW], axis=1), jnp.stack(high, axis=1)


def _unfold() -> np.ndarray:
    """Matrix (D, D) from products T_a T_{16 b}, in the order (b, a), to T_{16 b + a}.

    T_{16 b + a} = 2 T_a T_{16 b} - T_{16 b - a}, and 16 b - a is of the same kind.
    """
    out = np.zeros((POINTS, POINTS))
    for degree in range(POINTS):
        b, a = divmod(degree, _LOW)
        if a == 0 or b == 0:
            out[degree, b * _LOW + a] = 1.0
        else:
            out[degree] = -out[_LOW * b - a]
            out[degree, b * _LOW + a] += 2.0
    return out


_CARDINAL = _unfold().T @ _to_coefficients()  # (products, points)


def prepare(g: Array, p: Array) -> Series:
    """g, p (others, rows), p = 0 where a coupling does not count."""
    counts = (p > 0).T
    largest = lax.stop_gradient(jnp.maximum(jnp.max(jnp.abs(g)), _LEAST))
    scaled = jnp.arcsinh(g.T * (_STRETCH / largest)) / _BEND
    low, high = _factors(scaled)
    low = jnp.where(counts[:, None], low, 0.0)
    products = jnp.einsum("ibj,iaj->iba", high, low, precision=lax.Precision.HIGHEST)
    weights = jnp.matmul(
        products.reshape(-1, POINTS), jnp.asarray(_CARDINAL, g.dtype),
        precision=lax.Precision.HIGHEST,
    )  # fmt: skip
    density = jnp.max(p)
    log_none = jnp.sum(counts, axis=1) * jnp.log1p(-jnp.minimum(density, _DENSEST))
    equal = jnp.all((p == density) | (p == 0)) & (density <= _DENSEST)
    return Series(
        largest, weights, counts, scaled, density, log_none,
        equal & (jnp.min(log_none) > -_LARGEST_LOG),
    )  # fmt: skip


def _at_points(series: Series, first: Array) -> tuple:
    dtype = series.weights.dtype
    k = first + jnp.arange(BLOCK, dtype=dtype)[:, None]
    g = series.largest * jnp.asarray(np.sinh(_BEND * points()) / _STRETCH, dtype)[None]
    return powers(g, k), k, series.density / (1 - jnp.minimum(series.density, _DENSEST))


def table(series: Series, first: Array, rtol: Array) -> Table:
    at, k, odds = _at_points(series, first)
    phi = mean_phase(at, k)
    x, y = odds * phi[0], odds * phi[1]
    log = 0.5 * jnp.log1p(2 * x + x * x + y * y), jnp.arctan2(y, 1 + x)
    last = jnp.asarray(_to_coefficients()[-_LAST:].T, x.dtype)
    tails = [jnp.max(jnp.abs(jnp.matmul(part, last))) for part in log]
    size = SHIFT**2 + (STEP * first) ** 2
    allowed = _SHARE * rtol * series.density * size
    good = jnp.maximum(tails[0], tails[1]) <= allowed
    return Table(log, (x, y), good & series.equal)


def products(series: Series, at: Table) -> Others:
    """n and t of all rows at the nodes of a block: each (BLOCK, rows)."""

    def total(values: Array) -> Array:
        return jnp.matmul(values, series.weights.T, precision=lax.Precision.HIGHEST)

    log, odds = [total(x) for x in at.log], [total(x) for x in at.odds]
    none, size = jnp.exp(series.log_none)[None], jnp.expm1(log[0])
    real = size * jnp.cos(log[1]) - 2 * jnp.sin(log[1] / 2) ** 2
    some = none * real, none * (size + 1) * jnp.sin(log[1])
    return Others(some, (some[0] - none * odds[0], some[1] - none * odds[1]))


def slopes_at_points(series: Series, first: Array, whole: Pair, single: Pair) -> Array:
    """Σ_k Re[whole_k λ' - single_k Π(1-p) φ' p/(1-p)] at the points, over a block: (rows, D)."""
    at, k, odds = _at_points(series, first)
    phi, slope = mean_phase(at, k), mean_phase_slope(at, k)
    of_odds = odds * slope[0], odds * slope[1]
    of_log = times(of_odds, inverse((1 + odds * phi[0], odds * phi[1])))
    none = jnp.exp(series.log_none)[None]

    def total(rows: Array, values: Array) -> Array:
        return jnp.matmul(rows.T, values, precision=lax.Precision.HIGHEST)

    out = total(whole[0], of_log[0]) - total(whole[1], of_log[1])
    return out - total(none * single[0], of_odds[0]) + total(none * single[1], of_odds[1])


def at_couplings(series: Series, values: Array) -> Array:
    """The interpolant through values (rows, D) at every coupling: (others, rows)."""
    coefficients = jnp.matmul(
        values, jnp.asarray(_CARDINAL.T, values.dtype), precision=lax.Precision.HIGHEST
    )
    low, high = _factors(series.scaled)
    shape = (-1, _HIGH, _LOW)
    partial = jnp.einsum(
        "iba,iaj->ibj", coefficients.reshape(shape), low, precision=lax.Precision.HIGHEST
    )
    return jnp.where(series.counts, jnp.sum(partial * high, axis=1), 0.0).T
