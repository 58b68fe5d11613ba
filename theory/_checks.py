"""Checks of arguments, in one grammar: which argument, the rule, the value."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray


def real_array(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless it holds real numbers."""
    try:
        return np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        rule = "an array of real numbers"
        raise ValueError(f"Argument `{name}` must be {rule}, but is {value!r:.60}.") from None


def check_density(density: ArrayLike) -> NDArray[np.float64]:
    """`density` as a float64 array; raises ValueError unless every entry is in (0, 1]."""
    return _check("density", density, "in (0, 1]", lambda p: (p > 0.0) & (p <= 1.0))


def check_relative_importance(value: float) -> float:
    """`relative_importance` as a float; raises ValueError unless it is positive and finite."""
    return float(check_positive("relative_importance", value))


def check_positive(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless all are positive and finite."""
    return _check(name, value, "positive and finite", lambda r: (r > 0.0) & np.isfinite(r))


def check_ratio(ratio: ArrayLike) -> NDArray[np.float64]:
    """`ratio` m/n as a float64 array; raises ValueError unless every entry is in (0, 1]."""
    return check_share("ratio", ratio)


def check_share(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless every entry is in (0, 1]."""
    return _check(name, value, "in (0, 1]", lambda r: (r > 0.0) & (r <= 1.0))


def check_nonnegative(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless all are finite and >= 0."""
    return _check(name, value, "finite and >= 0", lambda v: np.isfinite(v) & (v >= 0.0))


def check_count(name: str, value: int) -> int:
    """`value` itself; raises ValueError unless it is an integer of at least 1."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < 1:
        raise ValueError(f"Argument `{name}` must be an integer >= 1, but is {value!r:.60}.")
    return int(value)


def check_importance(importance: ArrayLike) -> NDArray[np.float64]:
    """`importance` as a float64 array; raises ValueError unless all are finite and >= 0."""
    return check_nonnegative("importance", importance)


def check_finite(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless every entry is finite."""
    return _check(name, value, "finite", np.isfinite)


def _check(
    name: str,
    value: ArrayLike,
    rule: str,
    holds: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
) -> NDArray[np.float64]:
    array = real_array(name, value)
    wrong = array[~holds(array)]
    if wrong.size:
        raise ValueError(f"Argument `{name}` must be {rule}, but is {wrong.flat[0]}.")
    return array
