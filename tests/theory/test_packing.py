"""Bounds on directions: attained where they should be, and never broken."""

import numpy as np
import pytest

from theory.packing import (
    almost_orthogonal_count,
    coherence_bound,
    cosine_density,
    least_mean_square,
    most_directions,
    random_overlap,
    rankin_cosine,
    welch_coherence,
    welch_count,
)


def test_welch_is_attained_by_equiangular_tight_frames() -> None:
    """The simplex, and the six diagonals of the icosahedron: 1/√5."""
    assert welch_coherence(4, 3) == pytest.approx(1 / 3, rel=1e-15)
    assert welch_coherence(6, 3) == pytest.approx(1 / np.sqrt(5), rel=1e-15)
    assert welch_coherence(3, 3) == welch_coherence(2, 5) == 0
    assert welch_count(3, 1 / np.sqrt(5)) == 6
    assert welch_count(3, 0.6) == np.inf


def test_random_vectors_obey_the_bounds() -> None:
    rng = np.random.default_rng(0)
    for n, m in ((5, 3), (8, 4), (30, 5)):
        x = rng.normal(size=(50, n, m))
        x /= np.linalg.norm(x, axis=2, keepdims=True)
        cosines = x @ np.swapaxes(x, 1, 2) - 2 * np.eye(n)
        assert np.all(cosines.max(axis=(1, 2)) >= rankin_cosine(n, m))
        cosines += np.eye(n)
        cosines[:, np.arange(n), np.arange(n)] = 0
        assert np.all(np.abs(cosines).max(axis=(1, 2)) >= welch_coherence(n, m))


def test_rankin() -> None:
    assert rankin_cosine(2, 7) == -1
    assert rankin_cosine(4, 3) == -1 / 3
    assert rankin_cosine(5, 3) == rankin_cosine(6, 3) == 0


def test_overlap_is_that_of_random_directions() -> None:
    """In the plane 1 - (2/π) asin ε, in space 1 - ε; below the usual exponential bound."""
    eps = np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(random_overlap(2, eps), 1 - 2 * np.arcsin(eps) / np.pi, rtol=1e-13)
    np.testing.assert_allclose(random_overlap(3, eps), 1 - eps, rtol=1e-13)
    for m in (10, 100):
        assert np.all(random_overlap(m, eps) < 2 * np.exp(-m * eps**2 / 2))


def test_exponentially_many_almost_orthogonal_directions() -> None:
    counts = [float(almost_orthogonal_count(m, 0.3)) for m in (50, 100, 200, 400)]
    assert all(
        n >= np.exp(m * 0.3**2 / 4) for n, m in zip(counts, (50, 100, 200, 400), strict=True)
    )
    assert counts[3] > counts[2] ** 1.5
    assert almost_orthogonal_count(10, 0.01) == 10
    for m in (20, 60, 150):
        n, overlap = almost_orthogonal_count(m, 0.4), random_overlap(m, 0.4)
        if n > m:
            assert n * (n - 1) / 2 * overlap < 1 <= (n + 1) * n / 2 * overlap


def test_cosine_density_is_the_slope_of_the_overlap() -> None:
    """P(|cos| > ε) by `random_overlap`; and the arcs, uniform in space for m = 3."""
    eps, step = np.array([0.1, 0.4, 0.8]), 1e-5
    for m in (2, 3, 20):
        slope = (random_overlap(m, eps - step) - random_overlap(m, eps + step)) / (2 * step)
        np.testing.assert_allclose(2 * cosine_density(m, eps), slope, rtol=1e-7)
    np.testing.assert_allclose(cosine_density(3, eps), 0.5, rtol=1e-13)


def test_mean_square_is_least_for_tight_frames() -> None:
    angles = 2 * np.pi * np.arange(5) / 5
    c = np.cos(angles[:, None] - angles)[np.triu_indices(5, 1)]
    assert np.mean(c**2) == pytest.approx(least_mean_square(5, 2), rel=1e-12)
    assert least_mean_square(2, 2) == 0


def test_higher_means_bound_what_welch_does_not() -> None:
    """Met by the six diagonals of the icosahedron, and nearly by the 120 lines of E8."""
    assert coherence_bound(6, 3) == pytest.approx(welch_coherence(6, 3), rel=1e-12)
    assert coherence_bound(3, 3) == 0
    roots = [
        np.eye(8)[i] * s + np.eye(8)[j] * t
        for i in range(8)
        for j in range(i)
        for s in (1, -1)
        for t in (1, -1)
    ]
    halves = np.array(np.meshgrid(*[[0.5, -0.5]] * 8)).reshape(8, -1).T
    e8 = np.concatenate([roots, halves[np.prod(halves, axis=1) > 0]])
    e8 = e8[[tuple(x) > tuple(-x) for x in e8]] / np.sqrt(2)
    assert len(e8) == 120
    largest = np.max(np.abs(e8 @ e8.T - np.eye(120)))
    assert largest == pytest.approx(0.5)
    assert welch_coherence(120, 8) < 0.35
    assert 0.44 < coherence_bound(120, 8) <= largest
    assert 120 <= most_directions(8, 0.5) < np.inf == welch_count(8, 0.5)
    for eps in (0.15, 0.3, 0.6):
        n = float(most_directions(20, eps))
        assert n <= welch_count(20, eps)
        assert n >= almost_orthogonal_count(20, eps)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: welch_coherence(0, 3), "`n` must be an integer >= 1, but is 0."),
        (lambda: rankin_cosine(1, 3), "`n` must be an integer >= 2, but is 1."),
        (lambda: welch_count(3, 1.0), r"`coherence` must be in \(0, 1\), but is 1.0."),
        (lambda: cosine_density(0, 0.5), "`m` must be an integer >= 1, but is 0."),
        (lambda: cosine_density(3, 1.0), r"`cosine` must be in \(-1, 1\), but is 1.0."),
        (lambda: most_directions(3, 0.0), r"`coherence` must be in \(0, 1\), but is 0.0."),
        (lambda: random_overlap(1, 0.5), "`m` must be an integer >= 2, but is 1."),
    ],
)
def test_bad_input_gets_one_sentence(call, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"Argument {sentence}"):
        call()
