"""Detection and the split of the loss: closed forms, enumeration, samples, limits."""

import itertools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from theory import interference, mean_field
from theory.interference import (
    detection,
    linear_parts,
    sparse_detection,
    sparse_interference,
    value_error,
)

_ROOTS, _SHARES = np.polynomial.legendre.leggauss(30)
U, SHARES = (_ROOTS + 1) / 2, _SHARES / 2


@pytest.fixture(scope="module")
def network() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    W = rng.normal(size=(5, 14)) / np.sqrt(5)
    return W.T @ W, 0.2 * rng.normal(size=14)


def cube(g: np.ndarray, p: float) -> tuple[np.ndarray, np.ndarray]:
    """Values and weights of Σ g_j x_j by 30 nodes for each active feature; for two features."""
    values, weights = [], []
    for active in itertools.product((0, 1), repeat=len(g)):
        grids = [(U, p * SHARES) if on else (np.zeros(1), np.array([1 - p])) for on in active]
        x = np.stack(np.meshgrid(*(nodes for nodes, _ in grids), indexing="ij"), -1)
        w = np.multiply.outer(grids[0][1], grids[1][1])
        values.append((x @ g).ravel())
        weights.append(w.ravel())
    return np.concatenate(values), np.concatenate(weights)


@pytest.mark.parametrize("p", [1.0, 0.4, 0.02])
def test_three_features_by_enumeration(p: float) -> None:
    """Sums of 30 nodes a dimension: the kinks are worth about 1e-4."""
    W = np.array([[1.0, -0.4, 0.5], [0.1, 0.8, 0.6]])
    G, b = W.T @ W, np.array([-0.05, 0.1, -0.3])
    found, areas = value_error(G, b, p), detection(G, p)
    for i in range(3):
        xi, weights = cube(np.delete(G[i], i), p)
        response = np.maximum(G[i, i] * U[:, None] + b[i] + xi, 0) @ weights
        silent = np.maximum(b[i] + xi, 0) @ weights
        expected = (1 - p) * silent**2 + p * SHARES @ (U - response) ** 2
        assert found[i] == pytest.approx(expected, rel=2e-3, abs=1e-6)
        t = (xi[:, None] - xi[None]) / G[i, i]  # u exceeds it
        area = weights @ np.clip(1 - t, 0, 1) @ weights  # symmetric in the two draws
        assert areas[i] == pytest.approx(area, abs=1e-4)


@pytest.mark.parametrize("p", [1.0, 0.3, 0.03])
def test_networks_on_samples(network: tuple[np.ndarray, np.ndarray], p: float) -> None:
    """Five standard errors of 14 features each."""
    G, b = network
    rng, count = np.random.default_rng(1), 40_000
    x, y = (np.where(u < p, u / p, 0.0) for u in rng.random((2, count, len(b))))
    own = np.diagonal(G)
    right = x @ G + (rng.random(x.shape) - x) * own > y @ G - y * own
    error = np.sqrt(right.var(0) / count)
    assert np.all(np.abs(right.mean(0) - detection(G, p)) < 5 * error)
    for bias, found in zip((b, 0 * b), value_error(G, np.stack([b, 0 * b]), p), strict=True):
        first, second = (
            np.maximum(each, 0) for each in (x @ G + bias, y @ G + (x - y) * own + bias)
        )
        samples = (x - first) * (x - second)  # of the same x_i, all others independent
        error = samples.std(0) / np.sqrt(count)
        assert np.all(np.abs(samples.mean(0) - found) < 5 * error)


def test_more_harmonics_change_little(
    network: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    G, b = network
    few = detection(G, 0.05), value_error(G, b, 0.05)
    monkeypatch.setattr(interference, "HARMONICS", 2048)
    np.testing.assert_allclose(few[0], detection(G, 0.05), atol=2e-6)
    np.testing.assert_allclose(few[1], value_error(G, b, 0.05), rtol=1e-4)


@pytest.mark.parametrize("size", [0.0, 1e-5, 1e-3])
def test_small_couplings_cost_no_accuracy(size: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Antipodal pairs, with others that the highest frequency does not resolve."""
    rng = np.random.default_rng(5)
    W = np.kron(np.eye(6), [[1, -1]]) + size * rng.normal(size=(6, 12))
    G, b = W.T @ W, -0.02 + 0.01 * rng.normal(size=12)
    few = detection(G, 0.1), value_error(G, b, 0.1)
    monkeypatch.setattr(interference, "HARMONICS", 4096)
    np.testing.assert_allclose(few[0], detection(G, 0.1), atol=1e-5)
    np.testing.assert_allclose(few[1], value_error(G, b, 0.1), rtol=1e-4)


def test_first_orders_are_reached_as_the_density_falls(
    network: tuple[np.ndarray, np.ndarray],
) -> None:
    G, b = network
    b = -np.abs(b)
    gaps = []
    for p in (1e-3, 1e-4):
        missed = 1 - detection(G, p)
        gaps.append(np.max(np.abs(missed / (1 - sparse_detection(G, p)) - 1)))
    assert gaps[1] < gaps[0] / 8
    assert gaps[1] < 2e-3


def test_interference_to_first_order_is_that_of_one_other_active_feature() -> None:
    """All four cases of the integral, by quadrature."""
    rng = np.random.default_rng(2)
    G = rng.normal(size=(6, 6))
    G = np.abs(np.diag(np.diagonal(G))) + np.triu(G, 1) + np.triu(G, 1).T
    G[0, 1] = G[1, 0] = 0.0
    b = np.array([0.3, -0.4, 0.0, 1.0, -2.0, 0.05])
    x = (np.arange(20_000) + 0.5) / 20_000
    z = b[:, None, None] + G[:, :, None] * x
    each = np.mean((np.maximum(z, 0) - np.maximum(b, 0)[:, None, None]) ** 2, axis=2)
    expected = 0.01 * np.sum(each * (1 - np.eye(6)), axis=1)
    np.testing.assert_allclose(sparse_interference(G, b, 0.01), expected, rtol=1e-6, atol=1e-12)


def test_orthogonal_features_are_detected_and_have_no_error() -> None:
    G = np.diag([1.0, 1.0, 0.0])
    assert detection(G, 0.2) == pytest.approx([1, 1, 0.5], abs=1e-6)
    assert sparse_detection(G, 0.2) == pytest.approx([1, 1, 0.5])
    found = value_error(G, np.array([0.0, -0.2, 0.1]), 0.2)
    u = (np.arange(100_000) + 0.5) / 100_000
    second = 0.2 * np.mean((u - np.maximum(u - 0.2, 0)) ** 2)
    third = 0.8 * 0.1**2 + 0.2 * np.mean((u - 0.1) ** 2)
    np.testing.assert_allclose(found, [0, second, third], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(sum(linear_parts(G, 0.2)), [0, 0, 0.2 / 3 - 0.01])


@pytest.mark.parametrize("p", [1.0, 0.1])
def test_random_networks_come_to_the_mean_field(p: float) -> None:
    """Rows of a tight frame with many features; detection of one direction within 2 %."""
    rng = np.random.default_rng(3)
    n, m = 60, 30
    W = np.linalg.qr(rng.normal(size=(n, m)))[0].T
    mean = float(detection(W.T @ W, p).mean())
    assert mean == pytest.approx(float(mean_field.detection(m / n, p)), rel=0.02)


def test_parts_of_the_mean_field() -> None:
    """On normal samples; their sum is the loss, and a linear read-out has a² κ²."""
    rng = np.random.default_rng(4)
    state = mean_field.loss(0.2, 0.1)
    value, rest = mean_field.parts(state.a, state.bias, 0.2, 0.1)
    assert value + rest == pytest.approx(state.loss, rel=1e-12)
    sigma = state.a * float(mean_field.noise(0.2, 0.1))
    u = rng.random(400_000)
    x = np.where(u < 0.1, u / 0.1, 0.0)
    first, second = (
        np.maximum(state.a * x + state.bias + sigma * z, 0) for z in rng.normal(size=(2, len(u)))
    )
    samples = (x - first) * (x - second)
    assert abs(samples.mean() - value) < 5 * samples.std() / np.sqrt(len(u))
    _, linear = mean_field.parts(state.a, 50.0, 0.2, 0.1)
    assert linear == pytest.approx(sigma**2, rel=1e-6)
    assert mean_field.detection(1.0, 0.3) == 1


@pytest.mark.no_hook
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: detection(np.ones((2, 3)), 0.1),
            "Argument `G` must have shape (n, n), but has shape (2, 3).",
        ),
        (
            lambda: detection(-np.eye(2), 0.1),
            "Argument `G` must have a diagonal >= 0, but has -1.0 on it.",
        ),
        (
            lambda: value_error(np.eye(2), np.zeros(3), 0.1),
            "Argument `b` must have shape (..., 2), but has shape (3,).",
        ),
        (
            lambda: sparse_interference(np.eye(2), np.zeros((2, 2)), 0.1),
            "Argument `b` must have shape (2,), but has shape (2, 2).",
        ),
        (
            lambda: linear_parts(np.eye(2), np.full(2, 0.1)),  # pyright: ignore[reportArgumentType]
            "Argument `density` must be a number, but has shape (2,).",
        ),
        (
            lambda: sparse_detection(np.eye(2), 1.5),
            "Argument `density` must be in (0, 1], but is 1.5.",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        call()
