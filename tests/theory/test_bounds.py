"""Bounds: against matrices that attain them, and against the linear program itself."""

import numpy as np
import pytest
from scipy.optimize import linprog

from theory import linear_flow
from theory.bounds import (
    compressed_sensing_density,
    compressed_sensing_dimensions,
    linear_recovered,
)


def recovered(n: int, m: int, k: int, rng: np.random.Generator) -> bool:
    """Whether the linear program finds a random x >= 0 with k entries from m random products."""
    x = np.zeros(n)
    x[:k] = rng.uniform(0.1, 1.0, k)
    W = rng.normal(size=(m, n))
    found = linprog(np.ones(n), A_eq=W, b_eq=W @ x, bounds=(0, None))
    return found.status == 0 and bool(np.max(np.abs(found.x - x)) < 1e-6)


@pytest.mark.parametrize("k", [5, 20])
def test_the_linear_program_succeeds_above_the_threshold_and_fails_below(k: int) -> None:
    """Eight dimensions off, at a width of a few."""
    n, rng = 100, np.random.default_rng(k)
    middle = float(compressed_sensing_dimensions(n, k))
    shares = []
    for off in (-8, 8):
        m = round(middle) + off
        shares.append(np.mean([recovered(n, m, k, rng) for _ in range(30)]))
    assert shares[0] <= 0.2
    assert shares[1] >= 0.8


def test_limits() -> None:
    assert compressed_sensing_dimensions(50, 50) == pytest.approx(50, rel=1e-14)
    sizes = (10**4, 10**9, 10**30, 10**100)
    ratios = [float(compressed_sensing_dimensions(n, 1.0)) / (2 * np.log(float(n))) for n in sizes]
    assert 0 < ratios[0] < ratios[1] < ratios[2] < ratios[3] < 1
    assert ratios[3] > 0.95
    dimensions = compressed_sensing_dimensions(100, np.linspace(0.01, 100, 60))
    assert np.all(np.diff(dimensions) > 0)
    assert np.all(dimensions >= np.linspace(0.01, 100, 60))


def test_minimum_over_the_threshold() -> None:
    """Of the integral itself, by sums over a grid of τ and z."""
    z, taus = np.linspace(-9, 9, 40_001), np.linspace(0, 4, 401)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    tails = np.array([np.sum(np.maximum(z - tau, 0) ** 2 * density) for tau in taus])
    for share in (0.01, 0.1, 0.5):
        least = np.min(share * (1 + taus**2) + (1 - share) * tails)
        assert compressed_sensing_dimensions(1, share) == pytest.approx(least, rel=1e-4)


def test_density_is_the_inverse() -> None:
    for ratio in (1e-4, 0.05, 0.2, 0.9):
        p = compressed_sensing_density(ratio)
        assert compressed_sensing_dimensions(1000, 1000 * p) == pytest.approx(
            1000 * ratio, rel=1e-9
        )
    assert compressed_sensing_density(1.0) == 1.0


def test_tight_frames_attain_the_linear_count() -> None:
    """Harmonic frames of k = m/θ features: each has R² = θ, to rounding."""
    m, n = 4, 12
    for k in (5, 8, 12):
        angles = 2 * np.pi * np.outer(np.arange(1, m // 2 + 1), np.arange(k)) / k
        W = np.zeros((m, n))
        W[:, :k] = np.vstack([np.cos(angles), np.sin(angles)]) * np.sqrt(2 / k)
        values = linear_flow.recovery(W, density=0.3)
        np.testing.assert_allclose(values[:k], m / k, rtol=1e-12)
        assert linear_recovered(n, m, m / k) == k
        assert linear_recovered(n, m, m / k + 1e-6) == k - 1 or k == m
    assert linear_recovered(n, m, 0.01) == n
    assert linear_recovered(n, m, 1.0) == m


@pytest.mark.no_hook
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: linear_recovered(0, 2, 0.5), "Argument `n` must be an integer >= 1, but is 0."),
        (
            lambda: linear_recovered(4, 2, 1.5),
            "Argument `threshold` must be in (0, 1], but is 1.5.",
        ),
        (
            lambda: compressed_sensing_dimensions(4, 5.0),
            "Argument `active` must be in (0, 4], but is 5.0.",
        ),
        (
            lambda: compressed_sensing_dimensions(4, np.nan),
            "Argument `active` must be in (0, 4], but is nan.",
        ),
        (
            lambda: compressed_sensing_density(0.0),
            "Argument `ratio` must be in (0, 1], but is 0.0.",
        ),
    ],
)
def test_bad_arguments_get_one_sentence(call, sentence: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert str(caught.value) == sentence
