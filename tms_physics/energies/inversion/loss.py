"""The population loss of each output for any number of features, with its derivatives."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.custom_derivatives import SymbolicZero

from . import moments
from .few_active import aliases, few_active
from .idle import complementary
from .kernel import Rows
from .rows import Inverted, invert, inverted_with_slopes
from .support import period

_TAIL = 5.0  # -log of the share beyond the period, in units of rtol p
_LEAST_TOLERANCE = 1e-12
_ROUNDING = 4.0, 0.5  # units of the last place of each term: fixed, and for each √feature


class OutputLosses(NamedTuple):
    """E(x_i - x'_i)² (n,), an error estimate of each, blocks of nodes used."""

    losses: Array
    errors: Array
    blocks: Array


@jax.custom_jvp
def _inverted(rows: Rows, rest: Array, importance: Array, tolerance: Array) -> Inverted:
    return invert(rows, rest, importance, tolerance)


def _inverted_jvp(primals: tuple, tangents: tuple) -> tuple[Inverted, Inverted]:
    """All slopes of a row are computed once, whatever the number of directions."""
    out, slopes = inverted_with_slopes(*primals)
    rows: Rows = tangents[0]
    value = jnp.zeros_like(out.value)
    for slope, change in (
        (slopes.bias, rows.bias),
        (slopes.own, rows.own),
        (slopes.couplings, rows.couplings),
        (slopes.cumulants, rows.cumulants),
    ):
        if not isinstance(change, SymbolicZero):
            product = slope * change
            value = value + (product if product.ndim == 1 else jnp.sum(product, axis=0))
    densities = rows.own_density, rows.densities
    if not all(isinstance(change, SymbolicZero) for change in densities):
        value = value + _slope_in_densities(primals, densities)
    zero = jnp.zeros_like(out.value)
    blocks = jnp.zeros((), jax.dtypes.float0)
    return out, Inverted(value, zero, blocks)


def _slope_in_densities(primals: tuple, changes: tuple[Array, Array]) -> Array:
    """Forward mode only: one pass over the nodes for each direction."""
    rows, *others = primals
    own, densities = (
        jnp.zeros_like(value) if isinstance(change, SymbolicZero) else change
        for value, change in zip((rows.own_density, rows.densities), changes, strict=True)
    )

    def value(own_density: Array, of_others: Array) -> Array:
        changed = rows._replace(own_density=own_density, densities=of_others)
        return invert(changed, *others).value

    return jax.jvp(value, (rows.own_density, rows.densities), (own, densities))[1]


_inverted.defjvp(_inverted_jvp, symbolic_zeros=True)


def output_losses(
    W: Array, b: Array, importance: Array, density: Array, tolerance: Array
) -> OutputLosses:
    """E(x_i - x'_i)² of every output; Σ_i I_i error_i ≤ tolerance[0] L + tolerance[1] if it can.

    W (m, n); b, importance, density (n,).
    """
    n = b.shape[0]
    gram = jnp.matmul(W.T, W, precision=lax.Precision.HIGHEST)
    diagonal = jnp.eye(n, dtype=bool)
    own, couplings = jnp.diagonal(gram), jnp.where(diagonal, 0.0, gram)
    asked = jnp.maximum(tolerance[0], _LEAST_TOLERANCE) * jnp.min(density)
    scale = period(
        b, own, couplings, jnp.where(diagonal, 0.0, density[None]), _TAIL - jnp.log(asked)
    )
    scale = lax.stop_gradient(scale)
    bias, own = b / scale, own / scale
    couplings, others = (
        couplings / scale[None],
        jnp.where(diagonal, 0.0, complementary(density)[:, None]),
    )  # G = Gᵀ

    small = jnp.abs(couplings) < moments.SMALL
    of_small = moments.cumulants(jnp.where(small, couplings, 0.0), jnp.where(small, others, 0.0))
    couplings, others = jnp.where(small, 0.0, couplings), jnp.where(small, 0.0, others)
    left = moments.remainders(couplings, others, of_small)
    known = few_active(bias + of_small[0], own, density, couplings, others, scale)
    shifted = aliases(bias, own, density, scale, left)
    rest = density / 3 + scale**2 * (known - shifted)

    rows = Rows(bias, own, density, scale, couplings, others, of_small)
    out = _inverted(rows, *lax.stop_gradient((rest, importance, tolerance)))
    dead = b + jnp.sum(jnp.maximum(gram, 0.0), axis=1) <= 0
    size = jnp.abs(known) + jnp.abs(shifted)
    terms = density / 3 + jnp.where(dead, 0.0, scale**2 * size + jnp.abs(out.value))
    ulps = (_ROUNDING[0] + _ROUNDING[1] * n**0.5) * jnp.finfo(terms.dtype).eps
    return OutputLosses(
        jnp.where(dead, density / 3, rest + out.value),
        lax.stop_gradient(jnp.where(dead, 0.0, out.error) + ulps * terms),
        out.blocks,
    )
