"""Minima: all of the known ones, never a saddle, how often each is found."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.systems import SYSTEMS
from tms_physics import (
    GroundStates,
    PopulationLoss,
    ground_states,
    minimise,
    network_invariant,
    rotation_modes,
    two_feature_phase,
    wilson_interval,
    xavier_normal,
)
from tms_physics.dynamics.minimise import distinct
from tms_physics.dynamics.result import MINIMUM, SADDLE
from tms_physics.observables.phases import ANTIPODAL, DEAD, DEDICATED_1

MULTIPLE = ("quadratic", "double well", "tilted well")


def _around(w: jax.Array) -> jax.Array:
    return jnp.stack([w[1], -w[0]])[None]


def _normal(size: int):
    return lambda key: 1.5 * jax.random.normal(key, (size,))


@pytest.mark.parametrize("name", MULTIPLE)
def test_every_known_minimum_is_found(name: str) -> None:
    system = SYSTEMS[name]
    found = ground_states(
        system.energy, _normal(len(system.start)), key=jax.random.key(1), starts=100
    )
    known = sorted(system.minima, key=lambda point: (point.energy, *point.y))
    assert len(found.energies) == len(known)
    order = np.lexsort([*np.asarray(found.states).T[::-1], np.round(found.energies, 12)])
    np.testing.assert_allclose(found.states[order], [point.y for point in known], atol=1e-12)
    np.testing.assert_allclose(found.energies[order], [p.energy for p in known], atol=1e-14)
    np.testing.assert_allclose(found.curvature[order], [p.curvature for p in known], rtol=1e-6)
    assert found.result.code == MINIMUM
    assert not np.any(found.flat)
    assert np.sum(found.hits) + found.stats["saddles"] + found.stats["failed"] == 100


def test_hits_agree_with_equal_basins() -> None:
    """Four wells alike: each is hit by a quarter of the starts, within its interval."""
    system = SYSTEMS["double well"]
    found = ground_states(system.energy, _normal(2), key=jax.random.key(2), starts=100)
    assert np.all(found.interval[:, 0] < 0.25)
    assert np.all(found.interval[:, 1] > 0.25)


def test_equal_keys_give_equal_results() -> None:
    system, sampler = SYSTEMS["tilted well"], _normal(2)
    once, again, other = (
        ground_states(system.energy, sampler, key=jax.random.key(seed), starts=100)
        for seed in (1, 1, 2)
    )
    assert eqx.tree_equal(once, again)
    assert not eqx.tree_equal(once, other)


@pytest.mark.parametrize("name", ["double well", "tilted well", "single feature", "linear network"])
def test_saddles_are_never_minima(name: str) -> None:
    system = SYSTEMS[name]
    starts = jnp.stack([point.y for point in system.saddles])
    ends = jax.jit(jax.vmap(lambda y: minimise(system.energy, y)))(starts)
    heights = np.array([point.energy for point in system.minima])
    low = np.min(np.abs(np.asarray(ends.energy)[:, None] - heights), axis=1) < 1e-12
    np.testing.assert_array_equal(np.asarray(ends.result.code), np.where(low, MINIMUM, SADDLE))
    assert not np.all(low)


@pytest.mark.parametrize("name", SYSTEMS)
def test_minimisation_never_climbs(name: str) -> None:
    system = SYSTEMS[name]
    starts = jnp.asarray(np.random.default_rng(0).normal(size=(16, len(system.start))))
    ends = jax.jit(jax.vmap(lambda y: minimise(system.energy, y)))(starts)
    assert np.all(ends.energy <= jax.vmap(system.energy)(starts))
    assert np.all(ends.gradient_norm <= 1e-12)
    assert np.all(ends.result.is_minimum)


def test_only_saddles_found_is_said() -> None:
    system = SYSTEMS["double well"]
    found = ground_states(system.energy, lambda key: jnp.zeros(2), key=jax.random.key(0), starts=3)
    assert found.result.code == SADDLE
    assert found.energies.shape == (0,)
    assert found.stats == {"starts": 3, "saddles": 3, "failed": 0}


def test_failed_starts_are_counted() -> None:
    """√y ends at its edge: no start arrives."""
    found = ground_states(
        lambda y: jnp.sum(jnp.sqrt(y)), lambda key: jnp.ones(1), key=jax.random.key(0), starts=3
    )
    assert found.stats["failed"] == 3
    assert not found.result.is_stationary


def test_a_circle_of_minima_is_one_minimum() -> None:
    system = SYSTEMS["single feature"]
    found = ground_states(
        system.energy,
        _normal(2),
        key=jax.random.key(0),
        starts=20,
        invariant=lambda w: jnp.sum(w**2)[None],
        zero_modes=_around,
    )
    assert found.hits.tolist() == [20]
    assert not found.flat[0]
    assert found.curvature[0] == pytest.approx(system.minima[0].curvature, rel=1e-6)


def test_flat_directions_besides_the_symmetry_are_told() -> None:
    system = SYSTEMS["single feature"]
    end = minimise(system.energy, jnp.asarray(system.start))
    assert end.flat
    assert end.result.is_minimum


@pytest.mark.parametrize(("hits", "trials"), [(0, 5), (3, 10), (10, 10), (250, 1000)])
def test_wilson_interval_solves_its_equation(hits: int, trials: int) -> None:
    """Ends at which the observed share is 1.96 standard errors away."""
    ends = wilson_interval(np.array([hits]), trials)[0]
    share = hits / trials
    z2 = 1.959963984540054**2
    excess = (share - ends) ** 2 - z2 * ends * (1 - ends) / trials
    np.testing.assert_allclose(excess, 0.0, atol=1e-15)
    assert ends[0] <= share <= ends[1] + 1e-15


def test_no_trials_say_nothing() -> None:
    np.testing.assert_array_equal(wilson_interval(np.array([0]), 0), [[0.0, 1.0]])


def test_states_are_grouped_by_their_invariants() -> None:
    energies = np.array([0.3, 0.1, 0.3, 0.1 + 1e-15])
    invariants = np.array([[1.0], [2.0], [1.0 + 1e-9], [2.0]])
    groups = distinct(energies, invariants)
    assert [group.tolist() for group in groups] == [[1, 3], [0, 2]]


# Networks: two features in one dimension and in two.


def _start(key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Xavier weights, or, in a quarter of the cases, a network that is dead."""
    W, b = xavier_normal(2, 1, key=key)
    dead = jax.random.uniform(jax.random.fold_in(key, 1), ()) < 0.25
    depth = -jax.random.uniform(jax.random.fold_in(key, 2), (2,), minval=0.1, maxval=2.0)
    return jnp.where(dead, 0.0, W), jnp.where(dead, depth, b)


ENERGY = PopulationLoss(jnp.array([1.0, 0.3]), 0.3)


@pytest.fixture(scope="module")
def found() -> GroundStates:
    """At a point where dedicated and strong antipodal are both stable."""
    return ground_states(
        ENERGY, _start, key=jax.random.key(0), starts=64, invariant=network_invariant
    )


def test_networks_are_polished(found: GroundStates) -> None:
    slopes = jax.vmap(jax.grad(ENERGY))(found.states)
    assert np.all(np.abs(slopes[0]) <= 1e-12)
    assert np.all(np.abs(slopes[1]) <= 1e-12)
    assert np.all(np.diff(found.energies) >= 0)
    np.testing.assert_allclose(jax.vmap(ENERGY)(found.states), found.energies, rtol=1e-15)


def test_the_competing_phases_are_found(found: GroundStates) -> None:
    phases = [int(two_feature_phase(W)) for W in found.states[0]]
    assert {DEDICATED_1, ANTIPODAL} <= set(phases)
    dedicated = phases.index(DEDICATED_1)
    assert found.energies[dedicated] == pytest.approx(0.3 * (0.1 - 0.09 / 4), rel=1e-13)
    assert found.states[0][dedicated, 0, 1] == 0.0


def test_dead_families_are_reported_once_and_as_flat(found: GroundStates) -> None:
    phases = np.array([int(two_feature_phase(W)) for W in found.states[0]])
    assert np.sum(phases == DEAD) == 1
    assert found.flat[phases == DEAD]
    assert found.hits[phases == DEAD] >= 8
    assert found.energies[phases == DEAD] == pytest.approx(1.3 * 0.1, rel=1e-14)


def test_states_that_differ_by_a_rotation_are_one() -> None:
    """One feature in the plane: a unit vector in any direction, without loss."""
    found = ground_states(
        PopulationLoss(jnp.ones(1), 0.4),
        lambda key: xavier_normal(1, 2, key=key),
        key=jax.random.key(0),
        starts=24,
        invariant=network_invariant,
        zero_modes=rotation_modes,
    )
    assert found.energies[0] == pytest.approx(0.0, abs=1e-15)
    assert found.hits[0] == 24
    assert not found.flat[0]
    assert jnp.linalg.norm(found.states[0][0]) == pytest.approx(1.0, abs=1e-10)
