"""Two particles in the sparse limit: quadrature, the torque as a slope, reach, bad arguments."""

import numpy as np
import pytest
from scipy.integrate import quad

from theory.pairs import pair_energy, pair_torque
from theory.polygons import critical_polygon

CASES = ((1.0, 0.0), (1.2, -0.3), (0.8, -0.1))


@pytest.mark.parametrize(("norm", "bias"), CASES)
def test_energy_is_twice_the_integral(norm: float, bias: float) -> None:
    for angle in (0.0, 0.4, 1.1, 2.0, 3.0):
        g = norm**2 * np.cos(angle)
        onset = [np.clip(-bias / g, 0, 1)] if g > 0 else None
        cost = quad(lambda x, g=g: max(g * x + bias, 0.0) ** 2, 0, 1, points=onset)[0]
        assert pair_energy(angle, norm=norm, bias=bias) == pytest.approx(2 * cost, abs=1e-12)


@pytest.mark.parametrize(("norm", "bias"), CASES)
def test_torque_is_minus_the_slope_and_never_closes_the_angle(norm: float, bias: float) -> None:
    angle, h = np.linspace(0.05, 3.1, 40), 1e-5
    ends = (pair_energy(angle + s * h, norm=norm, bias=bias) for s in (-1, 1))
    low, high = ends
    torque = pair_torque(angle, norm=norm, bias=bias)
    np.testing.assert_allclose(torque, (low - high) / (2 * h), atol=1e-8)
    assert np.all(torque >= 0)
    assert np.all((torque > 0) == (norm**2 * np.cos(angle) > -bias))


def test_unit_particles_without_bias_have_the_square_of_the_cosine() -> None:
    angle = np.linspace(0, np.pi, 21)
    expected = 2 * np.maximum(np.cos(angle), 0) ** 2 / 3
    np.testing.assert_allclose(pair_energy(angle), expected, atol=1e-15)


def test_pairs_of_a_pentagon_make_up_its_height() -> None:
    """h = 5 (3u + Σ pairs): each of 5 neighbouring pairs at 72°, u the cost on its own input."""
    norm, bias, height = critical_polygon(5)
    own = quad(lambda x: (x - max(norm**2 * x + bias, 0.0)) ** 2, 0, 1, points=[-bias / norm**2])[0]
    pair = pair_energy(2 * np.pi / 5, norm=norm, bias=bias)
    assert 15 * own + 15 * pair == pytest.approx(height, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"norm": 0.0}, "Argument `norm` must be positive and finite, but is 0.0."),
        ({"bias": 0.1}, "Argument `bias` must be at most 0, but is 0.1."),
        ({"bias": np.nan}, "Argument `bias` must be finite, but is nan."),
        ({"angle": np.inf}, "Argument `angle` must be finite, but is inf."),
    ],
)
def test_bad_arguments_get_one_sentence(options: dict, sentence: str) -> None:
    for function in (pair_energy, pair_torque):
        with pytest.raises(ValueError) as error:  # noqa: PT011
            function(**{"angle": 0.3} | options)
        assert str(error.value) == sentence
