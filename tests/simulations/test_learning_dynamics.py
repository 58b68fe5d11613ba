"""Learning dynamics: plateaus and predicted lengths on flows whose modes are known."""

import itertools
import re
from typing import Any

import numpy as np
import pytest

from simulations import _learning_dataset, _learning_flow, _learning_saddles
from simulations._networks import Size
from simulations.learning_dynamics import Config

RATES = np.array([1.0, 0.5, 0.2])
START = 1e-4


def modes(t: np.ndarray) -> np.ndarray:
    """x_k² logistic with rates 2λ_k: ẋ_k = λ_k x_k (1 - x_k²)."""
    return 1 / np.sqrt(1 + (START**-2 - 1) * np.exp(-2 * RATES * t[:, None]))


@pytest.fixture(scope="module")
def known() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    t = np.linspace(0, 80, 80_001)
    x = modes(t)
    return t, x, np.linalg.norm(RATES * x * (1 - x**2), axis=1)


def test_plateaus_end_where_the_speed_is_its_maximum_over_the_root(known: Any) -> None:
    _t, _, speed = known
    rows = _learning_flow.plateaus(speed, 3.0)
    assert len(rows) == 3
    assert rows[0, 0] == 0
    np.testing.assert_array_less(rows[:, 0], rows[:, 2])
    for (_, _, left), (entered, _, _) in itertools.pairwise(rows):
        peak = speed[left:entered].max()
        np.testing.assert_allclose(speed[[left, entered]], peak / np.sqrt(3), rtol=2e-3)


def test_predicted_lengths_are_those_of_the_exact_flow(known: Any) -> None:
    """Short by -(3/2λ) ln(1 - x²) of the logistic curve, 0.09/λ at this ratio: at most 0.5/λ."""
    t, x, speed = known
    for k, (entered, _, left) in enumerate(_learning_flow.plateaus(speed, 3.0)):
        length = _learning_saddles.predicted(RATES[k:], x[entered, k:], speed[left])
        assert 0 <= t[left] - t[entered] - length < 0.5 / RATES[k]


def test_predicted_length_of_one_mode_and_of_none() -> None:
    one = _learning_saddles.predicted(np.array([0.5]), np.array([-1e-3]), 0.05)
    assert one == pytest.approx(np.log(100) / 0.5)
    assert _learning_saddles.predicted(np.array([0.5]), np.array([1.0]), 0.05) == 0
    assert np.isnan(_learning_saddles.predicted(np.array([]), np.array([]), 0.05))


def test_rotations_are_orthonormal_and_antisymmetric_generators() -> None:
    rng = np.random.default_rng(0)
    y = rng.normal(size=4 * 5)
    land = _learning_saddles.Landscape(np.zeros_like, np.diag, 3, 5)
    zero = _learning_saddles.rotations(land, y)
    np.testing.assert_allclose(zero.T @ zero, np.eye(3), atol=1e-12)
    W, turned = y[:15].reshape(3, 5), zero[:15].T.reshape(3, 3, 5)
    gram = np.swapaxes(turned, 1, 2) @ W
    np.testing.assert_allclose(gram + np.swapaxes(gram, 1, 2), 0, atol=1e-12)
    assert not zero[15:].any()


def test_dimensionality_of_a_digon_beside_a_single_and_a_dead_feature() -> None:
    W = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0]])
    row = np.concatenate([W.ravel(), np.zeros(4)])
    found = _learning_dataset.dimensionality(row, Size(4, 2))
    np.testing.assert_allclose(found, [0.5, 0.5, 1.0, 0.0])


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("features", 6, "in [7, 40], but is 6."),
        ("hidden", 7, "in [1, features), but is 7."),
        ("decay", 2.0, "in [0.1, 1], but is 2.0."),
        ("density", 0.0, "in [0.001, 1], but is 0.0."),
        ("plateau_ratio", 1.0, "in [1.5, 100], but is 1.0."),
        ("step", np.nan, "in [0.001, 0.8], but is nan."),
        ("sgd_rate", 1.0, "in [0.0001, 0.5], but is 1.0."),
    ],
)
def test_bad_options_get_one_sentence(option: str, value: Any, rule: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument `{option}` must be {rule}")):
        Config(**{option: value})
