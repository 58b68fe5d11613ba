"""Growth out of small weights: rates against the loss by quadrature and the linear model's flow."""

from typing import Any

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import brentq

from tests.theory.independent import row_loss
from theory import growth, linear_flow
from theory.two_features import dedicated_stability_limit


def gradient(W: np.ndarray, b: np.ndarray, importance: np.ndarray, p: float) -> tuple:
    """∂L/∂W and ∂L/∂b of the exact loss, by quadrature."""
    n = len(b)
    gram, dG, db = W.T @ W, np.zeros((n, n)), np.zeros(n)
    for i in range(n):
        _, slope, bias = row_loss(gram[i], b[i], np.full(n, p), i)
        dG[i], db[i] = importance[i] * slope, importance[i] * bias
    return W @ (dG + dG.T), db


def test_growth_of_the_origin_is_derived() -> None:
    p, importance = sp.symbols("p_1 I_1", positive=True)
    expected = 4 * importance * (p / 3 - p**2 / 4)
    assert sp.simplify(growth.growth_of_origin() - expected) == 0


@pytest.mark.parametrize("p", [0.1, 0.6, 1.0])
def test_free_growth_at_the_origin_and_beside_a_stored_feature(p: float) -> None:
    """Ẇ_j = 4 I_j v W_j at W = 0; and orthogonal to a stored W_1, where b_1 = 0."""
    importance, small = np.array([1.0, 0.7, 0.4]), 1e-5
    W = small * np.array([[0.3, 1.0, -0.5], [0.8, 0.2, 0.6]])
    dW, db = gradient(W, np.full(3, p / 2), importance, p)
    np.testing.assert_allclose(-dW, growth.free_rate(importance, p) * W, rtol=1e-8)
    assert np.max(np.abs(db)) < 10 * small**2
    stored = np.array([[1.0, 0.0, 0.0], [0.0, small, -2 * small]])
    dW, _ = gradient(stored, np.array([0.0, p / 2, p / 2]), importance, p)
    rates = growth.free_rate(importance, p)
    np.testing.assert_allclose(-dW[1, 1:], rates[1:] * stored[1, 1:], rtol=1e-8)


@pytest.mark.parametrize(("p", "r"), [(0.02, 0.9), (0.1, 0.7), (0.1, 0.05), (0.5, 0.95)])
def test_paired_growth_is_that_of_the_loss_at_its_best_w1_and_biases(p: float, r: float) -> None:
    """-∂L/∂w₂ over w₂ at w₂ = -δ, with w₁ and b solved for by Newton's method on differences."""
    importance, delta = np.array([1.0, r]), 1e-4

    def forces(x: np.ndarray) -> np.ndarray:
        W, b = np.array([[1 + delta * x[0], -delta]]), np.array([0.0, p / 2]) + delta * x[1:]
        dW, db = gradient(W, b, importance, p)
        return np.array([dW[0, 0], *db, dW[0, 1]]) / delta

    x = np.array([0.0, p / 4, p / 2])
    for _ in range(8):
        slopes = [(forces(x + e) - forces(x - e))[:3] / 2e-4 for e in 1e-4 * np.eye(3)]
        x = x - np.linalg.solve(np.transpose(slopes), forces(x)[:3])
    expected = float(growth.paired_rate(r, 1.0, p))
    assert forces(x)[3] == pytest.approx(expected, rel=2e-3, abs=1e-5)
    assert (expected > 0) == (r > dedicated_stability_limit(p))


def test_plateau_ends_as_the_logistic_curve_does() -> None:
    """The linear law falls short of `logistic_time` by -(3/2λ) ln(1 - w²), w where it is left."""
    rate, ratio, start = 0.3, 3.0, 1e-5
    speed = float(growth.jump_speed(rate, ratio))
    left: Any = brentq(lambda w: rate * w * (1 - w**2) - speed, 0.0, 0.5)
    exact = linear_flow.logistic_time(left**2, start**2, 2 * rate)
    linear = growth.plateau_length(start, rate, end=speed / rate)
    assert float(exact - linear) == pytest.approx(-1.5 * np.log(1 - left**2) / rate, rel=1e-6)
    assert growth.plateau_length(0.5, rate, end=0.1) == 0


def test_bad_values_get_one_sentence() -> None:
    with pytest.raises(ValueError, match="density"):
        growth.free_rate(1.0, 1.5)
    with pytest.raises(ValueError, match="importance"):
        growth.paired_rate(-1.0, 1.0, 0.1)
    with pytest.raises(ValueError, match="start"):
        growth.plateau_length(0.0, 1.0, end=0.1)
    with pytest.raises(ValueError, match="ratio"):
        growth.jump_speed(1.0, 0.0)
