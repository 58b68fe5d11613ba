"""Eager and compiled, in double and in single precision, an energy is one function.

Runs on JAX's default device, so `python -m tests --device gpu` holds a GPU to the same numbers.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tms_physics as tms
from tests.conftest import X64

pytestmark = [
    pytest.mark.device,
    pytest.mark.skipif(not X64, reason="double precision is what single is compared with"),
]

RNG = np.random.default_rng(0)
W, B = RNG.normal(size=(2, 3)), RNG.normal(size=3) / 3
POINTS = RNG.normal(size=(3, 6))
IMPORTANCE, DENSITY = np.array([1.0, 0.8, 0.5]), np.array([0.3, 0.6, 0.2])
CHANCES = RNG.dirichlet(np.ones(8))
INDEPENDENT = {"importance": IMPORTANCE, "density": DENSITY}
LIMIT = {"importance": IMPORTANCE, "relative_density": DENSITY}

Energy = Callable[..., jax.Array]
ENERGIES: dict[str, tuple[Energy, tuple[np.ndarray, ...], dict[str, np.ndarray]]] = {
    "population": (tms.population_loss, (W, B), INDEPENDENT),
    "joint": (
        tms.joint_population_loss,
        (W, B),
        {"importance": IMPORTANCE, "probabilities": CHANCES},
    ),
    "linear": (tms.linear_population_loss, (W, B), INDEPENDENT),
    "hidden": (tms.hidden_relu_population_loss, (np.abs(W), B), INDEPENDENT),
    "absolute": (tms.absolute_value_loss, (W, W.T.copy(), B), INDEPENDENT),
    "limit": (tms.sparse_limit_energy, (W, -np.abs(B)), LIMIT),
    "Riesz": (tms.riesz_energy, (POINTS,), {}),
    "frame": (tms.frame_potential, (POINTS,), {}),
    "overlap": (tms.relu_interference, (POINTS,), {}),
}

# Of the value and of the gradient, relative to their largest entries.
SAME_PRECISION = {"float64": (1e-13, 1e-12), "float32": (2e-6, 1e-5)}
SINGLE_FROM_DOUBLE = (2e-6, 2e-5)


def as_type(tree: Any, dtype: str) -> Any:
    return jax.tree.map(lambda array: jnp.asarray(array, dtype), tree)


def found(name: str, dtype: str, *, compiled: bool) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    """Value and gradient; compiled as one program, or operation by operation."""
    energy, state, parameters = ENERGIES[name]
    y, law = as_type(state, dtype), as_type(parameters, dtype)

    def value_and_slope(y: Any, law: Any) -> Any:
        return jax.value_and_grad(lambda state: energy(*state, **law))(y)

    return jax.jit(value_and_slope)(y, law) if compiled else value_and_slope(y, law)


def assert_close(got: Any, wanted: Any, tolerances: tuple[float, float]) -> None:
    (value, slopes), (known, directions) = got, wanted
    np.testing.assert_allclose(value, known, rtol=tolerances[0])
    size = max(float(jnp.max(jnp.abs(slope))) for slope in directions)
    for slope, direction in zip(slopes, directions, strict=True):
        np.testing.assert_allclose(slope, direction, rtol=0, atol=tolerances[1] * size)


@pytest.mark.parametrize("name", ENERGIES)
def test_eager_and_compiled_in_both_precisions(name: str) -> None:
    double, single = (found(name, dtype, compiled=True) for dtype in ("float64", "float32"))
    assert double[0].dtype == jnp.float64
    assert single[0].dtype == jnp.float32
    assert {slope.dtype for slope in single[1]} == {jnp.dtype("float32")}
    assert_close(found(name, "float64", compiled=False), double, SAME_PRECISION["float64"])
    assert_close(found(name, "float32", compiled=False), single, SAME_PRECISION["float32"])
    assert_close(single, double, SINGLE_FROM_DOUBLE)
