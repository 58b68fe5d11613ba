"""Two features of different densities: ground states and the mirror image."""

import numpy as np
import pytest

from tests.theory.independent import dropped, minimise, two_feature_loss
from theory.two_features import acute_states, antipodal_states, ground_state


def _random(seed: int) -> tuple[float, float, float]:
    rng = np.random.default_rng([7, seed])
    p, q = map(float, rng.uniform(0.03, 1.0, 2))
    return p, q, float(10 ** rng.uniform(-1, 1))


@pytest.mark.parametrize("seed", range(12))
def test_ground_state_against_independent_minimisation(seed: int) -> None:
    p, q, r = _random(seed)
    state = ground_state(p, r, second_density=q)
    y = np.array([*state.weights, *state.biases])
    loss, gradient = two_feature_loss(y, p, r, q)
    assert state.loss == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-10)
    rng = np.random.default_rng([8, seed])
    starts = [*(rng.normal(size=(6, 4)) * [1.0, 1.0, 0.2, 0.2]), y * 1.01]
    assert min(minimise(start, p, r, q).fun for start in starts) > state.loss - 1e-10


@pytest.mark.parametrize("seed", range(12))
def test_mirror_image(seed: int) -> None:
    """Exchange of the features: (p, q, r) → (q, p, 1/r), losses over r."""
    p, q, r = _random(seed)
    state, image = (
        ground_state(point[0], point[2], second_density=point[1])
        for point in ((p, q, r), (q, p, 1 / r))
    )
    assert image.loss * r == pytest.approx(state.loss, rel=1e-10)
    assert abs(image.weights[0]) == pytest.approx(abs(state.weights[1]), abs=1e-7)


@pytest.mark.parametrize("seed", range(12))
def test_every_state_is_stationary(seed: int) -> None:
    p, q, r = _random(seed)
    for state in [*antipodal_states(p, r, second_density=q), *acute_states(p, r, second_density=q)]:
        y = np.array([*state.weights, *state.biases])
        loss, gradient = two_feature_loss(y, p, r, q)
        assert state.loss == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(gradient, 0.0, atol=1e-10)
        assert state.excess == pytest.approx(loss - r * dropped(q), abs=1e-14)


def test_equal_densities_given_twice_change_nothing() -> None:
    plain, given = antipodal_states(0.4, 0.4), antipodal_states(0.4, 0.4, second_density=0.4)
    assert plain == given


@pytest.mark.parametrize("q", [0.0, 1.5, np.nan])
def test_second_density_is_checked(q: float) -> None:
    with pytest.raises(ValueError, match=r"Argument `second_density` must be in \(0, 1\]"):
        ground_state(0.5, 0.5, second_density=q)
