"""Checks of arguments, in one grammar: which argument, the rule, the value."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray


def shown(value: object) -> str:
    """The beginning of how Python writes `value`, on one line."""
    return " ".join(f"{value!r:.60}".split())


def real_array(name: str, value: object) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless it holds real numbers."""
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "iufO" or not all(map(_is_real, _objects(array))):
            raise TypeError
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        rule = "an array of real numbers"
        raise ValueError(f"Argument `{name}` must be {rule}, but is {shown(value)}.") from None


def _objects(array: NDArray) -> list[object]:
    """Entries that numpy knows no type for, such as fractions and numbers of sympy."""
    return array.ravel().tolist() if array.dtype.kind == "O" else []


def _is_real(entry: object) -> bool:
    return hasattr(entry, "__float__") and not isinstance(entry, bool)


def as_number(name: str, array: NDArray[np.float64]) -> float:
    """The float in an array of shape (); raises ValueError for any other shape."""
    if array.ndim:
        raise ValueError(f"Argument `{name}` must be a number, but has shape {array.shape}.")
    return float(array)


def check_real(name: str, value: object) -> float:
    """`value` as a float; raises ValueError unless it is one finite number."""
    return as_number(name, check_finite(name, value))


def check_broadcast(**arrays: NDArray) -> None:
    """Raises ValueError unless the arrays broadcast, naming the first that does not."""
    shape: tuple[int, ...] = ()
    for name, array in arrays.items():
        try:
            shape = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            rule = f"of a shape that broadcasts with {shape}"
            raise ValueError(f"Argument `{name}` must be {rule}, but has {array.shape}.") from None


def check_callable(name: str, value: object) -> None:
    """Raises ValueError unless `value` can be called."""
    if not callable(value):
        raise ValueError(f"Argument `{name}` must be a function, but is {shown(value)}.")


def check_type(name: str, value: object, kind: type) -> None:
    """Raises ValueError unless `value` is a `kind`."""
    if not isinstance(value, kind):
        rule = f"of type {kind.__name__}"
        raise ValueError(f"Argument `{name}` must be {rule}, but is {shown(value)}.")


def check_density(density: object, name: str = "density") -> NDArray[np.float64]:
    """`density` as a float64 array; raises ValueError unless every entry is in (0, 1]."""
    return _check(name, density, "in (0, 1]", lambda p: (p > 0.0) & (p <= 1.0))


def check_one_density(density: object, name: str = "density") -> float:
    """`density` as a float; raises ValueError unless it is one number in (0, 1]."""
    return as_number(name, check_density(density, name))


def check_relative_importance(value: object, name: str = "relative_importance") -> float:
    """`relative_importance` as a float; raises ValueError unless it is positive and finite."""
    return as_number(name, check_positive(name, value))


def check_positive(name: str, value: object) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless all are positive and finite."""
    return _check(name, value, "positive and finite", lambda r: (r > 0.0) & np.isfinite(r))


def check_ratio(ratio: object) -> NDArray[np.float64]:
    """`ratio` m/n as a float64 array; raises ValueError unless every entry is in (0, 1]."""
    return check_share("ratio", ratio)


def check_share(name: str, value: object) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless every entry is in (0, 1]."""
    return _check(name, value, "in (0, 1]", lambda r: (r > 0.0) & (r <= 1.0))


def check_nonnegative(name: str, value: object) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless all are finite and >= 0."""
    return _check(name, value, "finite and >= 0", lambda v: np.isfinite(v) & (v >= 0.0))


def check_count(name: str, value: object, least: int = 1) -> int:
    """`value` itself; raises ValueError unless it is an integer of at least `least`."""
    if not isinstance(value, (int, np.integer)) or isinstance(value, bool) or value < least:
        raise ValueError(f"Argument `{name}` must be an integer >= {least}, but is {shown(value)}.")
    return int(value)


def check_importance(importance: object) -> NDArray[np.float64]:
    """`importance` as a float64 array; raises ValueError unless all are finite and >= 0."""
    return check_nonnegative("importance", importance)


def check_finite(name: str, value: object) -> NDArray[np.float64]:
    """`value` as a float64 array; raises ValueError unless every entry is finite."""
    return _check(name, value, "finite", np.isfinite)


def _check(
    name: str,
    value: object,
    rule: str,
    holds: Callable[[NDArray[np.float64]], NDArray[np.bool_]],
) -> NDArray[np.float64]:
    array = real_array(name, value)
    wrong = array[~holds(array)]
    if wrong.size:
        raise ValueError(f"Argument `{name}` must be {rule}, but is {wrong.flat[0]}.")
    return array
