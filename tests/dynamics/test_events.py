"""Events of flows whose modes are known: plateaus between jumps, crossings of levels."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from tms_physics import Trajectory, gradient_flow
from tms_physics.dynamics._flat import DENSE_PARAMETERS
from tms_physics.dynamics.events import PLATEAUS

SIZE = DENSE_PARAMETERS + 1
RATIO = 3.0

# Modes x_k along orthonormal axes q_k, -λ_k x_k (1 - x_k²) the gradient: x_k² is logistic, 2λ_k.
RATES = np.array([1.0, 0.5, 0.2])
STARTS = np.array([1e-4, 1e-6])
AXES = np.linalg.qr(np.cos(np.arange(3.0 * SIZE).reshape(SIZE, 3) ** 2))[0]
LEVELS = np.array([0.5, 0.1, 0.9])


def _energy(y: jax.Array) -> jax.Array:
    x = y @ AXES
    return jnp.sum(RATES * (1 - x**2) ** 2) / 4 + 5 * jnp.sum((y - AXES @ x) ** 2)


def _watch(y: jax.Array) -> jax.Array:
    squares = (y @ AXES) ** 2
    return jnp.array([squares[0], 1 - squares[1], squares[2]])


@pytest.fixture(scope="module")
def separated() -> Trajectory:
    """From x_k = ε, for both ε: the origin, two saddles, a minimum."""

    def flow(start: jax.Array) -> Trajectory:
        y = AXES @ jnp.full(3, start)
        return gradient_flow(
            _energy,
            y,
            steady=1e-9,
            rtol=1e-6,
            plateau_ratio=RATIO,
            watch=_watch,
            levels=jnp.asarray(LEVELS),
            max_crossings=8,
        )

    return jax.jit(jax.vmap(flow))(jnp.asarray(STARTS))


def _modes(start: float, t: float) -> np.ndarray:
    return 1 / np.sqrt(1 + (start**-2 - 1) * np.exp(-2 * RATES * t))


def _speed(start: float, t: float) -> float:
    x = _modes(start, t)
    return float(np.linalg.norm(RATES * x * (1 - x**2)))


def _extremum(start: float, near: float, sign: int) -> float:
    """The time of the maximum (-1) or minimum (1) of the speed next to `near`."""
    found = minimize_scalar(
        lambda t: sign * np.log(_speed(start, t)), bounds=(near - 2, near + 2), method="bounded"
    )
    return float(found.x)


def _plateaus(start: float) -> list[tuple[float, float, float, float]]:
    """When entered and left, when slowest and how fast there, from the exact solution."""
    half = np.log(1 / start) / RATES  # about when the jumps are
    grid = [np.linspace(a, b, 2001) for a, b in pairwise(half)]
    slow = [t[np.argmin([_speed(start, s) for s in t])] for t in grid]
    peaks = [_extremum(start, t, -1) for t in half]
    lows = [0.0, *(_extremum(start, t, 1) for t in slow)]
    rows = []
    for k, low in enumerate(lows):
        ends = [0.0, _height(start, peaks[k], low)]
        if k > 0:
            ends[0] = _height(start, peaks[k - 1], low)
        rows.append((*ends, low, _speed(start, low)))
    return rows


def _height(start: float, peak: float, low: float) -> float:
    """When, between both, the speed is that of the peak over √ratio."""
    level = _speed(start, peak) / np.sqrt(RATIO)
    return float(brentq(lambda t: _speed(start, t) - level, *sorted((peak, low))))


@pytest.mark.parametrize("index", range(len(STARTS)))
def test_plateaus_are_those_of_the_exact_flow(separated: Trajectory, index: int) -> None:
    """Times and speeds, and the states there, which pass the saddles at x = (1, 0, 0), (1, 1, 0).

    The slowest time is that of a step, which is up to 0.08/λ away.
    """
    assert separated.events is not None
    found = jax.tree.map(lambda leaf: leaf[index], separated.events.plateaus)
    expected = np.array(_plateaus(float(STARTS[index])))
    assert found.count == len(expected)
    assert found.overflow == 0
    np.testing.assert_allclose(found.entered[:3], expected[:, 0], rtol=0, atol=0.02)
    np.testing.assert_allclose(found.left[:3], expected[:, 1], rtol=0, atol=0.02)
    np.testing.assert_allclose(found.slowest[:3], expected[:, 2], rtol=0, atol=0.1)
    np.testing.assert_allclose(found.speeds[:3], expected[:, 3], rtol=2e-2)
    for row, t in enumerate(np.asarray(found.slowest[:3])):
        modes = _modes(float(STARTS[index]), float(t))
        np.testing.assert_allclose(found.states[row] @ AXES, modes, rtol=1e-2)
        assert found.energies[row] == pytest.approx(float(_energy(AXES @ modes)), rel=1e-3)
    assert np.all(np.isinf(found.entered[3:]))
    assert np.all(np.isinf(found.states[3:]))


def test_plateaus_lengthen_by_the_logarithm_of_the_start(separated: Trajectory) -> None:
    """Each by ln(ε/ε') (1/λ_{k+1} - 1/λ_k), with 1/λ_0 = 0."""
    assert separated.events is not None
    assert separated.events.plateaus is not None
    found = separated.events.plateaus
    lengths = np.asarray(found.left - found.entered)[:, :3]
    law = np.log(STARTS[0] / STARTS[1]) * np.diff(1 / RATES, prepend=0.0)
    np.testing.assert_allclose(lengths[1] - lengths[0], law, rtol=0, atol=0.02)


@pytest.mark.parametrize("index", range(len(STARTS)))
def test_crossings_are_timed_and_in_order(separated: Trajectory, index: int) -> None:
    """x² = u at t = [logit u - logit ε²]/(2λ); the second mode is watched upside down.

    Nine crossings meet room for eight: the last is counted, not kept.
    """
    assert separated.events is not None
    found = jax.tree.map(lambda leaf: leaf[index], separated.events.crossings)
    square = STARTS[index] ** 2
    values = np.where([[False], [True], [False]], 1 - LEVELS, LEVELS)
    logit = np.log(values / (1 - values)) - np.log(square / (1 - square))
    times = logit / (2 * RATES[:, None])
    order = np.argsort(times, axis=None)[:8]
    np.testing.assert_allclose(found.times, times.ravel()[order], rtol=0, atol=0.02)
    np.testing.assert_array_equal(found.watched, order // 3)
    np.testing.assert_array_equal(found.levels, order % 3)
    np.testing.assert_array_equal(found.upwards, order // 3 != 1)
    assert found.count == 8
    assert found.overflow == 1


def test_crossings_are_exact_to_the_order_of_the_path() -> None:
    """e^{-t} falls through 1/2, 1/4 and 1/8 at multiples of ln 2; events keep the polish."""
    levels = jnp.array([0.5, 0.25, 0.125])

    def flow(y: jax.Array) -> Trajectory:
        return gradient_flow(lambda y: y @ y / 2, y, rtol=1e-7, watch=lambda y: y, levels=levels)

    end = jax.jit(flow)(jnp.ones(1))
    assert end.events is not None
    assert end.events.plateaus is None
    assert end.events.crossings is not None
    times = end.events.crossings.times
    np.testing.assert_allclose(times[:3], np.log(2) * np.arange(1, 4), rtol=0, atol=3e-5)
    assert np.all(np.isinf(times[3:]))
    assert end.result.is_minimum


def test_plateaus_beyond_the_buffer_are_counted() -> None:
    """Forty modes of equal rate that jump one after another, 8 apart: one plateau before each."""
    modes = 40
    start = jnp.zeros(SIZE).at[:modes].set(jnp.exp(-8.0 * jnp.arange(1, modes + 1)))

    def flow(y: jax.Array) -> Trajectory:
        return gradient_flow(
            lambda y: jnp.sum((1 - y**2) ** 2) / 4, y, rtol=1e-3, plateau_ratio=RATIO
        )

    end = jax.jit(flow)(start)
    assert end.events is not None
    found = end.events.plateaus
    assert found is not None
    assert found.count == PLATEAUS
    assert found.overflow == modes - PLATEAUS
    np.testing.assert_allclose(np.diff(found.left), 8.0, rtol=0.05)
    reached = np.sum(np.asarray(found.states) > 0.5, axis=1)
    np.testing.assert_array_equal(reached, np.arange(PLATEAUS))
