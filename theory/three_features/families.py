"""Families of states of three features in two dimensions: linear subspaces of (W, b).

Rotations and the exchange of features 1 and 2 (equal importance and density) are used up: every
state with all three features in use can be turned so that W₃ = (0, -v).

    isosceles  W₁ = (x, y), W₂ = (-x, y), W₃ = (0, -v), b = (b₁, b₁, b₃)      symmetric in 1 and 2
    scalene    W₁ = (x, y), W₂ = (x', y'), W₃ = (0, -v), b free

The equilateral triangle is the isosceles state at r = 1 and equal densities.
"""

from dataclasses import dataclass

import numpy as np

from theory.numeric import System
from theory.three_features.loss import SIZE, Loss, Matrix, Model, Vector, loss_at


def _basis(*columns: dict[int, float]) -> Matrix:
    basis = np.zeros((SIZE, len(columns)))
    for k, column in enumerate(columns):
        for row, value in column.items():
            basis[row, k] = value
    return basis


# Positions in y = (W, b): x-parts of W₁, W₂, W₃ 0 to 2, their y-parts 3 to 5, biases 6 to 8.
ISOSCELES = _basis({0: 1, 1: -1}, {3: 1, 4: 1}, {5: -1}, {6: 1, 7: 1}, {8: 1})
SCALENE = _basis({0: 1}, {1: 1}, {3: 1}, {4: 1}, {5: -1}, {6: 1}, {7: 1}, {8: 1})
_EXCHANGE_ODD = _basis({0: 1, 1: 1}, {3: 1, 4: -1}, {2: 1}, {6: 1, 7: -1})


@dataclass(frozen=True)
class State:
    """A stationary state: phase, W (2, 3), b (3,), its loss, ∂L/∂r and whether it is a minimum.

    phase: dropped, digon 13, digon 12, isosceles or scalene; a digon goes with the third feature
    alone in the other dimension. stable: strict local minimum up to rotations.
    """

    phase: str
    weights: Matrix
    biases: Vector
    loss: float
    loss_slope: float
    stable: bool

    @property
    def norms(self) -> Vector:
        """|W_i| of the three features."""
        return np.linalg.norm(self.weights, axis=0)


def stationary(basis: Matrix, model: Model, r: float) -> System:
    """Coordinates in `basis` of a state stationary within its family at relative importance r."""

    def system(u: Vector) -> tuple[Vector, Matrix]:
        at = loss_at(basis @ u, model, r)
        return basis.T @ at.gradient, basis.T @ at.hessian @ basis

    return system


def stationary_on_plane(basis: Matrix, model: Model, point: Vector, normal: Vector) -> System:
    """(u, r): a state stationary at r, on the plane through `point`."""

    def system(unknowns: Vector) -> tuple[Vector, Matrix]:
        at = loss_at(basis @ unknowns[:-1], model, float(unknowns[-1]))
        size = len(unknowns)
        residual, jacobian = np.empty(size), np.empty((size, size))
        residual[:-1] = basis.T @ at.gradient
        residual[-1] = normal @ (unknowns - point)
        jacobian[:-1, :-1] = basis.T @ at.hessian @ basis
        jacobian[:-1, -1] = basis.T @ at.gradient_r
        jacobian[-1] = normal
        return residual, jacobian

    return system


def state_of(basis: Matrix, u: Vector, model: Model, r: float) -> State:
    """The state at coordinates u of a family."""
    y = basis @ u
    at = loss_at(y, model, r)
    phase = "isosceles" if basis is ISOSCELES else "scalene"
    return State(
        phase, y[:6].reshape(2, 3), y[6:], at.value, at.value_r, least_curvature(y, at) > 0.0
    )


def least_curvature(y: Vector, at: Loss) -> float:
    """The least eigenvalue of the Hessian apart from the rotation."""
    keep = _complement(rotation(y)[:, None])
    return float(np.linalg.eigvalsh(keep.T @ at.hessian @ keep)[0])


def exchange_curvature(u: Vector, model: Model, r: float) -> tuple[float, Vector]:
    """Least curvature of an isosceles state against unequal features 1 and 2, and its direction."""
    y = ISOSCELES @ u
    keep = _EXCHANGE_ODD @ _complement((_EXCHANGE_ODD.T @ rotation(y))[:, None])
    keep = np.linalg.qr(keep)[0]
    values, vectors = np.linalg.eigh(keep.T @ loss_at(y, model, r).hessian @ keep)
    return float(values[0]), keep @ vectors[:, 0]


def rotation(y: Vector) -> Vector:
    """The direction (A W, 0) of a rotation, normalised."""
    W = y[:6].reshape(2, 3)
    mode = np.concatenate([-W[1], W[0], np.zeros(3)])
    return mode / np.linalg.norm(mode)


def in_gauge(y: Vector) -> Vector:
    """The same state turned so that W₃ = (0, -v)."""
    W = y[:6].reshape(2, 3)
    s, c = W[:, 2] / np.linalg.norm(W[:, 2])
    turn = np.array([[-c, s], [-s, -c]])
    return np.concatenate([(turn @ W).ravel(), y[6:]])


def _complement(columns: Matrix) -> Matrix:
    """Orthonormal columns that span what is orthogonal to `columns`."""
    left, _, _ = np.linalg.svd(columns)
    return left[:, columns.shape[1] :]
