"""Minimisation without Hessians: known ground states, the dense road, saddles, kinks."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tms_physics import (
    PopulationLoss,
    curvature,
    ground_states,
    minimise,
    network_invariant,
    rotation_modes,
)
from tms_physics.dynamics._flat import DENSE_PARAMETERS, flatten
from tms_physics.dynamics.dense import minimise_dense
from tms_physics.dynamics.lbfgs import has_fallen, lbfgs, start_at
from tms_physics.dynamics.matrix_free import (
    gradient_scale,
    minimise_matrix_free,
    relative_tolerance,
    snap,
)
from tms_physics.dynamics.newton import polish
from tms_physics.dynamics.result import MINIMUM, SADDLE, SOLVER_FAILED
from tms_physics.dynamics.spectrum import least_curvature
from tms_physics.dynamics.truncated_newton import steihaug, truncated_newton

N, M = 26, 14  # 364 parameters


def pair_energy(W: jax.Array) -> jax.Array:
    """Σ (1 - ‖W_i‖²)²/3 + Σ_{i≠j} ReLU(W_i·W_j)²/3: the sparse limit without biases, I = 1.

    Its ground states have energy 0 where n ≤ 2m: unit vectors with no acute angle (Rankin).
    """
    gram = W.T @ W
    own = jnp.diagonal(gram)
    return jnp.sum((1 - own) ** 2 - own**2) / 3 + jnp.sum(jnp.maximum(gram, 0) ** 2) / 3


def rotations(W: jax.Array) -> jax.Array:
    return rotation_modes((W, jnp.zeros(W.shape[1])))[0]


def particles(n: int = N, m: int = M, *, key: jax.Array) -> jax.Array:
    return jax.random.normal(key, (m, n)) / jnp.sqrt((m + n) / 2)


def rosenbrock(y: jax.Array) -> jax.Array:
    return jnp.sum(100 * (y[1:] - y[:-1] ** 2) ** 2 + (1 - y[:-1]) ** 2)


def kinked(y: jax.Array) -> jax.Array:
    """Minimum 0 at the origin; curvatures 2 rate above and rate below, on one coordinate each."""
    rate = jnp.linspace(1.0, 30.0, y.shape[0])
    return jnp.sum(rate * jnp.where(y > 0, y**2, y**2 / 2) + 0.1 * y**4)


def quadratic(y: jax.Array) -> jax.Array:
    return jnp.sum(jnp.linspace(1.0, 100.0, y.shape[0]) * (y - 1) ** 2) / 2


def wells(y: jax.Array) -> jax.Array:
    return jnp.sum((y**2 - 1) ** 2) / 4


# Descent and Newton.

LANDSCAPES: dict[str, tuple[Callable, jax.Array]] = {
    "rosenbrock": (rosenbrock, jnp.linspace(-1.0, 1.0, 6)),
    "kinked": (kinked, jnp.linspace(-1.0, 1.0, 30)),
}


@pytest.mark.parametrize("name", LANDSCAPES)
def test_every_accepted_step_falls(name: str) -> None:
    """Ends after 0, 1, 2, ... steps of each method: energies fall, at last to the minimum, 0."""
    energy, start = LANDSCAPES[name]

    @jax.jit
    @jax.vmap
    def path(steps: jax.Array) -> tuple[jax.Array, ...]:
        down = lbfgs(energy, start, tolerance=1e-9, max_steps=steps)
        newton, _ = truncated_newton(
            energy, start_at(energy, start), tolerance=1e-9, max_steps=steps
        )
        return tuple(
            jnp.stack([end.energy, energy(end.y), jnp.linalg.norm(end.gradient)])
            for end in (down, newton)
        )

    for ends in path(jnp.arange(80)):
        np.testing.assert_allclose(ends[:, 0], ends[:, 1], rtol=0, atol=1e-14 * ends[0, 0])
        assert np.all(np.diff(ends[:, 0]) <= start_at(energy, start).blur)
        assert ends[-1, 0] < 1e-18
        assert ends[-1, 2] <= 1e-9


def test_a_fall_is_told_from_rounding() -> None:
    at = start_at(quadratic, jnp.array([2.0, 2.0]))
    more, less = 2 * at.gradient, at.gradient / 2
    assert has_fallen(at, at.energy - 1e-3, more)
    assert has_fallen(at, at.energy + at.blur / 2, less)
    assert not has_fallen(at, at.energy + at.blur / 2, more)
    assert not has_fallen(at, at.energy + 2 * at.blur, less)
    assert not has_fallen(at, jnp.asarray(jnp.nan), less)
    assert 1e-15 < at.blur / at.energy < 1e-13


@pytest.mark.parametrize(
    ("rates", "radius", "size"),
    [
        ((1.0, 10.0, 100.0), 10.0, None),
        ((1.0, 10.0, 100.0), 0.1, 0.1),
        ((-1.0, 2.0, 3.0), 5.0, 5.0),
    ],
)
def test_steps_minimise_the_model(
    rates: tuple[float, ...], radius: float, size: float | None
) -> None:
    """Inside the region the Newton step; else a step to the boundary, as low as along -g."""
    h, g = jnp.asarray(rates), jnp.asarray([1.0, -2.0, 3.0])
    model = steihaug(lambda v: h * v, g, jnp.asarray(radius), 1e-12)
    change = g @ model.step + model.step @ (h * model.step) / 2
    assert model.change == pytest.approx(float(change), rel=1e-12)
    assert bool(model.outside) == (size is not None)
    if size is None:
        np.testing.assert_allclose(model.step, -g / h, rtol=1e-10)
        return
    assert jnp.linalg.norm(model.step) == pytest.approx(size, rel=1e-12)
    bend, slope = float(g @ (h * g)), float(g @ g)
    length = min(radius / slope**0.5, slope / bend if bend > 0 else np.inf)
    assert change <= -length * slope + length**2 * bend / 2 + 1e-12


def test_newton_leaves_a_saddle_that_it_does_not_start_on() -> None:
    start = jnp.ones(40).at[7].set(1e-7)
    end, _ = truncated_newton(wells, start_at(wells, start), tolerance=1e-10)
    np.testing.assert_allclose(end.y, 1.0, atol=1e-10)


# The whole road.


def test_ground_states_of_the_sparse_limit() -> None:
    """26 particles in 14 dimensions: energy 0, no acute angle, in stats what it cost."""
    found = ground_states(
        pair_energy,
        particles,
        key=jax.random.key(0),
        starts=4,
        zero_modes=rotations,
        invariant=lambda W: network_invariant((W, jnp.zeros(N))),
    )
    assert np.sum(found.hits) + found.stats["saddles"] == 4
    assert found.stats["failed"] == 0
    assert found.energies[0] < 1e-12
    gram = np.asarray(found.states[0].T @ found.states[0])
    np.testing.assert_allclose(np.diag(gram), 1.0, atol=1e-6)
    assert np.max(gram - np.diag(np.diag(gram))) < 1e-6
    assert np.all(np.diff(found.energies) >= 0)


@jax.jit
def _two_features(importance: jax.Array):
    """The end without Hessians, and a polish to 1e-12 and the curvature with dense ones there."""
    energy = PopulationLoss(jnp.stack([jnp.ones_like(importance), importance]), 0.3)
    start = jnp.array([[1.0, -0.4]]), jnp.array([0.01, 0.1])
    y, flat_energy, modes, unravel = flatten(energy, start, rotation_modes)
    free = minimise_matrix_free(flat_energy, y, modes, tolerance=1e-9, max_steps=200)
    exact = polish(flat_energy, free.y, tolerance=1e-12)
    bend = curvature(flat_energy, exact.y)
    states = [network_invariant(unravel(end)) for end in (free.y, exact.y)]
    return free, flat_energy(exact.y), bend, states


@pytest.mark.parametrize(("importance", "phase"), [(0.1, "dedicated"), (0.7, "antipodal")])
def test_two_features_agree_with_dense_hessians(importance: float, phase: str) -> None:
    """Dedicated, at a kink, and antipodal: energies, invariants and one-sided curvatures."""
    free, energy, bend, states = _two_features(jnp.asarray(importance))
    assert free.gradient_norm <= 1e-9
    assert float(free.energy) == pytest.approx(float(energy), abs=1e-14)
    np.testing.assert_allclose(*states, atol=1e-7)
    assert float(free.bend.value) == pytest.approx(float(bend.value), abs=1e-4)
    if phase == "dedicated":
        assert energy == pytest.approx(importance * (0.1 - 0.09 / 4), rel=1e-12)
    else:
        assert states[1][1] < -0.1


def test_particles_agree_with_the_dense_road() -> None:
    """Nine particles in five dimensions, where ten find room."""

    def energy(v: jax.Array) -> jax.Array:
        return pair_energy(v.reshape(5, 9))

    def modes(v: jax.Array) -> jax.Array:
        return rotations(v.reshape(5, 9)).reshape(10, 45)

    @jax.jit
    def both(y: jax.Array):
        free = minimise_matrix_free(energy, y, modes, tolerance=1e-8, max_steps=200)
        return free, minimise_dense(energy, free.y, modes, tolerance=1e-12, max_steps=50)

    for seed in range(3):
        free, dense = both(particles(9, 5, key=jax.random.key(seed)).ravel())
        assert free.gradient_norm <= 1e-8
        assert float(free.energy) == pytest.approx(float(dense.energy), abs=1e-13)
        for end in (free, dense):
            assert end.bend.value > -end.bend.tolerance


SIZE = DENSE_PARAMETERS + 10


_end_in_wells = jax.jit(lambda y: minimise(wells, y))


def test_saddles_are_told() -> None:
    """Two coordinates start, and by symmetry stay, on top of their wells."""
    end = _end_in_wells(jnp.linspace(0.2, 2.0, SIZE).at[jnp.array([3, 50])].set(0.0))
    assert end.result.code == SADDLE
    assert end.energy == pytest.approx(0.5, abs=1e-12)
    assert end.curvature == pytest.approx(-1.0, abs=1e-6)


def test_vmapped_it_is_the_same() -> None:
    starts = jax.random.normal(jax.random.key(1), (2, SIZE))
    together = jax.vmap(_end_in_wells)(starts)
    for i, start in enumerate(starts):
        end = _end_in_wells(start)
        assert end.stats["evaluations"] > end.stats["descent_steps"] > 5
        assert end.stats["hessian_products"] > 0
        slope = jnp.linalg.norm(jax.grad(wells)(end.state))
        np.testing.assert_allclose(slope, end.gradient_norm, rtol=1e-6)
        assert slope <= relative_tolerance(start.dtype) * gradient_scale(wells, start)
        assert end.result.code == together.result.code[i] == MINIMUM
        np.testing.assert_allclose(end.state, together.state[i], rtol=0, atol=1e-6)


def test_a_start_at_the_minimum_stays() -> None:
    end = _end_in_wells(jnp.ones(SIZE))
    assert end.result.code == MINIMUM
    assert end.stats["descent_steps"] == 0
    np.testing.assert_array_equal(end.state, 1.0)


def test_what_does_not_arrive_is_told() -> None:
    lost = _end_in_wells(jnp.full(SIZE, jnp.nan))
    assert lost.result.code == SOLVER_FAILED
    assert not lost.result.is_stationary


def test_kinks_are_looked_at_from_their_lower_side() -> None:
    """Σ rate y² above, half of it below: the least one-sided curvature at 0 is below."""
    bend, products = jax.jit(lambda y: least_curvature(kinked, y, None, share=1e-7))(
        jnp.zeros(SIZE)
    )
    assert bend.value == pytest.approx(1.0, rel=1e-4)
    assert products > 0

    def wedge(y: jax.Array) -> jax.Array:
        """½ y² - ¾ (y₀ + y₁)₊²: -2 along the diagonal upwards, 1 elsewhere."""
        return y @ y / 2 - 0.75 * jnp.maximum(y[0] + y[1], 0) ** 2

    bend, _ = jax.jit(lambda y: least_curvature(wedge, y, None, share=1e-7))(jnp.zeros(SIZE))
    assert bend.value == pytest.approx(-2.0, rel=1e-9)


def test_small_parameters_go_to_zero_where_the_tolerance_allows() -> None:
    y = jnp.array([1e-9, 1.0, 3e-8, -1e-10])
    rates = jnp.array([1.0, 0.0, 1.0, 1.0])

    def energy(v: jax.Array) -> jax.Array:
        """Minima at 0, but for the third coordinate, which sits where it should."""
        return jnp.sum(rates * (v - jnp.array([0.0, 1.0, 3e-8, 0.0])) ** 2) / 2

    end = snap(energy, start_at(energy, y), tolerance=1e-9, size=jnp.asarray(1e-9))
    np.testing.assert_array_equal(end.y, [0.0, 1.0, 3e-8, 0.0])
    assert end.gradient @ end.gradient == 0.0


@pytest.mark.float32
def test_single_precision() -> None:
    """A known quadratic, to a gradient of 1e-4 of its scale; also in a process with float64."""
    start = jnp.zeros(SIZE, jnp.float32)
    end = jax.jit(lambda y: minimise(quadratic, y))(start)
    assert end.state.dtype == jnp.float32
    assert end.result.code == MINIMUM, end.result.text
    assert end.gradient_norm <= 1e-4 * gradient_scale(quadratic, start)
    assert end.curvature == pytest.approx(1.0, rel=1e-2)


MESSAGES: list[tuple[Callable[[], object], str]] = [
    (
        lambda: ground_states(wells, lambda key: jnp.ones(2), key=jax.random.key(0), batch=0),
        "Argument `batch` must be an integer >= 1, but is 0.",
    ),
    (
        lambda: minimise(wells, jnp.ones(SIZE), tolerance=-1.0),
        "Argument `tolerance` must be positive and finite, but is -1.0.",
    ),
]


@pytest.mark.no_hook
@pytest.mark.parametrize(("call", "message"), MESSAGES)
def test_messages(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match="Argument") as error:
        call()
    assert str(error.value) == message
