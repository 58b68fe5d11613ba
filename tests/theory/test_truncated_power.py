"""Truncated powers and their means over boxes, against quadrature."""

import numpy as np
import pytest
import sympy as sp

from tests.theory.independent import box_nodes
from theory.numeric import scalar_function
from theory.truncated_power import TruncatedPower, box_first_moment, box_mean

t = sp.Symbol("t", real=True)
scale = sp.Symbol("s", positive=True)


def test_sign_decides_where_it_is_known() -> None:
    assert TruncatedPower(scale, 3) == scale**3
    assert TruncatedPower(-scale, 3) == 0
    assert TruncatedPower(sp.S.Zero, 2) == 0


def test_positive_factors_are_pulled_out() -> None:
    assert TruncatedPower(scale * t, 3) == scale**3 * TruncatedPower(t, 3)


def test_derivative_lowers_the_power() -> None:
    assert TruncatedPower(2 * t + 1, 3).diff(t) == 6 * TruncatedPower(2 * t + 1, 2)
    assert TruncatedPower(t, 0).diff(t) == 0


def test_latex_shows_the_plus() -> None:
    assert sp.latex(TruncatedPower(t, 2)) == r"\left(t\right)_{+}^{2}"
    assert sp.latex(TruncatedPower(t, 2) ** 3) == r"\left[\left(t\right)_{+}^{2}\right]^{3}"


@pytest.mark.parametrize("size", [1, 2, 3])
def test_box_moments_against_quadrature(size: int) -> None:
    rng = np.random.default_rng(size)
    for _ in range(5):
        offset, slopes = rng.normal(), rng.normal(size=size)
        points, weights = box_nodes(offset, list(slopes))
        positive = np.maximum(offset + points @ slopes, 0.0)
        symbols = [sp.Float(float(h), 17) for h in slopes]
        mean = float(box_mean(sp.Float(offset, 17), symbols, 2))
        moment = float(box_first_moment(sp.Float(offset, 17), symbols, 1, size - 1))
        assert mean == pytest.approx(weights @ positive**2, rel=1e-11, abs=1e-13)
        assert moment == pytest.approx(weights @ (points[:, -1] * positive), rel=1e-11, abs=1e-13)


def test_zero_slopes_drop_out() -> None:
    h = sp.Symbol("h", real=True)
    assert box_mean(t, [h, sp.S.Zero], 2) == box_mean(t, [h], 2)
    assert box_first_moment(t, [h, sp.S.Zero], 1, 1) == box_mean(t, [h], 1) / 2


def test_numeric_step_and_power() -> None:
    function = scalar_function([t], [TruncatedPower(t, 0), TruncatedPower(t, 2)])
    assert function(0.5) == [1.0, 0.25]
    assert function(-0.5) == [0.0, 0.0]
