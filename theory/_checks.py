"""Checks of arguments, in one grammar: which argument, the rule, the value."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray


def check_density(density: ArrayLike) -> NDArray[np.float64]:
    """`density` as a float64 array; raises ValueError unless every entry is in (0, 1]."""
    return _check("density", density, "in (0, 1]", lambda p: (p > 0.0) & (p <= 1.0))


def check_relative_importance(value: float) -> float:
    """`relative_importance` as a float; raises ValueError unless it is positive and finite."""
    name = "relative_importance"
    return float(_check(name, value, "positive and finite", lambda r: (r > 0.0) & np.isfinite(r)))


def _check(
    name: str,
    value: ArrayLike,
    rule: str,
    holds: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
) -> NDArray[np.float64]:
    array = np.asarray(value, dtype=np.float64)
    wrong = array[~holds(array)]
    if wrong.size:
        raise ValueError(f"Argument `{name}` must be {rule}, but is {wrong.flat[0]}.")
    return array
