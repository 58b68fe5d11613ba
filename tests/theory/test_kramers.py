"""Kramers' formula against exact rates, and its weights where second derivatives jump."""

import re
from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

from theory.kramers import Array, Form, kramers_rate, well_weight
from theory.passage import passage_weight
from theory.quasi_random import normal_points


def _quadratic(matrix: np.ndarray) -> Form:
    return lambda v: np.einsum("i...,ij,j...->...", v, matrix, v)


def _passage_time(
    y: np.ndarray, energy: np.ndarray, heat: float, start: float, measure: np.ndarray | float = 1.0
) -> float:
    """∫ dy e^{E/T}/measure ∫_{<y} measure e^{-E/T}/T from `start` to the last y: exact in one
    dimension, and for the radius in two with measure y, here by the trapezoidal rule."""
    weight = measure * np.exp(-(energy - energy[np.searchsorted(y, start)]) / heat)
    inner = np.concatenate([[0], np.cumsum((weight[1:] + weight[:-1]) / 2 * np.diff(y))])
    inside = y >= start
    return float(np.trapezoid((inner[inside] / weight[inside]), y[inside]) / heat)


def test_one_dimension_approaches_the_exact_mean_first_passage_time() -> None:
    """y⁴/4 - y²/2: curvatures 2 and -1, barrier 1/4; the error is of first order in T.

    (At the bottom of the other well: the passage is over, and 1/k is the time that it took.)
    """

    y = np.linspace(-2, 1, 30_001)
    errors = []
    for heat in (0.02, 0.01):
        rate = kramers_rate(0.25, heat, [[2.0]], [[-1.0]])
        errors.append(float(rate) * _passage_time(y, y**4 / 4 - y**2 / 2, heat, -1.0) - 1)
    assert 0 < errors[1] < errors[0] < 0.15
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)


def test_a_zero_mode_is_left_out_and_the_orbits_count() -> None:
    """A ring of minima at radius ρ₀ in a ring of saddles at ρ₁: a radial problem, solved exactly.

    E = (ρ-3) - (ρ-3)³/3: minimum at 2, saddle at 4, curvatures 2 and -2, barrier 4/3.
    """
    radius = np.linspace(0.2, 4.9, 40_001)
    energy = (radius - 3) - (radius - 3) ** 3 / 3
    low, high = np.diag([2.0, 0.0]), np.diag([-2.0, 0.0])
    errors = []
    for heat in (0.1, 0.05):
        rate = kramers_rate(4 / 3, heat, low, high, zero_modes=1, orbit_ratio=4 / 2)
        errors.append(float(rate) * _passage_time(radius, energy, heat, 2.0, radius) - 1)
    assert abs(errors[1]) < 0.03
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.2)


def test_arrhenius_slope_is_the_barrier_and_prefactors_multiply() -> None:
    low, high = np.diag([1.0, 4.0]), np.array([[1.0, 2.0], [2.0, 1.0]])
    heats = np.array([0.1, 0.2])
    rates = kramers_rate(0.7, heats, low, high)
    assert -np.diff(np.log(rates)) / np.diff(1 / heats) == pytest.approx(0.7, rel=1e-12)
    expected = 1 / (2 * np.pi) * np.sqrt(4 / 3) * np.exp(-7.0)
    assert rates[0] == pytest.approx(expected, rel=1e-12)


def test_weights_of_quadratic_forms_are_the_closed_ones() -> None:
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    low, high = axes * [0.3, 1.0, 5.0] @ axes.T, axes * [-0.05, 0.8, 3.0] @ axes.T
    high = np.roll(np.roll(high, 1, 0), 1, 1)
    side = int(np.argmax(np.abs(np.linalg.eigh(high)[1][:, 0])))
    well = well_weight(_quadratic(low), low)
    passage = passage_weight(_quadratic(high), 3, side, degree=2)
    assert well == pytest.approx((2 * np.pi) ** 1.5 / np.sqrt(1.5), rel=1e-12)
    rate = float(kramers_rate(0.0, 1.0, low, high))
    assert passage / well == pytest.approx(rate, rel=3e-3)


def _pieces(v: Array) -> Array:
    """x² or 4x², y² or 9y²: half a Gaussian for each sign."""
    x, y = v
    return np.where(x > 0, 4, 1) * x**2 + np.where(y > 0, 9, 1) * y**2


@pytest.mark.parametrize("reference", [np.diag([2.0, 3.0]), np.array([[2.0, 0.5], [0.5, 4.0]])])
def test_a_well_on_a_kink_is_the_sum_of_its_pieces(reference: np.ndarray) -> None:
    exact = np.pi / 2 * (1 + 1 / 2) * (1 + 1 / 3)
    assert well_weight(_pieces, reference) == pytest.approx(exact, rel=2e-3)


def _kinked(v: Array) -> Array:
    """A saddle with a fold: it falls along (s, x) = (1, 0) and along (-1, 1/2), not symmetric."""
    s, x = v
    fold = np.maximum(-(x + s / 2), 0) ** 2
    return x**2 + 0.6 * np.maximum(x, 0) ** 2 - 0.2 * s**2 + 0.3 * fold + 0.4 * s * x


def _network(form: Form, half: tuple[float, float], cells: tuple[int, int]) -> float:
    """Conductance of a network of resistors: the same functional by finite volumes."""
    (s, h), (x, k) = (np.linspace(-L, L, n, retstep=True) for L, n in zip(half, cells, strict=True))
    along = np.exp(-form(np.stack(np.meshgrid(s[:-1] + h / 2, x, indexing="ij"))) / 2) * k / h
    across = np.exp(-form(np.stack(np.meshgrid(s, x[:-1] + k / 2, indexing="ij"))) / 2) * h / k
    node = np.arange(s.size * x.size).reshape(s.size, x.size)
    one = np.concatenate([node[:-1].ravel(), node[:, :-1].ravel()])
    two = np.concatenate([node[1:].ravel(), node[:, 1:].ravel()])
    g = np.concatenate([along.ravel(), across.ravel()])
    rows, columns = np.concatenate([one, two, one, two]), np.concatenate([one, two, two, one])
    laplacian = coo_matrix((np.concatenate([g, g, -g, -g]), (rows, columns))).tocsr()
    u = np.zeros(node.size)
    u[node[-1]] = 1.0
    free = node[1:-1].ravel()
    u[free] = spsolve(laplacian[free][:, free].tocsc(), -(laplacian @ u)[free])
    return float(u @ (laplacian @ u))


def test_a_passage_over_a_kink_is_that_of_a_resistor_network() -> None:
    """Finite volumes on two grids, second order in the mesh; trial functions from above."""
    coarse, fine = (_network(_kinked, (14.0, 9.0), (n, n)) for n in (141, 281))
    exact = fine + (fine - coarse) / 3
    weights = [passage_weight(_kinked, 2, 0, degree=degree) for degree in (1, 3)]
    assert abs(fine / coarse - 1) < 0.01
    assert weights[1] == pytest.approx(exact, rel=1e-2)
    assert exact * (1 - 5e-3) < weights[1] < weights[0] * (1 + 1e-3)


def test_weights_scale_as_the_integrals_do() -> None:
    """c Q in N dimensions: wells as c^{-N/2}, passages as c^{1 - N/2}."""
    ratio = passage_weight(lambda v: 4 * _kinked(v), 2, 0) / passage_weight(_kinked, 2, 0)
    assert ratio == pytest.approx(1, rel=1e-6)
    wells = [well_weight(lambda v, c=c: c * _pieces(v), np.diag([2.0, 3.0])) for c in (1, 4)]
    assert wells[0] / wells[1] == pytest.approx(4, rel=1e-12)


@pytest.mark.parametrize("power", [10, 14])
def test_quasi_random_points_are_far_better_than_independent_ones(power: int) -> None:
    """Means of functions of variance about 1, within a tenth of the error of independent points."""
    points = normal_points(power, 3)
    assert points.shape == (3, 1 << power)
    limit = 0.1 / np.sqrt(1 << power)
    np.testing.assert_allclose(np.mean(points, axis=1), 0, atol=limit)
    np.testing.assert_allclose(np.mean(np.cos(points), axis=1), np.exp(-0.5), atol=limit)
    np.testing.assert_allclose(np.mean(np.sign(points[0] * points[1])), 0, atol=limit)


def test_quasi_random_means_converge_as_the_count() -> None:
    """Sixteen times the points: less than an eighth of the error, of independent ones a quarter."""
    errors = [abs(np.mean(np.prod(normal_points(power, 3), axis=0))) for power in (10, 14)]
    assert errors[1] < errors[0] / 8


EYE, SADDLE = np.eye(2), np.diag([-1.0, 1.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kramers_rate(1, 0, EYE, SADDLE), "`temperature` must be positive and finite, but"),
        (lambda: kramers_rate(np.nan, 1, EYE, SADDLE), "`barrier` must be finite, but is nan."),
        (lambda: kramers_rate(1, 1, EYE[0], SADDLE), "`minimum` must have shape (N, N), but has"),
        (lambda: kramers_rate(1, 1, SADDLE, SADDLE), "`minimum` must be positive definite, but"),
        (lambda: kramers_rate(1, 1, EYE, EYE), "`saddle` must be of one negative eigenvalue, the"),
        (lambda: kramers_rate(1, 1, np.eye(3), SADDLE), "`saddle` must be as large as `minimum`"),
        (lambda: kramers_rate(1, 1, [[1, 2], [0, 1]], SADDLE), "`minimum` must be symmetric, but"),
        (
            lambda: kramers_rate(1, 1, EYE, SADDLE, zero_modes=2),
            "`zero_modes` must be an integer in [0, N) = [0, 2), but is 2.",
        ),
        (
            lambda: kramers_rate(1, 1, EYE, SADDLE, orbit_ratio=0.0),
            "`orbit_ratio` must be positive and finite, but is 0.0.",
        ),
        (lambda: well_weight(_quadratic(SADDLE), EYE), "`form` must be positive, but is -"),
        (lambda: well_weight(_pieces, SADDLE), "`reference` must be positive definite, but"),
        (
            lambda: passage_weight(_pieces, 2, 0),
            "`form` must be negative somewhere on the negative",
        ),
    ],
)
def test_wrong_arguments_are_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {message}")):
        call()
