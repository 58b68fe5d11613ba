"""The exact loss of three features in two dimensions, with first and second derivatives.

One output at a time (`theory.three_features.output`): output i depends on row i of G = WᵀW and on
b_i, and G is quadratic in W.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theory._checks import check_one_density
from theory.three_features.output import Matrix, Output, Vector, output_loss

FEATURES, HIDDEN = 3, 2
SIZE = HIDDEN * FEATURES + FEATURES
_ROW_FIRST = ((0, 1, 2), (1, 0, 2), (2, 0, 1))  # own feature first


@dataclass(frozen=True)
class Model:
    """Three features in two dimensions: densities (p, p, q), importances (1, 1, r)."""

    density: float
    last_density: float

    @property
    def densities(self) -> tuple[float, float, float]:
        return self.density, self.density, self.last_density


def checked_model(p: float, last_density: float | None) -> Model:
    """The model of density p and `last_density`, by default p; raises ValueError outside (0, 1]."""
    first = check_one_density(p, "p")
    return Model(
        first, first if last_density is None else check_one_density(last_density, "last_density")
    )


@dataclass(frozen=True)
class Loss:
    """L = Σ_i I_i E(x_i - x'_i)² at a state (W, b), and its derivatives in (W₁., W₂., b).

    The loss is linear in r: `value_r`, `gradient_r`, `hessian_r` belong to feature 3 alone.
    """

    value: float
    gradient: Vector
    hessian: Matrix
    value_r: float
    gradient_r: Vector
    hessian_r: Matrix


def loss_at(y: Vector, model: Model, r: float) -> Loss:
    """The loss at y = (W, b), W (2, 3) by rows and b (3,); W₁, W₂ and W₃ must not vanish."""
    first, second, last = (_output(y, model, i) for i in range(FEATURES))
    return Loss(
        first.value + second.value + r * last.value,
        first.gradient + second.gradient + r * last.gradient,
        first.hessian + second.hessian + r * last.hessian,
        last.value,
        last.gradient,
        last.hessian,
    )


def _output(y: Vector, model: Model, i: int) -> Output:
    """E(x_i - x'_i)² with gradient and Hessian in y, by the chain rule through row i of G."""
    W, b = y[: HIDDEN * FEATURES].reshape(HIDDEN, FEATURES), y[HIDDEN * FEATURES :]
    order = _ROW_FIRST[i]
    couplings = tuple(float(W[:, i] @ W[:, j]) for j in order)
    density = tuple(model.densities[j] for j in order)
    inner = output_loss(couplings, float(b[i]), density)
    jacobian = _row_jacobian(W, i)
    hessian = jacobian.T @ inner.hessian @ jacobian
    for k, j in enumerate(order):
        hessian += inner.gradient[k] * _COUPLING_CURVATURE[i, j]
    return Output(inner.value, inner.gradient @ jacobian, hessian)


def _row_jacobian(W: Vector, i: int) -> Matrix:
    """Derivatives (4, 9) of (G_ii, G_ij, G_ik, b_i) in (W, b)."""
    jacobian = np.zeros((4, SIZE))
    for k, j in enumerate(_ROW_FIRST[i]):
        for hidden in range(HIDDEN):
            jacobian[k, hidden * FEATURES + i] += W[hidden, j]
            jacobian[k, hidden * FEATURES + j] += W[hidden, i]
    jacobian[3, HIDDEN * FEATURES + i] = 1.0
    return jacobian


def _coupling_curvature() -> NDArray[np.float64]:
    """Second derivatives (3, 3, 9, 9) of G_ij in (W, b)."""
    out = np.zeros((FEATURES, FEATURES, SIZE, SIZE))
    for i in range(FEATURES):
        for j in range(FEATURES):
            for hidden in range(HIDDEN):
                first, second = hidden * FEATURES + i, hidden * FEATURES + j
                out[i, j, first, second] += 1.0
                out[i, j, second, first] += 1.0
    return out


_COUPLING_CURVATURE = _coupling_curvature()
