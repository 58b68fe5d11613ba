"""Pair energies against exact values, laws of scaling and symmetry, and plain sums."""

import csv
import functools
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import tms_physics as tp
from tests.energies import arrangements
from theory import universal_optima
from tms_physics.arrangements import elliptic_quadric

DATA = Path(__file__).parent.parent / "data" / "universal_optima.csv"
EXACT = {  # name at the head of a row of the table, d, N -> coordinates
    ("simplex", 3, 4): lambda: arrangements.simplex(3),
    ("simplex", 8, 9): lambda: arrangements.simplex(8),
    ("cross-polytope", 3, 6): lambda: arrangements.cross_polytope(3),
    ("cross-polytope", 7, 14): lambda: arrangements.cross_polytope(7),
    ("icosahedron", 3, 12): arrangements.icosahedron,
    ("600-cell", 4, 120): arrangements.cell_600,
    ("E8 root system", 8, 240): arrangements.e8_roots,
    ("24-cell", 4, 24): arrangements.cell_24,
}
COLUMNS = {0.0: "E_log", 1.0: "E_s1", 2.0: "E_s2", 3.0: "E_s3"}


@functools.cache
def table() -> list[dict[str, str]]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def energy_in_table(name: str, d: int, n: int, s: float) -> float:
    (row,) = (
        row
        for row in table()
        if row["name"].startswith(name) and (int(row["d"]), int(row["N"])) == (d, n)
    )
    return float(row[COLUMNS[s]])


def some(d: int, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(d, n))


def hessian_on_sphere(X: np.ndarray, s: float) -> np.ndarray:
    """Second derivatives along tangents by hand: φ = u^(-s/2) of u = r²; radial directions 0.

    Blocks -(2φ' + 4φ'' r rᵀ) off the diagonal, minus their sum on it, less x_i·∇_iE.
    """
    d, n = X.shape
    r = X[:, :, None] - X[:, None]
    u = np.sum(r**2, axis=0) + np.eye(n)
    away = 1 - np.eye(n)
    first = -s / 2 * u ** (-s / 2 - 1) * away
    second = s / 2 * (s / 2 + 1) * u ** (-s / 2 - 2) * away
    block = 2 * np.einsum("ij,ab->aibj", first, np.eye(d))
    block += 4 * np.einsum("ij,aij,bij->aibj", second, r, r)
    hessian = -block
    gradient = 2 * np.einsum("ij,aij->ai", first, r)
    i = np.arange(n)
    hessian[:, i, :, i] += np.moveaxis(block.sum(axis=3), 1, 0)
    hessian[:, i, :, i] -= np.sum(X * gradient, axis=0)[:, None, None] * np.eye(d)[None]
    along = np.zeros((d, n, d, n))
    along[:, i, :, i] = np.eye(d) - np.einsum("ai,bi->iab", X, X)
    P = along.reshape(d * n, d * n)
    return P @ hessian.reshape(d * n, d * n) @ P


@pytest.mark.parametrize("s", COLUMNS)
@pytest.mark.parametrize("key", EXACT, ids=lambda key: f"{key[0]}-{key[1]}")
def test_energies_of_exact_configurations(key: tuple[str, int, int], s: float) -> None:
    X = EXACT[key]()
    assert X.shape == key[1:]
    found = float(tp.riesz_energy(X, s=s))
    assert found == pytest.approx(energy_in_table(*key, s), rel=1e-12)


def test_energy_of_the_elliptic_quadric() -> None:
    expected = universal_optima.riesz_energy(universal_optima.elliptic_quadric(3), 2)
    found = tp.riesz_energy(elliptic_quadric(3), s=2.0)
    assert float(found) == pytest.approx(float(expected), rel=1e-12)


@pytest.mark.parametrize(
    ("X", "rotations"),
    [(arrangements.cell_600, 6), (arrangements.e8_roots, 28)],
    ids=["600-cell", "E8"],
)
def test_universal_optima_are_strict_minima_but_for_rotations(X, rotations: int) -> None:
    X = X()
    d, n = X.shape
    gradient = np.asarray(jax.grad(tp.riesz_energy)(jnp.asarray(X)))
    tangent = tp.Sphere(d).tangent(jnp.asarray(X), jnp.asarray(gradient))
    assert np.linalg.norm(tangent) <= 1e-12 * np.linalg.norm(gradient)
    hessian = hessian_on_sphere(X, 1.0)
    modes = zero_modes(X)
    assert modes.shape[1] == n + rotations
    size = np.max(np.diagonal(hessian))
    assert np.max(np.abs(hessian @ modes)) <= 1e-12 * size * n
    lifted = hessian + size * modes @ modes.T
    np.linalg.cholesky(lifted - 1e-2 * size * np.eye(d * n))  # raises unless positive


def zero_modes(X: np.ndarray) -> np.ndarray:
    """Orthonormal: what moves particles off the sphere, and the rotations."""
    d, n = X.shape
    radial = np.zeros((d, n, n))
    radial[:, np.arange(n), np.arange(n)] = X
    rotations = []
    for a in range(d):
        for b in range(a):
            A = np.zeros((d, d))
            A[a, b], A[b, a] = 1, -1
            rotations.append((A @ X).ravel())
    return np.linalg.qr(np.column_stack([radial.reshape(d * n, n), *rotations]))[0]


@pytest.mark.float32
@pytest.mark.parametrize("s", [0.0, 0.5, 1.0, 2.0, 3.0])
def test_plain_sum(s: float) -> None:
    X = jnp.asarray(some(3, 9))
    total = 0.0
    for i in range(9):
        for j in range(i):
            r = float(np.linalg.norm(np.asarray(X[:, i] - X[:, j], float)))
            total += -np.log(r) if s == 0 else r**-s
    tolerance = 1e-13 if X.dtype == jnp.float64 else 1e-5
    assert float(tp.riesz_energy(X, s=s)) == pytest.approx(total, rel=tolerance)
    traced = jax.jit(lambda X, s: tp.riesz_energy(X, s=s))(X, jnp.asarray(s))
    assert float(traced) == pytest.approx(total, rel=tolerance)


@pytest.mark.parametrize("s", [0.0, 1.0, 2.5])
def test_scaling_and_its_virial(s: float) -> None:
    """E(λ X) = λ^-s E(X), so Σ r·∇E = -s E; with logarithms, minus the number of pairs."""
    X = jnp.asarray(some(4, 7))
    energy = tp.riesz_energy(X, s=s)
    virial = jnp.sum(X * jax.grad(lambda X: tp.riesz_energy(X, s=s))(X))
    if s == 0:
        expected, scaled = -21.0, energy - 21 * np.log(3)
    else:
        expected, scaled = -s * float(energy), energy * 3.0**-s
    assert float(virial) == pytest.approx(expected, rel=1e-12)
    assert float(tp.riesz_energy(3 * X, s=s)) == pytest.approx(float(scaled), rel=1e-12)


def test_logarithmic_energy_is_the_limit_of_small_exponents() -> None:
    X = some(3, 6)
    small = [float(tp.riesz_energy(X, s=s) - 15) / s for s in (1e-4, 5e-5)]
    assert 2 * small[1] - small[0] == pytest.approx(float(tp.riesz_energy(X, s=0.0)), rel=1e-7)


def test_close_pairs_keep_their_digits_and_coincident_ones_are_infinite() -> None:
    X = np.array([[1.0, 1.0], [0.0, 1e-9]])
    assert float(tp.riesz_energy(X)) == pytest.approx(1e9, rel=1e-14)
    assert float(tp.riesz_energy(X * np.array([[1.0], [0.0]]))) == np.inf


@pytest.mark.parametrize("s", [0.0, 0.5, 1.0, 2.0])
def test_batches_with_charges_are_the_energy_of_those_that_have_one(s: float) -> None:
    X = np.stack([some(3, 8, seed) for seed in range(3)], axis=-1)
    charges = jnp.asarray(np.arange(8) < 5, float)
    energy = tp.RieszEnergy(s)
    energies, gradients = energy.slopes(jnp.asarray(X), charges)
    for k in range(3):
        kept = jnp.asarray(X[:, :5, k])
        expected, slope = jax.value_and_grad(energy)(kept)
        assert float(energies[k]) == pytest.approx(float(expected), rel=1e-13)
        np.testing.assert_allclose(gradients[:, :5, k], slope, rtol=1e-11, atol=1e-13)
        assert np.all(np.asarray(gradients[:, 5:, k]) == 0)
        whole, its_slope = jax.value_and_grad(energy.charged)(jnp.asarray(X[:, :, k]), charges)
        assert float(whole) == pytest.approx(float(expected), rel=1e-13)
        assert np.all(np.asarray(its_slope[:, 5:]) == 0)


@pytest.mark.parametrize("block", [2, 8])
def test_particles_taken_together_or_one_by_one(block: int, monkeypatch) -> None:
    X, charges = jnp.asarray(some(3, 8))[..., None], jnp.ones(8)
    alone = tp.RieszEnergy(1.0).slopes(X, charges)
    monkeypatch.setattr("tms_physics.energies.riesz._block", lambda n, lanes: block)
    together = tp.RieszEnergy(1.0).slopes(X, charges)
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)


def test_frame_potential_is_least_for_tight_frames_only() -> None:
    """(Σ‖x‖²)²/d: Benedetto and Fickus 2003, theorem 6.2."""
    for X in (arrangements.simplex(3), arrangements.cross_polytope(4), arrangements.icosahedron()):
        d, n = X.shape
        assert float(tp.frame_potential(X)) == pytest.approx(n**2 / d, rel=1e-13)
        assert float(tp.tight_frame_defect(X)) < 1e-14
    X = some(3, 7)
    excess = float(tp.frame_potential(X)) - np.sum(X**2) ** 2 / 3
    mean = np.sum(X**2) / 3
    assert excess == pytest.approx((mean * float(tp.tight_frame_defect(X))) ** 2, rel=1e-12)
    assert float(tp.tight_frame_defect(np.zeros((2, 3)))) == 0


def test_relu_interference_sees_acute_pairs_only() -> None:
    assert float(tp.relu_interference(arrangements.cross_polytope(3))) == 0
    X = np.array([[1.0, 0.6, -1.0], [0.0, 0.8, 0.0]])
    assert float(tp.relu_interference(X)) == pytest.approx(2 * 0.36, rel=1e-14)


@pytest.mark.no_hook
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: tp.riesz_energy(np.ones(3)),
         "Argument `X` must have shape (d, N), but has shape (3,)."),
        (lambda: tp.riesz_energy(np.array([[np.nan, 1.0]])),
         "Argument `X` must be finite, but is nan."),
        (lambda: tp.riesz_energy(np.eye(2), s=-1.0),
         "Argument `s` must be finite and >= 0, but is -1.0."),
        (lambda: tp.RieszEnergy(-2.0), "Argument `s` must be finite and >= 0, but is -2.0."),
        (lambda: tp.Sphere(1), "Argument `dimension` must be an integer >= 2, but is 1."),
        (lambda: tp.particle_minima(tp.RieszEnergy(), tp.Sphere(3), 1, key=jax.random.key(0)),
         "Argument `n` must be an integer >= 2, but is 1."),
        (lambda: tp.symmetric_search(tp.RieszEnergy(), 4, key=jax.random.key(0), starts=0),
         "Argument `starts` must be an integer >= 1, but is 0."),
    ],
)  # fmt: skip
def test_mistakes_get_one_sentence(call, sentence: str) -> None:
    with pytest.raises(ValueError, match=r"^Argument") as error:
        call()
    assert str(error.value) == sentence
