"""The best linear probe: least squares itself, and the law of its sum."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from theory.linear_access import probe_recovery
from theory.linear_flow import feature_variance


def test_probe_is_least_squares_on_the_exact_covariance() -> None:
    rng = np.random.default_rng(0)
    W, p = rng.normal(size=(4, 9)), rng.uniform(0.01, 1.0, 9)
    v = feature_variance(p)
    covariance = W @ np.diag(v) @ W.T
    for i, found in enumerate(probe_recovery(W, density=p)):
        u = np.linalg.solve(covariance, v[i] * W[:, i])
        left = np.eye(9)[i] - u @ W
        assert found == pytest.approx(1 - left**2 @ v / v[i], rel=1e-12)


def test_sum_is_the_rank_at_every_density() -> None:
    rng = np.random.default_rng(1)
    W = rng.normal(size=(5, 3)) @ rng.normal(size=(3, 12))
    W[:, 4] = 0.0
    for p in (1.0, 0.1, 1e-4, rng.uniform(0.01, 1, 12)):
        found = probe_recovery(W, density=p)
        assert found.sum() == pytest.approx(3, rel=1e-12)
        assert found[4] == 0
        assert np.all((found >= 0) & (found <= 1 + 1e-12))
    np.testing.assert_allclose(probe_recovery(W, density=0.3), probe_recovery(W, density=0.01))


def test_independent_columns_are_recovered_whatever_their_angles() -> None:
    W = np.array([[1.0, 0.99, 0.5], [0.0, 0.1, 0.1], [0.0, 0.0, 1e-3]])
    np.testing.assert_allclose(probe_recovery(W, density=0.2), 1, rtol=1e-9)
    assert np.all(probe_recovery(np.zeros((2, 3)), density=0.2) == 0)


@pytest.mark.no_hook
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: probe_recovery(np.ones(3), density=0.1),
            "Argument `W` must have shape (m, n), but has shape (3,).",
        ),
        (
            lambda: probe_recovery(np.ones((2, 3)), density=np.ones(2)),
            "Argument `density` must have shape () or (3,), but has shape (2,).",
        ),
        (
            lambda: probe_recovery(np.ones((2, 3)), density=0.0),
            "Argument `density` must be in (0, 1], but is 0.0.",
        ),
        (
            lambda: probe_recovery(np.full((2, 3), np.nan), density=0.1),
            "Argument `W` must be finite, but is nan.",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        call()
