"""Attacks on inputs: optimal on a piece, never below their starts, found again by brute force."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import Array

from tms_physics import Attack, arrangements, feature_attack, linear_attack, worst_attack

RADIUS = 0.3


@jax.jit
def both(W: Array, b: Array, x: Array) -> tuple[Attack, Attack]:
    """Attacks on every row of x."""

    def one(row: Array) -> tuple[Attack, Attack]:
        return (
            feature_attack(W, b, row, radius=RADIUS),
            worst_attack(W, b, row, radius=RADIUS),
        )

    return jax.vmap(one)(x)


def network() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Seven uneven features in the plane, with thresholds, and inputs."""
    rng = np.random.default_rng(1)
    W = arrangements.polygon(7) * rng.uniform(0.8, 1.2, 7)
    x = np.where(rng.random((12, 7)) < 0.3, rng.random((12, 7)), 0.0)
    return W, -0.2 * rng.random(7), x


def losses(W: np.ndarray, b: np.ndarray, shown: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.sum((np.maximum(shown @ W.T @ W + b, 0) - x) ** 2, axis=-1)


@pytest.fixture(scope="module")
def found() -> tuple[Attack, Attack]:
    return both(*map(jnp.asarray, network()))


M = np.random.default_rng(0).normal(size=(5, 3))
CASES = {
    "tall": (M, np.arange(5.0)),
    "wide": (M[:2], np.arange(2.0)),
    "no residual": (M, np.zeros(5)),
    "hard": (np.diag([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 0.0])),
    "all alike": (np.eye(3), np.array([1.0, -2.0, 0.5])),
    "two alike": (np.diag([1.0, 3.0, 3.0]), np.array([1.0, 0.1, -0.2])),
    "nothing": (np.zeros((2, 3)), np.ones(2)),
}


@pytest.mark.parametrize("name", CASES)
def test_linear_attack_has_the_certificate_of_a_global_maximum(name: str) -> None:
    """Mᵀ(M δ + r) = μ δ with μ no less than every eigenvalue of MᵀM, and ‖δ‖ = ε."""
    matrix, r = CASES[name]
    delta = np.asarray(linear_attack(matrix, r, radius=0.5))
    assert np.linalg.norm(delta) == pytest.approx(0.5, rel=1e-12)
    slope = matrix.T @ (matrix @ delta + r)
    mu = slope @ delta / 0.25
    np.testing.assert_allclose(slope, mu * delta, atol=1e-9)
    assert mu >= np.linalg.eigvalsh(matrix.T @ matrix)[-1] - 1e-9


def test_attacks_are_what_they_say(found: tuple[Attack, Attack]) -> None:
    """As long as allowed, in the row space of W, with the change of the loss that they report."""
    W, b, x = network()
    for attack in found:
        delta = np.asarray(attack.perturbation)
        np.testing.assert_allclose(np.linalg.norm(delta, axis=1), RADIUS, rtol=1e-12)
        np.testing.assert_allclose(delta, delta @ np.linalg.pinv(W) @ W, atol=1e-12)
        change = losses(W, b, x + delta, x) - losses(W, b, x, x)
        np.testing.assert_allclose(attack.change, change, atol=1e-12)


def test_feature_attack_is_the_best_of_all_features(found: tuple[Attack, Attack]) -> None:
    W, b, x = network()
    A = W.T @ W
    unit = RADIUS * A / np.linalg.norm(A, axis=1, keepdims=True)
    each = [losses(W, b, x + sign * row, x) for row in unit for sign in (1, -1)]
    np.testing.assert_allclose(found[0].change, np.max(each, axis=0) - losses(W, b, x, x))


def test_worst_attack_in_the_plane_is_that_of_brute_force(found: tuple[Attack, Attack]) -> None:
    """All directions in the plane of the features, 0.001 apart, and shorter ones as well."""
    W, b, x = network()
    angles = np.arange(0, 2 * np.pi, 1e-3)
    rows = np.linalg.svd(W, full_matrices=False)[2]
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1) @ rows
    best = np.full(len(x), -np.inf)
    for length in RADIUS * np.array([1.0, 0.9, 0.6, 0.3]):
        shown = x[:, None] + length * circle[None]
        best = np.maximum(best, losses(W, b, shown, x[:, None]).max(1))
    worst = np.asarray(found[1].change)
    brute = best - losses(W, b, x, x)
    assert np.all(worst >= np.asarray(found[0].change) - 1e-12)
    np.testing.assert_allclose(worst, brute, rtol=2e-3)


def test_most_ends_are_stationary(found: tuple[Attack, Attack]) -> None:
    """Where not, the maximum is on a kink: an output of an active feature is about to shut."""
    W, b, x = network()
    defect, delta = np.asarray(found[1].defect), np.asarray(found[1].perturbation)
    off = defect > 1e-3
    assert np.mean(off) < 0.5
    z = (x + delta) @ W.T @ W + b
    assert np.all(np.abs(z[off]).min(1) < 0.02)


def test_rotations_of_the_hidden_space_change_nothing(found: tuple[Attack, Attack]) -> None:
    W, b, x = network()
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    turned = both(*map(jnp.asarray, (turn @ W, b, x)))
    for ours, theirs in zip(found, turned, strict=True):
        np.testing.assert_allclose(ours.change, theirs.change, rtol=1e-9)


def test_open_outputs_are_one_piece_and_dead_networks_none() -> None:
    """With large biases the first step is exact; weights of 0 cannot be attacked."""
    W, _, x = network()
    b = np.full(7, 5.0)
    _, worst = both(*map(jnp.asarray, (W, b, x)))
    for row, change in zip(x, worst.change, strict=True):
        A = W.T @ W
        r = A @ row + b - row
        delta = np.asarray(linear_attack(A, r, radius=RADIUS))
        expected = np.sum((A @ delta + r) ** 2) - r @ r
        assert float(change) == pytest.approx(expected, rel=1e-9)
    _, none = both(jnp.zeros((2, 7)), jnp.asarray(b), jnp.asarray(x))
    np.testing.assert_array_equal(none.change, 0.0)


@pytest.mark.no_hook
@pytest.mark.parametrize(
    ("call", "changed", "sentence"),
    [
        (feature_attack, {"W": np.ones(3)}, "`W` must have shape (m, n)"),
        (feature_attack, {"x": np.ones(2)}, "`x` must have shape (n,) = (3,), but has shape (2,)."),
        (feature_attack, {"x": [0, np.nan, 0]}, "`x` must be finite, but is nan."),
        (feature_attack, {"radius": 0}, "`radius` must be positive and finite, but is 0."),
        (worst_attack, {"radius": np.inf}, "`radius` must be positive and finite, but is inf."),
        (worst_attack, {"starts": 0}, "`starts` must be an integer >= 1, but is 0."),
        (worst_attack, {"steps": 1.5}, "`steps` must be an integer >= 1, but is 1.5."),
    ],
)
def test_bad_arguments_get_one_sentence(call: Any, changed: Any, sentence: str) -> None:
    given = {"W": np.ones((2, 3)), "b": np.zeros(3), "x": np.ones(3), "radius": 0.1} | changed
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        call(given.pop("W"), given.pop("b"), given.pop("x"), **given)


@pytest.mark.no_hook
@pytest.mark.parametrize(
    ("matrix", "r", "sentence"),
    [
        (np.ones(3), np.ones(3), "`matrix` must have shape (k, d), but has shape (3,)."),
        (np.ones((2, 3)), np.ones(3), "`residual` must have shape (k,) = (2,), but has shape"),
        (np.full((2, 3), np.inf), np.ones(2), "`matrix` must be finite, but is inf."),
    ],
)
def test_bad_pieces_get_one_sentence(matrix: Any, r: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        linear_attack(matrix, r, radius=1.0)
