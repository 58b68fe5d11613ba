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
    @jax.jit
    def expected(W: jax.Array, b: jax.Array, importance: jax.Array, c: jax.Array) -> object:
        how = {"importance": importance, "relative_density": c}
        pairs, forces = tp.pair_energy(W, b, **how), tp.pair_forces(W, b, **how)
        value, slope = jax.value_and_grad(whole, (0, 1))(W, b, importance, c)
        return value, tp.one_body_energy(W, b, **how), pairs.sum(1), forces.sum(2), slope

    close(evaluated(*place()), expected(*place()), rtol=1e-14)


def evaluated(
    W: jax.Array, b: jax.Array, importance: jax.Array, c: jax.Array
) -> tp.SparseLimitEvaluation:
    return tp.evaluate_sparse_limit(W, b, importance=importance, relative_density=c)


def test_law_of_scales() -> None:
    """v(λg, λb) = λ² v(g, b): pairs grow as λ⁴, forces as λ³, if W grows as λ and b as λ²."""
    W, b, importance, c = place()
    one, two = evaluated(W, b, importance, c), evaluated(2 * W, 4 * b, importance, c)
    close((two.pairs, two.forces), (16 * one.pairs, 8 * one.forces), rtol=1e-14)


def test_the_slope_at_zero_bias_is_that_from_below() -> None:
    W, _, importance, c = place()
    at, below = (evaluated(W, jnp.full(N, b), importance, c) for b in (0.0, -1e-9))
    close(at.gradient, below.gradient, rtol=1e-8)


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
