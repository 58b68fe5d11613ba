"""Coexistence of an antipodal state with its mirror image at r = 1."""

import numpy as np
import pytest

from tests.theory.independent import two_feature_loss
from theory.two_features import (
    exchange_coexistence,
    ground_state,
    symmetric_stability_density,
    symmetry_breaking_density,
)


@pytest.mark.parametrize("p", [0.707, 0.711, 0.72, 0.8, 0.95])
def test_the_two_states_are_mirror_images_and_the_saddle_lies_between(p: float) -> None:
    pair = exchange_coexistence(p)
    assert pair is not None
    low, high = pair.low_state, pair.high_state
    assert high.weights == pytest.approx([-low.weights[1], -low.weights[0]], abs=1e-9)
    assert high.loss == pytest.approx(low.loss, abs=1e-14)
    assert low.loss == pytest.approx(ground_state(p, 1.0).loss, abs=1e-15)
    for state in (low, high, pair.saddle):
        y = np.array([*state.weights, *state.biases])
        value, slope = two_feature_loss(y, p, 1.0)
        assert value == pytest.approx(state.loss, abs=1e-13)
        assert np.abs(slope).max() < 1e-10
    assert pair.barrier > 0
    assert pair.jump > 0
    assert pair.latent_loss > 0


def test_the_saddle_is_symmetric_where_the_symmetric_state_is_unstable() -> None:
    limit = symmetric_stability_density()
    for p, symmetric in ((limit - 1e-3, False), (limit + 1e-3, True)):
        pair = exchange_coexistence(p)
        assert pair is not None
        w1, w2 = pair.saddle.weights
        assert (abs(w1 + w2) < 1e-7) == symmetric


def test_latent_loss_is_the_kink_of_the_minimal_loss() -> None:
    pair, step = exchange_coexistence(0.8), 1e-5
    assert pair is not None
    below, at, above = (ground_state(0.8, r).loss for r in (1 - step, 1.0, 1 + step))
    assert (2 * at - below - above) / step == pytest.approx(pair.latent_loss, rel=1e-3)


def test_there_is_no_such_line_below_symmetry_breaking() -> None:
    assert exchange_coexistence(symmetry_breaking_density() - 1e-6) is None
    with pytest.raises(ValueError, match="Argument `p`"):
        exchange_coexistence(0.0)
