"""What cannot fit memory is refused before anything is allocated, with an estimate.

XLA ends the process where it cannot allocate: no handling of errors comes after that.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

import tms_physics as tms
from simulations import (
    absolute_value,
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
from theory import universal_optima
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
    for module in (absolute_value, privileged_basis, scaling, thomson):
        module.Config(full=True)
    phase_boundary.Config(n_features=3, map_grid=1000, grid=256)


@pytest.mark.parametrize("module", MODULES)
def test_the_machine_says_how_much_it_has(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert 10**8 < module.available_memory() < 2**50
