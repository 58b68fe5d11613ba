"""The numerical core in single precision, beside double precision, each with its tolerance.

The float64 pass runs these tests too, which shows that the tolerances are those of the precision.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.energies.cases import cases
from tests.energies.reference import exact
from tms_physics import (
    PopulationLoss,
    SparseUniform,
    curvature,
    evaluate_population,
    feature_dimensionality,
    gradient_flow,
    interference,
    minimise,
    population_loss,
    xavier_normal,
)

pytestmark = pytest.mark.float32

# What each number may be off by, relative to its scale.
TOLERANCES = {
    "float32": {
        "loss": 2e-6,
        "gradient": 1e-5,
        "observables": 2e-6,
        "moments": 2e-6,
        "flow": 1e-3,
        "stationary": 1e-5,
        "minimum": 1e-4,
        "curvature": 1e-3,
    },
    "float64": {
        "loss": 1e-14,
        "gradient": 1e-13,
        "observables": 1e-14,
        "moments": 1e-15,
        "flow": 1e-3,
        "stationary": 1e-12,
        "minimum": 1e-10,
        "curvature": 1e-6,
    },
}


@pytest.fixture(scope="module")
def tolerance() -> dict[str, float]:
    return TOLERANCES[str(jnp.ones(()).dtype)]


def _tags(n: int) -> list[str]:
    """Cases whose numbers a float32 can hold, with room for their squares."""
    beyond = ("1e-300", "10000", "all scales")
    return [tag for tag in cases(n) if not any(text in tag for text in beyond)]


def _rounded(n: int) -> list[tuple[jax.Array, ...]]:
    return [tuple(jnp.asarray(x, jnp.ones(()).dtype) for x in cases(n)[tag]) for tag in _tags(n)]


def _loss(W: jax.Array, b: jax.Array, importance: jax.Array, p: jax.Array) -> jax.Array:
    return population_loss(W, b, importance=importance, density=p)


def test_many_features_know_their_error() -> None:
    """Rounding grows with their number and is part of the estimate: three copies side by side."""
    ratios = []
    for tag in _tags(4):
        case = cases(4)[tag]
        W = jnp.asarray(np.kron(np.eye(3), case.W), jnp.ones(()).dtype)
        b, importance, density = (jnp.asarray(np.tile(x, 3), W.dtype) for x in case[1:])
        got = evaluate_population(W, b, importance=importance, density=density)
        rounded = (np.asarray(x, float) for x in (W[:4, :4], b[:4], importance[:4], density[:4]))
        expected = 3 * exact(*rounded, slopes=False).loss
        ratios.append(abs(float(got.loss) - expected) / float(got.error))
    assert np.mean(np.array(ratios) <= 1) >= 0.95
    assert max(ratios) <= 10


@pytest.mark.parametrize("n", [1, 2, 3])
def test_loss_and_gradient(n: int, tolerance: dict[str, float]) -> None:
    """Against rational arithmetic at the rounded parameters."""
    rows = _rounded(n)
    batch = tuple(jnp.stack(column) for column in zip(*rows, strict=True))
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(_loss, (0, 1))))(*batch)
    assert values.dtype == slopes[0].dtype == jnp.ones(()).dtype
    for k, (tag, row) in enumerate(zip(_tags(n), rows, strict=True)):
        expected = exact(*(np.asarray(x, float) for x in row))
        loss, gradient = tolerance["loss"], tolerance["gradient"]
        assert abs(float(values[k]) - expected.loss) <= loss * expected.scale, tag
        for slope, known in zip(slopes, expected[1:3], strict=True):
            size = expected.scale + np.max(np.abs(known))
            np.testing.assert_allclose(slope[k], known, rtol=0, atol=gradient * size, err_msg=tag)


def test_observables_keep_the_precision(tolerance: dict[str, float]) -> None:
    angles = 2 * np.pi * np.arange(5) / 5
    W = jnp.stack([jnp.cos(jnp.asarray(angles)), jnp.sin(jnp.asarray(angles))])
    off = tolerance["observables"]
    np.testing.assert_allclose(feature_dimensionality(W), 2 / 5, rtol=off)
    np.testing.assert_allclose(interference(W), 3 / 2, rtol=off)
    assert feature_dimensionality(W).dtype == W.dtype


def test_features_keep_the_precision(tolerance: dict[str, float]) -> None:
    features = SparseUniform(0.3, 4)
    x = features.sample(key=jax.random.key(0))
    assert x.dtype == jnp.ones(()).dtype
    np.testing.assert_allclose(features.variance, 0.3 / 3 - 0.09 / 4, rtol=tolerance["moments"])


def test_flow_arrives_at_the_single_feature(tolerance: dict[str, float]) -> None:
    """p (1 - w²)²/3: w² is logistic with the rate 8p/3."""
    p, w = 0.3, 0.1

    def energy(y: jax.Array) -> jax.Array:
        return p * (1 - y @ y) ** 2 / 3

    times = jnp.array([0.0, 1.0, 4.0])
    flow = jax.jit(lambda y: gradient_flow(energy, y, times=times, steady=1e-4))
    end = flow(jnp.array([w]))
    u = w**2 / (w**2 + (1 - w**2) * np.exp(-8 / 3 * p * np.asarray(times)))
    np.testing.assert_allclose(end.states[:, 0], np.sqrt(u), rtol=tolerance["flow"])
    assert end.result.is_minimum, end.result.text
    assert end.gradient_norm <= tolerance["stationary"]
    assert end.final[0] == pytest.approx(1.0, abs=tolerance["minimum"])
    assert end.final.dtype == jnp.ones(()).dtype


def test_networks_are_minimised(tolerance: dict[str, float]) -> None:
    """One feature in the plane: unit norm, no bias, no loss."""
    energy = PopulationLoss(jnp.ones(1), 0.3)
    start = xavier_normal(1, 2, key=jax.random.key(0))
    end = jax.jit(lambda W, b: minimise(energy, (W, b)))(*start)
    assert end.gradient_norm <= tolerance["stationary"]
    assert end.result.is_minimum, end.result.text
    assert end.energy == pytest.approx(0.0, abs=tolerance["minimum"])
    assert end.state[0].dtype == jnp.ones(()).dtype


def test_curvature_of_a_kink(tolerance: dict[str, float]) -> None:
    def energy(v: jax.Array) -> jax.Array:
        return jnp.maximum(v[0], 0) ** 2 + 0.4 * jnp.minimum(v[0], 0) ** 2 + v[1] ** 2

    bend = jax.jit(lambda v: curvature(energy, v))(jnp.zeros(2))
    assert bend.value == pytest.approx(0.8, rel=tolerance["curvature"])
