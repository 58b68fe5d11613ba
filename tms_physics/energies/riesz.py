"""Pair energies of particles: Riesz, logarithmic, frame potential, ReLU² interference."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from .._checks import check_not_negative, check_shape, check_values, real_array
from .._memory import check_pairs
from .._types import Number, Scalar

Particles = Float[Array | np.ndarray, "d N"]
_WIDE = 1 << 20  # pairs times configurations that a GPU treats at once


def _particles(X: Particles) -> Array:
    array = real_array("X", X)
    check_shape("X", array, "(d, N)", array.ndim == 2 and array.size > 0)
    return check_values("X", array, "finite", jnp.isfinite)


def riesz_energy(X: Particles, *, s: Number = 1.0) -> Scalar:
    """E = Σ_{i<j} |r_i - r_j|^-s; for s = 0 the logarithmic energy -Σ_{i<j} log |r_i - r_j|.

    s = 1 on the sphere S² is the Thomson problem, s → ∞ the Tammes problem; the logarithmic energy
    is lim (E_s - N(N-1)/2)/s (Brauchart and Grabner 2015, J. Complexity 31, 293, section 1.1).

    **Arguments:** `X`: particles are columns (d, N), on a sphere or anywhere; `s` ≥ 0. Infinite
    where two particles coincide. Differences are formed before they are squared, so close pairs
    keep their relative accuracy. jit-, grad- and vmap-able. Raises `ValueError` for other shapes
    and values.
    """
    X, s = _particles(X), check_not_negative("s", s)
    check_pairs("X", X, 1 + X.shape[0])
    i, j = np.triu_indices(X.shape[1], 1)
    squares = jnp.sum((X[:, i] - X[:, j]) ** 2, axis=0)
    logarithms = -0.5 * jnp.log(squares)
    if isinstance(s, Array):
        s = check_values("s", s, "finite and >= 0", lambda a: jnp.isfinite(a) & (a >= 0))
        s = s.astype(X.dtype)
        return jnp.where(s == 0, jnp.sum(logarithms), jnp.sum(jnp.exp(s * logarithms)))
    return jnp.sum(logarithms if s == 0 else squares ** (-0.5 * s))


def frame_potential(X: Particles) -> Scalar:
    """Σ_{i,j} (x_i·x_j)², for particles X (d, N).

    At least (Σ‖x_i‖²)²/d, with equality exactly for tight frames, X Xᵀ ∝ 1 (Benedetto and Fickus
    2003, Adv. Comput. Math. 18, 357). Raises `ValueError` for other shapes.
    """
    X = _particles(X)
    check_pairs("X", X, 2, "rows")
    return jnp.sum((X @ X.T) ** 2)


def relu_interference(X: Particles) -> Scalar:
    """Σ_{i≠j} max(x_i·x_j, 0)², for particles X (d, N).

    What sparse features of equal norms lose to each other under a ReLU without bias, up to a
    factor (Elhage et al. 2022, "The geometry of superposition"). Raises `ValueError` for other
    shapes.
    """
    X = _particles(X)
    check_pairs("X", X, 3)
    gram = X.T @ X
    return jnp.sum(jnp.maximum(gram - jnp.diag(jnp.diagonal(gram)), 0.0) ** 2)


class RieszEnergy(eqx.Module):
    """`riesz_energy` as an energy for `particle_minima`: with charges, and for many at once.

    A charge of 0 takes a particle out without changing a shape, so that one compiled program
    serves many N. **Arguments:** `s` ≥ 0, a Python number (static, as the powers are compiled in).
    """

    s: float = eqx.field(static=True)

    def __init__(self, s: float = 1.0):
        self.s = float(check_not_negative("s", s))

    def __call__(self, X: Particles) -> Scalar:
        return riesz_energy(X, s=self.s)

    def charged(self, X: Float[Array, "d N"], charges: Float[Array, " N"]) -> Scalar:
        """Σ_{i<j} q_i q_j |r_i - r_j|^-s with charges q of 0 or 1."""
        check_pairs("X", X, 2 + X.shape[0])
        i, j = np.triu_indices(X.shape[1], 1)
        q = charges[i] * charges[j]
        squares = jnp.sum((X[:, i] - X[:, j]) ** 2, axis=0)
        return jnp.sum(q * self._pair(jnp.where(q > 0, squares, 1.0))[0])

    def slopes(
        self, X: Float[Array, "d N B"], charges: Float[Array, " N"]
    ) -> tuple[Float[Array, " B"], Float[Array, "d N B"]]:
        """Energies and gradients of B configurations.

        ∇_iE = -Σ_j f_ij (r_i - r_j), f = s r^(-s-2). The other particles are taken one after the
        other on a CPU (nothing larger than X is kept), many at a time on a GPU.
        """
        d, n, lanes = X.shape
        block = _block(n, lanes)
        index = jnp.arange(n)

        def add(sums: tuple[Array, Array], first: Array) -> tuple[tuple[Array, Array], None]:
            others = jax.lax.dynamic_slice_in_dim(X, first, block, axis=1)
            theirs = jax.lax.dynamic_slice_in_dim(charges, first, block)
            away = index[:, None] != (first + jnp.arange(block))[None]
            q = (charges[:, None] * theirs[None] * away)[:, :, None]
            apart = X[:, :, None] - others[:, None]
            value, force = self._pair(jnp.sum(apart**2, axis=0) + (1 - q))
            energies = sums[0] + jnp.sum(q * value, axis=1)
            return (energies, sums[1] - jnp.sum((q * force)[None] * apart, axis=2)), None

        zero = jnp.zeros((n, lanes), X.dtype), jnp.zeros((d, n, lanes), X.dtype)
        (energies, gradient), _ = jax.lax.scan(add, zero, jnp.arange(0, n, block))
        return 0.5 * jnp.sum(energies, axis=0), gradient

    def _pair(self, squares: Array) -> tuple[Array, Array]:
        """The energy of pairs at distances r, and f = s r^(-s-2), from r²."""
        inverse = jax.lax.rsqrt(squares)
        if self.s == 0:
            return -0.5 * jnp.log(squares), inverse**2
        power = int(self.s) if self.s == int(self.s) and self.s <= 64 else self.s
        value = inverse**power
        return value, self.s * value * inverse**2


def _block(n: int, lanes: int) -> int:
    """Particles treated at once: 1 on a CPU, else a divisor of n that fits."""
    if jax.default_backend() == "cpu":
        return 1
    return max(k for k in range(1, n + 1) if n % k == 0 and (k == 1 or k * n * lanes <= _WIDE))
