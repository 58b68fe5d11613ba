"""Vulnerability: norms of inputs, one output, one piece, and the mean field, by other means."""

import re
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from theory import adversarial, mean_field, population_loss

TWO = (np.sqrt(2) + np.arcsinh(1)) / 3  # mean distance of a point of the unit square to a corner
THREE = np.sqrt(3) / 4 + np.log(2 + np.sqrt(3)) / 2 - np.pi / 24  # of the unit cube


@pytest.mark.parametrize("p", [1.0, 0.3, 1e-3])
def test_mean_norm_of_few_features_is_that_of_geometry(p: float) -> None:
    q = 1 - p
    expected = {
        1: p / 2,
        2: 2 * p * q / 2 + p**2 * TWO,
        3: 3 * p * q**2 / 2 + 3 * p**2 * q * TWO + p**3 * THREE,
    }
    for n, value in expected.items():
        assert adversarial.mean_input_norm(n, p) == pytest.approx(value, rel=1e-8)


def test_mean_norm_of_many_features_is_nearly_its_root_mean_square() -> None:
    """E‖x‖ = √(n p/3) (1 - Var x²/(8 n (E x²)²) + O(1/n²)), Var x² = p/5 - p²/9."""
    for n, p in ((2000, 1.0), (20_000, 0.2)):
        spread = (p / 5 - p**2 / 9) / (8 * n * (p / 3) ** 2)
        expected = np.sqrt(n * p / 3) * (1 - spread)
        assert adversarial.mean_input_norm(n, p) == pytest.approx(expected, rel=20 * spread**2)


def test_sensitivity_is_the_squared_norm_over_the_root_of_dimensionality() -> None:
    W = np.random.default_rng(0).normal(size=(3, 8))
    G = W.T @ W
    dimensionality = np.diag(G) ** 2 / np.sum(G**2, axis=1)
    expected = np.sum(W**2, axis=0) / np.sqrt(dimensionality)
    np.testing.assert_allclose(adversarial.sensitivity(W), expected, rtol=1e-13)


def test_one_output_is_pushed_further_from_its_target() -> None:
    s, r, eps = 1.7, -0.3, 0.2
    expected = ((abs(r) + eps * s) ** 2 - r**2) / eps**2
    assert adversarial.one_output_vulnerability(s, r, eps) == pytest.approx(expected)


def test_piece_maximum_of_aligned_problems() -> None:
    """One row: (|r| + ε ‖M‖)²; no residual: s_max ε²; the hard case by hand."""
    row = np.array([[0.6, 0.8]])
    assert adversarial.piece_maximum(row, [-0.5], 0.1) == pytest.approx(0.36)
    diagonal = np.diag([1.0, 2.0, 3.0])
    assert adversarial.piece_maximum(diagonal, np.zeros(3), 0.5) == pytest.approx(9 / 4)
    first = 1 / (9 - 1)  # δ_1 = h_1/(μ - s_1) at μ = s_max, the rest along the third axis
    expected = (1 + first) ** 2 + 9 * (0.25 - first**2)
    assert adversarial.piece_maximum(diagonal, [1, 0, 0], 0.5) == pytest.approx(expected)


@pytest.mark.parametrize(("m", "p"), [(8, 0.3), (8, 0.03), (40, 0.05)])
def test_answering_share_of_the_mean_field_is_half_a_curvature(m: int, p: float) -> None:
    """∂²L/∂b²/2 of `mean_field.stationary_loss` by differences; and the integral by quadrature."""
    n = 64
    state = adversarial.mean_field_vulnerability(n, m, p)
    ratio = max(m / n, mean_field.storage_ratio(p))
    field = mean_field.loss(ratio, p)
    h = 1e-3
    at = [mean_field.stationary_loss(field.a, field.bias + k * h, ratio, p) for k in (-1, 0, 1)]
    assert state.open_share == pytest.approx((at[0] - 2 * at[1] + at[2]) / (2 * h**2), rel=1e-4)
    sigma = field.a * float(mean_field.noise(ratio, p))

    def answers(u: float) -> float:
        y = (field.a * u + field.bias) / sigma
        return float(norm.cdf(y) - u * norm.pdf(y) / sigma)

    active = quad(answers, 0, 1, epsabs=1e-12)[0]
    expected = (1 - p) * norm.cdf(field.bias / sigma) + p * active
    assert state.open_share == pytest.approx(expected, rel=1e-8)
    assert state.vulnerability == pytest.approx(expected * (field.a / ratio) ** 2, rel=1e-8)


def test_without_superposition_vulnerability_is_one() -> None:
    state = adversarial.mean_field_vulnerability(5, 5, 0.2)
    values = (state.dimensions_per_feature, state.open_share, state.vulnerability)
    assert values == pytest.approx((1, 1, 1))
    assert adversarial.frame_vulnerability(1.0, 1.0) == 1
    np.testing.assert_allclose(adversarial.frame_vulnerability([0.5, 0.25], [0.5, 0.25]), [2, 4])


def test_one_attack_on_a_digon_follows_features_per_dimension() -> None:
    """Half of its outputs answer: ½/D*² = 1/D* = 2, exact as p and ε tend to 0."""
    W, p, radius = np.array([[1.0, -1.0]]), 1e-3, 1e-4
    shift = radius * np.array([1, -1]) * np.sqrt(2)
    raised, without = (
        population_loss.population_loss(W, b, importance=1.0, density=p)
        for b in (shift, np.zeros(2))
    )
    assert (raised - without) / radius**2 == pytest.approx(2.0, rel=2e-3)


@pytest.mark.parametrize(
    ("call", "arguments", "sentence"),
    [
        ("mean_input_norm", (0, 0.5), "`n` must be an integer >= 1, but is 0."),
        ("mean_input_norm", (3, 1.5), "`density` must be in (0, 1], but is 1.5."),
        ("sensitivity", (np.ones(3),), "`W` must have shape (m, n), but has shape (3,)."),
        ("one_output_vulnerability", (1, 1, 0), "`radius` must be positive and finite, but is 0."),
        ("one_output_vulnerability", (-1, 1, 1), "`sensitivity` must be finite and >= 0, but"),
        ("frame_vulnerability", (0.5, 1.2), "`open_share` must be in (0, 1], but is 1.2."),
        ("piece_maximum", (np.eye(2), np.ones(3), 1), "`residual` must have shape (k,) = (2,), "),
        ("mean_field_vulnerability", (3, 4, 0.1), "`m` must be at most 3, but is 4."),
    ],
)
def test_bad_arguments_get_one_sentence(call: str, arguments: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        getattr(adversarial, call)(*arguments)
