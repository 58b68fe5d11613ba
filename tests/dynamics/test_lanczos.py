"""Lowest eigenpairs against dense ones: simple, multiple, with directions left out, used up."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.systems import SYSTEMS
from tms_physics import lowest_curvatures, rotation_modes
from tms_physics.dynamics.lanczos import generic_vectors, lowest_eigenpairs, orthonormal_span

SIZE = 320
AXES = np.linalg.qr(np.random.default_rng(0).normal(size=(SIZE, SIZE)))[0]
NONE = np.zeros((0, SIZE))


def _rotated(values: np.ndarray) -> np.ndarray:
    return AXES * values @ AXES.T


@jax.jit
def _two(matrix: jax.Array, left_out: jax.Array):
    start = generic_vectors(2, SIZE, matrix.dtype)
    return lowest_eigenpairs(lambda v: matrix @ v, start, left_out, tolerance=1e-9)


SPECTRA = {
    "even": np.linspace(-1.0, 2.0, SIZE),
    "soft": np.concatenate([[-1e-3, -5e-4], np.geomspace(1e-3, 1.0, SIZE - 2)]),
    "double": np.concatenate([[-1.0, -1.0], np.linspace(0.0, 1.0, SIZE - 2)]),
    "one value": np.full(SIZE, 3.0),
    "two values": np.repeat([1.0, 5.0], SIZE // 2),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_lowest_pairs_of_a_known_spectrum(name: str) -> None:
    matrix = _rotated(SPECTRA[name])
    pairs = _two(matrix, NONE)
    expected = np.sort(SPECTRA[name])[:2]
    largest = np.max(np.abs(SPECTRA[name]))
    np.testing.assert_allclose(pairs.values, expected, rtol=0, atol=1e-12 * largest)
    assert np.all(pairs.values >= expected - 1e-13 * largest)
    assert np.all(pairs.residuals <= 1e-9 * largest)
    vectors = np.asarray(pairs.vectors)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(2), atol=1e-13)
    np.testing.assert_allclose(vectors @ matrix, expected[:, None] * vectors, atol=2e-9 * largest)
    assert pairs.scale == pytest.approx(largest, rel=0.1)


def test_directions_are_left_out() -> None:
    """Without its lowest ten axes an operator has the eleventh and twelfth eigenvalue."""
    matrix = _rotated(SPECTRA["even"])
    axes = jnp.asarray(AXES[:, :10].T)
    repeated = jnp.concatenate([axes, axes[:3] + axes[3:6]])
    pairs = _two(matrix, orthonormal_span(repeated))
    np.testing.assert_allclose(pairs.values, SPECTRA["even"][10:12], atol=1e-12)
    np.testing.assert_allclose(pairs.vectors @ axes.T, 0.0, atol=1e-12)


def test_a_small_space_is_used_up() -> None:
    """Three parameters, one left out: two curvatures and no third."""
    rates = np.array([4.0, -2.0, 1.0])
    out = lowest_curvatures(
        lambda y: jnp.asarray(rates) @ y**2 / 2,
        jnp.zeros(3),
        k=3,
        zero_modes=lambda y: jnp.array([[0.0, 0.0, 1.0]]),
    )
    np.testing.assert_allclose(out.values, [-2.0, 4.0, np.inf], atol=1e-14)
    assert np.all(np.abs(out.directions[:2, 2]) < 1e-14)


def test_curvatures_of_a_solved_system() -> None:
    """Minima and saddles of a linear network, flat directions among them."""
    system = SYSTEMS["linear network"]
    at = jnp.stack([point.y for point in (*system.minima, *system.saddles)])
    lowest = jax.jit(jax.vmap(lambda y: lowest_curvatures(system.energy, y, k=2).values))(at)
    dense = np.linalg.eigvalsh(jax.vmap(jax.hessian(system.energy))(at))
    np.testing.assert_allclose(lowest, dense[:, :2], atol=1e-12)


def test_index_of_a_saddle_with_equal_rates() -> None:
    """Σ (y² - 1)²/4 where 3 of 320 coordinates are zero: three times -1, then 2."""
    y = {"zero": jnp.zeros(3), "one": jnp.ones(SIZE - 3)}

    def energy(state: dict) -> jax.Array:
        return sum(jnp.sum((leaf**2 - 1) ** 2) / 4 for leaf in state.values())

    out = lowest_curvatures(energy, y, k=4)
    np.testing.assert_allclose(out.values, [-1, -1, -1, 2], atol=1e-12)
    np.testing.assert_allclose(jnp.linalg.norm(out.directions["zero"][:3], axis=1), 1, atol=1e-9)
    assert out.directions["one"].shape == (4, SIZE - 3)


def test_rotations_are_left_out() -> None:
    """‖1 - WᵀW‖² at WᵀW = 1: W S with symmetric S has curvature 8, A W, a rotation, none.

    325 rotations in 312 parameters: they depend on each other.
    """
    W = jnp.asarray(np.linalg.qr(np.random.default_rng(1).normal(size=(26, 12)))[0])

    def energy(W: jax.Array) -> jax.Array:
        return jnp.sum((jnp.eye(12) - W.T @ W) ** 2)

    def modes(W: jax.Array) -> jax.Array:
        return rotation_modes((W, jnp.zeros(12)))[0]

    held = lowest_curvatures(energy, W, k=2, zero_modes=modes)
    np.testing.assert_allclose(held.values, 8.0, rtol=1e-12)
    assert held.largest == pytest.approx(8.0, rel=1e-12)


MESSAGES: list[tuple[Callable[[], object], str]] = [
    (lambda: _bowl(k=0), "Argument `k` must be an integer >= 1, but is 0."),
    (lambda: _bowl(k=4), "Argument `k` must be at most the number of parameters, 3, but is 4."),
    (lambda: _bowl(y="a"), "Argument `y` must be an array of real numbers, but is 'a'."),
    (lambda: _bowl(tolerance=0.0), "Argument `tolerance` must be positive and finite, but is 0.0."),
]


def _bowl(y: object = np.ones(3), **options: object):
    return lowest_curvatures(lambda v: jnp.sum(v**2), y, **options)  # type: ignore[arg-type]


@pytest.mark.no_hook
@pytest.mark.parametrize(("call", "message"), MESSAGES)
def test_messages(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match="Argument") as error:
        call()
    assert str(error.value) == message
