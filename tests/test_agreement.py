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
W, B = RNG.normal(size=(2, 2)), RNG.normal(size=2) / 3
POINTS = RNG.normal(size=(3, 6))
IMPORTANCE, DENSITY = np.array([1.0, 0.8]), np.array([0.3, 0.6])
CHANCES = RNG.dirichlet(np.ones(4))
INDEPENDENT = {"importance": IMPORTANCE, "density": DENSITY}
ONE = {"importance": IMPORTANCE[:1], "density": DENSITY[:1]}
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
    "absolute": (tms.absolute_value_loss, (W[:, :1], W[:, :1].T, B[:1]), ONE),
    "limit": (tms.sparse_limit_energy, (W, -np.abs(B)), LIMIT),
    "Riesz": (tms.riesz_energy, (POINTS,), {}),
    "frame": (tms.frame_potential, (POINTS,), {}),
    "overlap": (tms.relu_interference, (POINTS,), {}),
}

# Of values, and of gradients over their largest entry. Single precision is held to double.
EAGER = {"float64": 1e-13, "float32": 2e-6}
SINGLE, SINGLE_SLOPE = 2e-6, 2e-5


def as_type(tree: Any, dtype: str) -> Any:
    return jax.tree.map(lambda array: jnp.asarray(array, dtype), tree)


@pytest.mark.parametrize("name", ENERGIES)
def test_eager_and_compiled_in_both_precisions(name: str) -> None:
    energy, state, parameters = ENERGIES[name]

    def value(y: Any, law: Any) -> jax.Array:
        return energy(*y, **law)

    compiled = jax.jit(jax.value_and_grad(value))
    found = {}
    for dtype, tolerance in EAGER.items():
        y, law = as_type(state, dtype), as_type(parameters, dtype)
        found[dtype] = compiled(y, law)
        assert {leaf.dtype for leaf in jax.tree.leaves(found[dtype])} == {jnp.dtype(dtype)}
        np.testing.assert_allclose(value(y, law), found[dtype][0], rtol=tolerance)
    (single, slopes), (double, directions) = found["float32"], found["float64"]
    np.testing.assert_allclose(single, double, rtol=SINGLE)
    size = max(float(jnp.max(jnp.abs(direction))) for direction in directions)
    for slope, direction in zip(slopes, directions, strict=True):
        np.testing.assert_allclose(slope, direction, rtol=0, atol=SINGLE_SLOPE * size)
