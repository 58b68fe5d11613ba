"""Symmetric pieces of a tegum product, all in one network: their exact losses and best shapes."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.linalg import block_diag
from scipy.optimize import minimize

import tms_physics as tp
from tms_physics import arrangements

from ._programs import once

Rows = dict[str, Any]
PIECES = {
    "single": np.ones((1, 1)),
    "5-cell": arrangements.simplex(4),
    "tetrahedron": arrangements.simplex(3),
    "triangle": arrangements.simplex(2),
    "digon": arrangements.digon(),
    "pentagon": arrangements.polygon(5),
    "square antiprism": arrangements.antiprism(4),
    "demipenteract": arrangements.demicube(5),
    "icosahedron": arrangements.icosahedron(),
}
SHAPED = "square antiprism"  # the one whose form is not fixed by its symmetry
DIMENSIONS = np.array([piece.shape[0] for piece in PIECES.values()])
FEATURES = np.array([piece.shape[1] for piece in PIECES.values()])
_OF = np.repeat(np.arange(len(PIECES)), FEATURES)  # the piece of each feature
_UNIT = block_diag(*PIECES.values())
_STARTS = ((1.2, -0.3), (0.95, 0.1))  # norm and bias
_STOP = {"gtol": 1e-8, "maxiter": 400}
_CALM = 1e-5  # slope of the loss over p: its error is of the order of the square
_RTOL = 1e-7


class Shape(NamedTuple):
    """Norm and bias of each piece (P,), angle of the antiprism's features to its axis."""

    norm: jax.Array
    bias: jax.Array
    tilt: jax.Array


def network(shape: Shape) -> tuple[jax.Array, jax.Array]:
    """(W, b) of all pieces in orthogonal subspaces."""
    place = list(PIECES).index(SHAPED)
    rows = slice(int(DIMENSIONS[:place].sum()), int(DIMENSIONS[: place + 1].sum()))
    columns = slice(int(FEATURES[:place].sum()), int(FEATURES[: place + 1].sum()))
    ring, sign = PIECES[SHAPED][:2], np.sign(PIECES[SHAPED][2:])
    ring = ring / np.linalg.norm(ring, axis=0)
    piece = jnp.concatenate([jnp.sin(shape.tilt) * ring, jnp.cos(shape.tilt) * sign])
    unit = jnp.asarray(_UNIT).at[rows, columns].set(piece)
    return unit * shape.norm[_OF][None], shape.bias[_OF]


@once
def _program() -> Any:
    """Loss over the density of all pieces together, and its slope; they do not see each other."""

    def value(flat: jax.Array, density: jax.Array) -> jax.Array:
        W, b = network(_shape(flat))
        p = jnp.broadcast_to(density, b.shape)
        return tp.PopulationLoss(jnp.ones_like(b), p, _RTOL)((W, b)) / density

    return jax.jit(jax.value_and_grad(value))


def _shape(flat: Any) -> Shape:
    count = len(PIECES)
    return Shape(flat[:count], flat[count : 2 * count], flat[-1])


def solve(cells: Rows) -> Rows:
    """Every piece at its best (C, P); result 1 where the slope did not vanish."""
    rows = [_solved(float(p)) for p in cells["density"]]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _solved(p: float) -> Rows:
    """From the better of two starts, piece by piece, down to where the slope vanishes."""
    count, program = len(PIECES), _program()

    def at(y: np.ndarray) -> tuple[float, np.ndarray]:
        value, slope = program(jnp.asarray(y), jnp.asarray(p))
        return float(value), np.asarray(slope)

    tilt = np.arccos(np.abs(PIECES[SHAPED][2, 0]))
    starts = [np.append(np.repeat(start, count), tilt) for start in _STARTS]
    best = np.argmin([_judged(y, p)["loss"] for y in starts], axis=0)
    chosen = [np.where(best == 0, *pair) for pair in np.transpose(_STARTS)]
    end = minimize(
        at, np.append(np.concatenate(chosen), tilt), jac=True, method="BFGS", options=_STOP
    )
    slope = float(np.max(np.abs(end.jac)))
    return _judged(end.x, p) | {"slope": np.float64(slope), "result": np.int32(slope > _CALM)}


def _judged(y: np.ndarray, p: float) -> Rows:
    """Norms, biases, losses per feature and D_i (P,) of the pieces; the error of all losses."""
    count = len(PIECES)
    W, b = network(_shape(jnp.asarray(y)))
    got = tp.evaluate_population(W, b, importance=1.0, density=p, rtol=_RTOL)
    first = np.cumsum(FEATURES) - FEATURES
    return {
        "norm": np.abs(y[:count]),
        "bias": y[count : 2 * count],
        "loss": np.asarray(got.outputs)[first],
        "dimensionality": np.asarray(tp.feature_dimensionality(W))[first],
        "error": np.float64(got.error),
    }
