"""One grammar of error messages: what the argument must be, and what it is.

Shapes are known at every time and raise `ValueError`. Values are checked when they are known:
concrete values raise `ValueError` before any compute, traced ones are guarded by
`equinox.error_if`, which raises when the compiled program runs.
"""

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from ._types import Number, Params, State


def shown(value: object) -> str:
    """The beginning of how Python writes `value`, on one line."""
    return " ".join(f"{value!r:.60}".split())


def real_array(name: str, value: object) -> jax.Array:
    """`value` as a floating-point array, or a `ValueError` naming `name`."""
    try:
        if isinstance(value, str | bytes):  # numpy would take some for names of data types
            raise TypeError
        with jax.ensure_compile_time_eval():  # what is known stays known while tracing
            array = jnp.asarray(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"Argument `{name}` must be an array of real numbers, but is {shown(value)}."
        ) from error
    if jnp.issubdtype(array.dtype, jnp.floating):
        return array
    if jnp.issubdtype(array.dtype, jnp.integer):
        return array.astype(jnp.result_type(float))
    raise ValueError(
        f"Argument `{name}` must be an array of real numbers, but has dtype {array.dtype}."
    )


def host_array(name: str, value: object) -> np.ndarray:
    """`value`, which must be known, as a float64 array of numpy, or a `ValueError`."""
    real_array(name, value)
    return np.asarray(value, float)


def feature_count(**vectors: object) -> int:
    """n where each is a number or has shape (n,), or a `ValueError` unless they are numbers."""
    return max(real_array(name, value).size for name, value in vectors.items())


def check_shape(name: str, array: jax.Array | np.ndarray, symbols: str, rule: bool) -> None:
    """Raise unless `rule` holds, saying that `name` must have shape `symbols`."""
    if not rule:
        raise ValueError(
            f"Argument `{name}` must have shape {symbols}, but has shape {tuple(array.shape)}."
        )


def check_values(
    name: str, array: jax.Array, rule: str, holds: Callable[[jax.Array], jax.Array]
) -> jax.Array:
    """`array`, once every entry is known or guarded to satisfy `holds`, described by `rule`."""
    if isinstance(array, Tracer):
        return eqx.error_if(array, ~holds(array), f"Argument `{name}` must be {rule}.")
    with jax.ensure_compile_time_eval():
        good = holds(array)
        if not getattr(good, "is_fully_addressable", True):  # all processes hear the same
            if jnp.all(good):
                return array
            raise ValueError(f"Argument `{name}` must be {rule} in every process.")
    good = np.asarray(good)
    if not good.all():
        bad = np.asarray(array)[~good].ravel()[0]
        raise ValueError(f"Argument `{name}` must be {rule}, but is {bad}.")
    return array


def check_count(name: str, value: int, least: int = 1) -> int:
    """`value` as an int, or a `ValueError` unless it is an integer of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"Argument `{name}` must be an integer >= {least}, but is {shown(value)}.")
    return int(value)


def check_key(name: str, value: object) -> None:
    """Raise `ValueError` unless `value` is one key of `jax.random`, typed or raw."""
    if isinstance(value, jax.Array | np.ndarray):
        typed = jnp.issubdtype(value.dtype, jax.dtypes.prng_key) and value.shape == ()
        good = typed or (value.dtype == np.uint32 and value.shape in ((2,), (4,)))
    else:
        good = False
    if not good:
        rule = "one PRNG key, such as jax.random.key(0)"
        raise ValueError(f"Argument `{name}` must be {rule}, but is {shown(value)}.")


def check_callable(**functions: object) -> None:
    """Raise `ValueError` unless each, by its name, can be called."""
    for name, value in functions.items():
        if not callable(value):
            raise ValueError(f"Argument `{name}` must be a function, but is {shown(value)}.")


def check_optional(**functions: object) -> None:
    """As `check_callable`, of those that are not None."""
    check_callable(**{name: value for name, value in functions.items() if value is not None})


def check_scalar_valued(name: str, function: Callable[..., Any], *arguments: Any) -> None:
    """Raise `ValueError` unless `function(*arguments)` is one real number; computes nothing."""
    check_callable(**{name: function})
    out = eqx.filter_eval_shape(function, *arguments)
    if isinstance(out, Real) and not isinstance(out, bool):
        return
    shape = getattr(out, "shape", None)
    if shape != () or not jnp.issubdtype(out.dtype, jnp.floating):
        given = shown(type(out).__name__) if shape is None else f"shape {shape} of {out.dtype}"
        raise ValueError(f"Argument `{name}` must give one real number, but gives {given}.")


def _is_finite_number(value: object) -> bool:
    if isinstance(value, np.ndarray | jax.Array):
        real = jnp.issubdtype(value.dtype, jnp.floating) or jnp.issubdtype(value.dtype, jnp.integer)
        return value.ndim == 0 and real and bool(np.isfinite(value))
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond all floats
        return False


def check_positive(name: str, value: Number) -> Number:
    """`value`, or a `ValueError` unless it is a finite number above 0."""
    known = not isinstance(value, Tracer)
    if known and not (_is_finite_number(value) and value > 0):
        raise ValueError(f"Argument `{name}` must be positive and finite, but is {shown(value)}.")
    return value


def check_not_negative(name: str, value: Number) -> Number:
    """`value`, or a `ValueError` unless it is a finite number of at least 0."""
    known = not isinstance(value, Tracer)
    if known and not (_is_finite_number(value) and value >= 0):
        raise ValueError(f"Argument `{name}` must be finite and >= 0, but is {shown(value)}.")
    return value


def check_number_between(name: str, value: float, low: float, high: float) -> float:
    """`value` as a Python float, or a `ValueError` unless it is a number in [low, high]."""
    known = not isinstance(value, Tracer) and _is_finite_number(value)
    if not (known and low <= value <= high):
        raise ValueError(
            f"Argument `{name}` must be a number in [{low:g}, {high:g}], but is {shown(value)}."
        )
    return float(value)


def real_state(name: str, state: State) -> State:
    """`state` with every leaf a floating-point array, or a `ValueError` naming `name`."""
    arrays = jax.tree.map(lambda leaf: real_array(name, leaf), state)
    if sum(leaf.size for leaf in jax.tree.leaves(arrays)) == 0:
        raise ValueError(f"Argument `{name}` must hold at least one number, but is {shown(state)}.")
    return arrays


def density_vector(density: object, n: int) -> jax.Array:
    """Densities p, a scalar or one per feature, as an array of shape (n,) in (0, 1]."""
    p = real_array("density", density)
    check_shape("density", p, f"() or (n,) = ({n},)", p.shape in ((), (n,)))
    p = check_values("density", p, "in (0, 1]", lambda a: (a > 0) & (a <= 1))
    return jnp.broadcast_to(p, (n,))


def importance_vector(importance: object, n: int) -> jax.Array:
    """Importances I, a scalar or one per feature, as an array of shape (n,), finite and >= 0."""
    weight = real_array("importance", importance)
    check_shape("importance", weight, f"() or (n,) = ({n},)", weight.shape in ((), (n,)))
    weight = check_values(
        "importance", weight, "finite and >= 0", lambda a: jnp.isfinite(a) & (a >= 0)
    )
    return jnp.broadcast_to(weight, (n,))


def network(W: object, b: object | None = None) -> tuple[jax.Array, jax.Array]:
    """Weights (m, n) and biases (n,), zero where absent, as finite floating-point arrays."""
    return named_network("W", W, b)


def named_network(name: str, W: object, b: object | None = None) -> tuple[jax.Array, jax.Array]:
    """`network` where the weights are the argument `name`."""
    weights = real_array(name, W)
    check_shape(name, weights, "(m, n)", weights.ndim == 2 and weights.size > 0)
    weights = check_values(name, weights, "finite", jnp.isfinite)
    n = weights.shape[1]
    if b is None:
        return weights, jnp.zeros(n, weights.dtype)
    biases = real_array("b", b)
    check_shape("b", biases, f"(n,) = ({n},)", biases.shape == (n,))
    return weights, check_values("b", biases, "finite", jnp.isfinite)


def network_params(params: Params, n: int | None = None) -> tuple[jax.Array, jax.Array]:
    """The parameters (W, b) of an energy of n features, as arrays of shapes (m, n) and (n,)."""
    size = "n" if n is None else n
    rule = f"(W, b) of shapes (m, {size}) and ({size},)"
    if isinstance(params, jax.Array | np.ndarray):
        raise ValueError(f"Argument `params` must be {rule}, but has shapes {params.shape}.")
    if not isinstance(params, tuple | list):
        raise ValueError(f"Argument `params` must be {rule}, but is {shown(params)}.")
    arrays = tuple(real_array("params", leaf) for leaf in params)
    shapes = tuple(leaf.shape for leaf in arrays)
    fits = len(shapes) == 2 and len(shapes[0]) == 2 and shapes[1] == shapes[0][1:]
    if not fits or (n is not None and shapes[1] != (n,)):
        raise ValueError(f"Argument `params` must be {rule}, but has shapes {shapes}.")
    return arrays[0], arrays[1]


def example(x: object, n: int) -> jax.Array:
    """One example x of n features, as an array."""
    array = real_array("x", x)
    check_shape("x", array, f"(n,) = ({n},)", array.shape == (n,))
    return array


def hidden_network(W1: object, W2: object, b: object | None = None) -> tuple[jax.Array, ...]:
    """W₁ (m, n), W₂ (n, m) and biases (n,), zero where absent, as finite floating-point arrays."""
    first, biases = named_network("W1", W1, b)
    m, n = first.shape
    second = real_array("W2", W2)
    check_shape("W2", second, f"(n, m) = ({n}, {m})", second.shape == (n, m))
    return first, check_values("W2", second, "finite", jnp.isfinite), biases
