"""Where dedicated turns unstable towards acute states: its closed form, and the loss beside it."""

import numpy as np
import pytest

from tests.theory.independent import dropped, two_feature_loss
from theory.two_features import acute_onset


def test_acute_onset_at_equal_densities_is_a_fraction() -> None:
    """The bias slope is 1/2 at every density, which makes the limit rational."""
    p = np.linspace(0.001, 1.0, 200)
    np.testing.assert_allclose(acute_onset(p), (5 + 8 * p - 9 * p**2) / (16 - 12 * p), rtol=1e-14)


@pytest.mark.parametrize("p", [0.05, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("side", [-1, 1])
def test_acute_direction_changes_sign_at_its_onset(p: float, side: int) -> None:
    """The least loss by quadrature at a small w₂ > 0 is below that of dedicated beyond it only."""
    r = float(acute_onset(p)) * (1 + 0.01 * side)
    step, best = 1e-4, 3 * (1 - p) / 8
    losses = [
        two_feature_loss(np.array([1 + a * step, step, -c * step, p / 2 * (1 - step)]), p, r)[0]
        for c in np.linspace(0.3, 0.7, 9)
        for a in best + np.linspace(-0.2, 0.2, 9)
    ]
    assert np.sign(min(losses) - r * dropped(p)) == -side
