"""The linear model and the hidden-ReLU model: against sums over examples and each other."""

import numpy as np
import pytest

from tms_physics import (
    hidden_relu_population_loss,
    linear_population_loss,
    population_loss,
)

N, M = 9, 4


def setting(seed: int = 0):
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(M, N)), rng.normal(size=N)
    return W, b, rng.uniform(0.5, 2.0, N), rng.uniform(0.05, 1.0, N)


def examples(density: np.ndarray, count: int = 400_000) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.random((count, N)) * (rng.random((count, N)) < density)


def score(each: np.ndarray, value: float) -> float:
    return (each.mean() - value) / (each.std() / np.sqrt(len(each)))


def test_linear_model_against_sampling() -> None:
    W, b, importance, density = setting()
    value = float(linear_population_loss(W, b, importance=importance, density=density))
    x = examples(density)
    assert abs(score((x - x @ W.T @ W - b) ** 2 @ importance, value)) < 4.5


def test_linear_where_no_output_is_cut() -> None:
    W, b, importance, density = setting()
    W, b = np.abs(W), np.abs(b)
    linear = linear_population_loss(W, b, importance=importance, density=density)
    rectified = population_loss(W, b, importance=importance, density=density)
    assert float(linear) == pytest.approx(float(rectified), rel=2e-8)


def test_hidden_neurons_of_one_sign_against_sampling() -> None:
    W, b, importance, density = setting()
    W = np.abs(W) * np.array([1.0, -1.0, 1.0, 1.0])[:, None] / 2
    value = float(hidden_relu_population_loss(W, b, importance=importance, density=density))
    x = examples(density)
    out = np.maximum(np.maximum(x @ W.T, 0) @ W + b, 0)
    assert abs(score((x - out) ** 2 @ importance, value)) < 4.5


@pytest.mark.no_hook
def test_hidden_neurons_of_both_signs_are_refused() -> None:
    W, b, importance, density = setting()
    with pytest.raises(ValueError, match="`W` must be of one sign in each row"):
        hidden_relu_population_loss(W, b, importance=importance, density=density)
