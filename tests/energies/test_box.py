"""Rectified moments over the cube: a relative error of a few ulp, whatever cancels elsewhere."""

from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.energies.reference import box_moment
from tms_physics.energies._box import rectified_moments

ULP = np.finfo(float).eps
SIZES = (1, 2, 3)
BATCH = 64


def _exact(z: float, g: np.ndarray) -> tuple[float, float]:
    """E z₊² and E x₀ z₊ with every feature active."""
    slopes, offset = [Fraction(float(x)) for x in g], Fraction(float(z))
    rest = [0] * (len(g) - 1)
    square = box_moment(offset, slopes, [0, *rest], 2)
    return float(square), float(box_moment(offset, slopes, [1, *rest], 1))


@pytest.fixture(scope="module")
def moments():
    """Compiled once for each n: the moments with every feature active."""

    def one(z: jax.Array, g: jax.Array) -> tuple[jax.Array, jax.Array]:
        return rectified_moments(z, g, jnp.ones_like(g))

    return jax.jit(jax.vmap(one))


def _compare(moments, z: np.ndarray, g: np.ndarray, tolerance: float) -> None:
    square, product = moments(jnp.asarray(z), jnp.asarray(g))
    for k in range(len(z)):
        expected = _exact(z[k], g[k])
        assert float(square[k]) == pytest.approx(expected[0], rel=tolerance, abs=1e-300)
        assert float(product[k]) == pytest.approx(expected[1], rel=tolerance, abs=1e-300)


@pytest.mark.parametrize("n", SIZES)
def test_relative_error_is_a_few_ulp(moments, n: int) -> None:
    """Dyadic numbers, so that z is free of rounding; zeros and kinks at corners are frequent."""
    rng = np.random.default_rng(n)
    g, z = rng.integers(-8, 9, size=(BATCH, n)) / 8, rng.integers(-16, 17, size=BATCH) / 8
    _compare(moments, z, g, 16 * n * ULP)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("scale", [2.0**-20, 2.0**-50, 2.0**-1000])
def test_small_couplings_cost_no_digits(moments, n: int, scale: float) -> None:
    """All but the own coupling small, where divided differences would cancel; no slivers."""
    rng = np.random.default_rng(n)
    g, z = rng.integers(-8, 9, size=(BATCH, n)) / 8, (2 * rng.integers(-8, 8, size=BATCH) + 1) / 16
    g[:, 1:] *= scale
    _compare(moments, z, g, 16 * n * ULP)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("height", [2.0**-10, 2.0**-30])
def test_slivers_cost_the_digits_of_their_width(moments, n: int, height: float) -> None:
    """z just above zero at one corner, on a piece of width `height`: relative error ulp/height."""
    rng = np.random.default_rng(n)
    g = rng.integers(1, 9, size=(BATCH, n)) / 8 * rng.choice([-1.0, 1.0], size=(BATCH, n))
    z = -np.sum(np.maximum(g, 0.0), axis=1) + height
    _compare(moments, z, g, 16 * n * ULP / height)


@given(z=st.integers(-64, 64), g=st.lists(st.integers(-32, 32), min_size=2, max_size=2))
def test_any_dyadic_numbers(moments, z: int, g: list[int]) -> None:
    _compare(moments, np.full(BATCH, z / 32), np.tile(np.array(g) / 32, (BATCH, 1)), 32 * ULP)


def test_densities_weigh_the_active_sets() -> None:
    """One coupling: (1-p) z² + p E(z + g x)² where z never changes sign."""
    z, g, p = jnp.array(0.5), jnp.array([0.25]), jnp.array([0.3])
    square, product = rectified_moments(z, g, p)
    assert square == pytest.approx(0.7 * 0.25 + 0.3 * (0.25 + 0.125 + 0.0625 / 3), rel=1e-15)
    assert product == pytest.approx(0.3 * (0.25 + 0.25 / 3), rel=1e-15)
