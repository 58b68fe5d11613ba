"""The systems of equations behind the lines, with analytic Jacobians, for Newton's method.

Unknowns y = (v, a, β, γ) of a state of a family; L = r V + v² Q(y; r). For v > 0 the state is
stationary where ∂Q/∂(a, β, γ) = 0 and 2Q + v ∂Q/∂v = 0, and ties with dedicated where Q = 0.
"""

import numpy as np
from numpy.typing import NDArray

from theory.numeric import System
from theory.two_features.excess import Excess, Family, excess_at

Vector = Matrix = NDArray[np.float64]
_E_V = np.array([1.0, 0.0, 0.0, 0.0])


def stationary(family: Family, r: float) -> System:
    """y: a state of the family stationary at relative importance r."""

    def system(y: Vector) -> tuple[Vector, Vector]:
        residual, jacobian, _ = _stationarity(y, excess_at(y, family, r))
        return residual, jacobian

    return system


def tie_with_dedicated(family: Family) -> System:
    """(y, r): a stationary state with the loss of dedicated: ∇Q = 0 and Q = 0.

    Regular down to v = 0, where it is the tricritical condition.
    """

    def system(unknowns: Vector) -> tuple[Vector, Vector]:
        at = excess_at(unknowns[:4], family, unknowns[4])
        jacobian = np.empty((5, 5))
        jacobian[:4, :4], jacobian[:4, 4] = at.hessian, at.gradient_r
        jacobian[4, :4], jacobian[4, 4] = at.gradient, at.value_r
        return np.append(at.gradient, at.value), jacobian

    return system


def tie_of_two(family: Family) -> System:
    """(y, y', r): two states, both stationary, with equal loss v² Q = v'² Q'."""

    def system(unknowns: Vector) -> tuple[Vector, Vector]:
        residual, jacobian = np.zeros(9), np.zeros((9, 9))
        for rows, sign in ((slice(0, 4), 1.0), (slice(4, 8), -1.0)):
            y = unknowns[rows]
            at = excess_at(y, family, unknowns[8])
            residual[rows], jacobian[rows, rows], jacobian[rows, 8] = _stationarity(y, at)
            residual[8] += sign * y[0] ** 2 * at.value
            jacobian[8, rows] = sign * loss_gradient(y, at)
            jacobian[8, 8] += sign * y[0] ** 2 * at.value_r
        return residual, jacobian

    return system


def stationary_on_plane(family: Family, point: Vector, normal: Vector) -> System:
    """(v, a, β, γ, φ): a state stationary at r = tan φ, on the plane through `point`.

    The equations F₁ + r F₂ = 0 are taken as cos φ F₁ + sin φ F₂ = 0, regular at r = ∞.
    """

    def system(unknowns: Vector) -> tuple[Vector, Vector]:
        cosine, sine = np.cos(unknowns[4]), np.sin(unknowns[4])
        first, second = _parts(unknowns[:4], family)
        residual, jacobian = np.empty(5), np.empty((5, 5))
        residual[:4] = cosine * first[0] + sine * second[0]
        residual[4] = normal @ (unknowns - point)
        jacobian[:4, :4] = cosine * first[1] + sine * second[1]
        jacobian[:4, 4] = cosine * second[0] - sine * first[0]
        jacobian[4] = normal
        return residual, jacobian

    return system


def loss_gradient(y: Vector, at: Excess) -> Vector:
    """Gradient of v² Q in y."""
    return y[0] ** 2 * at.gradient + 2 * y[0] * at.value * _E_V


def loss_curvature(y: Vector, at: Excess) -> Vector:
    """Second derivatives of v² Q in y, over v²; their signs decide stability."""
    cross = np.outer(_E_V, at.gradient) * 2 / y[0]
    return at.hessian + cross + cross.T + 2 * at.value / y[0] ** 2 * np.outer(_E_V, _E_V)


def _stationarity(y: Vector, at: Excess) -> tuple[Vector, Vector, Vector]:
    """Residual of the four equations of one state, and its derivatives in y and in r."""
    residual, jacobian = _conditions(y, at.value, at.gradient, at.hessian)
    slope, _ = _conditions(y, at.value_r, at.gradient_r, at.hessian_r)
    return residual, jacobian, slope


def _parts(y: Vector, family: Family) -> tuple[tuple[Vector, Matrix], tuple[Vector, Matrix]]:
    """The conditions F₁ and F₂, of which F₁ + r F₂ = 0, with their derivatives in y."""
    at = excess_at(y, family, 0.0)
    first = _conditions(y, at.value, at.gradient, at.hessian)
    return first, _conditions(y, at.value_r, at.gradient_r, at.hessian_r)


def _conditions(
    y: Vector, value: float, gradient: Vector, hessian: Matrix
) -> tuple[Vector, Matrix]:
    """(2Q + v ∂Q/∂v, ∂Q/∂(a, β, γ)) and its derivatives in y."""
    residual, jacobian = gradient.copy(), hessian.copy()
    residual[0] = 2 * value + y[0] * gradient[0]
    jacobian[0] = 2 * gradient + y[0] * hessian[0] + gradient[0] * _E_V
    return residual, jacobian
