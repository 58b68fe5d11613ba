"""The sparse limit tile by tile: the numbers of whole matrices, without their memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tms_physics as tp
from tms_physics.energies import _tiles

N, M = 11, 3  # three tiles on a side, the last filled up with one feature of no charge


@pytest.fixture(autouse=True, scope="module")
def _small_tiles() -> object:
    patch = pytest.MonkeyPatch()
    patch.setattr(_tiles, "_CPU_TILE", 4)
    patch.setattr(_tiles, "_GPU_TILE", 4)
    yield
    patch.undo()


def place(dtype: type = np.float64) -> tuple[jax.Array, ...]:
    """W, b, I and c; some biases are 0, and some pairs are off."""
    rng = np.random.default_rng(1)
    b = -rng.uniform(0, 0.3, N) * (np.arange(N) % 3 > 0)
    arrays = rng.normal(size=(M, N)) / 2, b, rng.uniform(0.5, 2, N), rng.uniform(0.5, 2, N)
    return tuple(jnp.asarray(a, dtype) for a in arrays)


def tiled(W: jax.Array, b: jax.Array, importance: jax.Array, c: jax.Array) -> jax.Array:
    return tp.sparse_limit_energy(W, b, importance=importance, relative_density=c)


def whole(W: jax.Array, b: jax.Array, importance: jax.Array, c: jax.Array) -> jax.Array:
    """From matrices (n, n), differentiated by JAX."""
    how = {"importance": importance, "relative_density": c}
    return tp.one_body_energy(W, b, **how).sum() + tp.pair_energy(W, b, **how).sum()


def close(got: object, expected: object, rtol: float) -> None:
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol * np.max(np.abs(b)))


def test_value_and_every_slope_are_those_of_whole_matrices() -> None:
    at = place()
    both = [jax.jit(jax.value_and_grad(f, (0, 1, 2, 3)))(*at) for f in (tiled, whole)]
    close(*both, rtol=1e-14)


@pytest.mark.parametrize("order", ["forward over reverse", "reverse over reverse"])
def test_second_derivatives_too(order: str) -> None:
    at = place()
    along = tuple(jnp.cos(3 * a) for a in at)

    def bend(f: object) -> object:
        slope = jax.grad(f, (0, 1, 2))  # type: ignore[arg-type]
        if order == "forward over reverse":
            return jax.jvp(slope, at, along)[1]
        parts = lambda *y: sum(jnp.sum(a * v) for a, v in zip(slope(*y), along, strict=False))  # noqa: E731
        return jax.grad(parts, (0, 1))(*at)

    both = [jax.jit(bend, static_argnums=0)(f) for f in (tiled, whole)]
    close(*both, rtol=1e-13)


def test_evaluation_is_the_energy_its_parts_and_its_forces() -> None:
    W, b, importance, c = place()
    how = {"importance": importance, "relative_density": c}
    found = tp.evaluate_sparse_limit(W, b, **how)
    value, slope = jax.value_and_grad(tiled, (0, 1))(W, b, importance, c)
    expected = (
        value,
        tp.one_body_energy(W, b, **how),
        tp.pair_energy(W, b, **how).sum(axis=1),
        tp.pair_forces(W, b, **how).sum(axis=2),
        slope,
    )
    close(found, expected, rtol=1e-14)


def test_law_of_scales() -> None:
    """v(λg, λb) = λ² v(g, b), so W·∂E/∂W + 2 b·∂E/∂b = 4 E for the pairs: Euler."""
    W, b, importance, c = place()
    value, (dW, db) = jax.value_and_grad(_tiles.pair_total, (0, 1))(W, b, importance, c)
    assert float(jnp.sum(W * dW) + 2 * b @ db) == pytest.approx(4 * float(value), rel=1e-14)


def test_the_slope_at_zero_bias_is_that_from_below() -> None:
    W = np.array([[1.0, 0.2]])
    slope = jax.grad(lambda b: tp.sparse_limit_energy(W, b, importance=1.0))
    close(slope(jnp.zeros(2)), slope(jnp.full(2, -1e-9)), rtol=1e-8)


@pytest.mark.parametrize("order", [1, 3])
def test_memory_does_not_grow_with_pairs(order: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the compiled program: the gradient, and a second one in reverse over reverse."""
    monkeypatch.setattr(_tiles, "tile_side", lambda: 64)
    n = 2048

    def energy(W: jax.Array) -> jax.Array:
        return _tiles.pair_total(W, jnp.full(n, -0.1), jnp.ones(n), jnp.ones(n))

    slope = jax.grad(energy)
    function = slope if order == 1 else jax.grad(lambda W: jnp.sum(jnp.sin(slope(W))))
    memory = jax.jit(function).lower(jnp.zeros((2, n))).compile().memory_analysis()
    if memory is None:
        pytest.skip("this backend does not tell")
    assert memory.temp_size_in_bytes < n**2


@pytest.mark.float32
def test_single_precision() -> None:
    """Against double precision: sums of matrices, from the definition of v."""
    W, b, importance, c = place(np.float32)
    found = tp.evaluate_sparse_limit(W, b, importance=importance, relative_density=c)
    assert found.energy.dtype == found.forces.dtype == jnp.float32
    W, b, importance, c = (np.asarray(a, np.float64) for a in (W, b, importance, c))
    gram = W.T @ W
    h = np.maximum(gram + b[:, None], 0) * (1 - np.eye(N))
    t = np.where(h > 0, -b[:, None] / np.where(h > 0, gram, 1), 1)
    weights = importance[:, None] * c[None]
    pull = weights * (1 - t) * h * (2 + t) / 3
    close(found.pairs, np.sum(weights * (1 - t) * h**2 / 3, axis=1), rtol=1e-5)
    close(found.forces, -W @ (pull + pull.T), rtol=1e-5)


@pytest.mark.no_hook
def test_a_mesh_must_divide_the_features() -> None:
    mesh = jax.sharding.Mesh(np.array([[jax.devices()[0]]]), ("a", "b"))
    with pytest.raises(ValueError, match=r"Argument `mesh` must have shape \(D,\), but has"):
        tp.evaluate_sparse_limit(np.ones((1, 3)), np.zeros(3), importance=1.0, mesh=mesh)
