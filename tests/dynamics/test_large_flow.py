"""Flows by gradients only: exact solutions, laws, economy of gradients, bounded memory."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.systems import SYSTEMS
from tms_physics import Trajectory, gradient_flow, xavier_normal
from tms_physics.dynamics._flat import DENSE_PARAMETERS, flatten
from tms_physics.dynamics.events import Wanted
from tms_physics.dynamics.explicit_flow import explicit_path
from tms_physics.dynamics.implicit_flow import implicit_path
from tms_physics.dynamics.integrate import Integrated, integrate
from tms_physics.dynamics.path import Path
from tms_physics.dynamics.result import LAST_TIME, SOLVER_FAILED, STEP_LIMIT, UNEXAMINED

TIMES = np.linspace(0.0, 8.0, 17)
RTOLS = np.array([1e-3, 1e-5, 1e-7])


def sparse_pairs(W: jax.Array) -> jax.Array:
    """Σ (1 - a_i)²/3 + Σ_{i≠j} ReLU(W_i·W_j)²/3: the sparse limit without biases."""
    gram = W.T @ W
    squares = jnp.diagonal(gram)
    return jnp.sum((1 - squares) ** 2 - squares**2 + jnp.sum(jnp.maximum(gram, 0) ** 2, axis=0)) / 3


def _follow(
    field: Callable[[jax.Array], jax.Array], y: jax.Array, times: jax.Array, rtol: jax.Array
) -> Integrated:
    return integrate(
        field,
        y,
        times,
        times[-1],
        observe=lambda v: v,
        steady=1e-7,
        rtol=rtol,
        max_steps=10_000,
        wanted=Wanted(None, None),
    )


@pytest.mark.parametrize("name", ["quadratic", "double well"])
def test_follows_the_exact_flow(name: str) -> None:
    """The error falls as rtol^(2/3), as that of a method of second order does."""
    system = SYSTEMS[name]
    field = jax.grad(lambda y: -system.energy(y))
    start, times = jnp.asarray(system.start), jnp.asarray(TIMES)
    paths = jax.jit(jax.vmap(lambda rtol: _follow(field, start, times, rtol)))(jnp.asarray(RTOLS))
    exact = np.stack([system.flow(float(t)) for t in TIMES])
    errors = np.max(np.abs(np.asarray(paths.observed) - exact), axis=(1, 2))
    assert np.all(errors < RTOLS ** (2 / 3))
    order = np.log(errors[0] / errors[-1]) / np.log(RTOLS[0] / RTOLS[-1])
    assert order == pytest.approx(2 / 3, abs=0.05)


def test_derivatives_pass_through_the_flow() -> None:
    """Forward: y = s/√(s² + (1 - s²) e^{-2t}) in the double well has ∂y/∂s = e^{-2t} (y/s)³."""
    field = jax.grad(lambda y: -SYSTEMS["double well"].energy(y))
    s, times = 0.1, jnp.array([0.0, 1.0, 3.0])

    def states(start: jax.Array) -> jax.Array:
        return _follow(field, start[None], times, jnp.array(1e-6)).observed[:, 0]

    y, slope = jax.jit(lambda start: jax.jvp(states, (start,), (jnp.ones(()),)))(jnp.array(s))
    np.testing.assert_allclose(slope, np.exp(-2 * times) * (np.asarray(y) / s) ** 3, rtol=1e-3)


def test_energy_is_lost_at_the_rate_of_the_squared_gradient() -> None:
    """E(0) - E(t) = q(t), with q̇ = ‖∇E‖² integrated beside y, to the order of the tolerance."""
    W = xavier_normal(6, 3, key=jax.random.key(1))[0]
    slope = jax.grad(lambda v: sparse_pairs(v.reshape(3, 6)))

    def field(both: jax.Array) -> jax.Array:
        g = slope(both[:-1])
        return jnp.append(-g, g @ g)

    start = jnp.append(W.ravel(), 0.0)
    times = jnp.append(0.0, jnp.geomspace(1e-2, 1e2, 40))
    follow = jax.jit(jax.vmap(lambda rtol: _follow(field, start, times, rtol)))
    states = follow(jnp.asarray(RTOLS)).observed
    energies = jax.vmap(jax.vmap(lambda v: sparse_pairs(v[:-1].reshape(3, 6))))(states)
    misses = np.max(np.abs(energies[:, :1] - energies - states[:, :, -1]), axis=1)
    assert np.all(misses < RTOLS ** (2 / 3))
    assert np.all(misses[1:] < misses[:-1] / 10)
    assert energies[0, 0] - energies[0, -1] > 0.5


def test_stiff_decay_takes_few_gradients() -> None:
    """Rates from 1 to 1e6: Euler's method needs λ_max T/2 gradients to stay stable."""
    rates, last = jnp.geomspace(1.0, 1e6, 400), 16.0
    times = jnp.append(0.0, jnp.geomspace(1e-7, last, 50))

    def energy(y: jax.Array) -> jax.Array:
        return jnp.sum(rates * y**2) / 2

    flow = jax.jit(lambda y: gradient_flow(energy, y, times=times, last_time=last, rtol=1e-4))
    end = flow(jnp.ones(400))
    exact = np.exp(-np.asarray(rates)[None] * np.asarray(times)[:, None])
    assert np.max(np.abs(end.states - exact)) < 1e-4 ** (2 / 3)
    assert end.stats["gradients"] < float(rates[-1]) * last / 2 / 50
    assert end.stats["most_stages"] > 100


# The linear model of equal variances, n = 100, m = 20: singular values are logistic.
N, M, VARIANCE = 100, 20, 0.1
LONG = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 1999)])


def _linear(W: jax.Array) -> jax.Array:
    """σ² ‖1 - WᵀW‖² = σ² (n - 2 tr WWᵀ + tr (WWᵀ)²)."""
    small = W @ W.T
    return VARIANCE * (N - 2 * jnp.trace(small) + jnp.sum(small**2))


def _seen(W: jax.Array) -> dict[str, jax.Array]:
    turning = W @ jax.grad(_linear)(W).T
    return {
        "norms": jnp.linalg.norm(W, axis=0),
        "turning": jnp.linalg.norm(turning - turning.T),
        "speed": jnp.linalg.norm(turning),
    }


@pytest.fixture(scope="module")
def linear() -> tuple[jax.Array, Trajectory, int]:
    """The start, the flow and the bytes that its program holds besides the start."""
    start = 0.1 * xavier_normal(N, M, key=jax.random.key(0))[0]

    def flow(W: jax.Array) -> Trajectory:
        times = jnp.asarray(LONG)
        return gradient_flow(_linear, W, times=times, steady=1e-6, observe=_seen, plateau_ratio=3.0)

    program = jax.jit(flow).lower(start).compile()
    memory = program.memory_analysis()
    assert memory is not None
    return start, program(start), memory.temp_size_in_bytes + memory.output_size_in_bytes


def test_large_networks_follow_the_exact_flow(linear: tuple[jax.Array, Trajectory, int]) -> None:
    start, path, _ = linear
    assert start.size > DENSE_PARAMETERS
    left, values, right = np.linalg.svd(np.asarray(start), full_matrices=False)
    squares = values**2 / (values**2 + (1 - values**2) * np.exp(-8 * VARIANCE * LONG[:, None]))
    exact = np.sqrt(squares @ right**2)
    np.testing.assert_allclose(path.observed["norms"], exact, rtol=0, atol=2e-4)
    np.testing.assert_allclose(path.final, left @ right, rtol=0, atol=1e-5)


def test_large_networks_do_not_turn(linear: tuple[jax.Array, Trajectory, int]) -> None:
    """By O(m) invariance W Ẇᵀ is symmetric."""
    seen = linear[1].observed
    assert np.max(seen["speed"]) > 0.05
    assert np.max(seen["turning"]) < 1e-12


def test_large_ends_are_not_examined(linear: tuple[jax.Array, Trajectory, int]) -> None:
    _, path, _ = linear
    assert path.result.code == UNEXAMINED
    assert path.result.text == "Reached a steady state; its stability was not examined."
    assert path.result.is_stationary
    assert not path.result.is_minimum
    assert path.gradient_norm < 1e-6
    assert path.shift == 0
    assert np.isnan(path.curvature)
    assert path.states is None


def test_memory_does_not_hold_the_path(linear: tuple[jax.Array, Trajectory, int]) -> None:
    """2,000 states of 2,000 parameters would be 32 MB; the flow holds less than a tenth of it,
    half of that what is observed."""
    start, path, size = linear
    assert path.times.size == LONG.size
    assert size < 0.1 * LONG.size * start.size * 8


def test_turned_starts_give_turned_flows() -> None:
    W = xavier_normal(30, 12, key=jax.random.key(2))[0]
    turn = jnp.linalg.qr(jax.random.normal(jax.random.key(3), (12, 12)))[0]
    times = jnp.array([0.0, 1.0, 5.0])
    flow = jax.vmap(lambda W: gradient_flow(sparse_pairs, W, times=times, last_time=5, rtol=1e-6))
    plain, turned = jax.jit(flow)(jnp.stack([W, turn @ W])).states
    assert np.linalg.norm(plain[-1] - W) > 1
    np.testing.assert_allclose(turn @ plain, turned, rtol=0, atol=2e-4)


def test_agrees_with_the_implicit_method() -> None:
    """A small network on both roads: the implicit one is an independent implementation."""
    W = xavier_normal(5, 2, key=jax.random.key(0))[0]
    times = jnp.append(0.0, jnp.geomspace(0.1, 100.0, 30))
    problem = flatten(sparse_pairs, W, None)
    options = {"observe": lambda v: v, "steady": 1e-7, "rtol": 1e-6, "max_steps": 10_000}

    def both() -> tuple[Path, Path]:
        explicit = explicit_path(problem, times, 1e3, wanted=Wanted(None, None), **options)
        return implicit_path(problem, times, 1e3, **options), explicit

    implicit, explicit = jax.jit(both)()
    assert np.linalg.norm(implicit.end - W.ravel()) > 0.5
    np.testing.assert_allclose(implicit.observed, explicit.observed, rtol=0, atol=2e-4)
    np.testing.assert_allclose(implicit.energies, explicit.energies, rtol=0, atol=2e-4)
    assert implicit.reached
    assert explicit.reached


# What does not arrive: one compiled program on a large bowl.
_DEFAULTS = {"start": 1.0, "last_time": 1e3, "steady": 1e-7}
_FAILURES = {
    "arrived": (UNEXAMINED, {}),
    "time": (LAST_TIME, {"last_time": 1e-3}),
    "not a number": (SOLVER_FAILED, {"start": np.nan}),
    "steps": (STEP_LIMIT, {"start": 1e3}),
    "at rest": (UNEXAMINED, {"start": 0.0}),
}


def test_what_did_not_arrive_is_reported() -> None:
    rows = [_DEFAULTS | changes for _, changes in _FAILURES.values()]
    columns = {name: jnp.array([row[name] for row in rows]) for name in _DEFAULTS}

    def energy(y: jax.Array) -> jax.Array:
        return jnp.sum(y**2 + y**4) / 2

    def flow(start: jax.Array, **options: jax.Array) -> Trajectory:
        y = jnp.full(DENSE_PARAMETERS + 1, start)
        return gradient_flow(energy, y, rtol=1e-3, max_steps=150, **options)

    ends = jax.jit(jax.vmap(lambda columns: flow(**columns)))(columns)
    assert [int(code) for code in ends.result.code] == [code for code, _ in _FAILURES.values()]
    np.testing.assert_allclose(ends.final[1], 1 - 1e-3 * 3, rtol=1e-4)
    assert np.all(np.isfinite(ends.final_energy[np.array([0, 1, 3, 4])]))


@pytest.mark.float32
def test_large_flows_keep_the_precision() -> None:
    """Logistic growth from a small start, with the tolerance that single precision allows."""
    start = jnp.full((20, 20), 1e-3)

    def energy(y: jax.Array) -> jax.Array:
        return jnp.sum((y**2 - 1) ** 2) / 4

    times = jnp.array([0.0, 5.0, 7.0, 9.0])
    flow = jax.jit(lambda y: gradient_flow(energy, y, times=times, steady=1e-4, rtol=1e-4))
    end = flow(start)
    exact = 1 / np.sqrt(1 + (1e6 - 1) * np.exp(-2 * np.asarray(times)))
    np.testing.assert_allclose(end.states[:, 0, 0], exact, rtol=0, atol=2e-3)
    assert end.result.code == UNEXAMINED
    assert end.final.dtype == jnp.ones(()).dtype
    np.testing.assert_allclose(end.final, 1.0, atol=1e-4)


def test_small_flows_without_hessians_end_unexamined() -> None:
    """x² is logistic with the rate 2, from 0.1 at t = 0."""
    times = jnp.linspace(0.0, 8.0, 5)
    path = gradient_flow(
        lambda x: jnp.sum(x**4 / 4 - x**2 / 2),
        jnp.array([0.1]),
        times=times,
        rtol=1e-8,
        dense_parameters=0,
    )
    assert path.result.code == UNEXAMINED
    exact = 1 / np.sqrt(1 + 99 * np.exp(-2 * np.asarray(times)))
    np.testing.assert_allclose(path.states[:, 0], exact, rtol=0, atol=1e-6)


@pytest.mark.no_hook
def test_the_size_for_hessians_is_not_negative() -> None:
    with pytest.raises(ValueError, match="`dense_parameters` must be an integer >= 0"):
        gradient_flow(jnp.sum, jnp.ones(2), dense_parameters=-1)
