"""The mean field of `theory` against the exact loss of `tms_physics` at weights that attain it."""

import numpy as np
import pytest

from tests.theory.one_row import row_loss
from tests.theory.test_mean_field_networks import network
from theory import mean_field
from tms_physics import evaluate_population


@pytest.mark.parametrize(("p", "size"), [(0.01, 170.0), (0.1, 7.0), (0.5, 0.4)])
def test_hadamard_networks_are_the_mean_field_up_to_1_over_n(p: float, size: float) -> None:
    """By two inversions that share nothing; all rows of these networks are alike."""
    W, b = network(256, p, np.random.default_rng(7))
    exact = evaluate_population(W, b, importance=1.0, density=p)
    each = float(exact.loss) / 256
    assert each == pytest.approx(row_loss(W[:, 0] @ W, b[0], p), rel=1e-7)
    assert abs(each / mean_field.loss(0.5, p).loss - 1) < 3 * size / 256
    np.testing.assert_allclose(exact.outputs, each, rtol=1e-8)
