"""The systems of equations behind the lines, with analytic Jacobians, for Newton's method.

Unknowns y = (v, a, β, γ) of an antipodal state; L = r V + v² Q(y; p, r). For v > 0 the state is
stationary where ∂Q/∂(a, β, γ) = 0 and 2Q + v ∂Q/∂v = 0, and ties with dedicated where Q = 0.
"""

import numpy as np
from numpy.typing import NDArray

from theory.numeric import System
from theory.two_features.excess import Excess, excess_at

Vector = NDArray[np.float64]
_E_V = np.array([1.0, 0.0, 0.0, 0.0])


def stationary(p: float, r: float) -> System:
    """y: an antipodal state stationary at density p and relative importance r."""

    def system(y: Vector) -> tuple[Vector, Vector]:
        residual, jacobian, _ = _stationarity(y, excess_at(y, p, r))
        return residual, jacobian

    return system


def tie_with_dedicated(p: float) -> System:
    """(y, r): a stationary antipodal state with the loss of dedicated: ∇Q = 0 and Q = 0.

    Regular down to v = 0, where it is the tricritical condition.
    """

    def system(unknowns: Vector) -> tuple[Vector, Vector]:
        at = excess_at(unknowns[:4], p, unknowns[4])
        jacobian = np.empty((5, 5))
        jacobian[:4, :4], jacobian[:4, 4] = at.hessian, at.gradient_r
        jacobian[4, :4], jacobian[4, 4] = at.gradient, at.value_r
        return np.append(at.gradient, at.value), jacobian

    return system


def tie_of_two(p: float) -> System:
    """(y, y', r): two antipodal states, both stationary, with equal loss v² Q = v'² Q'."""

    def system(unknowns: Vector) -> tuple[Vector, Vector]:
        residual, jacobian = np.zeros(9), np.zeros((9, 9))
        for rows, sign in ((slice(0, 4), 1.0), (slice(4, 8), -1.0)):
            y = unknowns[rows]
            at = excess_at(y, p, unknowns[8])
            residual[rows], jacobian[rows, rows], jacobian[rows, 8] = _stationarity(y, at)
            residual[8] += sign * y[0] ** 2 * at.value
            jacobian[8, rows] = sign * loss_gradient(y, at)
            jacobian[8, 8] += sign * y[0] ** 2 * at.value_r
        return residual, jacobian

    return system


def stationary_at_weight(p: float, v: float) -> System:
    """(a, β, γ, r): the relative importance at which a state with w₂ = -v is stationary."""

    def system(unknowns: Vector) -> tuple[Vector, Vector]:
        y = np.append(v, unknowns[:3])
        residual, jacobian, slope = _stationarity(y, excess_at(y, p, unknowns[3]))
        return residual, np.column_stack([jacobian[:, 1:], slope])

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
    residual, jacobian, slope = at.gradient.copy(), at.hessian.copy(), at.gradient_r.copy()
    residual[0] = 2 * at.value + y[0] * at.gradient[0]
    jacobian[0] = 2 * at.gradient + y[0] * at.hessian[0] + at.gradient[0] * _E_V
    slope[0] = 2 * at.value_r + y[0] * at.gradient_r[0]
    return residual, jacobian, slope
