"""The loss along |w₂|: minima and barrier of a first-order line, and independent minimisation."""

import numpy as np
import pytest
from scipy.optimize import minimize

from tests.theory.independent import dropped, two_feature_loss
from theory.numeric import bracketed_root
from theory.two_features import State, antipodal_states
from theory.two_features.profile import energy_profile


def test_both_states_and_the_saddle_of_a_first_order_line_lie_on_the_profile() -> None:
    """The line is where the stable antipodal state has the loss of dedicated."""
    p = 0.3

    def states(r: float) -> dict[bool, State]:
        return {state.stable: state for state in antipodal_states(p, r)}

    r = bracketed_root(lambda r: states(r)[True].excess, 0.19, 0.22)
    at = states(r)
    saddle, high = (abs(at[stable].weights[1]) for stable in (False, True))
    dedicated, top, tie = energy_profile(p, r, [0.0, saddle, high])
    assert dedicated == 0
    assert tie == pytest.approx(0, abs=1e-13)
    assert top == pytest.approx(at[False].excess, rel=1e-9)
    beside = energy_profile(p, r, np.add([saddle, high], [[-0.01], [0.01]]))
    assert np.all(beside[:, 0] < top)
    assert np.all(beside[:, 1] > tie)


def test_stationary_points_are_the_antipodal_states_off_the_line() -> None:
    p, r = 0.6, 0.8158
    for state in antipodal_states(p, r):
        v, h = abs(state.weights[1]), 1e-3
        if v <= state.weights[0]:
            below, at, above = energy_profile(p, r, [v - h, v, v + h])
            assert at == pytest.approx(state.excess, abs=1e-13)
            assert (above - below) / (2 * h) == pytest.approx(0, abs=1e-5)
            assert (above + below - 2 * at > 0) == state.stable


def test_profile_is_the_least_loss_at_given_weight() -> None:
    """Against minimisation of the loss by quadrature over (w₁, b₁, b₂)."""
    p, r = 0.3, 0.25
    for v in (0.2, 0.7):

        def loss(u: np.ndarray, v: float = v) -> tuple[float, np.ndarray]:
            value, slope = two_feature_loss(np.array([u[0], -v, u[1], u[2]]), p, r)
            return value, slope[[0, 2, 3]]

        end = minimize(loss, [1.0, 0.05, 0.1], jac=True, method="BFGS", options={"gtol": 1e-11})
        assert energy_profile(p, r, v) == pytest.approx(end.fun - r * dropped(p), abs=1e-11)


def test_shape_is_kept_and_dedicated_is_zero() -> None:
    values = energy_profile(0.2, 0.1, [[0.3, 0.0], [0.0, 0.3]])
    assert values.shape == (2, 2)
    assert values[0, 1] == values[1, 0] == 0
    assert values[0, 0] == values[1, 1] > 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0.0, 0.5, 0.1), "Argument `p` must be in (0, 1], but is 0.0."),
        ((0.3, -1.0, 0.1), "Argument `r` must be positive and finite, but is"),
        ((0.3, 0.5, [-0.1]), "Argument `weights` must be finite and >= 0, but is -0.1."),
    ],
)
def test_bad_arguments_get_one_sentence(arguments: tuple, sentence: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011
        energy_profile(*arguments)
    assert str(error.value).startswith(sentence)
