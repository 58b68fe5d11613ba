"""Π_j F_j over the other features, less what is known in closed form, without cancellation.

With F_j = q_j + f_j (idle or active) and a = Π_j q_j: n = Π_j F_j - a is the part with at least
one active feature, t = n - Σ_j f_j a/q_j the part with at least two. Both are built up by
multiplication, (a, n, t)·(a', n', t') = (a a', n n' + a n' + a' n, n n' + a t' + a' t), so that a
sparse model keeps all digits.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.custom_derivatives import SymbolicZero

from .idle import LEAST_IDLE, all_idle, product_error, scaled
from .nodes import BLOCK, SHIFT, STEP

Pair = tuple[Array, Array]  # real and imaginary part: compiled code of complex numbers is slower
_SMALLEST = 1e-30  # couplings are kept above, in size
_NEAR, _TERMS = 0.35, 13  # where the series of e^x - 1 is taken, its terms
_ALWAYS = 1e-8  # 1 - p below it: the odds are too large to be added to others


def times(x: Pair, y: Pair) -> Pair:
    """The complex product."""
    return x[0] * y[0] - x[1] * y[1], x[0] * y[1] + x[1] * y[0]


class Others(NamedTuple):
    """Parts n (one or more active) and t (two or more), each (real, imaginary)."""

    some: Pair
    several: Pair


def _merge(x: tuple[Array, ...], y: tuple[Array, ...]) -> tuple[Array, ...]:
    a, n, t = x[0], x[1:3], x[3:5]
    b, m, u = y[0], y[1:3], y[3:5]
    both = times(n, m)  # type: ignore[arg-type]
    n = [both[k] + a * m[k] + b * n[k] for k in (0, 1)]
    t = [both[k] + a * u[k] + b * t[k] for k in (0, 1)]
    return a * b, *n, *t


def _reduce(idle: Array, real: Array, imag: Array) -> tuple[Array, ...]:
    """Pairs of features first, which runs in vector instructions, then one after the other.

    What rounding takes from the idle part of a pair goes to its active one, so that all pairs of
    equal features do not lose the same."""
    if idle.shape[0] % 2:
        idle, real, imag = (
            jnp.pad(x, ((0, 1), (0, 0)), constant_values=value)
            for x, value in ((idle, 1.0), (real, 0.0), (imag, 0.0))
        )
    none = jnp.zeros_like(real)
    half = idle.shape[0] // 2
    parts = (idle, real, imag, none, none)
    none, *active = _merge(tuple(x[:half] for x in parts), tuple(x[half:] for x in parts))
    lost = product_error(idle[:half], idle[half:])
    pairs = (none, active[0] + lost, active[1], active[2] + lost, active[3])
    one, zero = np.ones((), idle.dtype), np.zeros((), idle.dtype)
    return tuple(lax.reduce(pairs, (one, zero, zero, zero, zero), _merge, (0,)))


@jax.custom_jvp
def _product(idle: Array, real: Array, imag: Array) -> tuple[Array, ...]:
    return _reduce(idle, real, imag)


def _product_jvp(primals: tuple, tangents: tuple) -> tuple[tuple, tuple]:
    """n' = Σ_j f_j' Π/F_j and t' = Σ_j f_j' (Π/F_j - a/q_j): sums, where a product takes a tree."""
    idle, real, imag = primals
    out = _product(*primals)
    zero = jnp.zeros_like(real)
    of_idle, *of_active = (zero if isinstance(x, SymbolicZero) else x for x in tangents)
    a, whole = out[0][None], ((out[0] + out[1])[None], out[2][None])
    share = times(whole, inverse((idle + real, imag)))
    some = times((of_active[0] + of_idle, of_active[1]), share)
    single = a / idle
    several = [some[k] - of_active[k] * single for k in (0, 1)]
    some = some[0] - of_idle * single, some[1]
    if not isinstance(tangents[0], SymbolicZero):
        rest = _active_besides(idle, (real, imag))
        several[0] = several[0] - of_idle * single * (1 + rest[0])
        several[1] = several[1] - of_idle * single * rest[1]
    parts = [jnp.sum(x, axis=0) for x in (of_idle * single, *some, *several)]
    return out, tuple(parts)


def _active_besides(idle: Array, active: Pair) -> Pair:
    """Σ_{l≠j} f_l/q_l for every j."""
    odds = active[0] / idle, active[1] / idle
    always = idle < _ALWAYS
    return tuple(
        jnp.where(
            always,
            jnp.sum(jnp.where(always, 0.0, x), axis=0, keepdims=True),
            jnp.sum(x, axis=0, keepdims=True) - x,
        )
        for x in odds
    )  # type: ignore[return-value]


_product.defjvp(_product_jvp, symbolic_zeros=True)


def inverse(x: Pair) -> Pair:
    """1/x, and 0 at 0."""
    size = x[0] * x[0] + x[1] * x[1]
    factor = jnp.where(size > 0, 1.0 / jnp.where(size > 0, size, 1.0), 0.0)
    return x[0] * factor, -x[1] * factor


class Powers(NamedTuple):
    """e^{s g} - 1 at node k and the step from one node to the next, arrays like g and 1/g."""

    g: Array
    inverse: Array
    now: Pair
    step: Pair


def powers(g: Array, first: Array) -> Powers:
    """At node `first`."""
    g = jnp.where(jnp.abs(g) < _SMALLEST, _SMALLEST, g)
    angle = STEP * g
    damp, start = _expm1(SHIFT * g), _expm1_imaginary(angle * first)
    now = start[0] * (1 + damp) + damp, start[1] * (1 + damp)
    return Powers(g, 1 / g, now, _expm1_imaginary(angle))


def _expm1(x: Array) -> Array:
    """e^x - 1 with a mean error of 0: the library's is 1e-7 too small in single precision."""
    near = jnp.abs(x) < _NEAR
    small, out = jnp.where(near, x, 0.0), jnp.ones_like(x)
    for k in range(_TERMS, 1, -1):
        out = 1 + out * small / k
    return jnp.where(near, small * out, jnp.exp(x) - 1)


def _expm1_imaginary(angle: Array) -> Pair:
    return -2 * jnp.sin(angle / 2) ** 2, jnp.sin(angle)


def advance(at: Powers) -> Powers:
    """The next node: (1 + x)(1 + y) - 1 = x + y + xy keeps the digits of small couplings."""
    both = times(at.now, at.step)
    return at._replace(now=(at.now[0] + at.step[0] + both[0], at.now[1] + at.step[1] + both[1]))


def mean_phase(at: Powers, k: Array) -> Pair:
    """φ(s_k g)."""
    omega = STEP * k
    raw = times(at.now, (jnp.asarray(SHIFT, at.g.dtype), -omega))
    inverse = 1 / (at.g * (SHIFT**2 + omega**2))  # 1/g times 1/|s|² would round |s|² for all alike
    return raw[0] * inverse, raw[1] * inverse


def mean_phase_slope(at: Powers, k: Array) -> Pair:
    """s_k φ'(s_k g) = (e^{sg} - φ)/g, by its series where that would cancel."""
    phi = mean_phase(at, k)
    s = (jnp.asarray(SHIFT, at.g.dtype), STEP * k)
    u = s[0] * at.g, s[1] * at.g
    square = times(u, u)
    near = jnp.abs(at.g) * (s[0] + s[1]) < jnp.finfo(at.g.dtype).eps ** 0.25
    series = times(s, (0.5 + u[0] / 3 + square[0] / 8, u[1] / 3 + square[1] / 8))
    far = tuple((at.now[part] + (1 - part) - phi[part]) * at.inverse for part in (0, 1))
    return jnp.where(near, series[0], far[0]), jnp.where(near, series[1], far[1])


def block_products(at: Powers, p: Array, first: Array) -> tuple[Others, Powers]:
    """n and t at the nodes of a block, each (BLOCK, rows), and the powers at the next node.

    `at` and p (others, rows).
    """
    idle, weight, common = scaled(p)

    def node(at: Powers, k: Array) -> tuple[Powers, tuple[Array, ...]]:
        phi = mean_phase(at, k)
        return advance(at), _product(idle, weight * phi[0], weight * phi[1])[1:]

    at, out = lax.scan(node, at, first + jnp.arange(BLOCK, dtype=p.dtype))
    n0, n1, t0, t1 = (x * common[None] for x in out)
    return Others((n0, n1), (t0, t1)), at


def least_active(p: Array) -> tuple[Array, Array]:
    """P(at least one of the others is active) and P(at least two): (rows,)."""
    idle, weight, common = scaled(p)
    _, some, _, several, _ = _product(idle, weight, jnp.zeros_like(p))
    none = all_idle(p)
    one = none * jnp.sum(p / jnp.maximum(1 - p, LEAST_IDLE), axis=0)
    often = common < 0.05  # many sparse features, alike or not: their roundings add up in a product
    some, several = common * some, common * several
    return jnp.where(often, 1 - none, some), jnp.where(often, 1 - none - one, several)


def block_slopes(
    at: Powers, p: Array, first: Array, whole: Pair, single: Pair
) -> tuple[Array, Powers]:
    """Σ_k Re[(whole_k/F_j - single_k a_j) p_j s_k φ'(s_k g_j)] over a block: (others, rows).

    whole, single (BLOCK, rows); a_j = Π_{l≠j} (1 - p_l). Also the powers at the next node.
    """
    idle = jnp.maximum(1 - p, LEAST_IDLE)
    alone = p * jnp.prod(idle, axis=0, keepdims=True) / idle

    def node(carry: tuple[Powers, Array], x: tuple) -> tuple[tuple[Powers, Array], None]:
        (at, total), (k, *of_rows) = carry, x
        w0, w1, v0, v1 = (value[None] for value in of_rows)
        phi, slope = mean_phase(at, k), mean_phase_slope(at, k)
        share = times((w0, w1), inverse((idle + p * phi[0], p * phi[1])))
        factor = p * share[0] - alone * v0, p * share[1] - alone * v1
        return (advance(at), total + factor[0] * slope[0] - factor[1] * slope[1]), None

    nodes = first + jnp.arange(BLOCK, dtype=p.dtype)
    (at, total), _ = lax.scan(node, (at, jnp.zeros_like(p)), (nodes, *whole, *single))
    return total, at
