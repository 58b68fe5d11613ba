"""Population loss of the absolute-value model of up to three features, by rays from the origin."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._checks import check_shape, density_vector, hidden_network, importance_vector
from .._memory import check_pairs
from .._types import Features, Number, Scalar, Weights

LARGEST = 3
_NODES = 5  # of Gauss on each piece of a line
_PANELS, _PANEL_NODES = 12, 4  # on the second coordinate of a face, three features active
_Points = Float[jax.Array, "..."]


def absolute_value_loss(
    W1: Weights,
    W2: Float[jax.Array | np.ndarray, "n m"],
    b: Features,
    *,
    importance: Number | Features,
    density: Number | Features,
) -> Scalar:
    """Σ_i I_i E(|x_i| - y_i)² of y = ReLU(W₂ ReLU(W₁ x) + b), features as in `SymmetricUniform`.

    As the hidden layer has no biases, y(r q) = ReLU(r c(q) + b) with c = W₂ ReLU(W₁ q) for r > 0:
    along a ray the loss is a polynomial with one kink, integrated in closed form. What is left is
    an integral of F(q) over the faces of the cube of the k active features:

        E_k = 2^-k Σ_faces ∫ F(q) dq,   F(q) = ∫_0^1 r^(k-1) Σ_i I_i (r |q_i| - y_i(r q))² dr

    Two points for k = 1, so exact. Lines for k = 2: Gauss on pieces between the kinks of c and its
    crossings of -b, which are known; exact where b = 0, as the integrand is a square there. Lines
    on faces for k = 3, with a composite Gauss rule across them. Relative errors of a few 1e-6 in
    random networks with biases. The gradient is that of the rule.

    **Arguments:** `W1` (m, n), `W2` (n, m), `b` (n,), n <= 3; `importance` I >= 0 and `density` p
    in (0, 1], numbers or (n,). jit-, grad- and vmap-able. Raises `ValueError` for other values or
    shapes. Elhage et al. 2022, "Computation in superposition"; derived here.
    """
    W1, W2, b = hidden_network(W1, W2, b)
    n = b.shape[0]
    check_shape("W1", W1, f"(m, n) with n <= {LARGEST}", n <= LARGEST)
    weight, p = importance_vector(importance, n), density_vector(density, n)
    total = jnp.prod(1 - p) * (jnp.maximum(b, 0.0) ** 2 @ weight)
    for k in range(1, n + 1):
        starts, along, measure, active = (jnp.asarray(a, b.dtype) for a in _lines(n, k))
        share = measure * jnp.prod(jnp.where(active > 0, p[None], 1 - p[None]), axis=1)
        each = jax.vmap(lambda start, d, k=k: _face(start, d, W1, W2, b, k))(starts, along)
        total = total + share @ (each @ weight)
    return total


def one_active_losses(
    W1: Weights, W2: Float[jax.Array | np.ndarray, "n m"], b: Features
) -> _Points:
    """E(|x_i| - y_i)² given that x_j alone is active, (n, n) with j the row and i the output.

    Exact for any n: y is linear in |x_j| but for one kink. Arguments as in `absolute_value_loss`.
    """
    W1, W2, b = hidden_network(W1, W2, b)
    check_pairs("W1", W1, 10)

    def given(direction: _Points) -> _Points:
        return _ray(jnp.abs(direction), W2 @ jax.nn.relu(W1 @ direction), b, 1)

    units = jnp.eye(b.shape[0], dtype=b.dtype)
    return (jax.vmap(given)(units) + jax.vmap(given)(-units)) / 2


@functools.cache
def _lines(n: int, k: int) -> tuple[np.ndarray, ...]:
    """The faces of the cubes of k active features, cut into lines.

    Points on them and unit vectors along them (L, n), their weights (L,) over 2^k, and the active
    features (L, n). Points and no direction for k = 1.
    """
    rows = []
    for axes in itertools.combinations(range(n), k):
        for axis, sign in itertools.product(axes, (-1.0, 1.0)):
            others = [j for j in axes if j != axis]
            across = zip(*_composite(), strict=True) if k == 3 else [(0.0, 1.0)]
            for at, weight in across:
                start, along, active = np.zeros((3, n))
                start[axis], active[list(axes)] = sign, 1.0
                if k > 1:
                    along[others[0]] = 1.0
                if k == 3:
                    start[others[1]] = at
                rows.append((start, along, weight / 2**k, active))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def _face(start: _Points, along: _Points, W1: _Points, W2: _Points, b: _Points, k: int) -> _Points:
    if k == 1:
        return _ray(jnp.abs(start), W2 @ jax.nn.relu(W1 @ start), b, k)
    return _line(start, along, W1, W2, b, k)


def _line(start: _Points, along: _Points, W1: _Points, W2: _Points, b: _Points, k: int) -> _Points:
    """∫ F(start + s along) ds over s in [-1, 1], each output apart (n,), `along` a unit vector."""
    z, slope = W1 @ start, W1 @ along
    kinks = jnp.where(slope == 0, 1.0, -z / jnp.where(slope == 0, 1.0, slope))
    grid = jnp.sort(jnp.concatenate([jnp.clip(kinks, -1, 1), jnp.array([-1.0, 0.0, 1.0], b.dtype)]))
    c = jax.nn.relu(z[None] + grid[:, None] * slope[None]) @ W2.T
    c0, c1, left, width = c[:-1], c[1:], grid[:-1, None], jnp.diff(grid)[:, None]
    fall = c0 - c1
    split = jnp.where(fall == 0, 1.0, (c0 + b[None]) / jnp.where(fall == 0, 1.0, fall))
    split = jnp.clip(split, 0.0, 1.0)
    nodes, weights = (jnp.asarray(a, b.dtype) for a in _gauss(_NODES))
    total = jnp.zeros_like(b)
    for low, high in ((jnp.zeros_like(split), split), (split, jnp.ones_like(split))):
        at = low[..., None] + (high - low)[..., None] * nodes[None, None]
        s = left[..., None] + width[..., None] * at
        target = jnp.abs(start[None, :, None] + s * along[None, :, None])
        values = _ray(target, c0[..., None] - fall[..., None] * at, b[None, :, None], k)
        total = total + jnp.sum(values @ weights * (high - low) * width, axis=0)
    return total


def _ray(target: _Points, c: _Points, b: _Points, k: int) -> _Points:
    """∫_0^1 r^(k-1) (r target - ReLU(r c + b))² dr."""
    flat = c == 0
    root = jnp.clip(-b / jnp.where(flat, 1.0, c), 0.0, 1.0)
    low = jnp.where(c > 0, root, 0.0)
    high = jnp.where(c > 0, 1.0, jnp.where(flat, jnp.where(b > 0, 1.0, 0.0), root))

    def antiderivative(r: _Points) -> _Points:
        square, cross, constant = c * (c - 2 * target), 2 * b * (c - target), b**2
        return r**k * (constant / k + r * (cross / (k + 1) + r * square / (k + 2)))

    return target**2 / (k + 2) + antiderivative(high) - antiderivative(low)


def _gauss(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2


def _composite() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of a composite Gauss rule on [-1, 1]."""
    nodes, weights = _gauss(_PANEL_NODES)
    at = (np.arange(_PANELS)[:, None] + nodes).ravel() * (2 / _PANELS) - 1
    return at, np.tile(weights, _PANELS) * (2 / _PANELS)
