"""From sympy expressions to numbers: lambdify for floats, arrays, mpmath and intervals; roots."""

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

Function = Callable[..., Any]
_iv: Any = mpmath.iv
_SMALL_STEP = 1e-6
System = Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]]


class RootNotFound(ArithmeticError):
    """Newton's method did not reach a root: the message says how far it came."""


def _scalar_truncated_power(base: Any, power: int) -> Any:
    return base**power if base > 0 else 0 * base


def _array_truncated_power(base: Any, power: int) -> Any:
    return np.where(base > 0, base, 0.0) ** power if power else np.where(base > 0, 1.0, 0.0)


def scalar_function(arguments: Sequence[sp.Symbol], expression: Any) -> Function:
    """Numeric version of `expression` for Python floats, free of numpy's cost per call."""
    return _lambdify(arguments, expression, "math", _scalar_truncated_power)


def array_function(arguments: Sequence[sp.Symbol], expression: Any) -> Function:
    """Numeric version of `expression` for numpy arrays that broadcast together."""
    return _lambdify(arguments, expression, "numpy", _array_truncated_power)


def mpmath_function(arguments: Sequence[sp.Symbol], expression: Any) -> Function:
    """Numeric version of `expression` for mpmath numbers, at mpmath's working precision."""
    return _lambdify(arguments, expression, "mpmath", _scalar_truncated_power)


def interval_function(arguments: Sequence[sp.Symbol], expression: Any) -> Function:
    """Numeric version of `expression` for intervals of `mpmath.iv`: encloses its values.

    Rational constants are enclosed too; a step (t)_+^0 whose base may have either sign is [0, 1].
    """
    names = {"TruncatedPower": _interval_truncated_power, "mpf": _iv.mpf}
    return sp.lambdify(list(arguments), expression, modules=[names, "mpmath"], cse=True)


def _interval_truncated_power(base: Any, power: int) -> Any:
    base = _iv.mpf(base)
    low, high = max(base.a, _iv.mpf(0)), max(base.b, _iv.mpf(0))
    if power:
        return _iv.mpf([low.a, high.b]) ** power
    return _iv.mpf([int(base.a > 0), int(base.b > 0)])


def _lambdify(
    arguments: Sequence[sp.Symbol], expression: Any, module: str, truncated_power: Function
) -> Function:
    modules = [{"TruncatedPower": truncated_power}, module]
    return sp.lambdify(list(arguments), expression, modules=modules, cse=True)


def newton(
    system: System,
    start: NDArray[np.float64],
    *,
    step_tolerance: float = 1e-13,
    residual_tolerance: float = 1e-12,
    max_steps: int = 30,
) -> NDArray[np.float64]:
    """Root of a square system by Newton's method with its analytic Jacobian.

    `system(y)` returns (residual, Jacobian). Stops when the step is below `step_tolerance` times
    (1 + |y|), or small and no longer shrinking, which is the level of rounding, and then every
    residual is below `residual_tolerance` times the largest entry of its Jacobian row.
    Raises RootNotFound otherwise: no unconverged point is ever returned. Where the Jacobian jumps
    (the loss is C¹, not C²) this is a semismooth Newton method.
    """
    y, last, worst = np.array(start, dtype=np.float64), np.inf, np.inf
    for _ in range(max_steps):
        residual, jacobian = _evaluate(system, y)
        step = _newton_step(residual, jacobian)
        y = y - step
        size = float(np.max(np.abs(step) / (1.0 + np.abs(y))))
        if size < step_tolerance or last / 4 < size < _SMALL_STEP:
            worst = _relative_residual(*_evaluate(system, y))
            if worst <= residual_tolerance:
                return y
        last = size
    raise RootNotFound(_failure(max_steps, worst))


def bracketed_root(function: Callable[[float], float], low: float, high: float) -> float:
    """Root between two points at which `function` has opposite signs, to the last digits.

    Raises RootNotFound if the signs are equal.
    """
    ends = function(low), function(high)
    if not ends[0] * ends[1] <= 0.0:
        raise RootNotFound(f"No sign changes between {low:.9g} and {high:.9g}.")
    return float(brentq(function, low, high, xtol=1e-15, full_output=False))  # pyright: ignore[reportArgumentType]


def bounded_minimum(
    function: Callable[[float], float], low: float, high: float
) -> tuple[float, float]:
    """(x, f(x)) of a minimum between two points, x to about 1e-8 of their distance (Brent)."""
    options = {"xatol": 1e-9 * (high - low)}
    found: Any = minimize_scalar(function, bounds=(low, high), method="bounded", options=options)
    return float(found.x), float(found.fun)


def _evaluate(
    system: System, y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        residual, jacobian = system(y)
    except ArithmeticError as error:
        raise RootNotFound("Newton's method left the domain of the equations.") from error
    if not (np.all(np.isfinite(residual)) and np.all(np.isfinite(jacobian))):
        raise RootNotFound("Newton's method left the domain of the equations.")
    return residual, jacobian


def _newton_step(
    residual: NDArray[np.float64], jacobian: NDArray[np.float64]
) -> NDArray[np.float64]:
    try:
        return np.asarray(np.linalg.solve(jacobian, residual), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        raise RootNotFound("Newton's method met a singular Jacobian.") from error


def _relative_residual(residual: NDArray[np.float64], jacobian: NDArray[np.float64]) -> float:
    """The largest residual in units of the largest entry of its Jacobian row."""
    return float(np.max(np.abs(residual) / np.max(np.abs(jacobian), axis=1)))


def _failure(steps: int, worst: float) -> str:
    if np.isinf(worst):
        return f"Newton's method did not settle in {steps} steps."
    return f"Newton's method stopped at a relative residual of {worst:.1e}."
