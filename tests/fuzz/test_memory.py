"""What cannot fit memory is refused before anything is allocated, with an estimate.

XLA ends the process where it cannot allocate: no handling of errors comes after that.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import benchmarks.no_state_below
import benchmarks.phase_map
import benchmarks.scaling
import benchmarks.time_to_solution
import tms_physics as tms
from simulations import (
    absolute_value,
    adversarial,
    basins,
    escape,
    geometry,
    metastable,
    nonuniform,
    phase_boundary,
    privileged_basis,
    scaling,
    thomson,
)
from theory import _memory as theory_memory
from theory import capacity, linear_flow, universal_optima
from theory.adversarial import sensitivity
from tms_physics import _memory as package_memory

pytestmark = [pytest.mark.no_hook, pytest.mark.timeout(120)]

GIGABYTES = 8 * 10**9
KEY = jax.random.key(0)
MODULES = (theory_memory, package_memory)


@pytest.fixture(autouse=True)
def _eight_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        monkeypatch.setattr(module, "available_memory", lambda: GIGABYTES)


@pytest.mark.parametrize("module", MODULES)
def test_the_sentence_has_the_largest_size_and_the_need(module: Any) -> None:
    module.check_memory("grid", 31_000, lambda size: 8 * size**2)
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        module.check_memory("grid", 100_000, lambda size: 8 * size**2)
    assert str(refused.value) == (
        "Argument `grid` must be at most about 31000 on this machine, where about 8 GB of memory "
        "are available, but is 100000, which needs about 80 GB."
    )


REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("n", lambda: tms.xavier_normal(10**5, 10**4, key=KEY)),
    ("n", lambda: tms.SparseUniform(0.5, 10**9)),
    ("sizes", lambda: tms.CorrelatedSets((10**9, 10**9), 0.5)),
    ("starts", lambda: _ground_states(starts=10**8)),
    ("n", lambda: tms.particle_minima(tms.RieszEnergy(), tms.Sphere(3), 1000, key=KEY)),
    ("lanes", lambda: tms.symmetric_search(tms.RieszEnergy(), 100, key=KEY, lanes=10**6)),
    ("batch", lambda: _train(batch=10**9)),
    ("d", lambda: tms.arrangements.cube(30)),
    ("n", lambda: tms.arrangements.hadamard_frame([0], 2**15)),
    ("k", lambda: universal_optima.regular_polygon(10**6)),
    ("grid", lambda: phase_boundary.Config(grid=4000)),
    ("map_grid", lambda: phase_boundary.Config(map_grid=4000)),
    ("reference_starts", lambda: phase_boundary.Config(reference_starts=10**6)),
    ("batch", lambda: phase_boundary.Config(batch=10**7)),
    ("starts", lambda: basins.Config(densities=512, scales=512)),
    ("dimension", lambda: thomson.Config(dimension=64, sizes=(300,))),
    ("starts", lambda: thomson.Config(starts=10**7)),
    ("batch", lambda: scaling.Config(n=2000, batch=10**6)),
    ("batch", lambda: absolute_value.Config(batch=10**6)),
    ("batch", lambda: privileged_basis.Config(batch=10**6)),
    ("inputs", lambda: adversarial.Config(n=2000, m=20, inputs=10**6)),
    ("batch", lambda: benchmarks.phase_map.Config(batch=10**6)),
    ("starts", lambda: benchmarks.phase_map.Config(grid=1000, starts=100)),
    ("starts", lambda: benchmarks.no_state_below.Config(starts=10**6)),
    ("hidden", lambda: benchmarks.scaling.Config(features=(16_384,), hidden=(16_384,))),
    ("n", lambda: benchmarks.time_to_solution.Config(n=10**4)),
]


def _ground_states(starts: int) -> object:
    return tms.ground_states(
        lambda y: (y**2).sum(), lambda key: jax.random.normal(key, (30,)), key=KEY, starts=starts
    )


def _train(batch: int) -> object:
    return tms.train(
        lambda y, x: ((y - x) ** 2).mean(),
        np.zeros(3),
        lambda key: np.ones(3),
        key=KEY,
        batch=batch,
    )


MANY = 60_000
W, B, ONE = np.ones((1, MANY)), np.zeros(MANY), {"importance": 1.0}
P = ONE | {"density": 0.1}
LONG = np.ones((MANY, 1))

PAIRS: dict[str, tuple[str, Callable[[], object]]] = {
    "pair_energy": ("W", lambda: tms.pair_energy(W, B, **ONE)),
    "pair_forces": ("W", lambda: tms.pair_forces(W, B, **ONE)),
    "population_loss": ("W", lambda: tms.population_loss(W, B, **P)),
    "evaluate_population": ("W", lambda: tms.evaluate_population(W, B, **P)),
    "hidden": ("W", lambda: tms.hidden_relu_population_loss(W, B, **P)),
    "PopulationLoss": ("params", lambda: tms.PopulationLoss(np.ones(MANY), 0.1)((W, B))),
    "linear": ("W", lambda: tms.linear_population_loss(W, B, **P)),
    "riesz_energy": ("X", lambda: tms.riesz_energy(W)),
    "RieszEnergy": ("X", lambda: tms.RieszEnergy()(W)),
    "charged": ("X", lambda: tms.RieszEnergy().charged(jax.numpy.asarray(W), B)),
    "relu_interference": ("X", lambda: tms.relu_interference(W)),
    "frame_potential": ("X", lambda: tms.frame_potential(LONG)),
    "one_active": ("W1", lambda: tms.one_active_losses(W, LONG, B)),
    "interference": ("W", lambda: tms.interference(W)),
    "dimensionality": ("W", lambda: tms.feature_dimensionality(W)),
    "tight_frame_defect": ("W", lambda: tms.tight_frame_defect(LONG)),
    "network_invariant": ("params", lambda: tms.network_invariant((W, B))),
    "rotation_modes": ("params", lambda: tms.rotation_modes((LONG, np.zeros(1)))),
    "symmetry_group": ("W", lambda: tms.symmetry_group(W)),
    "name_arrangement": ("W", lambda: tms.name_arrangement(W)),
    "tegum_factors": ("W", lambda: tms.tegum_factors(W)),
    "align": ("W", lambda: tms.align(W, W)),
    "feature_attack": ("W", lambda: tms.feature_attack(W, B, B, radius=1.0)),
    "worst_attack": ("W", lambda: tms.worst_attack(W, B, B, radius=1.0)),
    "linear_attack": ("matrix", lambda: tms.linear_attack(W, np.ones(1), radius=1.0)),
    "curvature": ("y", lambda: tms.curvature(lambda y: (y**2).sum(), np.ones(3000))),
    "particle_invariant": ("states", lambda: tms.particle_invariant(W[None])),
    "tegum_product": ("pieces", lambda: tms.arrangements.tegum_product(W, LONG)),
    "seen_from": ("points", lambda: tms.arrangements.seen_from(LONG, 0)),
    "sensitivity": ("W", lambda: sensitivity(W)),
    "flow.loss": ("W", lambda: linear_flow.loss(W, **P)),
    "flow.velocity": ("W", lambda: linear_flow.velocity(W, **P)),
    "flow.recovery": ("W", lambda: linear_flow.recovery(W, density=0.1)),
    "capacity.loss": ("W", lambda: capacity.loss(W, value=1.0, kurtosis=2.0)),
}


@pytest.mark.parametrize("which", PAIRS)
def test_pairs_beyond_memory_are_refused(which: str) -> None:
    name, call = PAIRS[which]
    things = "(columns|rows|numbers|particles)"
    rule = rf"Argument `{name}` must have at most about \d+ {things} on this machine, where about 8"
    with pytest.raises(ValueError, match=rf"{rule} GB of memory are available, but has \d+, which"):
        call()


def test_pairs_are_refused_while_tracing() -> None:
    """The shapes are known then; many at once are judged by one of them."""
    few = jax.ShapeDtypeStruct((5, 1, 3000), float)
    many = jax.ShapeDtypeStruct((5, 1, MANY), float)
    jax.eval_shape(jax.vmap(tms.interference), few)
    with pytest.raises(ValueError, match="Argument `W` must have at most about 22000 columns"):
        jax.eval_shape(jax.jit(jax.vmap(tms.interference)), many)
    with pytest.raises(ValueError, match="Argument `X` must have at most about"):
        jax.eval_shape(jax.grad(tms.riesz_energy), jax.ShapeDtypeStruct((1, MANY), float))


@pytest.mark.parametrize(("name", "call"), REFUSED, ids=range(len(REFUSED)))
def test_sizes_beyond_memory_are_refused(name: str, call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=rf"Argument `{name}` must be at most about \d+ on this"):
        call()


SMALL_REFUSED: list[tuple[str, Callable[[], object]]] = [
    ("replicas", lambda: escape.Config(replicas=10**6)),
    ("limit_starts", lambda: geometry.Config(sizes=((8, 64),), limit_starts=10**5)),
    ("densities", lambda: metastable.Config(densities=4096, importances=4096)),
    ("starts", lambda: nonuniform.Config(starts=10**5)),
]


@pytest.mark.parametrize(("name", "call"), SMALL_REFUSED, ids=[n for n, _ in SMALL_REFUSED])
def test_a_gigabyte_refuses_what_eight_hold(
    name: str, call: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in MODULES:
        monkeypatch.setattr(module, "available_memory", lambda: 10**9)
    with pytest.raises(ValueError, match=rf"Argument `{name}` must be at most about \d+ on this"):
        call()


def test_defaults_fit() -> None:
    for module in (escape, geometry, metastable, nonuniform):
        module.Config()
    for module in (absolute_value, basins, phase_boundary, privileged_basis, scaling, thomson):
        module.Config()
    for name in ("no_state_below", "phase_map", "scaling", "time_to_solution"):
        getattr(benchmarks, name).Config()
    for module in (absolute_value, adversarial, privileged_basis, scaling, thomson):
        module.Config(full=True)
    phase_boundary.Config(n_features=3, map_grid=1000, grid=256)


@pytest.mark.parametrize("module", MODULES)
def test_the_machine_says_how_much_it_has(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert 10**8 < module.available_memory() < 2**50
