"""Gradient flow: exact solutions, conservation laws, and honesty about what did not arrive."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import simpson

from tests.systems import SYSTEMS
from tms_physics import PopulationLoss, Trajectory, gradient_flow, xavier_normal
from tms_physics.dynamics.result import (
    LAST_TIME,
    MINIMUM,
    MOVED_TOO_FAR,
    NOT_POLISHED,
    SADDLE,
    SENTENCES,
    SOLVER_FAILED,
    STEP_LIMIT,
)

TIMES = np.linspace(0.0, 8.0, 17)
RTOLS = np.array([1e-4, 1e-6, 1e-8])
ENDS_AT_A_SADDLE = {"tilted well"}


@pytest.fixture(scope="module", params=SYSTEMS)
def solved(request: pytest.FixtureRequest) -> tuple[str, Trajectory]:
    """The flow of one system at each relative tolerance, compiled once."""
    system = SYSTEMS[request.param]

    def flow(rtol: jax.Array) -> Trajectory:
        start = jnp.asarray(system.start)
        return gradient_flow(system.energy, start, times=jnp.asarray(TIMES), rtol=rtol)

    return request.param, jax.jit(jax.vmap(flow))(jnp.asarray(RTOLS))


def _errors(name: str, states: jax.Array) -> np.ndarray:
    exact = np.stack([SYSTEMS[name].flow(float(t)) for t in TIMES])
    return np.max(np.abs(np.asarray(states) - exact), axis=(1, 2))


def test_follows_the_exact_flow(solved: tuple[str, Trajectory]) -> None:
    """The error is within a hundred local tolerances, and falls like the tolerance itself."""
    name, trajectory = solved
    errors = _errors(name, trajectory.states)
    assert np.all(errors < 100 * RTOLS)
    order = np.log(errors[0] / errors[-1]) / np.log(RTOLS[0] / RTOLS[-1])
    assert 0.7 < order < 1.3


def test_ends_in_a_stationary_point_and_says_which(solved: tuple[str, Trajectory]) -> None:
    name, trajectory = solved
    saddle = name in ENDS_AT_A_SADDLE
    assert np.all(trajectory.result.code == (SADDLE if saddle else MINIMUM))
    assert np.all(trajectory.gradient_norm <= 1e-12)
    points = SYSTEMS[name].saddles if saddle else SYSTEMS[name].minima
    heights = np.array([point.energy for point in points])
    gaps = np.abs(np.asarray(trajectory.final_energy)[:, None] - heights)
    assert np.all(np.min(gaps, axis=1) < 1e-14)


def test_energy_falls(solved: tuple[str, Trajectory]) -> None:
    assert np.all(np.diff(solved[1].energies, axis=1) <= 1e-13)


def test_steps_are_counted(solved: tuple[str, Trajectory]) -> None:
    """Tighter tolerances take more steps of a third-order method: about 100^(1/3) each."""
    steps = solved[1].stats["accepted_steps"]
    assert np.all(np.diff(steps) > 0)
    assert 2 < steps[2] / steps[1] < 8


# Two features in one dimension: four starts, and the same starts turned over.
DENSITY = np.tile([0.1, 0.3, 0.7, 1.0], 2)
RELATIVE = np.tile([0.5, 0.2, 0.9, 0.3], 2)
GRID = np.linspace(0.0, 1.0, 201)  # t = 10 s³, fine where the flow is fast


def _energy(p: jax.Array, r: jax.Array) -> PopulationLoss:
    return PopulationLoss(jnp.stack([jnp.ones_like(r), r]), p)


@pytest.fixture(scope="module")
def network() -> Trajectory:
    keys = jax.random.split(jax.random.key(0), 4)
    W = jax.vmap(lambda key: xavier_normal(2, 1, key=key)[0])(keys)
    times = jnp.concatenate([10 * jnp.asarray(GRID) ** 3, jnp.array([1e4, 1e5])])

    def flow(W: jax.Array, p: jax.Array, r: jax.Array) -> Trajectory:
        return gradient_flow(_energy(p, r), (W, jnp.zeros(2)), times=times, rtol=1e-6)

    start = jnp.concatenate([W, -W])
    return jax.jit(jax.vmap(flow))(start, jnp.asarray(DENSITY), jnp.asarray(RELATIVE))


def test_networks_arrive(network: Trajectory) -> None:
    assert np.all(network.result.is_minimum)
    assert np.all(network.gradient_norm <= 1e-12)
    assert np.all(network.shift < 1e-2)
    assert np.all(network.curvature > -1e-9)


def test_loss_falls_and_ends_below_the_path(network: Trajectory) -> None:
    assert np.all(np.diff(network.energies, axis=1) <= 1e-14)
    assert np.all(network.final_energy <= network.energies[:, -1] + 1e-14)


def test_times_after_the_steady_state_repeat_it(network: Trajectory) -> None:
    W, b = network.states
    np.testing.assert_array_equal(W[:, -1], W[:, -2])
    np.testing.assert_array_equal(b[:, -1], b[:, -2])
    assert np.all(np.isfinite(network.energies))


def test_loss_is_lost_at_the_rate_of_the_squared_gradient(network: Trajectory) -> None:
    """dL/dt = -‖∇L‖² integrated by Simpson's rule over s, where t = 10 s³.

    The rate has kinks, so the rule has an error of second order: 2e-5 here, 2e-6 at 801 points.
    """

    def rate(W: jax.Array, b: jax.Array, p: jax.Array, r: jax.Array) -> jax.Array:
        slopes = jax.vmap(jax.grad(_energy(p, r)))((W, b))
        return jnp.sum(slopes[0] ** 2, axis=(1, 2)) + jnp.sum(slopes[1] ** 2, axis=1)

    (W, b), last = network.states, len(GRID)
    rates = jax.jit(jax.vmap(rate))(W[:, :last], b[:, :last], DENSITY, RELATIVE)
    lost = simpson(np.asarray(rates) * 30 * GRID**2, x=GRID, axis=1)
    expected = network.energies[:, 0] - network.energies[:, last - 1]
    np.testing.assert_allclose(lost, expected, rtol=0, atol=5e-5)


def test_turned_starts_give_turned_flows(network: Trajectory) -> None:
    W, b = (np.asarray(array) for array in network.states)
    np.testing.assert_allclose(W[:4], -W[4:], rtol=0, atol=1e-12)
    np.testing.assert_allclose(b[:4], b[4:], rtol=0, atol=1e-12)


def test_rotated_starts_give_rotated_flows() -> None:
    """Two dimensions, through the linear network: W(t) turns with W(0)."""
    system = SYSTEMS["linear network"]
    turn = jnp.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    start = jnp.asarray(system.start).reshape(2, 3)
    starts = jnp.stack([start, turn @ start]).reshape(2, 6)
    flow = jax.vmap(
        lambda y: gradient_flow(system.energy, y, times=jnp.array([0.0, 3.0]), rtol=1e-9)
    )
    plain, turned = jax.jit(flow)(starts).states[:, -1].reshape(2, 2, 3)
    assert np.max(np.abs(plain - start)) > 0.3
    np.testing.assert_allclose(turn @ plain, turned, rtol=0, atol=1e-7)


# What does not arrive. One compiled program on ½ Σ y²(1 + y²) serves all but the step limit.

_DEFAULTS = {"start": 1.0, "last_time": 1e3, "steady": 1e-7, "max_shift": 1e-2, "tolerance": 1e-12}
_FAILURES = {
    "converged": (MINIMUM, {}),
    "time": (LAST_TIME, {"last_time": 1e-3}),
    "not a number": (SOLVER_FAILED, {"start": np.nan}),
    "tolerance": (NOT_POLISHED, {"tolerance": 1e-300, "start": 1.0}),
    "shift": (MOVED_TOO_FAR, {"steady": 0.5, "max_shift": 1e-3}),
}


def _bowl(y: jax.Array) -> jax.Array:
    """Minimum at 1/3, which no float hits: the gradient stays at the level of rounding."""
    return jnp.sum((3 * y - 1) ** 2 + (3 * y - 1) ** 4) / 18


@pytest.fixture(scope="module")
def failures() -> Trajectory:
    rows = [_DEFAULTS | changes for _, changes in _FAILURES.values()]
    columns = {name: jnp.array([row[name] for row in rows]) for name in _DEFAULTS}

    def flow(start: jax.Array, **options: jax.Array) -> Trajectory:
        return gradient_flow(_bowl, start[None], **options)

    return jax.jit(jax.vmap(lambda columns: flow(**columns)))(columns)


@pytest.mark.parametrize("index", range(len(_FAILURES)), ids=list(_FAILURES))
def test_what_did_not_arrive_is_reported(failures: Trajectory, index: int) -> None:
    code, _ = list(_FAILURES.values())[index]
    result = jax.tree.map(lambda codes: codes[index], failures.result)
    assert result.code == code
    assert result.text == SENTENCES[code]
    assert bool(result.is_minimum) == (code == MINIMUM)


def test_the_shift_of_the_polish_is_reported(failures: Trajectory) -> None:
    """‖∇E‖ < 0.5 lies this far from the minimum; the polish covers it."""
    shift = float(failures.shift[list(_FAILURES).index("shift")])
    assert shift > 1e-2
    assert np.linalg.norm(jax.grad(_bowl)(jnp.array([1 / 3 + shift]))) < 0.5


def test_unconverged_runs_keep_the_state_where_they_stopped(failures: Trajectory) -> None:
    final = float(failures.final[list(_FAILURES).index("time"), 0])
    rate = float(jax.grad(_bowl)(jnp.ones(1))[0])
    assert final == pytest.approx(1.0 - 1e-3 * rate, rel=1e-3)


def test_step_limit_is_reported() -> None:
    end = jax.jit(lambda y: gradient_flow(_bowl, y, max_steps=3))(jnp.full(1, 9.0))
    assert end.result.code == STEP_LIMIT
    assert end.result.text == "Reached the step limit before a steady state."
    assert end.stats["accepted_steps"] + end.stats["rejected_steps"] == 3
    assert np.isfinite(end.final_energy)


def test_a_start_at_rest_ends_there() -> None:
    system = SYSTEMS["double well"]
    times = jnp.array([0.0, 5.0])
    end = jax.jit(lambda y: gradient_flow(system.energy, y, times=times))(jnp.array([0.0, 1.0]))
    assert end.result.code == SADDLE
    np.testing.assert_array_equal(end.states, [[0.0, 1.0], [0.0, 1.0]])


def test_any_pytree_is_a_state() -> None:
    def energy(state: dict[str, jax.Array]) -> jax.Array:
        return jnp.sum(state["a"] ** 2) + (state["b"] - 1) ** 2

    start = {"a": jnp.ones((2, 2)), "b": jnp.zeros(())}
    end = jax.jit(lambda state: gradient_flow(energy, state))(start)
    np.testing.assert_allclose(end.final["a"], 0.0, atol=1e-12)
    assert end.final["b"] == pytest.approx(1.0, abs=1e-12)
