"""Order parameters on configurations whose geometry is known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tms_physics import (
    SparseUniform,
    dimensions_per_feature,
    feature_dimensionality,
    feature_norms,
    interference,
    population_loss,
    recovery,
)


def polygon(k: int) -> np.ndarray:
    angles = 2 * np.pi * np.arange(k) / k
    return np.stack([np.cos(angles), np.sin(angles)])


def simplex(d: int) -> np.ndarray:
    """d + 1 unit vectors in d dimensions, as coordinates in the plane Σ x = 0."""
    centred = np.eye(d + 1) - 1 / (d + 1)
    basis = np.linalg.svd(centred)[2][:d]
    return basis @ centred / np.sqrt(d / (d + 1))


def tegum(*pieces: np.ndarray) -> np.ndarray:
    """Pieces in orthogonal subspaces."""
    sizes = np.array([piece.shape for piece in pieces])
    W = np.zeros(np.sum(sizes, axis=0))
    for piece, (row, column) in zip(pieces, np.cumsum(sizes, axis=0) - sizes, strict=True):
        W[row : row + piece.shape[0], column : column + piece.shape[1]] = piece
    return W


DIGON = np.array([[1.0, -1.0]])


@pytest.mark.parametrize("k", [3, 4, 5, 6, 9])
def test_polygon_has_two_dimensions_for_k(k: int) -> None:
    np.testing.assert_allclose(feature_dimensionality(polygon(k)), 2 / k, rtol=1e-14)


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_simplex_has_d_dimensions_for_d_plus_one(d: int) -> None:
    np.testing.assert_allclose(feature_dimensionality(simplex(d)), d / (d + 1), rtol=1e-13)


def test_tegum_products_keep_the_dimensionality_of_their_pieces() -> None:
    """Triangular bipyramid: 2/3 three times and 1/2 twice."""
    W = tegum(polygon(3), DIGON)
    expected = [2 / 3, 2 / 3, 2 / 3, 1 / 2, 1 / 2]
    np.testing.assert_allclose(feature_dimensionality(W), expected, rtol=1e-14)


def test_square_antiprisms() -> None:
    """3/8 at z² = 1/3, (9 + 4√2)/40 with equal edges."""
    for z2, expected in ((1 / 3, 3 / 8), (1 / (1 + 2 * np.sqrt(2)), (9 + 4 * np.sqrt(2)) / 40)):
        angles = np.pi / 4 * np.arange(8)
        height = np.sqrt(z2) * (-1.0) ** np.arange(8)
        radius = np.sqrt(1 - z2)
        W = np.stack([radius * np.cos(angles), radius * np.sin(angles), height])
        np.testing.assert_allclose(feature_dimensionality(W), expected, rtol=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_dimensionalities_sum_to_at_most_the_rank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(1, 5)), int(rng.integers(2, 9))
    W = rng.normal(size=(m, n))
    total = float(np.sum(feature_dimensionality(W)))
    assert total < min(m, n) + 1e-12
    assert total < np.linalg.matrix_rank(W) or m == 1


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e3])
def test_tight_frames_use_every_dimension(factor: float) -> None:
    for W in (polygon(5), simplex(3), tegum(polygon(3), 2 * DIGON)):
        total = float(np.sum(feature_dimensionality(factor * W)))
        assert total == pytest.approx(len(W), rel=1e-13)


def test_dead_features_have_nothing() -> None:
    W = np.array([[1.0, 0.0, 0.5], [0.0, 0.0, 0.5]])
    for observable in (feature_norms, interference, feature_dimensionality):
        values = observable(W)
        assert values[1] == 0.0
        assert np.all(np.isfinite(values))


def test_interference_is_what_the_others_add_along_a_feature() -> None:
    angle = 0.3
    W = np.array([[2.0, np.cos(angle)], [0.0, np.sin(angle)]])
    expected = [np.cos(angle) ** 2, (2 * np.cos(angle)) ** 2]
    np.testing.assert_allclose(interference(W), expected, rtol=1e-14)
    np.testing.assert_allclose(interference(np.eye(3)), 0.0, atol=1e-15)


@pytest.mark.parametrize("seed", range(3))
def test_dimensionality_is_norm_over_norm_and_interference(seed: int) -> None:
    W = np.random.default_rng(seed).normal(size=(3, 6))
    squares = feature_norms(W) ** 2
    expected = squares / (squares + interference(W))
    np.testing.assert_allclose(feature_dimensionality(W), expected, rtol=1e-13)


def test_observables_do_not_see_rotations() -> None:
    rng = np.random.default_rng(0)
    W, turn = rng.normal(size=(3, 5)), np.linalg.qr(rng.normal(size=(3, 3)))[0]
    for observable in (feature_norms, interference, feature_dimensionality, dimensions_per_feature):
        np.testing.assert_allclose(observable(turn @ W), observable(W), rtol=1e-12)


def test_dimensions_per_feature() -> None:
    assert dimensions_per_feature(polygon(5)) == pytest.approx(2 / 5, rel=1e-14)
    assert dimensions_per_feature(np.zeros((2, 3))) == np.inf


def test_recovery_of_perfect_and_constant_outputs() -> None:
    features = SparseUniform(0.3, 2)
    error = jnp.array([0.0, 0.3 / 3 - 0.09 / 4])
    np.testing.assert_allclose(recovery(error, features.variance), [1.0, 0.0], atol=1e-15)


def test_superposition_recovers_more_than_m_features() -> None:
    """An antipodal pair in one dimension, sparse; ∂L/∂I_i is E(x_i - x'_i)²."""
    p = 0.05
    error = jax.grad(
        lambda importance: population_loss(DIGON, np.zeros(2), importance=importance, density=p)
    )(jnp.ones(2))
    assert np.sum(recovery(error, SparseUniform(p, 2).variance)) > 1.5


def test_observables_are_batched_by_vmap() -> None:
    batch = jnp.asarray(np.random.default_rng(0).normal(size=(4, 2, 3)))
    values = jax.jit(jax.vmap(feature_dimensionality))(batch)
    np.testing.assert_allclose(values[2], feature_dimensionality(batch[2]), rtol=1e-14)


@pytest.mark.parametrize(
    ("dtype", "size"),
    [
        *((np.float32, size) for size in (1e-20, 1.0, 1e20)),
        *((np.float64, size) for size in (1e-160, 1.0, 1e160)),
    ],
)
def test_dimensionality_at_any_size(dtype: type, size: float) -> None:
    """Squares of norms leave the range of numbers long before the norms do."""
    rng = np.random.default_rng(2)
    W = rng.normal(size=(3, 7)).astype(dtype)
    expected = np.asarray(feature_dimensionality(W))
    found = feature_dimensionality(W * dtype(size))
    np.testing.assert_allclose(found, expected, rtol=20 * np.finfo(dtype).eps)
    almost_dead = np.diag([1.0, size]).astype(dtype)
    np.testing.assert_array_equal(feature_dimensionality(almost_dead), [1.0, 1.0])
